#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

std::string of_descriptor(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

bool through_link(const Targets& s, const std::string& target, const std::string& rest) {
    const std::string link = s.own("link");
    if (::symlink(target.c_str(), link.c_str()) != 0) return false;
    const bool out = write_to(link + rest, O_WRONLY | O_CREAT);
    ::unlink(link.c_str());
    return out;
}

std::string up_to_root(const Targets& s) {
    std::string up = s.workspace;
    for (const char c : s.workspace) {
        if (c == '/') up += "/..";
    }
    return up;
}

bool by_a_daemon(const Targets& s) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const pid_t child = ::fork();
    if (child < 0) return false;
    if (child == 0) {
        ::setsid();
        const pid_t parent = ::getpid();
        if (::fork() != 0) ::_exit(0);
        while (::getppid() == parent)
            ::sched_yield();
        const bool out = make_file(s.directory() + "/new");
        if (::write(ends[1], out ? "1" : "0", 1) != 1) ::_exit(1);
        ::_exit(0);
    }
    ::wait(nullptr);
    char answer = '0';
    return ::read(ends[0], &answer, 1) == 1 && answer == '1';
}

bool by_another_program(const Targets& s) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl("/proc/self/exe", "escape", "write", s.target_file().c_str(), nullptr);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool by_a_program_in_memory(const Targets& s) {
    const int memory = static_cast<int>(::syscall(SYS_memfd_create, "x", 0));
    const int self = ::open("/proc/self/exe", O_RDONLY);
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(self, buffer, sizeof buffer)) > 0;) {
        if (::write(memory, buffer, static_cast<std::size_t>(n)) != n) return false;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string target_file = s.target_file();
        const char* const words[] = {"escape", "write", target_file.c_str(), nullptr};
        const char* const none[] = {nullptr};
        ::fexecve(memory, const_cast<char**>(words), const_cast<char**>(none));
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool by_exchange(const Targets& s) {
    const std::string own = s.own("file");
    if (!make_file(own)) return false;
    return ::syscall(SYS_renameat2, AT_FDCWD, own.c_str(), AT_FDCWD, s.target_file().c_str(),
                     RENAME_EXCHANGE) == 0;
}

bool by_link_inwards(const Targets& s) {
    return ::link(s.target_file().c_str(), s.own("hard").c_str()) == 0 && write_to(s.own("hard"));
}

bool by_link_of_descriptor(const Targets& s) {
    const int fd = ::open(s.target_file().c_str(), O_RDONLY);
    return ::linkat(AT_FDCWD, of_descriptor(fd).c_str(), AT_FDCWD, s.own("hard").c_str(),
                    AT_SYMLINK_FOLLOW) == 0 &&
           write_to(s.own("hard"));
}

bool by_nameless_file(const Targets& s) {
    const int fd = ::open(s.directory().c_str(), O_TMPFILE | O_RDWR, 0600);
    return write_to(fd) && ::linkat(AT_FDCWD, of_descriptor(fd).c_str(), AT_FDCWD,
                                    (s.directory() + "/new").c_str(), AT_SYMLINK_FOLLOW) == 0;
}

bool by_copying_a_range(const Targets& s) {
    if (!make_file(s.own("file"))) return false;
    const int from = ::open(s.own("file").c_str(), O_RDONLY);
    const int to = ::open(s.target_file().c_str(), O_WRONLY);
    return ::copy_file_range(from, nullptr, to, nullptr, 4, 0) > 0;
}

bool by_inherited_descriptor(const Targets&) {
    for (int fd = 3; fd < 1024; ++fd) {
        struct stat info {};
        if (::fcntl(fd, F_GETFD) >= 0 && ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
            return true;
    }
    return false;
}

bool by_directory_descriptor(const Targets& s) {
    const int directory = ::open(s.directory().c_str(), O_RDONLY | O_DIRECTORY);
    return directory >= 0 && write_to(::openat(directory, "file", O_WRONLY));
}

bool by_path_descriptor(const Targets& s) {
    const int path = ::open(s.target_file().c_str(), O_PATH);
    return path >= 0 && write_to(of_descriptor(path));
}

/// The link leads inside when it is checked and outside when it is used, or the other way round.
bool by_swapping_a_link(const Targets& s) {
    const std::string link = s.own("swap");
    const pid_t swapper = ::fork();
    if (swapper == 0) {
        for (int i = 0; i < 3'000; ++i) {
            ::unlink(link.c_str());
            if (::symlink(i % 2 == 0 ? s.workspace.c_str() : s.directory().c_str(), link.c_str()) !=
                0)
                continue;
        }
        ::_exit(0);
    }
    bool out = false;
    while (::waitpid(swapper, nullptr, WNOHANG) == 0)
        out = out || write_to(link + "/file");
    ::unlink(link.c_str());
    return out;
}

}  // namespace

std::vector<Way> file_ways() {
    return {
        {"create", [](const Targets& s) { return make_file(s.directory() + "/new"); }},
        {"append", [](const Targets& s) { return write_to(s.target_file(), O_WRONLY | O_APPEND); }},
        {"overwrite", [](const Targets& s) { return write_to(s.target_file()); }},
        {"read-write", [](const Targets& s) { return write_to(s.target_file(), O_RDWR); }},
        {"truncate", [](const Targets& s) { return ::truncate(s.target_file().c_str(), 0) == 0; }},
        {"open-truncate",
         [](const Targets& s) {
             return ::open(s.target_file().c_str(), O_RDONLY | O_TRUNC) >= 0 &&
                    text_of(s.target_file()).empty();
         }},
        {"ftruncate",
         [](const Targets& s) {
             return ::ftruncate(::open(s.target_file().c_str(), O_RDWR), 0) == 0;
         }},
        {"fallocate",
         [](const Targets& s) {
             return ::fallocate(::open(s.target_file().c_str(), O_RDWR), 0, 0, 4096) == 0;
         }},
        {"symlink-to-file", [](const Targets& s) { return through_link(s, s.target_file(), ""); }},
        {"symlink-to-directory",
         [](const Targets& s) { return through_link(s, s.directory(), "/new"); }},
        {"dangling-symlink",
         [](const Targets& s) { return through_link(s, s.directory() + "/new", ""); }},
        {"symlink-to-root", [](const Targets& s) { return through_link(s, "/", s.target_file()); }},
        {"dot-dot", [](const Targets& s) { return write_to(up_to_root(s) + s.target_file()); }},
        {"proc-self-root",
         [](const Targets& s) { return write_to("/proc/self/root" + s.target_file()); }},
        {"proc-self-cwd",
         [](const Targets& s) {
             return ::chdir("/") == 0 && write_to("/proc/self/cwd" + s.target_file());
         }},
        {"proc-thread-root",
         [](const Targets& s) { return write_to("/proc/thread-self/root" + s.target_file()); }},
        {"proc-1-root",
         [](const Targets& s) { return write_to("/proc/1/root" + s.target_file()); }},
        {"proc-parent-root",
         [](const Targets& s) {
             return write_to("/proc/" + std::to_string(s.outsider) + "/root" + s.target_file());
         }},
        {"proc-parent-cwd",
         [](const Targets& s) {
             return write_to("/proc/" + std::to_string(s.outsider) + "/cwd/" + s.way + "/file");
         }},
        {"reopen-descriptor",
         [](const Targets& s) {
             return write_to(of_descriptor(::open(s.target_file().c_str(), O_RDONLY)));
         }},
        {"path-descriptor", by_path_descriptor},
        {"directory-descriptor", by_directory_descriptor},
        {"inherited-descriptor", by_inherited_descriptor},
        {"rename-out",
         [](const Targets& s) {
             return make_file(s.own("file")) &&
                    ::rename(s.own("file").c_str(), s.target_file().c_str()) == 0;
         }},
        {"rename-in",
         [](const Targets& s) {
             return ::rename(s.target_file().c_str(), s.own("taken").c_str()) == 0;
         }},
        {"rename-within",
         [](const Targets& s) {
             return ::rename(s.target_file().c_str(), (s.directory() + "/other").c_str()) == 0;
         }},
        {"exchange", by_exchange},
        {"link-in", by_link_inwards},
        {"link-descriptor", by_link_of_descriptor},
        {"link-out",
         [](const Targets& s) {
             return make_file(s.own("file")) &&
                    ::link(s.own("file").c_str(), (s.directory() + "/new").c_str()) == 0;
         }},
        {"unlink", [](const Targets& s) { return ::unlink(s.target_file().c_str()) == 0; }},
        {"mkdir",
         [](const Targets& s) { return ::mkdir((s.directory() + "/new").c_str(), 0755) == 0; }},
        {"make-symlink",
         [](const Targets& s) { return ::symlink("/", (s.directory() + "/new").c_str()) == 0; }},
        {"make-fifo",
         [](const Targets& s) { return ::mkfifo((s.directory() + "/new").c_str(), 0600) == 0; }},
        {"nameless-file", by_nameless_file},
        {"copy-range", by_copying_a_range},
        {"swapped-link", by_swapping_a_link},
        {"daemon", by_a_daemon},
        {"other-program", by_another_program},
        {"program-in-memory", by_a_program_in_memory},
    };
}

std::vector<Way> metadata_ways() {
    return {
        {"chmod", [](const Targets& s) { return ::chmod(s.target_file().c_str(), 0777) == 0; }},
        {"fchmod",
         [](const Targets& s) {
             return ::fchmod(::open(s.target_file().c_str(), O_RDONLY), 0777) == 0;
         }},
        {"chmod-descriptor",
         [](const Targets& s) {
             return ::chmod(of_descriptor(::open(s.target_file().c_str(), O_PATH)).c_str(), 0777) ==
                    0;
         }},
        {"chmod-directory",
         [](const Targets& s) { return ::chmod(s.directory().c_str(), 0777) == 0; }},
        {"chown",
         [](const Targets& s) {
             return ::chown(s.target_file().c_str(), ::geteuid() == 0 ? 1 : ::geteuid(),
                            ::getegid()) == 0;
         }},
        {"fchown",
         [](const Targets& s) {
             return ::fchown(::open(s.target_file().c_str(), O_RDONLY),
                             ::geteuid() == 0 ? 1 : ::geteuid(), ::getegid()) == 0;
         }},
        {"utimes",
         [](const Targets& s) { return ::utimes(s.target_file().c_str(), nullptr) == 0; }},
        {"futimens",
         [](const Targets& s) {
             return ::futimens(::open(s.target_file().c_str(), O_RDONLY), nullptr) == 0;
         }},
        {"setxattr",
         [](const Targets& s) {
             return ::setxattr(s.target_file().c_str(), "user.x", "1", 1, 0) == 0;
         }},
        {"fsetxattr",
         [](const Targets& s) {
             return ::fsetxattr(::open(s.target_file().c_str(), O_RDONLY), "user.x", "1", 1, 0) ==
                    0;
         }},
        {"file-flags",
         [](const Targets& s) {
             const int fd = ::open(s.target_file().c_str(), O_RDONLY);
             int flags = 0;
             if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return false;
             flags |= FS_NODUMP_FL;
             return ::ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
         }},
        {"kernel-setting",
         [](const Targets&) {
             const std::string file = "/proc/sys/kernel/printk_ratelimit";
             const std::string now = text_of(file);
             const int fd = ::open(file.c_str(), O_WRONLY);
             return fd >= 0 && ::write(fd, now.data(), now.size()) > 0;
         }},
        {"oom-score-of-outsider",
         [](const Targets& s) {
             const std::string file = "/proc/" + std::to_string(s.outsider) + "/oom_score_adj";
             const int fd = ::open(file.c_str(), O_WRONLY);
             return fd >= 0 && ::write(fd, "1000", 4) == 4;
         }},
    };
}

}  // namespace escape
