#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <pty.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "tests/bench/long_session.h"
#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

/// The interactive session at a pseudo-terminal.
namespace tenon::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
constexpr auto kSettled = 1s;  // without output
constexpr std::string_view kFirstFrame = "/help lists";

/// The program at a terminal of 80 x 24. Nothing is interpreted: what is waited for is text in the
/// bytes that the program writes.
class Seat {
public:
    Seat(const BenchFolders& folders, const std::string& url,
         const std::vector<std::string>& options = {}) {
        std::vector<std::string> words = {measured_program(), "--yes"};
        words.insert(words.end(), options.begin(), options.end());
        auto environment = folders.environment(url);
        environment["TERM"] = "xterm-256color";
        environment["LC_CTYPE"] = "C.UTF-8";
        std::vector<std::string> variables;
        for (const auto& [name, value] : environment)
            variables.push_back(name + "=" + value);
        const std::vector<char*> argv = pointers_to(words);
        const std::vector<char*> envp = pointers_to(variables);
        const std::string workspace = folders.workspace().string();
        winsize size{24, 80, 0, 0};
        int terminal = -1;
        pid_ = ::forkpty(&terminal, nullptr, nullptr, &size);
        if (pid_ < 0) throw std::runtime_error("no pseudo-terminal");
        if (pid_ == 0) {
            if (::chdir(workspace.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
            ::_exit(127);
        }
        terminal_.reset(terminal);
    }
    ~Seat() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }

    void type(std::string_view keys) const {
        if (!write_all(terminal_.get(), keys)) throw std::runtime_error("the program has gone");
    }
    /// Waits until the output since the last call contains `text`.
    void wait_for(std::string_view text) {
        const auto end = Clock::now() + kPatience;
        while (output_.find(text) == std::string::npos) {
            if (!read(end)) throw std::runtime_error("not seen: " + std::string(text));
        }
        output_.clear();
    }
    void settle() {
        while (read(Clock::now() + kSettled)) {
        }
        output_.clear();
    }
    void leave() {
        type("\x04");
        while (read(Clock::now() + kPatience)) {
        }
    }

private:
    static std::vector<char*> pointers_to(std::vector<std::string>& texts) {
        std::vector<char*> pointers;
        for (std::string& text : texts)
            pointers.push_back(text.data());
        pointers.push_back(nullptr);
        return pointers;
    }
    /// False: nothing has come until `end`, or the program has ended.
    bool read(Clock::time_point end) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd entry{terminal_.get(), POLLIN, 0};
        if (::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0) return false;
        char bytes[65536];
        const ssize_t n = ::read(terminal_.get(), bytes, sizeof bytes);
        if (n <= 0) return false;
        output_.append(bytes, static_cast<std::size_t>(n));
        return true;
    }

    UniqueFd terminal_;
    pid_t pid_ = -1;
    std::string output_;
};

void first_frame(benchmark::State& state) {
    constexpr int kStarts = 20;
    const BenchFolders folders;
    const StopwatchServer server([](std::size_t) { return say("done"); });
    Samples times;
    for (int i = 0; i < kStarts; ++i) {
        const auto begin = Clock::now();
        Seat seat(folders, server.url());
        seat.wait_for(kFirstFrame);
        times.add(Clock::now() - begin);
        seat.leave();
    }
    state.counters["frame_ms"] = times.median();
}

void echo_of_a_key(benchmark::State& state) {
    constexpr int kKeys = 1'000;
    constexpr int kLine = 60;
    const BenchFolders folders;
    const StopwatchServer server([](std::size_t) { return say("done"); });
    Seat seat(folders, server.url());
    seat.wait_for(kFirstFrame);
    seat.settle();
    Samples times;
    for (int i = 0; i < kKeys; ++i) {
        const auto begin = Clock::now();
        seat.type("x");
        seat.wait_for("x");
        times.add(Clock::now() - begin);
        if (i % kLine != kLine - 1) continue;
        seat.type("\x15");  // the line begins anew
        seat.settle();
    }
    state.counters["median_ms"] = times.median();
    state.counters["p99_ms"] = times.p99();
}

void idle_sitting(benchmark::State& state) {
    const BenchFolders folders;
    const StopwatchServer server([](std::size_t) { return say("done."); });
    Seat seat(folders, server.url());
    seat.wait_for(kFirstFrame);
    seat.type("go\r");
    seat.wait_for("done.");
    seat.settle();
    measure_idling(state, seat.pid());
}

/// Each turn runs a command, or reads a file.
void memory_of_a_sitting(benchmark::State& state) {
    constexpr std::size_t kTurns = 60;
    const BenchFolders folders;
    folders.home().write("w/notes.txt", std::string(4000, 'x') + "\n");
    const StopwatchServer server([](std::size_t n) {
        if (n % 2 == 1) return say("Turn " + std::to_string(n / 2) + " is over.");
        if (n % 4 == 0) return call(n, "bash", {{"command", "ls -la /usr/bin"}});
        return call(n, "read_file", {{"path", "notes.txt"}});
    });
    Seat seat(folders, server.url());
    seat.wait_for(kFirstFrame);
    seat.settle();
    state.counters["idle_mb"] = resident_megabytes(seat.pid());
    for (std::size_t turn = 0; turn < kTurns; ++turn) {
        seat.type("go\r");
        seat.wait_for("Turn " + std::to_string(turn) + " is over.");
    }
    seat.settle();
    state.counters["after_60_mb"] = resident_megabytes(seat.pid());
}

/// The first frame has the last turns of the conversation.
void sitting_with_ten_megabytes(benchmark::State& state) {
    constexpr int kRuns = 7;
    const LongSession session;
    const StopwatchServer server([](std::size_t) { return say("done"); });
    Samples frame, history;
    for (int i = 0; i < kRuns; ++i) {
        const auto begin = Clock::now();
        Seat seat(session.folders, server.url(), {"--continue"});
        seat.wait_for(kFirstFrame);
        frame.add(Clock::now() - begin);
        seat.settle();
        const auto asked = Clock::now();
        seat.type("/history\r");
        seat.wait_for("q: back");
        history.add(Clock::now() - asked);
    }
    state.counters["frame_ms"] = frame.median();
    state.counters["history_ms"] = history.median();
}

const bool sitting_registered = [] {
    measure("sitting_start", first_frame);
    measure("sitting_echo", echo_of_a_key);
    measure("sitting_idle", idle_sitting);
    measure("sitting_memory", memory_of_a_sitting);
    measure("sitting_reopen", sitting_with_ten_megabytes);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
