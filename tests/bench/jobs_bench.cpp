#include <fcntl.h>
#include <sys/stat.h>
#include <thread>

#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

using namespace std::chrono_literals;

void bash_true_turn(benchmark::State& state, const std::vector<std::string>& options) {
    constexpr int kRounds = 4;
    constexpr std::size_t kTurns = 40;
    Samples turns, bare;
    for (int round = 0; round < kRounds;
         ++round) {  // so that other load on the machine affects both
        const BenchFolders folders;
        const StopwatchServer server([&](std::size_t n) {
            return n < kTurns ? call(n, "bash", {{"command", "true"}}) : say("done");
        });
        const auto program = folders.start(server.url(), options);
        wait_for_success(*program);
        server.wait_for(kTurns + 1);
        for (std::size_t n = 1; n <= kTurns; ++n) {
            turns.add(server.turns(n, 1).median());
            bare.add(run_bare("true", folders.environment(server.url())));
        }
    }
    state.counters["turn_ms"] = turns.median();
    state.counters["p99_ms"] = turns.p99();
    state.counters["bare_ms"] = bare.median();
    state.counters["ratio"] = turns.median() / bare.median();
}

/// Each job waits for its fifo. When the session is idle, the fifo is opened and closed again,
/// which ends the job, and the next request delivers its end.
void exit_to_notification(benchmark::State& state) {
    constexpr std::size_t kJobs = 25;
    const BenchFolders folders;
    std::vector<Clock::time_point> released;
    const StopwatchServer server([&](std::size_t n) {
        const std::string fifo = (folders.home() / ("fifo" + std::to_string(n / 2))).string();
        if (n / 2 >= kJobs) return say("done");
        if (n % 2 == 0) {
            ::mkfifo(fifo.c_str(), 0600);
            return call(n, "background_run", {{"command", "read -r line < " + fifo + "; true"}});
        }
        Reply reply = say("waiting");
        reply.afterwards = [&released, fifo] {
            const UniqueFd end(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));  // waits for the job
            std::this_thread::sleep_for(20ms);  // so that the session is idle
            released.push_back(Clock::now());
        };
        return reply;
    });
    const auto program = folders.start(server.url());
    wait_for_success(*program);
    server.wait_for(2 * kJobs + 1);
    const auto exchanges = server.exchanges();
    Samples latency;
    for (std::size_t job = 0; job < kJobs; ++job)
        latency.add(exchanges[2 * job + 2].received - released[job]);
    state.counters["median_ms"] = latency.median();
    state.counters["p99_ms"] = latency.p99();
}

void processor_while_200_jobs_idle(benchmark::State& state) {
    constexpr auto kIdleTime = 3s;
    const BenchFolders folders;
    const StopwatchServer server([&](std::size_t n) {
        return n == 0 ? calls(0, 200, "background_run", {{"command", "sleep 1000"}})
                      : say("waiting");
    });
    const auto program = folders.start(server.url(), {"-D", "jobs.maxRunning=256"});
    server.wait_for(2);
    std::this_thread::sleep_for(1s);  // the last ones start
    const auto begin = Clock::now();
    const auto before = processor_time(program->pid());
    std::this_thread::sleep_for(kIdleTime);
    const auto used = processor_time(program->pid()) - before;
    state.counters["cpu_percent"] = 100.0 * std::chrono::duration<double>(used).count() /
                                    std::chrono::duration<double>(Clock::now() - begin).count();
    const auto leave = Clock::now();
    program->send_signal(SIGTERM);
    program->wait();
    state.counters["cancel_all_s"] = std::chrono::duration<double>(Clock::now() - leave).count();
}

const bool jobs_registered = [] {
    measure("bash_turn", [](benchmark::State& state) { bash_true_turn(state, {}); });
    measure("sandboxed_turn", [](benchmark::State& state) {
        bash_true_turn(state, {"--sandbox", "workspace"});
    });
    measure("notification", exit_to_notification);
    measure("idle_jobs", processor_while_200_jobs_idle);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
