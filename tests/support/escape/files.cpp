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

bool through_link(const Surroundings& s, const std::string& target, const std::string& rest) {
    const std::string link = s.own("link");
    if (::symlink(target.c_str(), link.c_str()) != 0) return false;
    const bool out = write_to(link + rest, O_WRONLY | O_CREAT);
    ::unlink(link.c_str());
    return out;
}

std::string up_to_root(const Surroundings& s) {
    std::string up = s.workspace;
    for (const char c : s.workspace) {
        if (c == '/') up += "/..";
    }
    return up;
}

bool by_a_daemon(const Surroundings& s) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    if (::fork() == 0) {
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

bool by_another_program(const Surroundings& s) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl("/proc/self/exe", "escape", "write", s.victim().c_str(), nullptr);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool by_a_program_in_memory(const Surroundings& s) {
    const int memory = static_cast<int>(::syscall(SYS_memfd_create, "x", 0));
    const int self = ::open("/proc/self/exe", O_RDONLY);
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(self, buffer, sizeof buffer)) > 0;) {
        if (::write(memory, buffer, static_cast<std::size_t>(n)) != n) return false;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string victim = s.victim();
        const char* const words[] = {"escape", "write", victim.c_str(), nullptr};
        const char* const none[] = {nullptr};
        ::fexecve(memory, const_cast<char**>(words), const_cast<char**>(none));
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool by_exchange(const Surroundings& s) {
    const std::string own = s.own("file");
    if (!make_file(own)) return false;
    return ::syscall(SYS_renameat2, AT_FDCWD, own.c_str(), AT_FDCWD, s.victim().c_str(),
                     RENAME_EXCHANGE) == 0;
}

bool by_link_inwards(const Surroundings& s) {
    return ::link(s.victim().c_str(), s.own("hard").c_str()) == 0 && write_to(s.own("hard"));
}

bool by_link_of_descriptor(const Surroundings& s) {
    const int fd = ::open(s.victim().c_str(), O_RDONLY);
    return ::linkat(AT_FDCWD, of_descriptor(fd).c_str(), AT_FDCWD, s.own("hard").c_str(),
                    AT_SYMLINK_FOLLOW) == 0 &&
           write_to(s.own("hard"));
}

bool by_nameless_file(const Surroundings& s) {
    const int fd = ::open(s.directory().c_str(), O_TMPFILE | O_RDWR, 0600);
    return write_to(fd) && ::linkat(AT_FDCWD, of_descriptor(fd).c_str(), AT_FDCWD,
                                    (s.directory() + "/new").c_str(), AT_SYMLINK_FOLLOW) == 0;
}

bool by_copying_a_range(const Surroundings& s) {
    if (!make_file(s.own("file"))) return false;
    const int from = ::open(s.own("file").c_str(), O_RDONLY);
    const int to = ::open(s.victim().c_str(), O_WRONLY);
    return ::copy_file_range(from, nullptr, to, nullptr, 4, 0) > 0;
}

bool by_inherited_descriptor(const Surroundings&) {
    for (int fd = 3; fd < 1024; ++fd) {
        struct stat info {};
        if (::fcntl(fd, F_GETFD) >= 0 && ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
            return true;
    }
    return false;
}

bool by_directory_descriptor(const Surroundings& s) {
    const int directory = ::open(s.directory().c_str(), O_RDONLY | O_DIRECTORY);
    return directory >= 0 && write_to(::openat(directory, "file", O_WRONLY));
}

bool by_path_descriptor(const Surroundings& s) {
    const int path = ::open(s.victim().c_str(), O_PATH);
    return path >= 0 && write_to(of_descriptor(path));
}

/// The link leads inside when it is looked at and outside when it is used, or the other way round.
bool by_swapping_a_link(const Surroundings& s) {
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
        {"create", [](const Surroundings& s) { return make_file(s.directory() + "/new"); }},
        {"append", [](const Surroundings& s) { return write_to(s.victim(), O_WRONLY | O_APPEND); }},
        {"overwrite", [](const Surroundings& s) { return write_to(s.victim()); }},
        {"read-write", [](const Surroundings& s) { return write_to(s.victim(), O_RDWR); }},
        {"truncate", [](const Surroundings& s) { return ::truncate(s.victim().c_str(), 0) == 0; }},
        {"open-truncate",
         [](const Surroundings& s) {
             return ::open(s.victim().c_str(), O_RDONLY | O_TRUNC) >= 0 &&
                    text_of(s.victim()).empty();
         }},
        {"ftruncate",
         [](const Surroundings& s) {
             return ::ftruncate(::open(s.victim().c_str(), O_RDWR), 0) == 0;
         }},
        {"fallocate",
         [](const Surroundings& s) {
             return ::fallocate(::open(s.victim().c_str(), O_RDWR), 0, 0, 4096) == 0;
         }},
        {"symlink-to-file", [](const Surroundings& s) { return through_link(s, s.victim(), ""); }},
        {"symlink-to-directory",
         [](const Surroundings& s) { return through_link(s, s.directory(), "/new"); }},
        {"dangling-symlink",
         [](const Surroundings& s) { return through_link(s, s.directory() + "/new", ""); }},
        {"symlink-to-root", [](const Surroundings& s) { return through_link(s, "/", s.victim()); }},
        {"dot-dot", [](const Surroundings& s) { return write_to(up_to_root(s) + s.victim()); }},
        {"proc-self-root",
         [](const Surroundings& s) { return write_to("/proc/self/root" + s.victim()); }},
        {"proc-self-cwd",
         [](const Surroundings& s) {
             return ::chdir("/") == 0 && write_to("/proc/self/cwd" + s.victim());
         }},
        {"proc-thread-root",
         [](const Surroundings& s) { return write_to("/proc/thread-self/root" + s.victim()); }},
        {"proc-1-root",
         [](const Surroundings& s) { return write_to("/proc/1/root" + s.victim()); }},
        {"proc-parent-root",
         [](const Surroundings& s) {
             return write_to("/proc/" + std::to_string(s.outsider) + "/root" + s.victim());
         }},
        {"proc-parent-cwd",
         [](const Surroundings& s) {
             return write_to("/proc/" + std::to_string(s.outsider) + "/cwd/" + s.way + "/file");
         }},
        {"reopen-descriptor",
         [](const Surroundings& s) {
             return write_to(of_descriptor(::open(s.victim().c_str(), O_RDONLY)));
         }},
        {"path-descriptor", by_path_descriptor},
        {"directory-descriptor", by_directory_descriptor},
        {"inherited-descriptor", by_inherited_descriptor},
        {"rename-out",
         [](const Surroundings& s) {
             return make_file(s.own("file")) &&
                    ::rename(s.own("file").c_str(), s.victim().c_str()) == 0;
         }},
        {"rename-in",
         [](const Surroundings& s) {
             return ::rename(s.victim().c_str(), s.own("taken").c_str()) == 0;
         }},
        {"rename-within",
         [](const Surroundings& s) {
             return ::rename(s.victim().c_str(), (s.directory() + "/other").c_str()) == 0;
         }},
        {"exchange", by_exchange},
        {"link-in", by_link_inwards},
        {"link-descriptor", by_link_of_descriptor},
        {"link-out",
         [](const Surroundings& s) {
             return make_file(s.own("file")) &&
                    ::link(s.own("file").c_str(), (s.directory() + "/new").c_str()) == 0;
         }},
        {"unlink", [](const Surroundings& s) { return ::unlink(s.victim().c_str()) == 0; }},
        {"mkdir",
         [](const Surroundings& s) {
             return ::mkdir((s.directory() + "/new").c_str(), 0755) == 0;
         }},
        {"make-symlink",
         [](const Surroundings& s) {
             return ::symlink("/", (s.directory() + "/new").c_str()) == 0;
         }},
        {"make-fifo",
         [](const Surroundings& s) {
             return ::mkfifo((s.directory() + "/new").c_str(), 0600) == 0;
         }},
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
        {"chmod", [](const Surroundings& s) { return ::chmod(s.victim().c_str(), 0777) == 0; }},
        {"fchmod",
         [](const Surroundings& s) {
             return ::fchmod(::open(s.victim().c_str(), O_RDONLY), 0777) == 0;
         }},
        {"chmod-descriptor",
         [](const Surroundings& s) {
             return ::chmod(of_descriptor(::open(s.victim().c_str(), O_PATH)).c_str(), 0777) == 0;
         }},
        {"chmod-directory",
         [](const Surroundings& s) { return ::chmod(s.directory().c_str(), 0777) == 0; }},
        {"chown",
         [](const Surroundings& s) {
             return ::chown(s.victim().c_str(), ::geteuid() == 0 ? 1 : ::geteuid(), ::getegid()) ==
                    0;
         }},
        {"fchown",
         [](const Surroundings& s) {
             return ::fchown(::open(s.victim().c_str(), O_RDONLY),
                             ::geteuid() == 0 ? 1 : ::geteuid(), ::getegid()) == 0;
         }},
        {"utimes",
         [](const Surroundings& s) { return ::utimes(s.victim().c_str(), nullptr) == 0; }},
        {"futimens",
         [](const Surroundings& s) {
             return ::futimens(::open(s.victim().c_str(), O_RDONLY), nullptr) == 0;
         }},
        {"setxattr",
         [](const Surroundings& s) {
             return ::setxattr(s.victim().c_str(), "user.x", "1", 1, 0) == 0;
         }},
        {"fsetxattr",
         [](const Surroundings& s) {
             return ::fsetxattr(::open(s.victim().c_str(), O_RDONLY), "user.x", "1", 1, 0) == 0;
         }},
        {"file-flags",
         [](const Surroundings& s) {
             const int fd = ::open(s.victim().c_str(), O_RDONLY);
             int flags = 0;
             if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return false;
             flags |= FS_NODUMP_FL;
             return ::ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
         }},
        {"kernel-setting",
         [](const Surroundings&) {
             const std::string file = "/proc/sys/kernel/printk_ratelimit";
             const std::string now = text_of(file);
             const int fd = ::open(file.c_str(), O_WRONLY);
             return fd >= 0 && ::write(fd, now.data(), now.size()) > 0;
         }},
        {"oom-score-of-outsider",
         [](const Surroundings& s) {
             const std::string file = "/proc/" + std::to_string(s.outsider) + "/oom_score_adj";
             const int fd = ::open(file.c_str(), O_WRONLY);
             return fd >= 0 && ::write(fd, "1000", 4) == 4;
         }},
    };
}

}  // namespace escape
