#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon {

/// A message that needs no memory from the heap, so that a signal handler can put it together. What
/// does not fit is left out. Every function is async-signal-safe.
class FixedText {
public:
    FixedText& operator<<(std::string_view text) noexcept;
    FixedText& operator<<(std::int64_t number) noexcept;
    FixedText& operator<<(char) = delete;  // it would be written as a number

    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }
    /// Writes the text to `fd`. When that fails, the text is lost.
    void write_to(int fd) const noexcept;

private:
    std::array<char, 1024> bytes_{};
    std::size_t size_ = 0;
};

}  // namespace tenon
