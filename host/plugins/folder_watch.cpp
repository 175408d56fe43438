#include "host/plugins/folder_watch.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <map>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "host/base/unique_fd.h"
#include "host/plugins/agent_plugin.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

// An installation writes, renames and sets modes: these are one change for a person.
constexpr std::chrono::milliseconds kQuiet{300};
constexpr std::chrono::milliseconds kLongestDelay{3000};
constexpr int kMostLinks = 40;  // as many as the kernel follows
constexpr std::size_t kMostDirectories = 256;

constexpr std::uint32_t kItself = IN_MOVE_SELF | IN_DELETE_SELF;
constexpr std::uint32_t kEntries = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
// IN_MODIFY is not among them: a file counts when whoever writes it has closed it.
constexpr std::uint32_t kFiles = kEntries | IN_CLOSE_WRITE | IN_ATTRIB;

bool is_library(const std::string& name) {
    return name.size() > 3 && name.front() != '.' && name.ends_with(".so");
}

bool leads_to_directory(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

/// What is watched and known. Not thread-safe.
class FolderWatch::Files {
public:
    explicit Files(std::vector<WatchedFolder> folders);

    [[nodiscard]] int descriptor() const { return events_.get(); }
    [[nodiscard]] bool sees_everything() const { return events_ && complete_; }
    News take_events();
    std::vector<Change> look();
    std::set<fs::path>& reported() { return reported_; }

private:
    struct Stamp {
        std::uint64_t device = 0, inode = 0;
        std::int64_t size = 0, seconds = 0, nanoseconds = 0;
        bool operator==(const Stamp&) const = default;
    };
    /// Of a link also the file that it leads to.
    struct Stamps {
        Stamp entry, target;
        bool operator==(const Stamps&) const = default;
    };
    using ByPath = std::map<fs::path, Stamps>;
    struct Watched {
        fs::path folder;
        std::uint64_t round = 0;
        bool libraries = false;                           // its *.so files count
        bool directories = false;                         // so do its directories
        std::map<std::string, std::set<fs::path>> names;  // other files that count, and as what
        std::set<std::string> steps;                      // entries on the way to a folder
    };
    class Round;

    static std::optional<Stamps> stamps_of(const fs::path& file);
    ByPath all_files();
    Watched* watch(const fs::path& folder, std::uint32_t events);
    void read_events();
    [[nodiscard]] bool take_event(int number, std::uint32_t mask, const std::string& name);
    [[nodiscard]] bool take_file(const fs::path& entry, const fs::path& reported,
                                 std::uint32_t mask);
    void forget_pending();
    std::vector<Change> compare_pending();
    std::vector<Change> compare_all();
    void note(std::vector<Change>& changes, const fs::path& file, const std::optional<Stamps>& now);

    const std::vector<WatchedFolder> folders_;
    const UniqueFd events_;  // inotify
    ByPath known_;
    std::set<fs::path> reported_;
    std::map<int, Watched> watched_;
    std::uint64_t round_ = 0;
    bool complete_ = true;
    // To be compared at `due_`: some files, or everything.
    std::set<fs::path> pending_;
    bool all_pending_ = false;
    std::optional<Clock::time_point> first_event_, due_;
};

/// One look at all folders, which watches each of them before it reads it, so that no change is
/// missed in between.
class FolderWatch::Files::Round {
public:
    explicit Round(Files& watch) : watch_(watch) {}

    ByPath run() && {
        for (const WatchedFolder& folder : watch_.folders_) {
            const auto real = resolved(folder.path);
            if (real) read_plugins_folder(*real, folder.libraries);
        }
        return std::move(files_);
    }

private:
    /// The path without links. None: it does not exist; then the place where it would appear is
    /// watched.
    std::optional<fs::path> resolved(const fs::path& path) {
        std::deque<fs::path> rest(path.begin(), path.end());
        fs::path at = "/";
        int links = 0;
        while (!rest.empty()) {
            const fs::path name = rest.front();
            rest.pop_front();
            if (name.empty() || name == "." || name == "/") continue;
            if (name == "..") {
                at = at.parent_path();
                continue;
            }
            watch_.watch(at, kItself);
            const fs::path next = at / name;
            struct stat info {};
            if (::lstat(next.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
                watch_step(at, name);
                if (::lstat(next.c_str(), &info) != 0) return std::nullopt;
            }
            if (S_ISLNK(info.st_mode)) {
                std::error_code failed;
                const fs::path target = fs::read_symlink(next, failed);
                if (failed || ++links > kMostLinks) return std::nullopt;
                rest.insert(rest.begin(), target.begin(), target.end());
                if (target.is_absolute()) at = "/";
            } else if (S_ISDIR(info.st_mode)) {
                at = next;
            } else {
                return std::nullopt;
            }
        }
        return at;
    }

    void watch_step(const fs::path& folder, const fs::path& name) {
        if (Watched* watched = watch_.watch(folder, kItself | kEntries))
            watched->steps.insert(name.native());
    }

    void read_plugins_folder(const fs::path& folder, bool libraries) {
        if (Watched* watched = watch_.watch(folder, kItself | kFiles)) {
            watched->directories = true;
            watched->libraries = watched->libraries || libraries;
        }
        std::vector<fs::path> directories;
        std::error_code failed;
        for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
             it.increment(failed)) {
            const std::string name = it->path().filename().string();
            if (name.starts_with('.')) continue;
            if (leads_to_directory(it->path())) {
                if (directories.size() < kMostDirectories) directories.push_back(it->path());
            } else if (libraries && is_library(name)) {
                take(it->path());
            }
        }
        for (const fs::path& directory : directories)
            read_agent_plugin(directory);
    }

    /// A directory in the Agent Plugins form, or one that may become it.
    void read_agent_plugin(const fs::path& directory) {
        const auto root = resolved(directory);
        if (!root) return;
        if (Watched* watched = watch_.watch(*root, kItself | kFiles)) {
            for (const char* name : {"plugin.json", "mcp.json"})
                watched->names[name].insert(directory / name);
        }
        for (const char* name : {"plugin.json", "mcp.json"})
            take(directory / name);
        const auto libraries = resolved(*root / native_library_folder());
        if (!libraries) return;
        if (Watched* watched = watch_.watch(*libraries, kItself | kFiles))
            watched->libraries = true;
        std::error_code failed;
        for (fs::directory_iterator it(*libraries, failed), end; !failed && it != end;
             it.increment(failed)) {
            if (is_library(it->path().filename().string())) take(it->path());
        }
    }

    void take(const fs::path& file) {
        struct stat info {};
        if (::lstat(file.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
            std::error_code failed;
            const fs::path target = fs::canonical(file, failed);
            Watched* watched =
                failed ? nullptr : watch_.watch(target.parent_path(), kItself | kFiles);
            if (watched != nullptr) watched->names[target.filename().native()].insert(file);
        }
        if (const auto stamps = stamps_of(file)) files_[file] = *stamps;
    }

    Files& watch_;
    ByPath files_;
};

FolderWatch::Files::Files(std::vector<WatchedFolder> folders)
    : folders_(std::move(folders)), events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    known_ = all_files();
}

/// None when nothing has that name.
std::optional<FolderWatch::Files::Stamps> FolderWatch::Files::stamps_of(const fs::path& file) {
    const auto stamp = [](const struct stat& info) {
        return Stamp{info.st_dev, info.st_ino, info.st_size, info.st_ctim.tv_sec,
                     info.st_ctim.tv_nsec};
    };
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) return std::nullopt;
    Stamps out{stamp(info), {}};
    struct stat target {};
    if (S_ISLNK(info.st_mode) && ::stat(file.c_str(), &target) == 0) out.target = stamp(target);
    return out;
}

