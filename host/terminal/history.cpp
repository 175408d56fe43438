#include "host/terminal/history.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

constexpr std::int64_t kVersion = 1;

std::string record_of(const History::Written& entry, const std::string& workspace) {
    OrderedJson record = {{"v", kVersion}, {"workspace", workspace}, {"text", entry.text}};
    OrderedJson pastes = OrderedJson::array();
    for (const LongPaste& paste : entry.pastes)
        pastes.push_back({{"placeholder", paste.placeholder}, {"text", paste.text}});
    if (!pastes.empty()) record.emplace("pastes", std::move(pastes));
    return dump_ordered_json(record) + '\n';
}

std::vector<LongPaste> pastes_of(const Json& record) {
    std::vector<LongPaste> pastes;
    const Json& list = member(record, "pastes");
    for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) {
        const Json& paste = element(list, i);
        pastes.push_back({string_or(paste, "placeholder"), string_or(paste, "text")});
    }
    return pastes;
}

std::size_t bytes_of(const History::Written& entry) {
    std::size_t bytes = entry.text.size();
    for (const LongPaste& paste : entry.pastes)
        bytes += paste.text.size();
    return bytes;
}

/// The text of a line of an older version.
std::string text_of_old_line(std::string_view line) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\' || i + 1 == line.size()) {
            text += line[i];
        } else {
            ++i;
            text += line[i] == 'n' ? '\n' : line[i];
        }
    }
    return utf8::repair(text);
}

/// The last `count` lines of `bytes`.
std::string_view last_lines(std::string_view bytes, std::size_t count) {
    std::size_t start = bytes.size();
    for (; count > 0 && start > 0; --count) {
        const auto feed = start < 2 ? std::string_view::npos : bytes.rfind('\n', start - 2);
        start = feed == std::string_view::npos ? 0 : feed + 1;
    }
    return bytes.substr(start);
}

std::string read_to_end(int fd, ::off_t at) {
    std::string bytes;
    char buffer[65536];
    while (true) {
        const ssize_t n = ::pread(fd, buffer, sizeof buffer, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return bytes;
        bytes.append(buffer, static_cast<std::size_t>(n));
        at += n;
    }
}

}  // namespace

History::History(std::filesystem::path file, const std::filesystem::path& workspace)
    : file_(std::move(file)), workspace_(workspace.string()) {
    if (file_.empty()) return;
    {
        const UniqueFd fd = open_locked();
        if (!fd) return;
        read_new_entries(fd.get());
    }
    if (lines_in_file_ > 2 * kMaxEntries) cut_file();
}

