#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/journal/reader.h"

namespace tenon::journal {

/// The writer of a journal: a file of JSON records, one a line, {"v":1,"seq":N,"type":T,…}, that
/// only grows at its end. The holder of the object is its only writer on this machine (flock). It
/// is not responsible for what the records mean. Used by one thread.
class Journal {
public:
    /// Opens or creates the file (0600) and takes its lock; does not wait for it. Changes nothing
    /// in a file that is there. Error: it cannot be opened, is no regular file, or has a writer.
    static Result<Journal> open(const std::filesystem::path& path);

    /// The records from the beginning of the file. They are read once, before the first `append`,
    /// as long as the journal exists.
    [[nodiscard]] Reader reader() const { return Reader(fd_.get(), path_); }
    /// The reader has reached the end: records are appended after what it found there.
    void continue_after(const Reader& reader);

    /// Writes one record; when this returns the record survives the end of this process. `members`
    /// is JSON text, `"key":value,…`, on one line. Returns the record's seq. On Error the record is
    /// not in the file, nor is a part of it once the file can be changed again.
    Result<std::int64_t> append(std::string_view type, std::string_view members);

    /// Removes a record that was written only in part, or adds the line end that the last line
    /// lacks, so that the next record has a line of its own. `append` does this first. On Error it
    /// is done the next time.
    Result<void> mend_end();

private:
    Journal(UniqueFd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

    UniqueFd fd_;
    std::filesystem::path path_;
    FileEnd end_ = FileEnd::kWhole;
    std::int64_t half_line_at_ = 0;
    std::int64_t next_seq_ = 0;
};

}  // namespace tenon::journal
