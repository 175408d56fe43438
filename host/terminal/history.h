#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/terminal/pastes.h"

namespace tenon::terminal {

/// A text that was entered before.
struct HistoryEntry {
    std::string text;
    bool is_own = false;  ///< entered in this workspace
    /// Of an entry that comes from the file: the pastes whose placeholders are in its text.
    std::vector<LongPaste> pastes = {};
    bool operator==(const HistoryEntry&) const = default;
};

/// The texts that were entered before, oldest first. A history file is shared with all sessions of
/// this user. A line of it is an entry, appended under a lock: `{"v":1,"workspace":…,"text":…}`,
/// and
/// `"pastes":[{"placeholder":…,"text":…}]` where the text has placeholders.
/// Lines of older versions (`\\` for a backslash, `\n` for a line feed) belong to no workspace.
/// Records with a higher `v` are left alone. Failures to read or write the file are ignored;
/// entries are then kept in memory only. Blocks while another session holds the lock. One thread.
class History {
public:
    /// The number of entries that are kept. A file with twice as many lines is cut to the newest.
    static constexpr std::size_t kMaxEntries = 2000;
    /// Longer texts are not written to the file.
    static constexpr std::size_t kMaxBytes = 64 << 10;

    History() = default;
    /// Reads `file`, if it exists. With an empty path there is no file.
    History(std::filesystem::path file, const std::filesystem::path& workspace);

    /// What the file gets for an entry.
    struct Written {
        std::string text;
        std::vector<LongPaste> pastes = {};
    };
    /// Adds `entry`, unless the newest entry of this workspace is the same and has no pastes, and
    /// appends `written` to the file. An entry that begins with a blank is not written. Also reads
    /// what other sessions have appended.
    void add(const std::string& entry, const Written& written);
    void add(const std::string& entry) { add(entry, Written{entry}); }

    [[nodiscard]] const std::vector<HistoryEntry>& entries() const { return entries_; }

private:
    UniqueFd open_locked();
    void read_new_entries(int fd);
    void cut_file();
    void remember(HistoryEntry entry);
    [[nodiscard]] std::optional<HistoryEntry> parse(std::string_view line) const;
    [[nodiscard]] bool is_newest_own(const std::string& text) const;

    std::filesystem::path file_;
    std::string workspace_;
    std::vector<HistoryEntry> entries_;
    std::size_t lines_in_file_ = 0;
    ::off_t read_to_ = 0;
    ::ino_t inode_ = 0;
};

/// The position of a person who goes through the entries of this workspace with the arrow keys. The
/// line that was edited before is kept as the newest entry. Entries that are added during a walk
/// are not part of it. Pure.
class HistoryWalk {
public:
    /// The older entry, or null at the oldest. `line` is the text that is edited now.
    const HistoryEntry* back(const std::vector<HistoryEntry>& entries, std::string_view line);
    /// The newer entry, at last the line that was edited before; null when no walk has begun.
    const HistoryEntry* forward(const std::vector<HistoryEntry>& entries);
    void end() { walking_ = false; }

private:
    bool walking_ = false;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    HistoryEntry line_;
};

/// The search backwards for entries of all workspaces that contain the typed pattern. Pure.
class HistorySearch {
public:
    /// `line` is the text that was edited when the search began.
    explicit HistorySearch(std::string line) : line_(std::move(line)) {}

    void add(std::string_view text, const std::vector<HistoryEntry>& entries);
    void erase_last(const std::vector<HistoryEntry>& entries);
    /// Goes to the next older match with another text.
    void older(const std::vector<HistoryEntry>& entries);

    [[nodiscard]] const std::string& pattern() const { return pattern_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// The last match; it stays when the search fails.
    [[nodiscard]] const HistoryEntry& found() const { return found_; }
    [[nodiscard]] const std::string& line() const { return line_; }

private:
    void search(const std::vector<HistoryEntry>& entries, std::size_t below,
                std::string_view other_than = {});

    std::string line_;
    std::string pattern_;
    HistoryEntry found_;
    std::size_t at_ = static_cast<std::size_t>(-1);  // of the match
    bool failed_ = false;
};

}  // namespace tenon::terminal
