#include "host/jobs/queue.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::deadline;
using testing::drain;
using testing::ended;
using testing::JobsFolder;
using testing::run;
using namespace std::chrono_literals;

TEST(Queue, RunsACommandAndPostsItsEndOnce) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const JobRecord job = run(queue, folder.spec("echo out; echo err >&2"));
    EXPECT_EQ(job.status, Status::kCompleted);
    EXPECT_EQ(job.end.exit_code, 0);
    EXPECT_EQ(folder.report_of(job), "out\nerr\n");
    EXPECT_TRUE(queue.wait_for_notification({}));
    EXPECT_EQ(drain(queue), std::vector{job.id});
    EXPECT_FALSE(queue.wait_for_notification({}));
}

TEST(Queue, ReportsHowACommandEnded) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    struct Case {
        const char* command;
        Status status;
        const char* text;
    };
    const Case cases[] = {
        {"true", Status::kCompleted, "(no output)"},
        {"exit 3", Status::kError, "(no output)\n[exit code: 3]"},
        {"printf x; exit 255", Status::kError, "x\n[exit code: 255]"},
        {"kill -SEGV $$", Status::kError, "(no output)\n[signal: SIGSEGV]"},
        {"no-such-program-at-all 2>/dev/null", Status::kError, "(no output)\n[exit code: 127]"},
        {"read line; echo \"read $?\"", Status::kCompleted, "read 1\n"},
        {"(: </dev/tty) 2>/dev/null || echo none", Status::kCompleted, "none\n"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.command);
        const JobRecord job = run(queue, folder.spec(c.command, JobKind::kForeground));
        EXPECT_EQ(job.status, c.status);
        EXPECT_EQ(folder.report_of(job), c.text);
    }
    EXPECT_TRUE(drain(queue).empty());
}

TEST(Queue, StartsTheHigherPriorityFirstAndEqualsInTheirOrder) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 1;
    Queue queue(folder.store(), options);
    const std::string gate = folder.fifo("gate");
    std::vector<JobId> ids{queue.submit(folder.spec("cat " + gate))->id};
    constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t priority :
         {std::int64_t{0}, kHighest, std::int64_t{0}, kLowest, std::int64_t{-1}, kHighest}) {
        JobSpec spec = folder.spec("true");
        spec.priority = priority;
        auto job = queue.submit(spec);
        ASSERT_TRUE(job);
        EXPECT_EQ(job->status, Status::kQueued);
        ids.push_back(job->id);
    }
    JobsFolder::write_fifo(gate);
    for (const JobId& id : ids)
        EXPECT_EQ(ended(queue, id).status, Status::kCompleted);
    EXPECT_EQ(drain(queue), (std::vector{ids[0], ids[2], ids[6], ids[1], ids[3], ids[5], ids[4]}));
}

TEST(Queue, RunsNoMoreThanItsPlacesAndPostsEachEndOnce) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 4;
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    std::atomic<int> told = 0;
    options.on_change = [&](const JobRecord& job) {
        if (!is_terminal(job.status)) {
            const int running = ++now;
            for (int seen = most; running > seen && !most.compare_exchange_weak(seen, running);) {
            }
        } else {
            --now;
            ++told;
        }
    };
    std::vector<JobId> ids;
    {
        Queue queue(folder.store(), options);
        for (int i = 0; i < 200; ++i) {
            auto job = queue.submit(folder.spec("echo " + std::to_string(i)));
            ASSERT_TRUE(job) << job.error().message;
            ids.push_back(job->id);
        }
        for (std::size_t i = 0; i < ids.size(); ++i)
            EXPECT_EQ(folder.report_of(ended(queue, ids[i])), std::to_string(i) + "\n");
        auto order = drain(queue);
        auto expected = ids;
        std::sort(order.begin(), order.end());
        std::sort(expected.begin(), expected.end());
        EXPECT_EQ(order, expected);
    }
    EXPECT_EQ(told, 200);
    // A place is free before the end is reported, so the next start may be reported first: twice
    // the places.
    EXPECT_LE(most, 8);
}

