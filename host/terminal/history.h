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

/// Where somebody is who goes back through the history; what stood in the line comes back at the
/// end. The entries may grow meanwhile: a walk that has begun keeps to those it began with. Pure.
class HistoryWalk {
public:
    /// The entry before, or nothing at the oldest. `line` is what stands in the line.
    const std::string* back(const std::vector<std::string>& entries, std::string_view line);
    /// The entry after, at the end what stood there first; nothing when the walk has not begun.
    const std::string* forward(const std::vector<std::string>& entries);
    void end() { walking_ = false; }

private:
    bool walking_ = false;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::string line_;
};

/// The search backwards for entries that hold what is typed. Pure.
class HistorySearch {
public:
    /// `line` is what stood in the line when it began.
    explicit HistorySearch(std::string line) : line_(std::move(line)) {}

    void add(std::string_view text, const std::vector<std::string>& entries);
    void erase_last(const std::vector<std::string>& entries);
    /// The next older entry that holds it.
    void older(const std::vector<std::string>& entries);

    [[nodiscard]] const std::string& pattern() const { return pattern_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// What to show: the entry found, else the last that was.
    [[nodiscard]] const std::string& found() const { return found_; }
    [[nodiscard]] const std::string& line() const { return line_; }

private:
    void look(const std::vector<std::string>& entries, std::size_t below);

    std::string line_;
    std::string pattern_;
    std::string found_;
    std::size_t at_ = static_cast<std::size_t>(-1);  // of the entry found
    bool failed_ = false;
};

}  // namespace tenon::terminal
