// A second host takes over the jobs of a killed one.
#include <csignal>
#include <spawn.h>
#include <sys/wait.h>

#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::drain;
using testing::ended;
using testing::JobsFolder;
using testing::processes_of;
using testing::run;
using namespace std::chrono_literals;

/// Runs jobs_host until it has submitted all jobs and, if `begun` is given, this fifo was written;
/// then kills it. Returns the ids.
std::vector<JobId> killed_host(const JobsFolder& folder, const std::vector<std::string>& jobs,
                               const std::string& begun = {}) {
    std::vector<std::string> words{TENON_JOBS_HOST, folder.store().folder(), "s"};
    words.insert(words.end(), jobs.begin(), jobs.end());
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd out(ends[0]);
    UniqueFd in(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
    pid_t pid = 0;
    EXPECT_EQ(::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, arguments.data(), environ),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    in.reset();
    std::string text;
    char buffer[4096];
    while (text.find("ready\n") == std::string::npos) {
        const ssize_t n = ::read(out.get(), buffer, sizeof buffer);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    std::vector<JobId> ids;
    for (std::size_t at = 0; text.compare(at, 5, "ready") != 0 && at + 9 <= text.size(); at += 9)
        ids.push_back(text.substr(at, 8));
    EXPECT_EQ(ids.size(), jobs.size());
    if (!begun.empty()) {
        EXPECT_EQ(JobsFolder::read_fifo(begun), "go\n");
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return ids;
}

TEST(Adoption, WatchesARunningJobAndReportsItsTrueEnd) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const std::string gate = folder.fifo("gate");
    const auto ids =
        killed_host(folder, {"bg:echo go >" + ready + "; cat " + gate + "; exit 5"}, ready);
    Queue queue(folder.store(), folder.options());
    EXPECT_TRUE(queue.adopt(testing::nothing_delivered).empty());
    EXPECT_EQ(queue.find(ids[0])->status, Status::kRunning);
    EXPECT_TRUE(drain(queue).empty());
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(folder.report_of(ended(queue, ids[0])), "go\n[exit code: 5]");
    EXPECT_EQ(drain(queue), ids);
}

TEST(Adoption, OfAJobWithAWrongStartTimeEndsItNeitherSoonerNorLater) {
    for (const std::int64_t days : {-400, 400}) {
        SCOPED_TRACE(days);
        const JobsFolder folder;
        const std::string ready = folder.fifo("ready");
        const std::string gate = folder.fifo("gate");
        JobId id;
        {
            Queue queue(folder.store(), folder.options());
            JobSpec spec = folder.spec("echo go >" + ready + "; cat " + gate + "; exit 5");
            spec.timeout = 1h;
            id = queue.submit(spec)->id;
            EXPECT_EQ(JobsFolder::read_fifo(ready), "go\n");
        }
        auto started = *folder.store().started(id);
        started.started_ms += days * 86'400'000;
        folder.dir().write("state/jobs/" + id + "/" + kStartedFile, encode_started(started));
        Queue queue(folder.store(), folder.options());
        queue.adopt(testing::nothing_delivered);
        EXPECT_EQ(queue.find(id)->status, Status::kRunning);
        JobsFolder::write_fifo(gate);
        EXPECT_EQ(folder.report_of(ended(queue, id)), "go\n[exit code: 5]");
        EXPECT_LT(queue.find(id)->end.duration_ms, 3'600'000);
    }
}

TEST(Adoption, ContinuesAStoppedSupervisorWhenTheTimeIsOver) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    JobId id;
    {
        Queue queue(folder.store(), folder.options());
        JobSpec spec = folder.spec("kill -STOP $PPID; echo go >" + ready + "; sleep 1000");
        spec.timeout = 300ms;
        id = queue.submit(spec)->id;
        EXPECT_EQ(JobsFolder::read_fifo(ready), "go\n");
    }
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    EXPECT_EQ(ended(queue, id).status, Status::kTimeout);
    EXPECT_TRUE(processes_of(id).empty());
}

TEST(Adoption, QueuesQueuedJobsInTheirOldOrder) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    const auto ids = killed_host(folder, {"bg:cat " + gate, "bg:echo 1", "bg:echo 2", "bg:echo 3"});
    auto options = folder.options();
    options.max_running = 1;
    Queue queue(folder.store(), options);
    EXPECT_TRUE(queue.adopt(testing::nothing_delivered).empty());
    JobsFolder::write_fifo(gate);
    for (const JobId& id : ids)
        EXPECT_EQ(ended(queue, id).status, Status::kCompleted);
    EXPECT_EQ(drain(queue), ids);
}

