#include <cstdio>
#include <dirent.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

/// Makes the file and removes it again.
bool plants(const std::string& path) {
    struct stat info {};
    const bool was_there = ::lstat(path.c_str(), &info) == 0;
    if (!make_file(path)) return false;
    if (!was_there) ::unlink(path.c_str());
    return true;
}

/// Renames and renames back.
bool moves(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return false;
    ::rename(to.c_str(), from.c_str());
    return true;
}

bool hook_by_moved_parent(const Targets& s) {
    const std::string git = s.workspace + "/.git";
    if (::rename(git.c_str(), s.own("git").c_str()) != 0) return false;
    ::mkdir(git.c_str(), 0755);
    ::mkdir((git + "/hooks").c_str(), 0755);
    const bool out = plants(git + "/hooks/pre-push");
    ::rmdir((git + "/hooks").c_str());
    ::rmdir(git.c_str());
    ::rename(s.own("git").c_str(), git.c_str());
    return out;
}

bool hook_by_exchange(const Targets& s) {
    const std::string hooks = s.workspace + "/.git/hooks";
    const std::string own = s.own("hooks");
    ::mkdir(own.c_str(), 0755);
    if (::syscall(SYS_renameat2, AT_FDCWD, own.c_str(), AT_FDCWD, hooks.c_str(), RENAME_EXCHANGE) !=
        0)
        return false;
    ::syscall(SYS_renameat2, AT_FDCWD, own.c_str(), AT_FDCWD, hooks.c_str(), RENAME_EXCHANGE);
    return true;
}

bool hook_by_link(const Targets& s) {
    const std::string hook = s.workspace + "/.git/hooks/pre-push";
    if (!make_file(s.own("file")) || ::link(s.own("file").c_str(), hook.c_str()) != 0) return false;
    ::unlink(hook.c_str());
    return true;
}

bool hook_by_link_outwards(const Targets& s) {
    const std::string hook = s.workspace + "/.git/hooks/pre-commit";
    if (::link(hook.c_str(), s.own("hook").c_str()) != 0) return false;
    const bool out = write_to(s.own("hook"), O_WRONLY | O_APPEND);
    ::unlink(s.own("hook").c_str());
    return out;
}

bool hook_by_directory_link(const Targets& s) {
    const std::string link = s.own("link");
    if (::symlink((s.workspace + "/.git/hooks").c_str(), link.c_str()) != 0) return false;
    const bool out = plants(link + "/pre-push");
    ::unlink(link.c_str());
    return out;
}

bool hook_by_descriptor(const Targets& s) {
    const int git = ::open((s.workspace + "/.git").c_str(), O_RDONLY | O_DIRECTORY);
    const int hook = ::openat(git, "hooks/pre-push", O_WRONLY | O_CREAT, 0755);
    if (!write_to(hook)) return false;
    ::unlinkat(git, "hooks/pre-push", 0);
    return true;
}

bool makes_directory(const std::string& path, const std::string& file) {
    if (::mkdir(path.c_str(), 0755) != 0) return plants(path + "/" + file);
    const bool out = plants(path + "/" + file);
    ::rmdir(path.c_str());
    return out;
}

bool replaces(const std::string& name, const Targets& s) {
    const std::string path = s.workspace + "/" + name;
    ::rmdir(path.c_str());
    ::unlink(path.c_str());
    if (!make_file(s.own("file")) || ::rename(s.own("file").c_str(), path.c_str()) != 0)
        return false;
    ::unlink(path.c_str());
    return true;
}

bool links_there(const std::string& name, const Targets& s) {
    const std::string path = s.workspace + "/" + name;
    ::rmdir(path.c_str());
    if (::symlink("/tmp", path.c_str()) != 0) return false;
    ::unlink(path.c_str());
    return true;
}

bool opens_by_link(const std::string& path, const Targets& s) {
    const std::string link = s.own("link");
    if (::symlink(path.c_str(), link.c_str()) != 0) return false;
    const bool out = can_read(link);
    ::unlink(link.c_str());
    return out;
}

std::string directory_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

bool lists(const std::string& path) {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return false;
    bool any = false;
    while (const dirent* entry = ::readdir(directory))
        any = any || entry->d_name[0] != '.';
    ::closedir(directory);
    return any;
}

bool secret_by_hard_link(const Targets& s) {
    if (::link(s.secret.c_str(), s.own("hard").c_str()) != 0) return false;
    const bool out = can_read(s.own("hard"));
    ::unlink(s.own("hard").c_str());
    return out;
}

bool secret_by_rename(const Targets& s) {
    const std::string directory = directory_of(s.secret);
    if (::rename(directory.c_str(), s.own("taken").c_str()) != 0) return false;
    ::rename(s.own("taken").c_str(), directory.c_str());
    return true;
}

bool secret_by_path_descriptor(const Targets& s) {
    const int fd = ::open(s.secret.c_str(), O_PATH);
    return fd >= 0 && can_read("/proc/self/fd/" + std::to_string(fd));
}

