#include <atomic>
#include <cmath>

#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

using tenon::testing::Process;

/// From before exec to the first byte of the request.
Clock::duration until_first_byte(const std::vector<std::string>& words, const BenchFolders& folders,
                                 const StopwatchServer& server) {
    const std::size_t before = server.exchanges().size();
    const auto begin = Clock::now();
    Process program(words, folders.environment(server.url()), folders.workspace());
    program.close_input();
    wait_for_success(program);
    server.wait_for(before + 1);
    return server.exchanges()[before].first_byte - begin;
}

void start_to_first_request(benchmark::State& state) {
    constexpr int kPairs = 40;
    const BenchFolders folders;
    const StopwatchServer server([](std::size_t) { return say("done"); });
    const std::vector<std::string> tenon = {measured_program(), "-p", "go"};
    until_first_byte(tenon, folders, server);  // warms up, and gives curl its body
    const auto body = folders.home().write("body.json", server.first_body());
    const std::vector<std::string> curl = {"/usr/bin/curl",
                                           "-sS",
                                           "-o",
                                           "/dev/null",
                                           "-H",
                                           "content-type: application/json",
                                           "-H",
                                           "x-api-key: bench-key-0123456789",
                                           "--data-binary",
                                           "@" + body.string(),
                                           server.url() + "/v1/messages"};
    until_first_byte(curl, folders, server);
    Samples ours, theirs;
    for (int i = 0; i < kPairs; ++i) {  // so that other load on the machine affects both
        ours.add(until_first_byte(tenon, folders, server));
        theirs.add(until_first_byte(curl, folders, server));
    }
    state.counters["tenon_ms"] = ours.median();
    state.counters["curl_ms"] = theirs.median();
    state.counters["ratio"] = ours.median() / theirs.median();
    state.counters["request_kb"] = static_cast<double>(server.first_body().size()) / 1000;
}

/// Every other turn runs a command, the others read a file.
void memory_after_60_turns(benchmark::State& state) {
    constexpr std::size_t kTurns = 60;
    const BenchFolders folders;
    folders.home().write("w/notes.txt", std::string(4000, 'x') + "\n");
    std::atomic<pid_t> program_id{0};
    double peak = 0;
    StopwatchServer server([&](std::size_t n) {
        if (n < kTurns && n % 2 == 0) return call(n, "bash", {{"command", "ls -la /usr/bin"}});
        if (n < kTurns) return call(n, "read_file", {{"path", "notes.txt"}});
        peak = peak_megabytes(program_id);
        return say("done");
    });
    const auto program = folders.start(server.url());
    program_id = program->pid();
    wait_for_success(*program);
    server.wait_for(kTurns + 1);
    state.counters["peak_mb"] = peak;
}

const bool start_registered = [] {
    measure("start", start_to_first_request);
    measure("memory", memory_after_60_turns);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
