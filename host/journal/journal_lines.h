#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::journal {

/// The longest line of a journal. A longer record is not written, and a longer line counts as
/// damaged, so that a foreign file cannot fill the memory of whoever reads it.
constexpr std::size_t kMaxJournalLine = 64U << 20U;

/// The lines of a journal, one after the other, in memory that does not grow with the file. What
/// they mean is not its business. Used by one thread.
class JournalLines {
public:
    struct Line {
        std::string_view text;    ///< without its end; empty when the line is too long
        std::int64_t offset = 0;  ///< in the file
        bool ended = true;        ///< false: the file ends before a line end
        bool too_long = false;
    };

    /// Opens the file without its lock, and reads from the line that begins at `from`. Error: it
    /// cannot be opened or is no regular file. Does not wait for a FIFO.
    static Result<JournalLines> open(const std::filesystem::path& path, std::int64_t from = 0);
    /// Reads from the place where `fd` stands; `fd` outlives the object.
    explicit JournalLines(int fd) : fd_(fd) {}

    /// The next line, valid until the next call; none at the end. Error: the file cannot be read.
    Result<std::optional<Line>> next();

private:
    Result<bool> fill();

    UniqueFd own_;
    int fd_;
    std::string buffer_;
    std::size_t from_ = 0;     // of the next line, in the buffer
    std::int64_t offset_ = 0;  // of the same, in the file
};

}  // namespace tenon::journal
