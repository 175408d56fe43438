// escape list | prepare OUTSIDE | check OUTSIDE | try KEY=VALUE… | try-freely KEY=VALUE… |
//        as-user UID COMMAND… | connect HOST PORT | talk-tcp | talk-file PATH | connect-file PATH
//        [THREADS] | move-device | trace-child | connect-apart PATH |
//        without landlock,seccomp,namespaces COMMAND…
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <grp.h>
#include <iostream>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

constexpr char kOriginal[] = "original\n";
constexpr time_t kOldTime = 1'000'000'000;
constexpr mode_t kMode = 0640;
constexpr unsigned kTimeout = 10;  // seconds; a way that hangs is stopped
constexpr int kEscaped = 42;       // not 1: with it a sanitizer ends a process that crashed

void prepare(const std::string& outside) {
    const timeval times[2] = {{kOldTime, 0}, {kOldTime, 0}};
    for (const Way& way : all_ways()) {
        const std::string directory = outside + "/" + way.name;
        const std::string file = directory + "/file";
        ::mkdir(directory.c_str(), 0755);
        std::ofstream(file) << kOriginal;
        ::chmod(file.c_str(), kMode);
        ::utimes(file.c_str(), times);
        ::utimes(directory.c_str(), times);
    }
}

bool is_unchanged(const std::string& directory) {
    struct stat info {
    }, of_directory{};
    const std::string file = directory + "/file";
    char names[256];
    return ::lstat(directory.c_str(), &of_directory) == 0 && of_directory.st_mtime == kOldTime &&
           ::lstat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           (info.st_mode & 07777U) == kMode && info.st_mtime == kOldTime && info.st_nlink == 1 &&
           info.st_uid == of_directory.st_uid && text_of(file) == kOriginal &&
           ::listxattr(file.c_str(), names, sizeof names) == 0;
}

/// Prints the ways that changed something outside of the sandbox.
int check(const std::string& outside) {
    int changed = 0;
    for (const Way& way : all_ways()) {
        if (is_unchanged(outside + "/" + way.name)) continue;
        std::cout << way.name << '\n';
        ++changed;
    }
    return changed == 0 ? 0 : 1;
}

Targets read_targets(int count, char** words) {
    Targets s;
    const std::pair<const char*, std::string Targets::*> texts[] = {
        {"outside", &Targets::outside},  {"workspace", &Targets::workspace},
        {"secret", &Targets::secret},    {"state", &Targets::state},
        {"config", &Targets::config},    {"program", &Targets::program},
        {"socket", &Targets::socket},    {"datagrams", &Targets::datagrams},
        {"abstract", &Targets::abstract}};
    for (int i = 0; i < count; ++i) {
        const std::string word = words[i];
        const auto equals = word.find('=');
        const std::string key = word.substr(0, equals);
        const std::string value = word.substr(equals + 1);
        for (const auto& [name, member] : texts) {
            if (key == name) s.*member = value;
        }
        if (key == "tcp") s.tcp = std::atoi(value.c_str());
        if (key == "udp") s.udp = std::atoi(value.c_str());
        if (key == "outsider") s.outsider = std::atoi(value.c_str());
    }
    return s;
}

void try_all(Targets s) {
    for (const Way& way : all_ways()) {
        s.way = way.name;
        std::cout << way.name << (in_child(way.escapes, s) ? " ESCAPED" : " stopped") << std::endl;
    }
}

/// Mounts of a way shall not stay on the machine.
void make_mounts_private() {
    if (::unshare(CLONE_NEWNS) == 0) ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

int run_as(uid_t user, char** command) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
        ::setresuid(user, user, user) != 0)
        return 2;
    ::execv(command[0], command);
    return 2;
}

/// From now on this process runs as on a kernel without a feature: its system call fails.
bool disable_feature(const std::string& what) {
    const std::tuple<const char*, std::uint32_t, int> calls[] = {
        {"landlock", 444, ENOSYS},
        {"seccomp", SYS_seccomp, ENOSYS},
        {"namespaces", SYS_unshare, EPERM}};
    for (const auto& [name, call, code] : calls) {
        if (what != name) continue;
        sock_filter program[] = {
            {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(code)},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
        const sock_fprog filter{4, program};
        return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
    }
    return false;
}

}  // namespace

bool in_child(bool (*f)(const Targets&), const Targets& s) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(kTimeout);
        ::_exit(f(s) ? kEscaped : 0);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == kEscaped;
}

}  // namespace escape

namespace escape {
namespace {

int run(int argc, char** argv) {
    const std::string verb = argc > 1 ? argv[1] : "";
    if (verb == "uid") return ::geteuid() == 0 ? 1 : 0;
    if (verb == "try") try_all(read_targets(argc - 2, argv + 2));
    if (verb == "try-freely") {
        make_mounts_private();
        try_all(read_targets(argc - 2, argv + 2));
    }
    if (verb == "list") {
        for (const Way& way : all_ways())
            std::cout << way.name << '\n';
    }
    if (verb == "prepare" && argc == 3) prepare(argv[2]);
    if (verb == "check" && argc == 3) return check(argv[2]);
    const auto say = [](int code) {
        std::cout << (code == 0 ? "fine" : ::strerrorname_np(code)) << std::endl;
        return 0;
    };
    if (verb == "connect" && argc == 4) return say(connects_to(argv[2], std::atoi(argv[3])));
    if (verb == "talk-tcp") return say(talks_by_tcp());
    if (verb == "talk-file" && argc == 3) return say(talks_by_file(argv[2]));
    if (verb == "connect-file" && argc == 3) return say(connects_to_file(argv[2]));
    if (verb == "connect-file" && argc == 4) {
        std::vector<std::thread> threads;
        for (int i = std::atoi(argv[3]); i > 0; --i)
            threads.emplace_back([&] { say(connects_to_file(argv[2])); });
        for (std::thread& thread : threads)
            thread.join();
    }
    if (verb == "connect-apart" && argc == 3) return say(connects_apart(argv[2]));
    if (verb == "move-device") return say(moves_to_other_device());
    if (verb == "trace-child") return say(traces_own_child());
    if (verb == "write" && argc == 3) return write_to(argv[2]) ? 1 : 0;
    if (verb == "without" && argc > 3) {
        // A list such as "landlock,seccomp". What is needed to disable the others must be last.
        std::istringstream words(argv[2]);
        for (std::string word; std::getline(words, word, ',');) {
            if (!disable_feature(word)) return 3;
        }
        ::execv(argv[3], argv + 3);
        return 3;
    }
    if (verb == "as-user" && argc > 3)
        return run_as(static_cast<uid_t>(std::atoi(argv[2])), argv + 3);
    return 0;
}

}  // namespace
}  // namespace escape

int main(int argc, char** argv) {
    const int code = escape::run(argc, argv);
    std::cout.flush();
    // Skips a sanitizer's check at exit, which cannot run in a sandbox without Landlock.
    ::_exit(code);
}