TEST(Queue, StartsAForegroundJobAtOnceOutsideItsPlaces) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 1;
    Queue queue(folder.store(), options);
    const std::string gate = folder.fifo("gate");
    const JobId busy = queue.submit(folder.spec("cat " + gate))->id;
    EXPECT_EQ(queue.submit(folder.spec("true"))->status, Status::kQueued);
    EXPECT_EQ(run(queue, folder.spec("echo hi", JobKind::kForeground)).status, Status::kCompleted);
    EXPECT_EQ(queue.find(busy)->status, Status::kRunning);
    EXPECT_EQ(queue.background_jobs().size(), 2U);
    JobsFolder::write_fifo(gate);
    ended(queue, busy);
}

TEST(Queue, StartsAJobWhenThoseItFollowsHaveCompleted) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const std::string gate = folder.fifo("gate");
    const JobId first = queue.submit(folder.spec("cat " + gate))->id;
    const JobId second = run(queue, folder.spec("true")).id;
    JobSpec spec = folder.spec("true");
    spec.after = {first, second};
    auto third = queue.submit(spec);
    ASSERT_TRUE(third) << third.error().message;
    EXPECT_EQ(third->status, Status::kQueued);
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(ended(queue, third->id).status, Status::kCompleted);
    EXPECT_EQ(drain(queue), (std::vector{second, first, third->id}));
}

TEST(Queue, CancelsAWholeChainThatFollowsAFailure) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const std::string gate = folder.fifo("gate");
    std::vector<JobId> chain{queue.submit(folder.spec("cat " + gate + "; false"))->id};
    for (int i = 0; i < 50; ++i) {
        JobSpec spec = folder.spec("true");
        spec.after = {chain.back()};
        chain.push_back(queue.submit(spec)->id);
    }
    JobsFolder::write_fifo(gate);
    const JobRecord last = ended(queue, chain.back());
    EXPECT_EQ(last.status, Status::kCancelled);
    EXPECT_EQ(folder.report_of(last), "(no output)\n[cancelled by after: job " + chain[49] +
                                          ", which it was to follow, has not completed]");
    EXPECT_EQ(drain(queue), chain);
    JobSpec late = folder.spec("true");
    late.after = {chain.front()};
    EXPECT_EQ(queue.submit(late)->status, Status::kCancelled);
    EXPECT_EQ(drain(queue).size(), 1U);
}

TEST(Queue, RefusesWhatCannotRunAndRecordsNothing) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const auto with = [&](auto change) {
        JobSpec spec = folder.spec("true");
        change(spec);
        return spec;
    };
    const std::string file = folder.dir().write("file", "");
    const std::pair<JobSpec, const char*> cases[] = {
        {folder.spec(" \n\t"), "empty"},
        {folder.spec(std::string("echo\0x", 6)), "NUL"},
        {folder.spec("echo \xff"), "UTF-8"},
        {folder.spec(std::string(131'072, ' ') + "x"), "131071"},
        {with([](JobSpec& s) { s.cwd = "/no/such/folder"; }), "/no/such/folder: No such file"},
        {with([&](JobSpec& s) { s.cwd = file; }), "Not a directory"},
        {with([](JobSpec& s) { s.cwd = "here"; }), "absolute"},
        {with([](JobSpec& s) { s.cwd.clear(); }), "absolute"},
        {with([](JobSpec& s) { s.after = {"0123abcd"}; }), "Unknown job 0123abcd"},
        {with([](JobSpec& s) { s.after = {"../etc"}; }), "Unknown job"},
        {with([](JobSpec& s) { s.timeout = 0ms; }), "timeout"},
    };
    for (const auto& [spec, why] : cases) {
        SCOPED_TRACE(why);
        const auto job = queue.submit(spec);
        ASSERT_FALSE(job);
        EXPECT_NE(job.error().message.find(why), std::string::npos) << job.error().message;
    }
    EXPECT_TRUE(folder.store().list().empty());
    EXPECT_TRUE(std::filesystem::is_empty(folder.store().folder()));
}

TEST(Queue, RunsTheLongestCommandThatExecTakes) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    std::string command = "echo whole #";
    command.resize(131'071, 'x');
    EXPECT_EQ(folder.report_of(run(queue, folder.spec(command))), "whole\n");
}

TEST(Queue, RefusesMoreThanItMayQueue) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 0;
    options.max_queued = 2;
    Queue queue(folder.store(), options);
    EXPECT_TRUE(queue.submit(folder.spec("true")));
    EXPECT_TRUE(queue.submit(folder.spec("true")));
    const auto third = queue.submit(folder.spec("true"));
    ASSERT_FALSE(third);
    EXPECT_NE(third.error().message.find("jobs.maxQueued"), std::string::npos);
    EXPECT_EQ(folder.store().list().size(), 2U);
}

TEST(Queue, WaitsUntilADeadlineOrAStop) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const std::string gate = folder.fifo("gate");
    const std::vector ids{queue.submit(folder.spec("cat " + gate))->id};
    EXPECT_EQ(queue.wait_any(ids, std::chrono::steady_clock::now(), {}), Queue::Waited::kTimeOver);
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_EQ(queue.wait_any(ids, std::nullopt, stop.get_token()), Queue::Waited::kStopped);
    EXPECT_FALSE(queue.wait_for_notification(stop.get_token()));
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(queue.wait_any(ids, std::nullopt, {}), Queue::Waited::kEnded);
    EXPECT_EQ(queue.wait_any(std::vector<JobId>{"00000000"}, std::nullopt, {}),
              Queue::Waited::kEnded);
}