bool secret_by_chmod(const Targets& s) {
    return ::chmod(directory_of(s.secret).c_str(), 0755) == 0 && can_read(s.secret);
}

}  // namespace

std::vector<Way> guarded_ways() {
    return {
        {"hook-change",
         [](const Targets& s) {
             return write_to(s.workspace + "/.git/hooks/pre-commit", O_WRONLY | O_APPEND);
         }},
        {"hook-truncate",
         [](const Targets& s) {
             return ::truncate((s.workspace + "/.git/hooks/pre-commit").c_str(), 1) == 0;
         }},
        {"hook-chmod",
         [](const Targets& s) {
             return ::chmod((s.workspace + "/.git/hooks/pre-commit").c_str(), 0755) == 0;
         }},
        {"hook-new", [](const Targets& s) { return plants(s.workspace + "/.git/hooks/pre-push"); }},
        {"hook-dot-dot",
         [](const Targets& s) {
             return plants(s.workspace + "/.git/objects/../hooks/pre-push") ||
                    plants(s.workspace + "/.git/../.git/hooks/pre-push");
         }},
        {"hook-by-rename",
         [](const Targets& s) {
             return make_file(s.own("file")) &&
                    moves(s.own("file"), s.workspace + "/.git/hooks/pre-push");
         }},
        {"hooks-moved",
         [](const Targets& s) {
             return moves(s.workspace + "/.git/hooks", s.workspace + "/.git/old");
         }},
        {"git-moved", hook_by_moved_parent},
        {"hooks-exchanged", hook_by_exchange},
        {"hook-linked", hook_by_link},
        {"hook-linked-outwards", hook_by_link_outwards},
        {"hook-by-directory-link", hook_by_directory_link},
        {"hook-by-descriptor", hook_by_descriptor},
        {"hook-proc-root",
         [](const Targets& s) {
             return plants("/proc/self/root" + s.workspace + "/.git/hooks/pre-push");
         }},
        {"tenon-change",
         [](const Targets& s) {
             return write_to(s.workspace + "/.tenon/tenon.xml", O_WRONLY | O_APPEND);
         }},
        {"tenon-new",
         [](const Targets& s) { return plants(s.workspace + "/.tenon/tenon.properties"); }},
        {"tenon-moved",
         [](const Targets& s) { return moves(s.workspace + "/.tenon", s.own("tenon")); }},
        {"claude-missing",
         [](const Targets& s) {
             return makes_directory(s.workspace + "/.claude", "settings.json");
         }},
        {"claude-link", [](const Targets& s) { return links_there(".claude", s); }},
        {"claude-moved-in",
         [](const Targets& s) {
             ::mkdir(s.own("claude").c_str(), 0755);
             ::rmdir((s.workspace + "/.claude").c_str());
             return moves(s.own("claude"), s.workspace + "/.claude");
         }},
        {"envrc-missing", [](const Targets& s) { return plants(s.workspace + "/.envrc"); }},
        {"envrc-replaced", [](const Targets& s) { return replaces(".envrc", s); }},
        {"envrc-link", [](const Targets& s) { return links_there(".envrc", s); }},
        {"state-write", [](const Targets& s) { return plants(s.state + "/planted"); }},
        {"state-job",
         [](const Targets& s) { return makes_directory(s.state + "/jobs/00000000", "job.json"); }},
        {"state-moved", [](const Targets& s) { return moves(s.state, s.state + "-old"); }},
        {"config-write", [](const Targets& s) { return plants(s.config + "/tenon.properties"); }},
    };
}

std::vector<Way> secret_ways() {
    return {
        {"secret-read", [](const Targets& s) { return can_read(s.secret); }},
        {"secret-list", [](const Targets& s) { return lists(directory_of(s.secret)); }},
        {"secret-symlink", [](const Targets& s) { return opens_by_link(s.secret, s); }},
        {"secret-proc-root",
         [](const Targets& s) { return can_read("/proc/self/root" + s.secret); }},
        {"secret-proc-1", [](const Targets& s) { return can_read("/proc/1/root" + s.secret); }},
        {"secret-proc-outsider",
         [](const Targets& s) {
             return can_read("/proc/" + std::to_string(s.outsider) + "/root" + s.secret);
         }},
        {"secret-dot-dot",
         [](const Targets& s) {
             return can_read(directory_of(s.secret) + "/../" +
                             directory_of(s.secret).substr(directory_of(s.secret).rfind('/') + 1) +
                             s.secret.substr(s.secret.rfind('/')));
         }},
        {"secret-hard-link", secret_by_hard_link},
        {"secret-rename", secret_by_rename},
        {"secret-path-descriptor", secret_by_path_descriptor},
        {"secret-chmod", secret_by_chmod},
        {"state-read", [](const Targets& s) { return lists(s.state); }},
        {"config-read", [](const Targets& s) { return can_read(s.config + "/tenon.xml"); }},
    };
}

}  // namespace escape
