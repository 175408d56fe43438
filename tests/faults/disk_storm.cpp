#include "tests/faults/disk_storm.h"

#include <cmath>
#include <csignal>
#include <fstream>

#include "host/base/ids.h"
#include "tests/faults/storm.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using testing::Process;
namespace fs = std::filesystem;

constexpr std::uint64_t kDiskBytes = 24ULL << 20U;
constexpr double kShortestDelayMs = 4, kLongestDelayMs = 800;
constexpr int kRunning = 12;
constexpr int kRequestsOneIn = 10;  // at which the disk runs full

}  // namespace

AllowedFailures DiskStorm::allowed_failures() {
    AllowedFailures allowed;
    allowed.not_started = allowed.cancelled = allowed.output_missing = true;
    allowed.reason = "No space left on device";
    allowed.errors = {allowed.reason};
    return allowed;
}

DiskStorm::DiskStorm(Trial& trial, int rounds)
    : trial_(trial), rounds_(rounds), disk_(trial.folders().state(), kDiskBytes) {}

void DiskStorm::run() {
    const int jobs = trial_.options().jobs;
    const int at_once = std::clamp(2 * jobs / rounds_, 2, 40);
    for (int round = 1; round <= rounds_; ++round) {
        trial_.model().allow(static_cast<int>(std::int64_t{jobs} * round / rounds_), at_once);
        run_while_disk_fills();
        if (trial_.one_in(3)) end_a_job_on_a_full_disk();
        if (trial_.one_in(3)) start_a_job_on_a_full_disk();
    }
    trial_.run_until_all_delivered(kRunning);
    trial_.expect_no_processes("at the end");
}

void DiskStorm::run_while_disk_fills() {
    RandomDiskFiller filler(disk_, trial_.random()());
    const auto moments = std::make_shared<std::mt19937>(trial_.random()());
    trial_.model().on_request([&filler, moments] {
        if ((*moments)() % kRequestsOneIn == 0) filler.fill_now();
    });
    Process tenon = trial_.start(kRunning);
    tenon.close_input();
    constexpr int kSignals[] = {SIGKILL, SIGKILL, SIGTERM, 0, 0, 0};
    const int signal = kSignals[trial_.between(0, std::size(kSignals) - 1)];
    if (signal != 0 || trial_.one_in(2)) disturb_at_random_time(tenon, signal);
    const std::string name = "run " + std::to_string(trial_.findings().runs);
    const auto exit = trial_.watch(tenon, name);
    trial_.model().on_request(nullptr);
    if (!exit) return;
    if (exit->signal == SIGKILL) {
        ++hosts_killed_;
        return;
    }
    // The signal may come before the program has its handler.
    const bool by_sigterm =
        exit->code == 128 + SIGTERM || (exit->signal == SIGTERM && tenon.output.empty());
    if (signal != SIGTERM || !by_sigterm) trial_.note_exit(tenon, *exit);
    // A host that failed must have ended its jobs, too.
    trial_.expect_no_processes(name);
}

/// After a random time kills the launcher and supervisors, or some of them, and sends the host
/// `signal`; 0: none.
void DiskStorm::disturb_at_random_time(Process& tenon, int signal) {
    const double share = std::uniform_real_distribution<>(0, 1)(trial_.random());
    const auto ms =
        static_cast<int>(kShortestDelayMs * std::pow(kLongestDelayMs / kShortestDelayMs, share));
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    while (!tenon.has_closed_output() && std::chrono::steady_clock::now() < until)
        tenon.wait_for_more_output(
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
    if (signal == 0 || trial_.one_in(Storm::kLaunchersOneIn)) trial_.kill_the_launcher(tenon);
    if (Storm::kill_supervisors(trial_)) tenon.wait_for_more_output(Storm::kTimeToNotice);
    if (signal != 0) tenon.send_signal(signal);
}

/// Nothing: `jobs run` refused it.
std::optional<std::string> DiskStorm::start_job(const std::string& mark) {
    Process run = trial_.command({"jobs", "run", "--", "touch " + mark + "; exec sleep 900"});
    const auto exit = trial_.watch(run, "jobs run");
    if (!exit) return std::nullopt;
    const std::string id = run.output.substr(0, run.output.find('\n'));
    if (exit->code == 0 && is_job_id(id)) return id;
    if (exit->code != 1 || run.errors.find("No space left on device") == std::string::npos)
        trial_.note_wrong("jobs run ended with " + std::to_string(exit->code) + ": " + run.errors);
    return std::nullopt;
}

void DiskStorm::end_a_job_on_a_full_disk() {
    const std::string mark = "extra" + std::to_string(++extra_jobs_);
    const auto id = start_job(mark);
    if (!id) return;
    const auto began = [&] { return fs::exists(trial_.folders().workspace() / mark); };
    if (trial_.one_in(2) && !trial_.wait_for(began, "job " + *id + " begins")) return;
    disk_.fill(static_cast<std::uint64_t>(trial_.between(0, 2)));
    Process cancel = trial_.command({"jobs", "cancel", *id});
    const auto exit = trial_.watch(cancel, "jobs cancel");
    if (exit && exit->code != 0)
        trial_.note_wrong("jobs cancel ended with " + std::to_string(exit->code) + ": " +
                          cancel.errors);
    trial_.expect_no_processes_of(*id, "jobs cancel on a full disk");
    Process show = trial_.command({"jobs", "show", *id, "--json"});
    const auto shown = trial_.watch(show, "jobs show");
    if (exit && shown && show.output.find("\"cancelled\"") == std::string::npos)
        trial_.note_wrong("a job cancelled on a full disk is shown as " + show.output +
                          show.errors);
    disk_.free();
}

/// The job starts, or it is refused and never runs.
void DiskStorm::start_a_job_on_a_full_disk() {
    disk_.fill(static_cast<std::uint64_t>(trial_.between(0, 6)));
    const std::string mark = "extra" + std::to_string(++extra_jobs_);
    const auto id = start_job(mark);
    disk_.free();
    Process cancel = trial_.command({"jobs", "cancel", "--all"});
    const auto exit = trial_.watch(cancel, "jobs cancel --all");
    if (exit && exit->code != 0)
        trial_.note_wrong("jobs cancel --all ended with " + std::to_string(exit->code) + ": " +
                          cancel.errors);
    if (id) trial_.expect_no_processes_of(*id, "jobs cancel --all");
    if (!id && fs::exists(trial_.folders().workspace() / mark))
        trial_.note_wrong("a job ran that `jobs run` had refused");
}

}  // namespace tenon::faults
