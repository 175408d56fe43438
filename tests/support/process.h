#pragma once

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"
#include "tests/support/sanitizers.h"

namespace tenon::testing {

using Environment = std::map<std::string, std::string>;

/// A running program whose three standard streams are pipes. The destructor kills it if it has not
/// ended. For one thread.
class Process {
public:
    struct Exit {
        int code = -1;   ///< or -1 when a signal ended it
        int signal = 0;  ///< or 0
    };

    /// `environment` is the whole environment.
    Process(const std::vector<std::string>& command, const Environment& environment,
            const std::filesystem::path& cwd) {
        UniqueFd child_in, child_out, child_err;
        make_pipe(child_in, in_);
        make_pipe(out_, child_out);
        make_pipe(err_, child_err);
        std::vector<char*> argv, envp;
        for (const auto& word : command)
            argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        std::vector<std::string> variables;
        for (const auto& [key, value] : environment)
            variables.push_back(key + "=" + value);
        for (auto& variable : variables)
            envp.push_back(variable.data());
        envp.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
        posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
        posix_spawn_file_actions_adddup2(&actions, child_err.get(), 2);
        posix_spawn_file_actions_addchdir_np(&actions, cwd.c_str());
        const int failed =
            ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0)
            throw std::runtime_error("start " + command[0] + ": " +
                                     std::string(::strerror(failed)));
    }
    ~Process() {
        if (!reaped_) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Whether it has closed its standard output and error, as every program does at its end.
    [[nodiscard]] bool has_closed_output() const { return !out_ && !err_; }
    void send_signal(int signal) const { ::kill(pid_, signal); }
    /// Writes a small text to its standard input. Its output is not read meanwhile, so a large text
    /// might block for ever.
    void write(const std::string& text) { (void)write_all(in_.get(), text); }
    void close_input() { in_.reset(); }

    /// Reads standard output until it contains `text`. False: the output ended, or the time is
    /// over.
    bool wait_for_output(const std::string& text, std::chrono::seconds timeout = kPatience) {
        return pump([&] { return output.find(text) != std::string::npos; }, timeout);
    }
    bool wait_for_errors(const std::string& text, std::chrono::seconds timeout = kPatience) {
        return pump([&] { return errors.find(text) != std::string::npos; }, timeout);
    }
    /// Waits for more standard output. False: it ended, or the time is over.
    bool wait_for_more_output(std::chrono::milliseconds timeout = kPatience) {
        const std::size_t had = output.size();
        return pump([&] { return output.size() > had; }, timeout);
    }
    /// Closes its input, reads all its output and waits for its end. Throws when the time is over.
    Exit wait(std::chrono::seconds timeout = kPatience) {
        close_input();
        pump([] { return false; }, timeout);
        if (out_ || err_)
            throw std::runtime_error("a program did not end in time; it printed: " + output +
                                     errors);
        int status = 0;
        rusage usage{};
        ::wait4(pid_, &status, 0, &usage);
        reaped_ = true;
        peak_kib = usage.ru_maxrss;
        if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
        return {-1, WTERMSIG(status)};
    }

    std::string output, errors;  ///< what was read so far
    long peak_kib = 0;           ///< the most memory that it had, when it has ended

private:
    static void make_pipe(UniqueFd& read_end, UniqueFd& write_end) {
        int fds[2];
        if (::pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        read_end.reset(fds[0]);
        write_end.reset(fds[1]);
    }
    template <class Done>
    bool pump(Done done, std::chrono::milliseconds timeout) {
        const auto deadline = std::chrono::steady_clock::now() + timeout;
        while (!done()) {
            if (!out_ && !err_) return false;
            pollfd entries[2] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0 || ::poll(entries, 2, static_cast<int>(left.count())) <= 0)
                return false;
            if (entries[0].revents != 0) take(out_, output);
            if (entries[1].revents != 0) take(err_, errors);
        }
        return true;
    }
    static void take(UniqueFd& fd, std::string& text) {
        char buffer[65536];
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n > 0) {
            text.append(buffer, static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            fd.reset();
        }
    }

    pid_t pid_ = -1;
    bool reaped_ = false;
    UniqueFd in_, out_, err_;
};

/// What a command has printed until its end, and its exit code.
struct CommandResult {
    int code = -1;  ///< or -1 when a signal ended it
    std::string output, errors;
};

/// The processes that were started with `variable=value` in their environment, without zombies.
inline std::vector<pid_t> processes_with(const std::string& variable, const std::string& value) {
    const std::string wanted = variable + "=" + value;
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ostringstream text;
        text << std::ifstream(entry.path() / "environ", std::ios::binary).rdbuf();
        const std::string block = '\0' + text.str();
        if (block.find('\0' + wanted + '\0') != std::string::npos) found.push_back(std::stoi(name));
    }
    return found;
}

}  // namespace tenon::testing