/// Opens and locks the file. Tries again when another session has replaced it meanwhile.
UniqueFd History::open_locked() {
    while (true) {
        UniqueFd fd(
            ::open(file_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd || ::flock(fd.get(), LOCK_EX) != 0) return {};
        struct stat here {
        }, there{};
        if (::fstat(fd.get(), &here) != 0 || !S_ISREG(here.st_mode)) return {};
        if (::stat(file_.c_str(), &there) != 0 || here.st_ino != there.st_ino) continue;
        if (here.st_ino != inode_) {
            // Another session has cut the file: the entries that it kept have been read already.
            read_to_ = inode_ == 0 ? 0 : here.st_size;
            inode_ = here.st_ino;
        }
        return fd;
    }
}

void History::read_new_entries(int fd) {
    const std::string bytes = read_to_end(fd, read_to_);
    std::size_t at = 0;
    for (auto end = bytes.find('\n'); end != std::string::npos; end = bytes.find('\n', at)) {
        if (auto entry = parse(std::string_view(bytes).substr(at, end - at)))
            remember(std::move(*entry));
        ++lines_in_file_;
        at = end + 1;
    }
    read_to_ += static_cast<::off_t>(at);
}

/// None for a record of a newer version.
std::optional<HistoryEntry> History::parse(std::string_view line) const {
    const HistoryEntry old{text_of_old_line(line), false};
    if (line.substr(0, 1) != "{") return old;
    const auto record = parse_json(line);
    const std::int64_t version = record ? integer_or(*record, "v", 0) : 0;
    if (version > kVersion) return std::nullopt;
    const std::string* text = version == kVersion ? string_in(member(*record, "text")) : nullptr;
    if (text == nullptr) return old;
    return HistoryEntry{*text, string_or(*record, "workspace") == workspace_, pastes_of(*record)};
}

void History::add(const std::string& entry, const Written& written) {
    if (entry.empty() || (written.pastes.empty() && is_newest_own(entry))) return;
    if (!file_.empty() && entry[0] != ' ' && bytes_of(written) <= kMaxBytes) {
        if (const UniqueFd fd = open_locked()) {
            read_new_entries(fd.get());
            const std::string record = record_of(written, workspace_);
            if (write_all(fd.get(), record)) {
                read_to_ += static_cast<::off_t>(record.size());
                ++lines_in_file_;
            }
        }
    }
    remember({entry, true});
}

bool History::is_newest_own(const std::string& text) const {
    const auto newest = std::find_if(entries_.rbegin(), entries_.rend(),
                                     [](const HistoryEntry& entry) { return entry.is_own; });
    return newest != entries_.rend() && newest->text == text;
}

void History::cut_file() {
    const UniqueFd fd = open_locked();
    if (!fd) return;
    read_new_entries(fd.get());
    const std::string bytes = read_to_end(fd.get(), 0);
    const std::string_view whole = std::string_view(bytes).substr(0, bytes.rfind('\n') + 1);
    if (!write_file_atomically(file_, last_lines(whole, kMaxEntries), Sync::kNo)) return;
    struct stat now {};
    if (::stat(file_.c_str(), &now) != 0) return;
    inode_ = now.st_ino;
    read_to_ = now.st_size;
    lines_in_file_ = kMaxEntries;
}

void History::remember(HistoryEntry entry) {
    if (entry.text.empty() || (!entries_.empty() && entries_.back() == entry)) return;
    entries_.push_back(std::move(entry));
    if (entries_.size() > kMaxEntries + kMaxEntries / 4)
        entries_.erase(entries_.begin(), entries_.end() - static_cast<long>(kMaxEntries));
}

const HistoryEntry* HistoryWalk::back(const std::vector<HistoryEntry>& entries,
                                      std::string_view line) {
    if (!walking_) {
        at_ = end_ = entries.size();
        line_ = {std::string(line)};
    }
    walking_ = true;
    for (std::size_t at = std::min(at_, entries.size()); at-- > 0;) {
        if (!entries[at].is_own) continue;
        at_ = at;
        return &entries[at];
    }
    return nullptr;
}

const HistoryEntry* HistoryWalk::forward(const std::vector<HistoryEntry>& entries) {
    if (!walking_) return nullptr;
    while (++at_ < std::min(end_, entries.size()))
        if (entries[at_].is_own) return &entries[at_];
    walking_ = false;
    return &line_;
}

void HistorySearch::add(std::string_view text, const std::vector<HistoryEntry>& entries) {
    pattern_ += text;
    search(entries, at_ < entries.size() ? at_ + 1 : entries.size());
}

void HistorySearch::erase_last(const std::vector<HistoryEntry>& entries) {
    while (!pattern_.empty()) {
        const auto byte = static_cast<unsigned char>(pattern_.back());
        pattern_.pop_back();
        if ((byte & 0xc0) != 0x80) break;
    }
    search(entries, entries.size());
}

void HistorySearch::older(const std::vector<HistoryEntry>& entries) {
    search(entries, std::min(at_, entries.size()), std::string(found_.text));
}

void HistorySearch::search(const std::vector<HistoryEntry>& entries, std::size_t below,
                           std::string_view other_than) {
    failed_ = false;
    if (pattern_.empty()) return;
    for (std::size_t i = below; i-- > 0;) {
        const std::string& text = entries[i].text;
        if (text == other_than || text.find(pattern_) == std::string::npos) continue;
        at_ = i;
        found_ = entries[i];
        return;
    }
    failed_ = true;
}

}  // namespace tenon::terminal
