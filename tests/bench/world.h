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

/// A home, a workspace and a state folder for runs of the real program.
class World {
public:
    explicit World(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    [[nodiscard]] std::filesystem::path workspace() const { return home_ / "w"; }
    [[nodiscard]] std::filesystem::path state() const { return home_ / "state"; }
    [[nodiscard]] const tenon::testing::TempDir& home() const { return home_; }
    /// What the program is started with; the model is at `url`.
    [[nodiscard]] tenon::testing::Environment environment(const std::string& url) const;
    /// `tenon -p go --yes` and `options`, started.
    [[nodiscard]] std::unique_ptr<tenon::testing::Process> start(
        const std::string& url, const std::vector<std::string>& options = {}) const;

private:
    tenon::testing::TempDir home_;
};

/// Waits for the program's end; throws what it printed when that is no success.
void wait_for_success(tenon::testing::Process& program);

/// The same command without anything around it: posix_spawn, wait, done; `count` of them, `at_once`
/// at any time. The environment matters: bash reads the files of its locale.
Clock::duration run_bare(const std::string& command, const tenon::testing::Environment& environment,
                         std::size_t count = 1, std::size_t at_once = 1);

double peak_megabytes(pid_t pid);           ///< VmHWM
Clock::duration processor_time(pid_t pid);  ///< of all its threads

/// Registers a measurement that is done once: it takes its own samples. What it throws is its
/// failure.
void measure(const std::string& name, void (*body)(benchmark::State& state));

}  // namespace tenon::bench
