#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "plugins/file/host.h"

namespace tenon::file {

/// Reads the lines of an open file one after the other. The memory does not grow with the file.
class LineReader {
public:
    /// A longer line is cut off here, or a little later.
    static constexpr std::size_t kMaxLine = 1U << 20U;

    /// `shown` names the file in Failures. `go_on` is called before each part of the file is read;
    /// when it returns false, reading ends there.
    LineReader(const Fd& fd, std::string_view shown, std::function<bool()> go_on);

    /// Whether the file's beginning has a NUL byte.
    [[nodiscard]] bool binary() const;
    /// False at the end. `line` has no line end (LF or CRLF) and is valid until the next call.
    bool next(std::string_view& line);
    /// Whether the last line from `next` was cut off.
    [[nodiscard]] bool cut() const { return rest_to_skip_; }

    /// How many lines so far were cut off.
    [[nodiscard]] std::size_t cut_lines() const { return cut_lines_; }

private:
    bool fill();
    std::size_t find_end();
    bool skip_line();

    const Fd& fd_;
    std::string shown_;
    std::function<bool()> go_on_;
    std::string buffer_;
    std::size_t from_ = 0;  ///< of the line that comes next
    std::size_t cut_lines_ = 0;
    bool ended_ = false, rest_to_skip_ = false;
};

}  // namespace tenon::file