TEST(Adoption, PostsTheEndsOfTheMeantimeUnlessTheyWereDelivered) {
    const JobsFolder folder;
    std::vector<JobId> ids;
    {
        Queue queue(folder.store(), folder.options());
        for (const char* command : {"exit 1", "exit 2"})
            ids.push_back(run(queue, folder.spec(command)).id);
        run(queue, folder.spec("true", Kind::kForeground));
    }
    std::vector<std::string> changes;
    auto options = folder.options();
    options.on_change = [&](const JobRecord& job) {
        changes.push_back(job.id + " " + std::string(to_string(job.status)));
    };
    Queue queue(folder.store(), options);
    queue.adopt([&](const JobRecord& job) { return job.id == ids[0]; });
    EXPECT_EQ(drain(queue), std::vector{ids[1]});
    EXPECT_EQ(changes, std::vector{ids[1] + " error"}) << "whoever watches hears of it too";
    EXPECT_EQ(queue.background_jobs().size(), 2U);
    EXPECT_EQ(queue.background_jobs()[0].end.exit_code, 1);
}

TEST(Adoption, MakesABackgroundJobOfARunningForegroundOne) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const std::string gate = folder.fifo("gate");
    const auto ids = killed_host(folder, {"fg:echo go >" + ready + "; cat " + gate}, ready);
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    const auto job = queue.find_by_tool_use("call_0");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->id, ids[0]);
    EXPECT_EQ(job->spec.kind, Kind::kBackground);
    EXPECT_EQ(folder.store().load(ids[0])->spec.kind, Kind::kBackground);
    JobsFolder::write_fifo(gate);
    ended(queue, ids[0]);
    EXPECT_EQ(drain(queue), ids);
}

TEST(Adoption, CancelsAForegroundJobThatHadNotStarted) {
    const JobsFolder folder;
    JobSpec spec = folder.spec("touch started", Kind::kForeground);
    spec.session = "s";
    spec.tool_use_id = "call_7";
    ASSERT_TRUE(folder.store().create(spec));
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    EXPECT_EQ(queue.find_by_tool_use("call_7")->status, Status::kCancelled);
    EXPECT_TRUE(drain(queue).empty());
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "started"));
}

TEST(Adoption, EndsTheJobsOfASubagentOfAKilledHost) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const auto ids = killed_host(folder, {"sub:echo go >" + ready + "; sleep 300"}, ready);
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    const JobRecord job = ended(queue, ids[0]);
    EXPECT_EQ(job.status, Status::kCancelled);
    EXPECT_EQ(job.end.ended_by, "restart");
    EXPECT_TRUE(queue.background_jobs().empty());
    EXPECT_TRUE(drain(queue).empty());
    EXPECT_FALSE(queue.find_by_tool_use("call_0")) << "the call was not the session's own";
}

TEST(Adoption, StartsAJobWhateverItsLockContainsAndReportsALockThatIsNoFile) {
    const JobsFolder folder;
    JobSpec spec = folder.spec("echo out");
    spec.session = "s";
    const JobId stale = folder.store().create(spec)->id;
    const JobId broken = folder.store().create(spec)->id;
    folder.dir().write("state/jobs/" + stale + "/" + kLockFile, std::string(5000, 'x'));
    std::filesystem::remove(folder.store().folder_of(broken) / kLockFile);
    std::filesystem::create_directory(folder.store().folder_of(broken) / kLockFile);
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    EXPECT_EQ(folder.report_of(ended(queue, stale)), "out\n");
    EXPECT_TRUE(folder.store().started(stale));
    const JobRecord job = ended(queue, broken);
    EXPECT_EQ(job.status, Status::kError);
    EXPECT_NE(job.end.reason.find("lock job " + broken + ": Is a directory"), std::string::npos)
        << job.end.reason;
    EXPECT_EQ(drain(queue).size(), 2U);
}

