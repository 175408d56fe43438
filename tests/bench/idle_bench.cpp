#include <csignal>
#include <fstream>
#include <thread>

#include "host/jobs/process.h"
#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

/// How often a host wakes up that has nothing to do.
namespace tenon::bench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kSettlingTime = 3s;
constexpr auto kMeasuredTime = 5s;

/// Voluntary context switches of all threads of a process: at least one for each wake-up. Threads
/// that have ended do not count.
std::int64_t sleeps_of(pid_t pid) {
    const std::string field = "voluntary_ctxt_switches:";
    std::int64_t sum = 0;
    for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream status(thread.path() / "status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with(field)) sum += std::stoll(line.substr(field.size()));
        }
    }
    return sum;
}

/// The host and its launcher, without the shims.
std::vector<pid_t> processes_of(pid_t host) {
    std::vector<pid_t> found = {host};
    for (const auto& process : jobs::all_processes()) {
        std::error_code gone;
        const auto exe = fs::read_symlink("/proc/" + std::to_string(process.pid) + "/exe", gone);
        if (process.stat.parent == host && exe.filename() == "tenon") found.push_back(process.pid);
    }
    return found;
}

}  // namespace

void measure_idling(benchmark::State& state, pid_t host) {
    std::this_thread::sleep_for(kSettlingTime);
    const auto processes = processes_of(host);
    const auto count = [&] {
        std::int64_t sum = 0;
        for (const pid_t pid : processes)
            sum += sleeps_of(pid);
        return sum;
    };
    const auto begin = Clock::now();
    const auto processor = processor_time(host);
    const std::int64_t before = count();
    std::this_thread::sleep_for(kMeasuredTime);
    const auto sleeps = static_cast<double>(count() - before);
    const std::chrono::duration<double> used = processor_time(host) - processor;
    const std::chrono::duration<double> watched = Clock::now() - begin;
    state.counters["wake_ups"] = sleeps / watched.count();
    state.counters["cpu_percent"] = 100 * used / watched;
}

namespace {

/// In memory if possible: ten thousand directories on a disk take longer than everything else.
fs::path memory_folder() {
    const fs::path shared = "/dev/shm";
    return fs::is_directory(shared) ? shared : fs::temp_directory_path();
}

std::unique_ptr<tenon::testing::Process> start(const BenchFolders& folders,
                                               const StopwatchServer& server, int running) {
    return folders.start(server.url(),
                         {"--session", "idle", "-D", "jobs.maxRunning=" + std::to_string(running)});
}

void end(tenon::testing::Process& program) {
    program.send_signal(SIGTERM);
    program.wait(std::chrono::seconds(120));
}

void with_200_adopted_jobs(benchmark::State& state) {
    const BenchFolders folders;
    const StopwatchServer server([](std::size_t n) {
        return n == 0 ? calls(0, 200, "background_run", {{"command", "sleep 1000"}})
                      : say("waiting");
    });
    const auto killed = start(folders, server, 256);
    server.wait_for(2);
    killed->send_signal(SIGKILL);
    killed->wait();
    const auto program = start(folders, server, 256);
    server.wait_for(3);
    measure_idling(state, program->pid());
    end(*program);
}

void with_10000_queued_jobs(benchmark::State& state) {
    const BenchFolders folders(memory_folder());
    const StopwatchServer server([](std::size_t n) {
        return n == 0 ? calls(0, 10'001, "background_run", {{"command", "sleep 1000"}})
                      : say("waiting");
    });
    const auto program = start(folders, server, 1);
    server.wait_for(2);
    measure_idling(state, program->pid());
    end(*program);
}

const bool idle_registered = [] {
    measure("idle_adopted", with_200_adopted_jobs);
    measure("idle_queued", with_10000_queued_jobs);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
