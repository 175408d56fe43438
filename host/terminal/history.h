#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::terminal {

/// What was entered before, oldest first. With a file it is shared with every other session of this
/// person: each entry is one line there (`\\` and `\n` for a backslash and a line feed), appended
/// under a lock, so that nothing is lost. What cannot be read or written is only not remembered.
class History {
public:
    /// Entries that are kept; a file with twice as many is cut to the newest.
    static constexpr std::size_t kMaxEntries = 2000;
    /// Longer texts are not written to the file.
    static constexpr std::size_t kMaxBytes = 64 << 10;

    History() = default;
    /// Reads `file`, which need not exist; an empty path is no file.
    explicit History(std::filesystem::path file);

    /// Adds `entry`, unless it is the newest already; `written` is what the file gets, if that is
    /// something else. An entry that begins with a blank is remembered, but not written. Takes in
    /// what other sessions have written since.
    void add(const std::string& entry, std::string_view written);
    void add(const std::string& entry) { add(entry, entry); }

    [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

private:
    UniqueFd open_locked();
    void take_in_new(int fd);
    void cut_file();
    void remember(std::string entry);

    std::filesystem::path file_;
    std::vector<std::string> entries_;
    std::size_t lines_in_file_ = 0;
    ::off_t read_to_ = 0;
    ::ino_t inode_ = 0;
};

}  // namespace tenon::terminal
