#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon::terminal {

/// The lines that a pager shows. They are in a memory file, and this object knows only where some
/// of them begin, so a long text costs the program itself little memory. For one thread.
class PagedText {
public:
    /// Longer lines are broken, so that no line is expensive to show. In bytes.
    static constexpr std::size_t kLongestLine = 32 << 10;

    PagedText();
    /// The same with `lines` added.
    explicit PagedText(const std::vector<std::string>& lines);

    /// Adds whole lines, which may be styled. They are harmless already (base/untrusted); a missing
    /// line feed at the end is added.
    void add(std::string_view lines);

    [[nodiscard]] std::size_t line_count() const { return line_count_; }
    /// At most `count` lines from line `first` (from 0) on, without their line feeds.
    [[nodiscard]] std::vector<std::string> lines(std::size_t first, std::size_t count) const;
    /// A file that holds the whole text. Its offset is at the beginning, for a program that reads
    /// it.
    [[nodiscard]] int file() const { return file_.get(); }
    /// False when the system had no memory for a part of the text.
    [[nodiscard]] bool is_complete() const { return complete_; }

private:
    void write_out(std::string_view bytes);

    UniqueFd file_;
    std::uint64_t size_ = 0;
    std::size_t line_count_ = 0;
    std::vector<std::uint64_t> starts_;  // of each kLinesPerStart-th line
    bool complete_ = true;
};

}  // namespace tenon::terminal
