#include <unistd.h>

#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

/// How long a run takes to report that it lacks something.
namespace tenon::bench {
namespace {

using tenon::testing::Process;

/// The time of one run, started by a script as "$@". Throws when it neither succeeds nor says why
/// it fails.
Clock::duration time_of(const BenchFolders& folders, const StopwatchServer& server,
                        const std::vector<std::string>& before, const std::string& script) {
    std::vector<std::string> words = before;
    words.insert(words.end(),
                 {"/bin/bash", "-c", script, "run", measured_program(), "-p", "go", "--yes"});
    const auto begin = Clock::now();
    Process program(words, folders.environment(server.url()), folders.workspace());
    const auto exit = program.wait();
    const auto took = Clock::now() - begin;
    const bool says_why =
        (exit.code == 1 || exit.code == 2) && program.errors.starts_with("tenon: ");
    if (exit.code != 0 && !says_why)
        throw std::runtime_error(script + ": exit code " + std::to_string(exit.code) + ", signal " +
                                 std::to_string(exit.signal) + ": " + program.errors);
    return took;
}

Reply one_command(std::size_t number) {
    return number % 2 == 0 ? call(number, "bash", {{"command", "true"}}) : say("done");
}

void with_a_full_disk(benchmark::State& state) {
    const BenchFolders folders;
    const StopwatchServer server(one_command);
    std::filesystem::create_directories(folders.state());
    const auto took = time_of(folders, server, {"/usr/bin/unshare", "-Urm"},
                              "mount -t tmpfs -o mode=0700,size=64k none \"$TENON_STATE_DIR\"; "
                              "cat /dev/zero >\"$TENON_STATE_DIR/full\" 2>/dev/null; \"$@\"");
    state.counters["ms"] = std::chrono::duration<double, std::milli>(took).count();
}

void without_a_working_directory(benchmark::State& state) {
    const BenchFolders folders;
    const StopwatchServer server(one_command);
    const auto took =
        time_of(folders, server, {}, "mkdir gone; cd gone; rmdir ../gone; exec \"$@\"");
    state.counters["ms"] = std::chrono::duration<double, std::milli>(took).count();
}

/// The system's loader opens the libraries before Tenon's code runs.
bool can_be_loaded(const BenchFolders& folders, int descriptors) {
    Process program(
        {"/bin/bash", "-c", "ulimit -n " + std::to_string(descriptors) + "; exec \"$@\"", "run",
         measured_program(), "--version"},
        folders.environment(""), folders.workspace());
    return program.wait().code != 127;
}

/// The longest time over all limits, from the smallest with which the program can be loaded.
void without_descriptors(benchmark::State& state) {
    constexpr int kLeast = 3, kMost = 40;
    double longest = 0;
    for (int limit = kLeast; limit <= kMost; ++limit) {
        const BenchFolders folders;
        if (!can_be_loaded(folders, limit)) continue;
        const StopwatchServer server(one_command);
        const auto took =
            time_of(folders, server, {}, "ulimit -n " + std::to_string(limit) + "; exec \"$@\"");
        longest = std::max(longest, std::chrono::duration<double, std::milli>(took).count());
    }
    state.counters["ms"] = longest;
}

/// The same for the processes of a user that has no others. Only root can become such a user.
void without_processes(benchmark::State& state) {
    constexpr int kLeast = 1, kMost = 12, kUser = 64'321;
    if (::geteuid() != 0) throw std::runtime_error("only root can limit another user's processes");
    double longest = 0;
    for (int limit = kLeast; limit <= kMost; ++limit) {
        const BenchFolders folders;
        const StopwatchServer server(one_command);
        for (const auto& path : {folders.home().path(), folders.workspace()}) {
            if (::chown(path.c_str(), kUser, kUser) != 0) throw std::runtime_error("chown");
        }
        const std::string user = std::to_string(kUser);
        const auto took =
            time_of(folders, server, {},
                    "ulimit -u " + std::to_string(limit) + "; exec setpriv --reuid=" + user +
                        " --regid=" + user + " --clear-groups -- \"$@\"");
        longest = std::max(longest, std::chrono::duration<double, std::milli>(took).count());
    }
    state.counters["ms"] = longest;
}

const bool shortage_registered = [] {
    measure("shortage_disk", with_a_full_disk);
    measure("shortage_cwd", without_a_working_directory);
    measure("shortage_descriptors", without_descriptors);
    measure("shortage_processes", without_processes);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