TEST(Queue, TurnsARunningForegroundJobIntoABackgroundOne) {
    const JobsFolder folder;
    std::vector<std::string> changes;
    std::mutex mutex;
    auto options = folder.options();
    options.on_change = [&](const JobRecord& job) {
        const std::lock_guard lock(mutex);
        changes.emplace_back(to_string(job.status));
    };
    {
        Queue queue(folder.store(), options);
        const std::string gate = folder.fifo("gate");
        const JobId id = queue.submit(folder.spec("cat " + gate, JobKind::kForeground))->id;
        EXPECT_TRUE(queue.background_jobs().empty());
        auto job = queue.to_background(id);
        ASSERT_TRUE(job);
        EXPECT_EQ(job->status, Status::kRunning);
        EXPECT_EQ(folder.store().load(id)->spec.kind, JobKind::kBackground);
        JobsFolder::write_fifo(gate);
        ended(queue, id);
        EXPECT_EQ(drain(queue), std::vector{id});

        const JobRecord done = run(queue, folder.spec("true", JobKind::kForeground));
        EXPECT_EQ(queue.to_background(done.id)->status, Status::kCompleted);
        EXPECT_EQ(queue.to_background(done.id)->spec.kind, JobKind::kForeground);
        EXPECT_TRUE(drain(queue).empty());
        EXPECT_FALSE(queue.to_background("00000000"));
    }
    EXPECT_EQ(changes, (std::vector<std::string>{"running", "completed"}));
}

TEST(Queue, EndsTheWaitForAForegroundJobWhenItIsMoved) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const std::string gate = folder.fifo("gate");
    const JobId id = queue.submit(folder.spec("cat " + gate, JobKind::kForeground))->id;
    EXPECT_EQ(queue.running_foreground(), std::vector{id});
    std::thread mover([&] { EXPECT_TRUE(queue.to_background(id)); });
    EXPECT_EQ(queue.wait_any(std::span(&id, 1), deadline(), {}, std::span(&id, 1)),
              Queue::Waited::kMoved);
    mover.join();
    EXPECT_TRUE(queue.running_foreground().empty());
    EXPECT_EQ(queue.load().running, 1U);
    EXPECT_EQ(queue.load().session_jobs, 1U);
    JobsFolder::write_fifo(gate);
    ended(queue, id);
    EXPECT_EQ(queue.load().running, 0U);
}

TEST(Queue, LeavesASubagentsCommandInTheForeground) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const std::string gate = folder.fifo("gate");
    JobSpec spec = folder.spec("cat " + gate, JobKind::kForeground);
    spec.subagent = "agent-1";
    const JobId id = queue.submit(spec)->id;
    EXPECT_FALSE(queue.to_background(id));
    EXPECT_EQ(folder.store().load(id)->spec.kind, JobKind::kForeground);
    EXPECT_EQ(folder.store().load(id)->spec.subagent, "agent-1");
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(ended(queue, id).status, Status::kCompleted);
    EXPECT_TRUE(drain(queue).empty());
}

}  // namespace
}  // namespace tenon::jobs