TEST(Adoption, NeverRunsAJobWithADeliveredEnd) {
    const JobsFolder folder;
    JobSpec spec = folder.spec("touch started");
    spec.session = "s";
    const JobId id = folder.store().create(spec)->id;
    spec.command = "touch followed";
    spec.after = {id};
    const JobId dependent = folder.store().create(spec)->id;
    Queue queue(folder.store(), folder.options());
    queue.adopt([&](const JobRecord& job) { return job.id == id; });
    EXPECT_EQ(ended(queue, dependent).status, Status::kCancelled);
    EXPECT_EQ(queue.find(id)->status, Status::kCancelled);
    EXPECT_EQ(folder.store().load(id)->status, Status::kCancelled) << "nor in any later host";
    EXPECT_EQ(drain(queue), std::vector{dependent}) << "its end is not delivered again";
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "started"));
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "followed"));
}

TEST(Adoption, PostsNoSecondEndOfARunningJobWithADeliveredEnd) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const std::string gate = folder.fifo("gate");
    const auto ids = killed_host(folder, {"bg:echo go >" + ready + "; cat " + gate}, ready);
    Queue queue(folder.store(), folder.options());
    queue.adopt([](const JobRecord&) { return true; });
    EXPECT_EQ(queue.find(ids[0])->status, Status::kRunning);
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(ended(queue, ids[0]).status, Status::kCompleted);
    EXPECT_TRUE(drain(queue).empty());
}

TEST(Adoption, ReportsThatTheSupervisorOfARunningJobWasKilled) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const auto ids = killed_host(folder, {"bg:echo go >" + ready + "; sleep 1000"}, ready);
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    ASSERT_TRUE(send_signal(open_process(folder.store().started(ids[0])->shim), SIGKILL));
    EXPECT_EQ(ended(queue, ids[0]).status, Status::kLost);
    EXPECT_EQ(drain(queue), ids);
    EXPECT_TRUE(processes_of(ids[0]).empty());
}

TEST(Adoption, LeavesOtherSessionsAlone) {
    const JobsFolder folder;
    JobSpec other = folder.spec("true");
    other.session = "other";
    const JobId id = folder.store().create(other)->id;
    const JobId nobodys = folder.store().create(folder.spec("true"))->id;
    Queue queue(folder.store(), folder.options());
    queue.adopt(testing::nothing_delivered);
    EXPECT_TRUE(queue.background_jobs().empty());
    EXPECT_FALSE(queue.find(id));
    EXPECT_FALSE(queue.cancel(id, "test"));
    EXPECT_EQ(folder.store().load(id)->status, Status::kQueued);
    EXPECT_EQ(folder.store().load(nobodys)->status, Status::kQueued);
}

TEST(Adoption, OfManyJobsLosesNoneAndPostsEachEndOnce) {
    const JobsFolder folder;
    std::vector<std::string> commands;
    for (int i = 0; i < 60; ++i)
        commands.push_back("bg:exit " + std::to_string(i));
    const auto ids = killed_host(folder, commands);
    auto options = folder.options();
    options.max_running = 8;
    Queue queue(folder.store(), options);
    queue.adopt(testing::nothing_delivered);
    for (std::size_t i = 0; i < ids.size(); ++i)
        EXPECT_EQ(ended(queue, ids[i]).end.exit_code, static_cast<int>(i));
    auto told = drain(queue);
    auto expected = ids;
    std::sort(told.begin(), told.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(told, expected);
}

}  // namespace
}  // namespace tenon::jobs
