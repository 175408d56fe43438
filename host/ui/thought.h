#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::ui {

/// The thought that a model writes at present. Its text may be hostile, but must be redacted. Not
/// thread-safe.
class Thought {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// Of a longer thought the rest is dropped.
    static constexpr std::size_t kMostBytes = std::size_t{256} << 10U;

    void add(std::string_view text, Time now);
    [[nodiscard]] explicit operator bool() const { return since_.has_value(); }
    /// `Thinking… 3 s: its first line`, in at most `width` columns.
    [[nodiscard]] std::string line(std::size_t width, Time now) const;
    /// `thought for 12 s`; a short thought counts as a second.
    [[nodiscard]] std::string end_line(Time now) const;
    /// The harmless text of the thought, which is forgotten.
    std::string take();
    void forget();

private:
    std::string text_;
    std::optional<Time> since_;
};

}  // namespace tenon::ui
