#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

constexpr unsigned kClone = 1;  // OPEN_TREE_CLONE
constexpr unsigned kRecursive = 0x8000;
constexpr unsigned kFromDescriptor = 4;

bool by_bind(const Targets& s) {
    ::mkdir(s.own("place").c_str(), 0755);
    return ::mount(s.directory().c_str(), s.own("place").c_str(), nullptr, MS_BIND, nullptr) == 0;
}

bool by_open_tree(const Targets& s) {
    const long tree =
        ::syscall(SYS_open_tree, AT_FDCWD, s.directory().c_str(), kClone | kRecursive);
    ::mkdir(s.own("place").c_str(), 0755);
    return tree >= 0 && ::syscall(SYS_move_mount, tree, "", AT_FDCWD, s.own("place").c_str(),
                                  kFromDescriptor) == 0;
}

bool by_remount(const Targets& s) {
    ::mkdir(s.own("place").c_str(), 0755);
    // A bind mount, so that nothing else changes when the remount works.
    if (::mount(s.directory().c_str(), s.own("place").c_str(), nullptr, MS_BIND, nullptr) != 0)
        return false;
    return ::mount(nullptr, s.own("place").c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0;
}

bool by_clearing_read_only(const Targets&) {
    struct {
        std::uint64_t set, clear, propagation, user_namespace;
    } attributes{0, 1, 0, 0};
    return ::syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof attributes) == 0;
}

bool by_unmounting(const Targets& s) {
    for (const char* name : {"/.git/hooks", "/.tenon", "/.claude", "/.envrc", ""}) {
        if (::umount2((s.workspace + name).c_str(), MNT_DETACH) == 0) return true;
    }
    // When nothing is mounted there, try the call with a mount of our own.
    ::mkdir(s.own("place").c_str(), 0755);
    return ::mount("none", s.own("place").c_str(), "tmpfs", 0, nullptr) == 0 &&
           ::umount2(s.own("place").c_str(), 0) == 0;
}

bool by_chroot(const Targets& s) {
    return ::chroot(s.outside.c_str()) == 0;
}

bool by_pivot_root(const Targets& s) {
    const std::string place = s.own("root");
    ::mkdir(place.c_str(), 0755);
    if (::unshare(CLONE_NEWNS) != 0) return false;
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    ::mount("none", place.c_str(), "tmpfs", 0, nullptr);
    ::mkdir((place + "/old").c_str(), 0755);
    return ::syscall(SYS_pivot_root, place.c_str(), (place + "/old").c_str()) == 0;
}

bool by_clone(const Targets&) {
    const long child = ::syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) ::_exit(0);
    return child > 0;
}

bool by_clone3(const Targets&) {
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_NEWNS;
    arguments.exit_signal = SIGCHLD;
    const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) ::_exit(0);
    return child > 0;
}

bool by_joining(const std::string& process) {
    const int space = ::open(("/proc/" + process + "/ns/mnt").c_str(), O_RDONLY);
    return space >= 0 && ::setns(space, CLONE_NEWNS) == 0;
}

bool by_joining_a_process(const Targets& s) {
    const long process = ::syscall(SYS_pidfd_open, s.outsider, 0);
    return process >= 0 && ::setns(static_cast<int>(process), CLONE_NEWNS | CLONE_NEWUTS) == 0;
}

bool by_handle(const Targets& s) {
    alignas(file_handle) char memory[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
    auto* handle = reinterpret_cast<file_handle*>(memory);
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount = 0;
    if (::name_to_handle_at(AT_FDCWD, s.target_file().c_str(), handle, &mount, 0) != 0)
        return false;
    const int root = ::open(s.outside.c_str(), O_RDONLY | O_DIRECTORY);
    return write_to(::open_by_handle_at(root, handle, O_WRONLY));
}

}  // namespace

std::vector<Way> mount_ways() {
    return {
        {"bind-mount", by_bind},
        {"open-tree", by_open_tree},
        {"remount", by_remount},
        {"clear-read-only", by_clearing_read_only},
        {"mount-tmpfs",
         [](const Targets& s) {
             ::mkdir(s.own("place").c_str(), 0755);
             return ::mount("none", s.own("place").c_str(), "tmpfs", 0, nullptr) == 0;
         }},
        {"fsopen", [](const Targets&) { return ::syscall(SYS_fsopen, "tmpfs", 0) >= 0; }},
        {"unmount", by_unmounting},
        {"chroot", by_chroot},
        {"pivot-root", by_pivot_root},
        {"new-mount-namespace", [](const Targets&) { return ::unshare(CLONE_NEWNS) == 0; }},
        {"new-user-namespace", [](const Targets&) { return ::unshare(CLONE_NEWUSER) == 0; }},
        {"new-network-namespace",
         [](const Targets&) { return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0; }},
        {"new-pid-namespace",
         [](const Targets&) { return ::unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0; }},
        {"clone-namespaces", by_clone},
        {"clone3-namespaces", by_clone3},
        {"join-1", [](const Targets&) { return by_joining("1"); }},
        {"join-outsider", [](const Targets& s) { return by_joining(std::to_string(s.outsider)); }},
        {"join-by-process", by_joining_a_process},
        {"file-handle", by_handle},
    };
}

}  // namespace escape