FolderWatch::Files::ByPath FolderWatch::Files::all_files() {
    ++round_;
    complete_ = true;
    ByPath files = Round(*this).run();
    for (auto it = watched_.begin(); it != watched_.end();) {
        if (it->second.round == round_) {
            ++it;
            continue;
        }
        ::inotify_rm_watch(events_.get(), it->first);
        it = watched_.erase(it);
    }
    return files;
}

/// Null: the kernel does not watch the folder, or it has just gone.
FolderWatch::Files::Watched* FolderWatch::Files::watch(const fs::path& folder,
                                                       std::uint32_t events) {
    if (!events_) return nullptr;
    const int number =
        ::inotify_add_watch(events_.get(), folder.c_str(), events | IN_ONLYDIR | IN_MASK_ADD);
    if (number < 0) {
        // A folder that nobody may read has no plugins.
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) complete_ = false;
        return nullptr;
    }
    Watched& watched = watched_[number];
    if (watched.round != round_) watched = Watched{folder, round_, false, false, {}, {}};
    return &watched;
}

void FolderWatch::Files::read_events() {
    alignas(inotify_event) char buffer[16384];
    bool relevant = false;
    while (true) {
        const ssize_t n = ::read(events_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        for (ssize_t at = 0; at < n;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            at += static_cast<ssize_t>(sizeof *event + event->len);
            relevant |= take_event(event->wd, event->mask, event->len > 0 ? event->name : "");
        }
    }
    if (!relevant) return;
    const auto now = Clock::now();
    if (!first_event_) first_event_ = now;
    due_ = std::min(now + kQuiet, *first_event_ + kLongestDelay);
}

/// Whether something may have changed that counts.
bool FolderWatch::Files::take_event(int number, std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0) return all_pending_ = true;
    const auto found = watched_.find(number);
    if (found == watched_.end()) return false;
    if ((mask & (IN_IGNORED | IN_UNMOUNT)) != 0) watched_.erase(found);
    if ((mask & (kItself | IN_IGNORED | IN_UNMOUNT)) != 0) return all_pending_ = true;

    const Watched& watched = found->second;
    const bool is_visible = !name.empty() && name.front() != '.';
    const bool comes_or_goes = (mask & kEntries) != 0;
    if (comes_or_goes && watched.steps.count(name) > 0) return all_pending_ = true;
    if (comes_or_goes && watched.directories && is_visible && (mask & IN_ISDIR) != 0)
        return all_pending_ = true;
    bool relevant = false;
    const fs::path entry = watched.folder / name;
    if (watched.libraries && is_library(name)) relevant = take_file(entry, entry, mask);
    if (const auto files = watched.names.find(name); files != watched.names.end()) {
        for (const fs::path& file : files->second)
            relevant |= take_file(entry, file, mask);
    }
    // A link to a directory may have become one in the Agent Plugins form.
    if (!relevant && comes_or_goes && watched.directories && is_visible) {
        struct stat info {};
        if (::lstat(entry.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) return all_pending_ = true;
    }
    return relevant;
}

bool FolderWatch::Files::take_file(const fs::path& entry, const fs::path& reported,
                                   std::uint32_t mask) {
    struct stat info {};
    const bool is_there = ::lstat(entry.c_str(), &info) == 0;
    const bool is_link = is_there && S_ISLNK(info.st_mode);
    // Whoever has created an empty file is about to write it. A hard link is complete.
    if ((mask & kFiles) == IN_CREATE && is_there && !is_link && info.st_nlink == 1) return false;
    const auto known = known_.find(reported);
    const bool was_link = known != known_.end() && known->second.target != Stamp{};
    if (is_link || was_link) {
        all_pending_ = true;  // another file has to be watched
    } else {
        pending_.insert(reported);
    }
    return true;
}

FolderWatch::News FolderWatch::Files::take_events() {
    if (events_) read_events();
    News news;
    if (due_ && Clock::now() >= *due_)
        news.changes = all_pending_ ? compare_all() : compare_pending();
    news.again = due_;
    return news;
}

std::vector<FolderWatch::Change> FolderWatch::Files::look() {
    if (events_) read_events();
    return compare_all();
}

void FolderWatch::Files::forget_pending() {
    all_pending_ = false;
    pending_.clear();
    first_event_.reset();
    due_.reset();
}

std::vector<FolderWatch::Change> FolderWatch::Files::compare_pending() {
    std::vector<Change> changes;
    for (const fs::path& file : pending_)
        note(changes, file, stamps_of(file));
    forget_pending();
    return changes;
}

std::vector<FolderWatch::Change> FolderWatch::Files::compare_all() {
    std::vector<Change> changes;
    forget_pending();
    ByPath now = all_files();
    std::set<fs::path> paths;
    for (const auto& [file, ignored] : now)
        paths.insert(file);
    for (const auto& [file, ignored] : known_)
        paths.insert(file);
    for (const fs::path& file : paths) {
        const auto found = now.find(file);
        note(changes, file, found == now.end() ? std::nullopt : std::optional(found->second));
    }
    return changes;
}

/// Adds the file to `changes` when it is not as it was.
void FolderWatch::Files::note(std::vector<Change>& changes, const fs::path& file,
                              const std::optional<Stamps>& now) {
    const auto before = known_.find(file);
    const bool was_there = before != known_.end();
    if (!now && !was_there) return;
    if (now && was_there && before->second == *now) return;
    const Kind kind = !now ? Kind::kRemoved : was_there ? Kind::kChanged : Kind::kAppeared;
    changes.push_back({file, kind});
    reported_.insert(file);
    if (now) {
        known_[file] = *now;
    } else {
        known_.erase(before);
    }
}

// ---------------------------------------------------------------- the same for several threads

FolderWatch::FolderWatch(std::vector<WatchedFolder> folders)
    : files_(std::make_unique<Files>(std::move(folders))) {}

FolderWatch::~FolderWatch() = default;

int FolderWatch::descriptor() const {
    return files_->descriptor();
}

bool FolderWatch::sees_everything() const {
    const Lock lock(mutex_);
    return files_->sees_everything();
}

FolderWatch::News FolderWatch::take_events() {
    const Lock lock(mutex_);
    return files_->take_events();
}

std::vector<FolderWatch::Change> FolderWatch::look() {
    const Lock lock(mutex_);
    return files_->look();
}

std::set<fs::path> FolderWatch::take_reported() {
    const Lock lock(mutex_);
    return std::exchange(files_->reported(), {});
}

void FolderWatch::keep_reported(const std::set<fs::path>& files) {
    const Lock lock(mutex_);
    files_->reported().insert(files.begin(), files.end());
}

}  // namespace tenon::plugins
