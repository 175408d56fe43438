#include "host/terminal/history.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

std::string line_of_entry(std::string_view entry) {
    std::string line;
    for (const char c : entry) {
        if (c == '\\')
            line += "\\\\";
        else if (c == '\n')
            line += "\\n";
        else
            line += c;
    }
    return line + '\n';
}

std::string entry_of_line(std::string_view line) {
    std::string entry;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\' || i + 1 == line.size()) {
            entry += line[i];
        } else {
            ++i;
            entry += line[i] == 'n' ? '\n' : line[i];
        }
    }
    return utf8::repair(entry);
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

History::History(std::filesystem::path file) : file_(std::move(file)) {
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
        remember(entry_of_line(std::string_view(bytes).substr(at, end - at)));
        ++lines_in_file_;
        at = end + 1;
    }
    read_to_ += static_cast<::off_t>(at);
}

void History::add(const std::string& entry, std::string_view written) {
    if (entry.empty() || (!entries_.empty() && entries_.back() == entry)) return;
    if (!file_.empty() && entry[0] != ' ' && written.size() <= kMaxBytes) {
        if (const UniqueFd fd = open_locked()) {
            read_new_entries(fd.get());
            const std::string line = line_of_entry(written);
            if (write_all(fd.get(), line)) {
                read_to_ += static_cast<::off_t>(line.size());
                ++lines_in_file_;
            }
        }
    }
    remember(entry);
}

void History::cut_file() {
    const UniqueFd fd = open_locked();
    if (!fd) return;
    read_new_entries(fd.get());
    std::string bytes;
    for (const std::string& entry : entries_)
        bytes += line_of_entry(entry);
    if (!write_file_atomically(file_, bytes, Sync::kNo)) return;
    struct stat now {};
    if (::stat(file_.c_str(), &now) != 0) return;
    inode_ = now.st_ino;
    read_to_ = now.st_size;
    lines_in_file_ = entries_.size();
}

void History::remember(std::string entry) {
    if (entry.empty() || (!entries_.empty() && entries_.back() == entry)) return;
    entries_.push_back(std::move(entry));
    if (entries_.size() > kMaxEntries + kMaxEntries / 4)
        entries_.erase(entries_.begin(), entries_.end() - static_cast<long>(kMaxEntries));
}

const std::string* HistoryWalk::back(const std::vector<std::string>& entries,
                                     std::string_view line) {
    if (!walking_) {
        at_ = end_ = entries.size();
        line_ = line;
    }
    walking_ = true;
    at_ = std::min(at_, entries.size());
    return at_ == 0 ? nullptr : &entries[--at_];
}

const std::string* HistoryWalk::forward(const std::vector<std::string>& entries) {
    if (!walking_) return nullptr;
    if (++at_ < std::min(end_, entries.size())) return &entries[at_];
    walking_ = false;
    return &line_;
}

void HistorySearch::add(std::string_view text, const std::vector<std::string>& entries) {
    pattern_ += text;
    search(entries, at_ < entries.size() ? at_ + 1 : entries.size());
}

void HistorySearch::erase_last(const std::vector<std::string>& entries) {
    while (!pattern_.empty()) {
        const auto byte = static_cast<unsigned char>(pattern_.back());
        pattern_.pop_back();
        if ((byte & 0xc0) != 0x80) break;
    }
    search(entries, entries.size());
}

void HistorySearch::older(const std::vector<std::string>& entries) {
    search(entries, std::min(at_, entries.size()));
}

void HistorySearch::search(const std::vector<std::string>& entries, std::size_t below) {
    failed_ = false;
    if (pattern_.empty()) return;
    for (std::size_t i = below; i-- > 0;) {
        if (entries[i].find(pattern_) == std::string::npos) continue;
        at_ = i;
        found_ = entries[i];
        return;
    }
    failed_ = true;
}

}  // namespace tenon::terminal
