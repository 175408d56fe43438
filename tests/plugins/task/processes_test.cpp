// Several processes change the same tasks at the same time, and some are killed meanwhile.
#include <set>

#include <gtest/gtest.h>

#include "tests/plugins/task/task_session.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::task::testing {
namespace {

using tenon::testing::Process;

class TaskProcesses : public ::testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<Process> start() const {
        tenon::testing::Environment environment = {{"PATH", "/usr/bin:/bin"}};
        for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
            if (const char* value = ::getenv(name))  // NOLINT(concurrency-mt-unsafe)
                environment[name] = value;
        return std::make_unique<Process>(std::vector<std::string>{TASK_HOST, dir_.path().string()},
                                         environment, dir_.path());
    }
    static void ask(Process& process, const std::string& tool, const Json& input) {
        process.write(tool + " " + input.dump() + "\n");
    }
    static std::vector<Json> answers(const Process& process) {
        std::vector<Json> out;
        std::istringstream in(process.output);
        for (std::string line; std::getline(in, line);)
            out.push_back(Json::parse(line, nullptr, false));
        return out;
    }
    /// Checks each file: it can be read, and each dependency is on both sides.
    void expect_agreement(std::size_t tasks) const {
        std::map<int, Json> all;
        for (const auto& entry : fs::directory_iterator(dir_ / ".tasks")) {
            if (entry.path().extension() != ".json") continue;
            const Json task = Json::parse(dir_.read(fs::path(".tasks") / entry.path().filename()),
                                          nullptr, false);
            ASSERT_TRUE(task.is_object()) << entry.path();
            all[task.at("id").get<int>()] = task;
        }
        EXPECT_EQ(all.size(), tasks);
        const auto names = [&](int id, const char* list, int other) {
            const auto ids = all.at(id).at(list).get<std::set<int>>();
            return ids.count(other) > 0;
        };
        for (const auto& [id, task] : all) {
            for (const int other : task.at("blocks"))
                EXPECT_TRUE(names(other, "blockedBy", id)) << id << " blocks " << other;
            for (const int other : task.at("blockedBy"))
                EXPECT_TRUE(names(other, "blocks", id)) << id << " is blocked by " << other;
        }
    }

    tenon::testing::TempDir dir_;
    TaskSession session_{dir_.path(), dir_ / "session"};
};

TEST_F(TaskProcesses, LoseAndDoubleNothingWhenTheyAllChangeAtOnce) {
    constexpr int kProcesses = 4;
    constexpr int kRounds = 10;
    session_.call("task_create", {{"subject", "wanted"}});
    std::vector<std::unique_ptr<Process>> hosts;
    for (int p = 0; p < kProcesses; ++p)
        hosts.push_back(start());
    for (int p = 0; p < kProcesses; ++p) {
        const std::string name = "host " + std::to_string(p);
        ask(*hosts[p], "task_update", {{"task_id", 1}, {"owner", name}});
        for (int i = 0; i < kRounds; ++i) {
            ask(*hosts[p], "task_create", {{"subject", name}});
            // These tasks may have changed by then: some calls are errors, none may do damage.
            ask(*hosts[p], "task_update", {{"task_id", 2 + i}, {"add_blocks", {3 + i + p}}});
        }
    }
    std::set<int> ids = {1};
    int owners = 0;
    for (const auto& host : hosts) {
        ASSERT_EQ(host->wait().code, 0) << host->errors;
        for (const Json& answer : answers(*host)) {
            const Json task = Json::parse(answer.at("text").get<std::string>(), nullptr, false);
            if (!task.is_object()) continue;
            owners += task["id"] == 1 ? 1 : 0;
            if (task["subject"] != "wanted" && task["blocks"].empty() && task["blockedBy"].empty())
                ids.insert(task["id"].get<int>());
        }
    }
    EXPECT_EQ(owners, 1) << "a task is claimed by one alone";
    EXPECT_EQ(ids.size(), 1U + kProcesses * kRounds) << "no id was given twice";
    EXPECT_EQ(*ids.rbegin(), 1 + kProcesses * kRounds);
    expect_agreement(1 + kProcesses * kRounds);
}

TEST_F(TaskProcesses, LeaveTheTasksInAgreementWhereverTheyAreKilled) {
    std::size_t created = 0;
    for (int i = 0; i < 6; ++i)
        created += session_.call("task_create", {{"subject", "s"}}).is_error ? 0 : 1;
    for (int kill_after = 1; kill_after <= 8; ++kill_after) {
        auto host = start();
        // Dependencies that are added and removed again and again.
        for (int round = 0; round < 8; ++round) {
            ask(*host, "task_update", {{"task_id", 1}, {"add_blocks", {2, 3, 4, 5, 6}}});
            ask(*host, "task_update", {{"task_id", 1}, {"status", "completed"}});
            ask(*host, "task_update", {{"task_id", 1}, {"status", "pending"}});
        }
        while (answers(*host).size() < static_cast<std::size_t>(kill_after))
            ASSERT_TRUE(host->wait_for_more_output()) << host->errors;
        host.reset();  // sends SIGKILL
        ASSERT_FALSE(session_.call("task_update", {{"task_id", 6}, {"owner", "ann"}}).is_error);
        expect_agreement(created);
    }
}

}  // namespace
}  // namespace tenon::task::testing
