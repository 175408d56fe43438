#pragma once

#include <benchmark/benchmark.h>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/bench/samples.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::bench {

/// The program that is measured: of this build, or $TENON_BENCH_PROGRAM, an installed one for
/// example.
std::string measured_program();

/// A temporary home, workspace and state folder for measured runs of the real program.
class BenchFolders {
public:
    explicit BenchFolders(
        const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    [[nodiscard]] std::filesystem::path workspace() const { return home_ / "w"; }
    [[nodiscard]] std::filesystem::path state() const { return home_ / "state"; }
    [[nodiscard]] const tenon::testing::TempDir& home() const { return home_; }
    /// The program's environment; the model is at `url`.
    [[nodiscard]] tenon::testing::Environment environment(const std::string& url) const;
    /// Starts `tenon -p go --yes` with `options`.
    [[nodiscard]] std::unique_ptr<tenon::testing::Process> start(
        const std::string& url, const std::vector<std::string>& options = {}) const;

private:
    tenon::testing::TempDir home_;
};

/// Waits for the program's end. Throws with its output when it fails.
void wait_for_success(tenon::testing::Process& program);

/// The time of `count` runs of the command without Tenon, with posix_spawn and waitpid, `at_once`
/// of them at a time. The environment matters, since bash reads the files of its locale.
Clock::duration run_bare(const std::string& command, const tenon::testing::Environment& environment,
                         std::size_t count = 1, std::size_t at_once = 1);

double peak_megabytes(pid_t pid);           ///< VmHWM
double resident_megabytes(pid_t pid);       ///< VmRSS
Clock::duration processor_time(pid_t pid);  ///< of all its threads

/// Watches a host that has nothing to do, for some seconds: counters `wake_ups` a second, of the
/// host and its launcher, and `cpu_percent` of the host.
void measure_idling(benchmark::State& state, pid_t host);

/// Registers a measurement that runs once and takes its own samples. It fails when it throws.
void measure(const std::string& name, void (*body)(benchmark::State& state));

}  // namespace tenon::bench
