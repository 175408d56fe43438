#include "host/terminal/outside_program.h"

#include <cerrno>
#include <csignal>
#include <spawn.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/unique_fd.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kShell = "/bin/sh";
constexpr milliseconds kForever{-1};
constexpr milliseconds kTimeToEnd{2000};

/// A key that the kernel makes SIGQUIT of is meant for the other program.
class QuitIgnored {
public:
    QuitIgnored() {
        struct sigaction ignoring {};
        ignoring.sa_handler = SIG_IGN;
        ::sigaction(SIGQUIT, &ignoring, &before_);
    }
    ~QuitIgnored() { ::sigaction(SIGQUIT, &before_, nullptr); }
    QuitIgnored(const QuitIgnored&) = delete;
    QuitIgnored& operator=(const QuitIgnored&) = delete;

private:
    struct sigaction before_ {};
};

/// Standard input, output and error, and the state of the signals.
class OutsideSpawn {
public:
    OutsideSpawn(int in, int out) {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~OutsideSpawn() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    OutsideSpawn(const OutsideSpawn&) = delete;
    OutsideSpawn& operator=(const OutsideSpawn&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
    const auto is_replaced = [&added](std::string_view variable) {
        for (const auto& [name, value] : added)
            if (variable.starts_with(name + "=")) return true;
        return false;
    };
    std::vector<std::string> out;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        if (!is_replaced(*variable)) out.emplace_back(*variable);
    for (const auto& [name, value] : added)
        out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> as_c_array(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words)
        out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

Result<pid_t> spawn_outside(const OutsideProgram& program, int in, int out) {
    std::vector<std::string> words = {kShell, "-c", program.command + " \"$@\"", kShell};
    words.insert(words.end(), program.arguments.begin(), program.arguments.end());
    std::vector<std::string> variables = environment_with(program.environment);
    const OutsideSpawn spawn(program.input >= 0 ? program.input : in, out);
    pid_t child = -1;
    const int failed = ::posix_spawn(&child, kShell, &spawn.actions, &spawn.attributes,
                                     as_c_array(words).data(), as_c_array(variables).data());
    if (failed != 0) return Error::from_errno("start " + program.command, failed);
    return child;
}

int reaped(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<int> run_outside_program(const OutsideProgram& program, int terminal_in, int terminal_out,
                                const std::function<OutsideEvents(int, milliseconds)>& wait) {
    const auto child = spawn_outside(program, terminal_in, terminal_out);
    if (!child) return child.error();
    const QuitIgnored no_quit;
    const UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, *child, 0)));
    if (!ended) return reaped(*child);
    std::optional<steady_clock::time_point> kill_at;
    while (true) {
        const auto left =
            kill_at ? std::max(milliseconds(0),
                               std::chrono::ceil<milliseconds>(*kill_at - steady_clock::now()))
                    : kForever;
        const OutsideEvents events = wait(ended.get(), left);
        if (events.readable) return reaped(*child);
        if (!events.must_end) continue;
        if (!kill_at) {
            // Not SIGHUP: less, for example, puts the screen back only for SIGTERM.
            for (const int signal : {SIGTERM, SIGCONT})
                ::kill(*child, signal);
            kill_at = steady_clock::now() + kTimeToEnd;
        } else if (steady_clock::now() >= *kill_at) {
            ::kill(*child, SIGKILL);
        }
    }
}

}  // namespace tenon::terminal
