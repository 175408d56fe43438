// tenon-faults [--jobs N] [--kills K] [--running M] [--seed S] [--tenon PATH] [--keep]
// tenon-faults --disk [--jobs N] [--rounds R] [--seed S] [--tenon PATH] [--keep]
// tenon-faults --limits [--jobs N] [--seed S] [--tenon PATH]
// tenon-faults --flood SIZE [--tenon PATH]
//
// Injects faults into the real program and counts what became of its jobs. Exits 0 when no end of a
// job was lost, delivered twice, missing or wrong and no process was left or hung, else 1. Exits 2
// for wrong options and for what cannot be done on this machine.
// By default it kills hosts and supervisors at random moments. With --disk the disk under the state
// directory also becomes full. With --limits there are too few descriptors or processes. With
// --flood one job prints so much (as 10GiB), and memory and disk use are measured.
#include <charconv>
#include <chrono>
#include <iomanip>
#include <iostream>

#include "tests/faults/disk_storm.h"
#include "tests/faults/flood.h"
#include "tests/faults/limits.h"
#include "tests/faults/storm.h"
#include "tests/faults/trial_result.h"

namespace tenon::faults {
namespace {

constexpr int kUsage = 2;
constexpr char kUse[] =
    "use: tenon-faults [--jobs N] [--kills K] [--running M] [--seed S] [--tenon PATH] [--keep]\n"
    "     tenon-faults --disk [--jobs N] [--rounds R] [--seed S] [--tenon PATH] [--keep]\n"
    "     tenon-faults --limits [--jobs N] [--seed S] [--tenon PATH]\n"
    "     tenon-faults --flood SIZE [--tenon PATH]\n";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct FaultOptions {
    TrialOptions trial;
    StormOptions storm;
    int rounds = 30;
    bool disk = false;
    bool limits = false;
    bool keep = false;
    std::uint64_t flood = 0;  // bytes; 0: none
};

template <class Number>
bool read_number(const std::string& text, Number& number, int least) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < least)
        return false;
    number = Number(value);
    return true;
}

/// Bytes, KiB, MiB or GiB.
bool read_size(const std::string& text, std::uint64_t& size) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), size);
    const std::string_view unit(read.ptr, text.data() + text.size());
    constexpr std::pair<std::string_view, int> kUnits[] = {
        {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    for (const auto& [name, shift] : kUnits) {
        if (name != unit || read.ec != std::errc() || size == 0 || size >> 33U != 0) continue;
        size <<= static_cast<unsigned>(shift);
        return true;
    }
    return false;
}

bool read_option(FaultOptions& options, const std::string& name, const std::string& value) {
    if (name == "--jobs") return read_number(value, options.trial.jobs, 1);
    if (name == "--kills") return read_number(value, options.storm.kills, 0);
    if (name == "--rounds") return read_number(value, options.rounds, 1);
    if (name == "--running") return read_number(value, options.storm.running, 1);
    if (name == "--flood") return read_size(value, options.flood);
    if (name == "--seed") return read_number(value, options.trial.seed, 0);
    if (name == "--tenon") {
        options.trial.tenon = std::filesystem::absolute(value);
        return std::filesystem::exists(options.trial.tenon);
    }
    return false;
}

bool* read_switch(FaultOptions& options, const std::string& name) {
    if (name == "--disk") return &options.disk;
    if (name == "--limits") return &options.limits;
    if (name == "--keep") return &options.keep;
    return nullptr;
}

bool read_options(FaultOptions& options, const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (bool* const on = read_switch(options, words[i])) {
            *on = true;
        } else if (i + 1 == words.size() || !read_option(options, words[i], words[i + 1])) {
            std::cerr << "tenon-faults: cannot use " << words[i] << "\n" << kUse;
            return false;
        } else {
            ++i;
        }
    }
    return true;
}

void keep_files(const Trial& trial) {
    namespace fs = std::filesystem;
    const auto kept = fs::temp_directory_path() / "tenon-faults";
    fs::remove_all(kept);
    fs::copy(trial.folders().home.path(), kept, fs::copy_options::recursive);
    std::cout << "kept in " << kept.string() << "\n";
}

bool report(Trial& trial, const FaultOptions& options) {
    const TrialResult result = judge(trial);
    print(std::cout, result, trial);
    if (options.keep) keep_files(trial);
    return result.is_clean();
}

bool kill_at_random(const FaultOptions& options) {
    Trial trial(options.trial, {});
    Storm storm(trial, options.storm);
    storm.run();
    std::cout << storm.hosts_killed() << " hosts killed; ";
    return report(trial, options);
}

bool fill_the_disk(const FaultOptions& options) {
    Trial trial(options.trial, DiskStorm::allowed_failures());
    DiskStorm storm(trial, options.rounds);
    storm.run();
    std::cout << "disk full " << storm.times_filled() << " times; " << storm.hosts_killed()
              << " hosts killed; ";
    return report(trial, options);
}

bool run_with_limits(const FaultOptions& options) {
    bool clean = true;
    for (const LimitedTrial& limit : limited_trials(options.trial.jobs, options.trial.seed)) {
        std::cout << limit.name() << ": " << std::flush;
        if (kSanitized && limit.processes > 0) {
            std::cout << "left out, since the threads of the sanitizer would count\n";
            continue;
        }
        TrialOptions trial_options = options.trial;
        trial_options.jobs = limit.jobs;
        trial_options.job_options = LimitedRuns::job_options(limit);
        Trial trial(trial_options, LimitedRuns::allowed_failures(limit));
        LimitedRuns(trial, limit).run();
        clean = report(trial, options) && clean;
    }
    return clean;
}

bool run(const FaultOptions& options) {
    if (options.disk) return fill_the_disk(options);
    if (options.limits) return run_with_limits(options);
    return kill_at_random(options);
}

int run_with(const std::vector<std::string>& words) {
    FaultOptions options;
    options.trial.tenon = TENON_PROGRAM;
    if (!read_options(options, words)) return kUsage;
    if (options.flood > 0) {
        const Flood result = flood(options.trial.tenon, options.flood);
        print(std::cout, result);
        return result.is_clean() ? 0 : 1;
    }
    if (options.disk) {
        if (const auto mounts = enter_own_mounts(); !mounts) {
            std::cerr
                << "tenon-faults: --disk needs a file system of its own, as root or in a user "
                   "namespace: "
                << mounts.error().message << "\n";
            return kUsage;
        }
    }
    const auto begin = std::chrono::steady_clock::now();
    const bool clean = run(options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << "seed " << options.trial.seed << ", " << std::fixed << std::setprecision(1)
              << took.count() << " s\n";
    return clean ? 0 : 1;
}

}  // namespace
}  // namespace tenon::faults

int main(int argc, char** argv) {
    return tenon::faults::run_with({argv + 1, argv + argc});
}
