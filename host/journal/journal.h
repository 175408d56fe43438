#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::journal {

/// A file of JSON records, one a line, {"v":1,"seq":N,"type":T,…}, that only grows at its end. The
/// holder of the object is its only writer on this machine (flock). What the records mean is not
/// its business. Used by one thread.
class Journal {
public:
    struct Opened;

    /// Opens or creates the file (0600) and takes its lock; does not wait for it. Changes nothing
    /// in a file that is there. A record at the end that was cut off while it was written is not
    /// among the lines; a last line that lacks only its end is.
    static Result<Opened> open(const std::filesystem::path& path);

    /// Writes one record; when this returns the record survives the end of this process. `members`
    /// is JSON text, `"key":value,…`, on one line. Returns the record's seq. On Error the record is
    /// not in the file, nor is a part of it once the file can be changed again.
    Result<std::int64_t> append(std::string_view type, std::string_view members);

    /// Removes a record that is there in part, or adds the line end that the last line lacks, so
    /// that the next record has a line of its own. `append` does this first. On Error it is left
    /// for the next time.
    Result<void> mend_end();

    /// After reading: records go on behind `seq`.
    void continue_after(std::int64_t seq) { next_seq_ = seq + 1; }

private:
    Journal(UniqueFd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

    enum class End {
        kWhole,     // behind a line end
        kUnended,   // the last line lacks its end
        kHalfLine,  // behind size_ stands a part of a record
    };
    static Result<std::string> read_lines(Journal& journal);

    UniqueFd fd_;
    std::filesystem::path path_;
    std::int64_t size_ = 0;
    End end_ = End::kWhole;
    std::int64_t next_seq_ = 0;
};

struct Journal::Opened {
    Journal journal;
    std::string text;  ///< in place of a line that is too long stands an empty one
    /// Its lines, without their ends; they last as long as the object stays where it is.
    [[nodiscard]] std::vector<std::string_view> lines() const;
};

}  // namespace tenon::journal
