#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::terminal {

/// The lines that were entered before, oldest first. A history file is shared with all sessions of
/// this user: each entry is one line of it (`\\` for a backslash, `\n` for a line feed), appended
/// under a lock. Failures to read or write the file are ignored; entries are then kept in memory
/// only. Blocks while another session holds the lock. One thread.
class History {
public:
    /// The number of entries that are kept. A file with twice as many lines is cut to the newest.
    static constexpr std::size_t kMaxEntries = 2000;
    /// Longer texts are not written to the file.
    static constexpr std::size_t kMaxBytes = 64 << 10;

    History() = default;
    /// Reads `file`, if it exists. With an empty path there is no file.
    explicit History(std::filesystem::path file);

    /// Adds `entry`, unless the newest entry is the same, and appends `written` to the file. An
    /// entry that begins with a blank is not written. Also reads what other sessions have appended.
    void add(const std::string& entry, std::string_view written);
    void add(const std::string& entry) { add(entry, entry); }

    [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

private:
    UniqueFd open_locked();
    void read_new_entries(int fd);
    void cut_file();
    void remember(std::string entry);

    std::filesystem::path file_;
    std::vector<std::string> entries_;
    std::size_t lines_in_file_ = 0;
    ::off_t read_to_ = 0;
    ::ino_t inode_ = 0;
};

/// The position of a person who goes through the history with the arrow keys. The line that was
/// edited before is kept as the newest entry. Entries that are added during a walk are not part of
/// it. Pure.
class HistoryWalk {
public:
    /// The older entry, or null at the oldest. `line` is the text that is edited now.
    const std::string* back(const std::vector<std::string>& entries, std::string_view line);
    /// The newer entry, at last the line that was edited before; null when no walk has begun.
    const std::string* forward(const std::vector<std::string>& entries);
    void end() { walking_ = false; }

private:
    bool walking_ = false;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::string line_;
};

/// The search backwards for entries that contain the typed pattern. Pure.
class HistorySearch {
public:
    /// `line` is the text that was edited when the search began.
    explicit HistorySearch(std::string line) : line_(std::move(line)) {}

    void add(std::string_view text, const std::vector<std::string>& entries);
    void erase_last(const std::vector<std::string>& entries);
    /// Goes to the next older match.
    void older(const std::vector<std::string>& entries);

    [[nodiscard]] const std::string& pattern() const { return pattern_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// The last match; it stays when the search fails.
    [[nodiscard]] const std::string& found() const { return found_; }
    [[nodiscard]] const std::string& line() const { return line_; }

private:
    void search(const std::vector<std::string>& entries, std::size_t below);

    std::string line_;
    std::string pattern_;
    std::string found_;
    std::size_t at_ = static_cast<std::size_t>(-1);  // of the match
    bool failed_ = false;
};

}  // namespace tenon::terminal
