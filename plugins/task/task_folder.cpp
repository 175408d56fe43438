#include "plugins/task/task_folder.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>

#include <tenon/plugin.hpp>

namespace tenon::task {
namespace {

using std::chrono::steady_clock;

constexpr const char* kFolder = ".tasks";
constexpr const char* kLock = ".lock";
constexpr const char* kLastId = ".last_id";
constexpr const char* kTemporary = ".new";  // one is enough: only the holder of the lock writes
constexpr std::chrono::seconds kPatienceOfWriters{10};
constexpr std::chrono::seconds kPatienceOfReaders{1};
constexpr int kPollMs = 5;

std::string in_words(int code) {
    return std::generic_category().message(code);
}

Failure system_failure(const std::string& doing, int code) {
    return Failure("Error: " + doing + ": " + in_words(code));
}

Fd open_at(const Fd& folder, const char* name, int flags, mode_t mode = 0) {
    int fd = -1;
    do {
        fd = ::openat(folder.get(), name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    } while (fd < 0 && errno == EINTR);
    return Fd(fd);
}

[[noreturn]] void refuse_what_is_no_folder(const Fd& workspace, int code) {
    struct stat info {};
    const bool known = ::fstatat(workspace.get(), kFolder, &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (known && !S_ISDIR(info.st_mode)) {
        throw Failure(
            std::string("Error: .tasks in the workspace is ") +
            (S_ISLNK(info.st_mode) ? "a symbolic link, which is not followed" : "no folder") +
            "; tasks are kept in a folder of that name: remove or rename it");
    }
    throw system_failure("open the folder .tasks of the workspace", code);
}

/// At most `most` bytes, and one more when there are too many.
std::string read_all(const Fd& file, std::size_t most) {
    std::string text(most + 1, '\0');
    std::size_t got = 0;
    while (got < text.size()) {
        const ssize_t n = ::read(file.get(), text.data() + got, text.size() - got);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw Failure("it cannot be read: " + in_words(errno));
        got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
}

/// The bytes of a task's file; none when it was removed meanwhile. Throws Failure with the reason
/// why it cannot be used.
std::optional<std::string> read_task(const Fd& folder, const std::string& name) {
    const Fd file = open_at(folder, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file && errno == ELOOP) throw Failure("a symbolic link, which is not followed");
    if (!file) throw Failure("it cannot be read: " + in_words(errno));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) throw Failure("it cannot be read: " + in_words(errno));
    if (S_ISDIR(info.st_mode)) throw Failure("a folder, not a file");
    if (!S_ISREG(info.st_mode)) throw Failure("not a regular file");
    std::string text;
    if (info.st_size <= static_cast<off_t>(kMaxTaskBytes)) text = read_all(file, kMaxTaskBytes);
    if (info.st_size > static_cast<off_t>(kMaxTaskBytes) || text.size() > kMaxTaskBytes)
        throw Failure("larger than 1 MiB");
    return text;
}

void write_all(const Fd& file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(file.get(), text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw std::system_error(errno, std::generic_category());
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// Gives `file` the owner and permissions of the file that it replaces.
void copy_owner_and_mode(const Fd& folder, const std::string& name, const Fd& file) {
    struct stat old {};
    if (::fstatat(folder.get(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) return;
    // Only root may give files away; for others the file becomes theirs. The mode comes last.
    (void)!::fchown(file.get(), old.st_uid, old.st_gid);
    (void)!::fchmod(file.get(), old.st_mode & 0777U);
}

}  // namespace

std::optional<TaskFolder> TaskFolder::find(const std::string& workspace) {
    const Fd root(::open(workspace.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) throw system_failure("open the workspace " + workspace, errno);
    Fd folder = open_at(root, kFolder, O_RDONLY | O_DIRECTORY);
    if (!folder && errno == ENOENT) return std::nullopt;
    if (!folder) refuse_what_is_no_folder(root, errno);
    return TaskFolder(std::move(folder));
}

TaskFolder TaskFolder::find_or_make(const std::string& workspace) {
    if (auto found = find(workspace)) return std::move(*found);
    if (::mkdir((workspace + "/" + kFolder).c_str(), 0777) != 0 && errno != EEXIST)
        throw system_failure("make the folder .tasks in the workspace", errno);
    if (auto found = find(workspace)) return std::move(*found);
    throw Failure("Error: the folder .tasks of the workspace was removed while it was made");
}

/// None when another process holds it, or the file was replaced.
std::optional<TaskFolder::Lock> TaskFolder::try_lock(int open_flags, int operation) const {
    Lock lock = open_at(folder_, kLock, O_RDONLY | O_NONBLOCK | open_flags, 0666);
    if (!lock) throw system_failure("open .tasks/.lock", errno);
    if (::flock(lock.get(), operation | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
        throw system_failure("lock .tasks/.lock", errno);
    }
    struct stat held {
    }, named{};
    if (::fstat(lock.get(), &held) != 0) throw system_failure("stat .tasks/.lock", errno);
    const bool same = ::fstatat(folder_.get(), kLock, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                      held.st_dev == named.st_dev && held.st_ino == named.st_ino;
    if (!same) return std::nullopt;
    return lock;
}

/// Any number of processes may take the lock before this one, each for a moment. So waiting ends
/// only when nothing has changed for so long.
TaskFolder::Lock TaskFolder::lock_for_change(const std::function<bool()>& wait_on) const {
    auto last_change = time_of_last_change();
    auto deadline = steady_clock::now() + kPatienceOfWriters;
    while (true) {
        if (auto lock = try_lock(O_CREAT, LOCK_EX)) return std::move(*lock);
        if (!wait_on()) throw Failure("the call was cancelled", TENON_CANCELLED);
        if (steady_clock::now() <= deadline) continue;
        const auto newest = time_of_last_change();
        if (newest == last_change) {
            throw Failure(
                "Error: another process has held .tasks/.lock for 10 seconds without changing a "
                "task; try again later");
        }
        last_change = newest;
        deadline = steady_clock::now() + kPatienceOfWriters;
    }
}

/// Each change renames a file into the folder.
std::chrono::nanoseconds TaskFolder::time_of_last_change() const {
    struct stat info {};
    if (::fstat(folder_.get(), &info) != 0) return {};
    return std::chrono::seconds(info.st_mtim.tv_sec) +
           std::chrono::nanoseconds(info.st_mtim.tv_nsec);
}

TaskFolder::Lock TaskFolder::lock_for_reading() const try {
    const auto deadline = steady_clock::now() + kPatienceOfReaders;
    while (steady_clock::now() < deadline) {
        if (auto lock = try_lock(0, LOCK_SH)) return std::move(*lock);
        (void)::poll(nullptr, 0, kPollMs);
    }
    return {};
} catch (const Failure&) {  // nothing was ever changed here, or nothing may be changed here
    return {};
}

std::vector<std::string> TaskFolder::names() const {
    const int fd = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(fd < 0 ? nullptr : ::fdopendir(fd),
                                                      ::closedir);
    if (!entries) throw system_failure("read the folder .tasks", errno);
    std::vector<std::string> found;
    while (const dirent* entry = ::readdir(entries.get())) {
        std::string name(entry->d_name);
        if (name.rfind("task_", 0) == 0 && name.size() > 5 &&
            name.compare(name.size() - 5, 5, ".json") == 0)
            found.push_back(std::move(name));
    }
    std::sort(found.begin(), found.end());
    return found;
}

TaskFolder::Loaded TaskFolder::load() const {
    Loaded out;
    for (const std::string& name : names()) {
        const auto id = id_in(name);
        try {
            if (!id) throw Failure("its name is not task_<number>.json");
            if (const auto text = read_task(folder_, name)) out.board.add(task_from(*text, *id));
        } catch (const Failure& failure) {
            out.unusable.push_back({name, failure.what()});
            if (id) out.board.add_unusable(*id, failure.what());
        }
    }
    return out;
}

void TaskFolder::replace(const std::string& name, std::string_view text) const try {
    // It may be left from a crash.
    if (::unlinkat(folder_.get(), kTemporary, 0) != 0 && errno != ENOENT)
        throw std::system_error(errno, std::generic_category());
    const Fd file = open_at(folder_, kTemporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (!file) throw std::system_error(errno, std::generic_category());
    copy_owner_and_mode(folder_, name, file);
    write_all(file, text);
    if (::fdatasync(file.get()) != 0 ||
        ::renameat(folder_.get(), kTemporary, folder_.get(), name.c_str()) != 0)
        throw std::system_error(errno, std::generic_category());
} catch (const std::system_error& e) {
    const int code = e.code().value();
    (void)::unlinkat(folder_.get(), kTemporary, 0);
    throw system_failure("write .tasks/" + name, code);
}

void TaskFolder::save(const Task& task) const {
    replace(file_name_of(task.id), file_text(task));
}

TaskId TaskFolder::take_id(const TaskBoard& board) const {
    TaskId last = 0;
    if (const Fd file = open_at(folder_, kLastId, O_RDONLY | O_NONBLOCK | O_NOCTTY)) {
        char digits[24];
        const ssize_t n = ::read(file.get(), digits, sizeof digits);
        if (n > 0) (void)std::from_chars(digits, digits + n, last);
    }
    const TaskId id = std::max(std::clamp<TaskId>(last, 0, kMaxTaskId), board.highest_id()) + 1;
    if (id > kMaxTaskId)
        throw Failure(
            "Error: no number is left for a task: .tasks/.last_id, or the name of a file there, "
            "has the highest");
    replace(kLastId, std::to_string(id) + "\n");
    return id;
}

}  // namespace tenon::task
