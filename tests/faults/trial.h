#pragma once

#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/model.h"
#include "tests/runs/run_folders.h"

namespace tenon::faults {

struct TrialOptions {
    std::filesystem::path tenon;
    int jobs = 100;
    unsigned seed = 1;
    TrialJobOptions job_options;
};

/// Failures of jobs and runs that the injected faults may cause.
struct AllowedFailures {
    bool not_started = false;         ///< a job ended with an error and a reason, and never ran
    std::string reason;               ///< what that reason contains
    bool cancelled = false;           ///< a run that failed has cancelled the job
    bool output_missing = false;      ///< the report of the job says so
    std::vector<std::string> errors;  ///< a run may fail with one of these texts
};

/// One session of the real program with a state directory of its own, and what its runs have
/// shown. A Storm injects the faults; judge() counts what became of the jobs.
class Trial {
public:
    Trial(TrialOptions options, AllowedFailures allowed);

    [[nodiscard]] const TrialOptions& options() const { return options_; }
    [[nodiscard]] const AllowedFailures& allowed_failures() const { return allowed_failures_; }
    [[nodiscard]] const testing::RunFolders& folders() const { return folders_; }
    Model& model() { return model_; }
    std::mt19937& random() { return random_; }
    int between(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }
    bool one_in(int n) { return between(1, n) == 1; }

    /// From now on each command starts with these words, before those of the program.
    void run_under(std::vector<std::string> wrapper) { wrapper_ = std::move(wrapper); }
    /// The program with these words, in the folders.
    [[nodiscard]] testing::Process command(const std::vector<std::string>& words) const;
    /// The next run of the session.
    testing::Process start(int running);
    /// Waits for the end of a command. Kills and notes one that makes no progress for too long, and
    /// then returns nothing.
    std::optional<testing::Process::Exit> watch(testing::Process& command, const std::string& name);
    /// Notes a run that failed by itself, unless that failure is allowed.
    void note_exit(const testing::Process& run, const testing::Process::Exit& exit);
    /// Runs the session until every end is delivered, a few times at most.
    void run_until_all_delivered(int running);

    /// The supervisor of a running job, if there is one. It may still have written its status.
    void kill_a_supervisor();

    /// The launcher of a running host, if it has one now.
    void kill_the_launcher(const testing::Process& host);

    /// Waits for what must happen. False: it does not happen in time, which is noted.
    bool wait_for(const std::function<bool()>& happened, const std::string& what);
    /// Waits until no process of jobs that end with their session is left. Ends and notes what is
    /// left after a while.
    void expect_no_processes(const std::string& after);
    /// The same for the processes of one job.
    void expect_no_processes_of(const std::string& job, const std::string& after);

    struct Findings {
        int runs = 0;
        int failed_runs = 0;  ///< with an allowed failure
        int launchers_killed = 0;
        std::set<std::string> orphaned;  ///< jobs whose supervisor was killed
        std::vector<std::string> bad_runs;
        std::vector<std::string> hung;
        std::vector<std::string> left_running;
        std::vector<std::string> wrong;
    };
    [[nodiscard]] const Findings& findings() const { return findings_; }
    void note_wrong(std::string what) { findings_.wrong.push_back(std::move(what)); }
    /// Requests that the model server refused.
    [[nodiscard]] std::vector<std::string> refusals() const;

    static constexpr char kSession[] = "storm";

private:
    using Find = std::function<std::vector<pid_t>()>;
    void end_remaining(const Find& find, const std::string& after);
    [[nodiscard]] bool is_allowed_failure(const testing::Process& run,
                                          const testing::Process::Exit& exit) const;

    TrialOptions options_;
    AllowedFailures allowed_failures_;
    testing::RunFolders folders_;
    Model model_;
    testing::ModelServer server_;
    std::mt19937 random_;
    std::vector<std::string> wrapper_;
    Findings findings_;
};

}  // namespace tenon::faults
