#include "plugins/file/walk.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <vector>

#include <tenon/gitignore.hpp>

#include "plugins/file/glob_pattern.h"
#include "plugins/file/text.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxIgnoreFile = 1U << 20U;

/// Every folder and file is opened from the root of the walk. So no level keeps a descriptor, and
/// when a folder is replaced by a link, opening it fails.
Fd open_below(int root, const std::string& path, std::uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return Fd(static_cast<int>(
        ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
}

Fd open_file_below(int root, const std::string& path) {
    // Its type is checked before it is opened for use: opening a device can have an effect.
    const Fd found = open_below(root, path, O_PATH);
    struct stat info {};
    if (!found || ::fstat(found.get(), &info) != 0) return {};
    if (!S_ISREG(info.st_mode)) {
        errno = EINVAL;
        return {};
    }
    return Fd(::open(("/proc/self/fd/" + std::to_string(found.get())).c_str(),
                     O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

std::string join(std::string_view folder, std::string_view name) {
    std::string out(folder);
    if (!out.empty() && !name.empty()) out += '/';
    return out.append(name);
}

struct Name {
    std::string text;
    bool is_folder;
    bool is_link_to_folder;
};

/// Orders names as whole paths are ordered by their bytes: there a slash follows a folder's name.
bool before(const Name& a, const Name& b) {
    const std::size_t n = std::min(a.text.size(), b.text.size());
    if (const int order = a.text.compare(0, n, b.text, 0, n); order != 0) return order < 0;
    const auto after = [n](const Name& name) {
        return n < name.text.size() ? static_cast<unsigned char>(name.text[n])
               : name.is_folder     ? static_cast<unsigned char>('/')
                                    : static_cast<unsigned char>('\0');
    };
    return after(a) < after(b);
}

bool is_folder_entry(int folder, const dirent& entry, bool follow) {
    const unsigned char wanted = follow ? DT_LNK : DT_DIR;
    if (entry.d_type != DT_UNKNOWN && entry.d_type != wanted) return false;
    if (entry.d_type == DT_DIR) return true;
    struct stat info {};
    return ::fstatat(folder, entry.d_name, &info, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode);
}

bool is_below(std::string_view path, std::string_view folder) {
    if (folder == "/") return true;
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
}

class Walk {
public:
    Walk(const Host& host, const File& start, const WalkOrder& order, LeftOut& left_out)
        : host_(host),
          order_(order),
          left_out_(left_out),
          top_(start.path == "/" ? "" : start.path),
          shown_(start.shown) {
        if (shown_ == ".") shown_.clear();
        open_root(start);
    }

    WalkEnd run(const std::function<bool(const Found&)>& visit) {
        if (!enter(base_)) throw system_failure("list " + (shown_.empty() ? "." : shown_), errno);
        while (!levels_.empty()) {
            host_.check_cancelled();
            if (std::chrono::steady_clock::now() >= order_.deadline) return WalkEnd::kTimeOver;
            Level& level = levels_.back();
            if (level.next == level.names.size()) {
                leave();
                continue;
            }
            const Name name = std::move(level.names[level.next]);
            const bool is_denied = level.denied[level.next++];
            if (is_denied) ++left_out_.denied;
            const std::string path = join(level.folder, name.text);
            const std::string below = below_start(path);
            if (name.is_folder == order_.folders && !is_denied && order_.wanted(below)) {
                const std::string shown = join(shown_, below);
                if (!visit(Found(root_, path, shown))) return WalkEnd::kStopped;
            }
            if (name.is_folder && order_.descend(below)) enter(path);
            if (name.is_link_to_folder) {
                if (const WalkEnd end = take_link(path, below, is_denied, visit);
                    end != WalkEnd::kDone)
                    return end;
            }
        }
        return WalkEnd::kDone;
    }

private:
    static constexpr int kMaxLinks = 40;  // as the kernel has it

    WalkEnd take_link(const std::string& path, const std::string& below, bool is_denied,
                      const std::function<bool(const Found&)>& visit) {
        if (order_.folders && !is_denied && order_.wanted_link && order_.wanted_link(below) &&
            !visit(Found(root_, path, join(shown_, below))))
            return WalkEnd::kStopped;
        if (!order_.descend(below)) return WalkEnd::kDone;
        if (order_.named && order_.named(below) && links_ < kMaxLinks) return follow(below, visit);
        leave_out_link(below);
        return WalkEnd::kDone;
    }

    void leave_out_link(const std::string& below) {
        if (left_out_.links.size() < LeftOut::kMostLinks)
            left_out_.links.push_back(top_ + "/" + below);
    }

    /// Another walk beneath the folder that the link leads to, which may be in another root.
    WalkEnd follow(const std::string& below, const std::function<bool(const Found&)>& visit) {
        File target;
        try {
            target = host_.folder(top_ + "/" + below);
        } catch (const Failure& failure) {
            if (failure.rc() == TENON_CANCELLED) throw;
            leave_out_link(below);
            return WalkEnd::kDone;
        }
        target.shown = join(shown_, below);
        const auto from_here = [&below](const std::function<bool(std::string_view)>& ask) {
            return [&below, &ask](std::string_view path) { return ask && ask(join(below, path)); };
        };
        WalkOrder order;
        order.wanted = from_here(order_.wanted);
        order.descend = from_here(order_.descend);
        order.named = from_here(order_.named);
        order.wanted_link = from_here(order_.wanted_link);
        order.folders = order_.folders;
        order.deadline = order_.deadline;
        Walk beyond(host_, target, order, left_out_);
        beyond.links_ = links_ + 1;
        return beyond.run(visit);
    }

    struct Level {
        std::string folder;  ///< relative to the root
        std::vector<Name> names;
        std::vector<bool> denied;
        std::size_t next = 0;
        std::size_t rules_before, first_before;  ///< to restore when it is left
    };

    /// The walk's root is the session's root that contains `start`, so that ignore files above
    /// `start` are found; when it cannot be opened, `start` itself.
    void open_root(const File& start) {
        const std::string outer = host_.root_of(start.path);
        if (!outer.empty() && outer != start.path) {
            try {
                root_fd_ = host_.folder(outer).fd;
                root_ = root_fd_.get();
                base_ = start.path.substr(outer.size() + (outer == "/" ? 0 : 1));
                read_rules_above();
                return;
            } catch (const Failure& failure) {
                if (failure.rc() == TENON_CANCELLED) throw;
                base_.clear();
            }
        }
        root_ = start.fd.get();
    }

    void read_rules_above() {
        std::string folder;
        for (const std::string_view name : components(base_)) {
            read_rules(folder);
            folder = join(folder, name);
            if (rules_.ignores(folder, true, first_rule_)) {
                rules_.shrink(0);
                first_rule_ = 0;
                return;
            }
        }
    }

    /// A folder that has a `.git` is another repository: rules from above do not apply in it.
    void read_rules(const std::string& folder) {
        struct stat info {};
        const Fd fd = open_below(root_, folder, O_PATH | O_DIRECTORY);
        if (fd && ::fstatat(fd.get(), ".git", &info, AT_SYMLINK_NOFOLLOW) == 0) {
            first_rule_ = rules_.size();
            read_rule_file(folder, ".git/info/exclude");
        }
        read_rule_file(folder, ".gitignore");
    }

    void read_rule_file(const std::string& folder, std::string_view name) {
        const Fd fd = open_file_below(root_, join(folder, name));
        if (!fd) return;
        std::string text(kMaxIgnoreFile, '\0');
        text.resize(read_some(fd.get(), text.data(), text.size(), name));
        rules_.push(IgnoreFile(folder, text));
    }

    /// False, with errno, when the folder cannot be listed.
    bool enter(const std::string& folder) {
        Level level{folder, {}, {}, 0, rules_.size(), first_rule_};
        Fd fd = open_below(root_, folder, O_RDONLY | O_DIRECTORY);
        if (!fd) return false;
        const Directory dir(::fdopendir(fd.get()));
        if (!dir) return false;
        (void)fd.release();
        read_rules(folder);
        while (const dirent* entry = ::readdir(dir.get())) {
            const std::string_view name = entry->d_name;
            if (name == "." || name == ".." || name == ".git") continue;
            host_.check_cancelled();
            const bool folder_entry = is_folder_entry(::dirfd(dir.get()), *entry, false);
            if (rules_.ignores(join(folder, name), folder_entry, first_rule_)) continue;
            const bool link = !folder_entry && is_folder_entry(::dirfd(dir.get()), *entry, true);
            level.names.push_back({std::string(name), folder_entry, link});
        }
        std::sort(level.names.begin(), level.names.end(), before);
        level.denied = denied(level);
        levels_.push_back(std::move(level));
        return true;
    }

    /// Asks the host once for all names of a folder that would be visited.
    std::vector<bool> denied(const Level& level) const {
        std::vector<std::string> asked;
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < level.names.size(); ++i) {
            const std::string below = below_start(join(level.folder, level.names[i].text));
            const bool link = order_.folders && level.names[i].is_link_to_folder &&
                              order_.wanted_link && order_.wanted_link(below);
            if (!link && (level.names[i].is_folder != order_.folders || !order_.wanted(below)))
                continue;
            asked.push_back(top_ + "/" + below);
            which.push_back(i);
        }
        std::vector<bool> out(level.names.size(), false);
        const std::vector<bool> answer = host_.denied(asked);
        for (std::size_t i = 0; i < which.size(); ++i)
            out[which[i]] = answer[i];
        return out;
    }

    void leave() {
        rules_.shrink(levels_.back().rules_before);
        first_rule_ = levels_.back().first_before;
        levels_.pop_back();
    }

    [[nodiscard]] std::string below_start(const std::string& path) const {
        return base_.empty() ? path : path.substr(base_.size() + 1);
    }

    const Host& host_;
    const WalkOrder& order_;
    LeftOut& left_out_;
    int links_ = 0;          ///< followed on the way here
    const std::string top_;  ///< absolute path of the start, empty for /
    std::string shown_;      ///< of the start; empty for the workspace itself
    Fd root_fd_;
    int root_ = -1;
    std::string base_;  ///< the start, relative to the root
    IgnoreStack rules_;
    std::size_t first_rule_ = 0;
    std::vector<Level> levels_;
};

}  // namespace

Fd Found::open() const {
    return open_file_below(root_, std::string(in_root_));
}

WalkEnd walk(const Host& host, const File& start, const WalkOrder& order,
             const std::function<bool(const Found&)>& visit, LeftOut& left_out) {
    return Walk(host, start, order, left_out).run(visit);
}

std::string hint_on_links(const Host& host, const File& start, const LeftOut& left_out) {
    std::string names;
    std::size_t count = 0;
    for (const std::string& link : left_out.links) {
        try {
            // The target of this link was searched at its own place.
            if (is_below(host.folder(link).path, start.path)) continue;
        } catch (const Failure& failure) {
            if (failure.rc() == TENON_CANCELLED) throw;
        }
        const std::size_t above = start.path == "/" ? 1 : start.path.size() + 1;
        const std::string below =
            is_below(link, start.path) && link.size() > above ? link.substr(above) : link;
        const std::string shown = start.shown == "." ? below : join(start.shown, below);
        names += (count++ == 0 ? "" : ", ") + listed(shown);
    }
    if (count == 0) return {};
    return "not searched, because a link to a folder is followed only where the path or the "
           "pattern "
           "names it: " +
           names;
}

}  // namespace tenon::file
