#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/model.h"
#include "tests/runs/sandbox.h"

namespace tenon::faults {

struct StormOptions {
    std::filesystem::path tenon;
    int jobs = 100;
    int kills = 10;
    std::optional<int> running;  ///< jobs.maxRunning; none: so few that a queue builds up
    unsigned seed = 1;
};

/// One session of the real program that is killed again and again while its jobs run, and started
/// again until it has nothing left to do. What to think of it is the verdict's business.
class Storm {
public:
    explicit Storm(StormOptions options);

    /// Returns when every job has been told, or when the host does not get there.
    void run();
    /// The processes that are left once they have had ample time to end. No death of a host or a
    /// supervisor excuses one.
    std::vector<pid_t> survivors();

    [[nodiscard]] const StormOptions& options() const { return options_; }
    [[nodiscard]] const testing::Sandbox& sandbox() const { return sandbox_; }
    [[nodiscard]] const Model& model() const { return model_; }
    [[nodiscard]] std::vector<std::string> refusals() const;
    /// Jobs whose supervisor was killed.
    [[nodiscard]] const std::set<std::string>& orphaned() const { return orphaned_; }
    [[nodiscard]] int hosts_killed() const { return hosts_killed_; }
    [[nodiscard]] int runs() const { return runs_; }
    /// Runs that ended by themselves in another way than a good one, and what they said.
    [[nodiscard]] const std::vector<std::string>& bad_runs() const { return bad_runs_; }

    static constexpr char kSession[] = "storm";

private:
    void run_and_kill();
    bool run_to_the_end();
    [[nodiscard]] testing::Process start() const;
    void judge(testing::Process& tenon, const testing::Process::Exit& exit);
    void wait_for_moment(testing::Process& tenon);
    void kill_at_request(const testing::Process& tenon, int request);
    void kill_a_supervisor();
    int between(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }

    StormOptions options_;
    testing::Sandbox sandbox_;
    Model model_;
    testing::ModelServer server_;
    std::mt19937 random_;
    std::set<std::string> orphaned_;
    int hosts_killed_ = 0;
    int runs_ = 0;
    double haste_ = 1;
    std::vector<std::string> bad_runs_;
};

}  // namespace tenon::faults
