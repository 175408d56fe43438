#pragma once

#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/model.h"
#include "tests/runs/sandbox.h"

namespace tenon::faults {

struct TrialOptions {
    std::filesystem::path tenon;
    int jobs = 100;
    unsigned seed = 1;
    Demand demand;
};

/// What may become of a job, or of a run, beside what its command does, because of what is done to
/// it.
struct Excuses {
    /// Reported as an error with the reason, and it never ran.
    bool not_started = false;
    std::string because;              ///< which words that reason contains
    bool cancelled = false;           ///< by a run that ended early, in an orderly way
    bool output_missing = false;      ///< and its report says so
    std::vector<std::string> errors;  ///< a run may fail when it names one of these
};

/// One session of the real program over a state directory of its own, and everything that its runs
/// have shown. Who disturbs it, and how, is the business of a storm; what to think of it is the
/// verdict's.
class Trial {
public:
    Trial(TrialOptions options, Excuses excuses);

    [[nodiscard]] const TrialOptions& options() const { return options_; }
    [[nodiscard]] const Excuses& excuses() const { return excuses_; }
    [[nodiscard]] const testing::Sandbox& sandbox() const { return sandbox_; }
    Model& model() { return model_; }
    std::mt19937& random() { return random_; }
    int between(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }
    bool one_in(int n) { return between(1, n) == 1; }

    /// Words that stand before the program's in each command from now on.
    void run_under(std::vector<std::string> wrapper) { wrapper_ = std::move(wrapper); }
    /// The program with these words, in the sandbox.
    [[nodiscard]] testing::Process command(const std::vector<std::string>& words) const;
    /// The next run of the session.
    testing::Process start(int running);
    /// Waits for the end of a command. One that gives no sign for too long is killed and noted:
    /// then nothing is returned.
    std::optional<testing::Process::Exit> watch(testing::Process& command, const std::string& name);
    /// Notes a run that ended by itself in another way than a good one, and without an excuse.
    void note_end(const testing::Process& run, const testing::Process::Exit& exit);
    /// Runs on until everything has been told, or until that leads nowhere.
    void run_to_the_end(int running);

    /// Of a job that runs now; its status may be written all the same, if that is what it was about
    /// to do. Nothing where none runs.
    void kill_a_supervisor();

    /// Of a running host, if it has one now.
    void kill_the_launcher(const testing::Process& host);

    /// Waits for something that has to happen. False: it does not; that is noted.
    bool wait_for(const std::function<bool()>& happened, const std::string& what);
    /// Waits until nothing is left of jobs that end with their session. What is left all the same
    /// is ended and noted.
    void expect_nothing_left(const std::string& after);
    /// The same for one job.
    void expect_nothing_left_of(const std::string& job, const std::string& after);

    struct Findings {
        int runs = 0;
        int failed_runs = 0;  ///< with an excuse
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
    void expect_none(const Find& find, const std::string& after);
    [[nodiscard]] bool is_excused(const testing::Process& run,
                                  const testing::Process::Exit& exit) const;

    TrialOptions options_;
    Excuses excuses_;
    testing::Sandbox sandbox_;
    Model model_;
    testing::ModelServer server_;
    std::mt19937 random_;
    std::vector<std::string> wrapper_;
    Findings findings_;
};

}  // namespace tenon::faults
