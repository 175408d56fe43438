#include "tests/bench/program_run.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace tenon::bench {
namespace {

using tenon::testing::Environment;
using tenon::testing::Process;

pid_t spawn_bash(const std::string& command, const Environment& environment) {
    std::string words[] = {"bash", "-c", command};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment)
        variables.push_back(name + "=" + value);
    std::vector<char*> envp;
    for (std::string& variable : variables)
        envp.push_back(variable.data());
    envp.push_back(nullptr);
    pid_t pid = -1;
    const int failed = ::posix_spawnp(&pid, "bash", nullptr, nullptr, argv, envp.data());
    if (failed != 0) throw std::runtime_error(Error::from_errno("start bash", failed).message);
    return pid;
}

double megabytes_of(pid_t pid, const std::string& field) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field)) return std::stod(line.substr(field.size())) / 1024;
    }
    throw std::runtime_error("no " + field + " of process " + std::to_string(pid));
}

}  // namespace

std::string measured_program() {
    const char* other = std::getenv("TENON_BENCH_PROGRAM");
    return other != nullptr ? other : TENON_PREFIX "/bin/tenon";
}

BenchFolders::BenchFolders(const std::filesystem::path& parent) : home_(parent) {
    std::filesystem::create_directories(workspace());
}

Environment BenchFolders::environment(const std::string& url) const {
    return {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
            {"HOME", home_.path().string()},
            {"LANG", "C.UTF-8"},
            {"TENON_STATE_DIR", state().string()},
            {"TENON_MODEL", "bench"},
            {"ANTHROPIC_API_KEY", "bench-key-0123456789"},
            {"ANTHROPIC_BASE_URL", url}};
}

std::unique_ptr<Process> BenchFolders::start(const std::string& url,
                                             const std::vector<std::string>& options) const {
    std::vector<std::string> words = {measured_program(), "-p", "go", "--yes"};
    words.insert(words.end(), options.begin(), options.end());
    auto program = std::make_unique<Process>(words, environment(url), workspace());
    program->close_input();
    return program;
}

void wait_for_success(Process& program) {
    const auto end = program.wait();
    if (end.code != 0)
        throw std::runtime_error("the program ended with " + std::to_string(end.code) + ": " +
                                 program.errors);
}

Clock::duration run_bare(const std::string& command, const Environment& environment,
                         std::size_t count, std::size_t at_once) {
    const auto begin = Clock::now();
    std::vector<pid_t> running;
    for (std::size_t started = 0; started < count || !running.empty();) {
        if (started < count && running.size() < at_once) {
            running.push_back(spawn_bash(command, environment));
            ++started;
            continue;
        }
        // By its pid, since other parts of this process have children, too.
        ::waitpid(running.front(), nullptr, 0);
        running.erase(running.begin());
    }
    return Clock::now() - begin;
}

double peak_megabytes(pid_t pid) {
    return megabytes_of(pid, "VmHWM:");
}

double resident_megabytes(pid_t pid) {
    return megabytes_of(pid, "VmRSS:");
}

Clock::duration processor_time(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
        throw std::runtime_error("no processor time of process " + std::to_string(pid));
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void measure(const std::string& name, void (*body)(benchmark::State& state)) {
    benchmark::RegisterBenchmark(
        name.c_str(),
        [body](benchmark::State& state) {
            for (auto once : state) {
                (void)once;
                const auto begin = Clock::now();
                try {
                    body(state);
                } catch (const std::exception& e) {
                    state.SkipWithError(e.what());
                }
                state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
            }
        })
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kSecond);
}

}  // namespace tenon::bench
