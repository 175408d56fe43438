#include <atomic>
#include <fstream>

#include "host/agent/session.h"
#include "tests/bench/long_session.h"
#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

using Until = StopwatchServer::Until;

/// The same small tool call, more than a thousand times.
void turns_of_a_long_session(benchmark::State& state) {
    constexpr std::size_t kWindow = 30;
    constexpr std::size_t kLast = 1'000 + kWindow;
    const BenchFolders folders;
    folders.home().write("w/notes.txt", std::string(500, 'x') + "\n");
    const StopwatchServer server([&](std::size_t n) {
        return n < kLast ? call(n, "read_file", {{"path", "notes.txt"}}) : say("done");
    });
    const auto program = folders.start(server.url());
    wait_for_success(*program);
    server.wait_for(kLast + 1);
    // Until the first byte, since the transfer of a long request is not the host's time. The whole
    // request exists by then.
    const auto at = [&](std::size_t turn, Until until = Until::kFirstByte) {
        return server.turns(turn, kWindow, until).median();
    };
    state.counters["first_ms"] = at(1);
    state.counters["after_10_ms"] = at(10);
    state.counters["after_100_ms"] = at(100);
    state.counters["after_1000_ms"] = at(1'000);
    state.counters["ratio"] = at(1'000) / at(1);
    state.counters["whole_1_ms"] = at(1, Until::kWhole);
    state.counters["whole_1000_ms"] = at(1'000, Until::kWhole);
    state.counters["last_request_kb"] =
        static_cast<double>(server.exchanges().back().body_bytes) / 1000;
}

void reopen_of_ten_megabytes(benchmark::State& state) {
    constexpr int kRuns = 5;
    const LongSession session;
    std::atomic<pid_t> program_id{0};
    Samples peak, until_request;
    for (int i = 0; i < kRuns; ++i) {
        const StopwatchServer server([&](std::size_t) {
            peak.add(peak_megabytes(program_id));
            return say("done");
        });
        const auto begin = Clock::now();
        // So that the conversation is not compacted.
        const auto program = session.folders.start(
            server.url(),
            {"--session", session.id, "-D", "agent.compaction.tokenThreshold=1000000000"});
        program_id = program->pid();
        wait_for_success(*program);
        server.wait_for(1);
        until_request.add(server.exchanges()[0].first_byte - begin);
        state.counters["request_mb"] =
            static_cast<double>(server.exchanges()[0].body_bytes) / 1'000'000;
    }
    state.counters["peak_mb"] = peak.median();
    state.counters["tenon_ms"] = until_request.median();
}

void open_session(benchmark::State& state) {
    constexpr int kRuns = 9;
    const LongSession session;
    Samples times;
    for (int i = 0; i < kRuns; ++i) {
        const auto begin = Clock::now();
        const auto opened =
            agent::Session::open(session.folders.state() / "sessions", session.head());
        times.add(Clock::now() - begin);
        if (!opened) throw std::runtime_error(opened.error().message);
    }
    state.counters["ms"] = times.median();
}

const bool conversation_registered = [] {
    measure("long_session", turns_of_a_long_session);
    measure("reopen", reopen_of_ten_megabytes);
    measure("open_session", open_session);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
