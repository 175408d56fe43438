#include <atomic>
#include <csignal>
#include <thread>

#include "host/jobs/queue.h"
#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::drain;
using testing::ended;
using testing::JobsFolder;
using testing::processes_of;
using testing::run;

/// A job that runs, and does not end by itself.
JobId start_staying(Queue& queue, const JobsFolder& folder, const std::string& name, JobSpec spec) {
    const std::string ready = folder.fifo(name);
    spec.command = "echo begun; echo go >" + ready + "; exec sleep 1000";
    auto job = queue.submit(std::move(spec));
    EXPECT_TRUE(job);
    EXPECT_EQ(JobsFolder::read_fifo(ready), "go\n");
    return job ? job->id : JobId();
}

TEST(QueueCancel, EndsARunningJobAndRecordsWhoAsked) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const JobId id = start_staying(queue, folder, "ready", folder.spec(""));
    ASSERT_TRUE(queue.cancel(id, "background_cancel"));
    const JobRecord job = ended(queue, id);
    EXPECT_EQ(job.status, Status::kCancelled);
    EXPECT_EQ(folder.report_of(job), "begun\n[cancelled by background_cancel]");
    EXPECT_EQ(drain(queue), std::vector{id});
    EXPECT_TRUE(processes_of(id).empty());
    const auto again = queue.cancel(id, "background_cancel");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, "Job " + id + " has ended already: cancelled");
    EXPECT_EQ(queue.cancel("00000000", "x").error().message, "Unknown job 00000000");
}

TEST(QueueCancel, EndsAQueuedJobBeforeItStarts) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 0;
    Queue queue(folder.store(), options);
    const JobId id = queue.submit(folder.spec("touch started"))->id;
    ASSERT_TRUE(queue.cancel(id, "background_cancel"));
    EXPECT_EQ(ended(queue, id).status, Status::kCancelled);
    EXPECT_EQ(drain(queue), std::vector{id});
    EXPECT_FALSE(queue.wait_for_notification({}));
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "started"));
}

TEST(QueueCancel, LearnsThatAnotherProcessCancelledAQueuedJob) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 0;
    Queue queue(folder.store(), options);
    const JobId id = queue.submit(folder.spec("true"))->id;
    ASSERT_TRUE(Store::open(folder.store().folder())->cancel(id, "tenon jobs cancel"));
    const JobRecord job = ended(queue, id);
    EXPECT_EQ(job.status, Status::kCancelled);
    EXPECT_EQ(job.end.ended_by, "tenon jobs cancel");
    EXPECT_EQ(drain(queue), std::vector{id});
}

TEST(QueueCancel, ByAnotherProcessIsReadAgainSoonIfItCouldNotBeRead) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 0;
    Queue queue(folder.store(), options);
    const JobId id = queue.submit(folder.spec("true"))->id;
    const JobId next = queue.submit(folder.spec("true"))->id;
    JobEnd end;
    end.status = Status::kCancelled;
    ASSERT_TRUE(folder.store().end_unstarted(id, end));  // which wakes nobody
    const auto record = folder.store().folder_of(id) / kJobFile;
    const auto aside = folder.dir() / "aside";
    std::filesystem::rename(record, aside);
    ASSERT_EQ(::utimensat(AT_FDCWD, folder.store().folder_of(id).c_str(), nullptr, 0), 0);
    ASSERT_TRUE(folder.store().cancel(next, "tenon jobs cancel"));
    EXPECT_EQ(ended(queue, next).status, Status::kCancelled);
    std::filesystem::rename(aside, record);
    const auto long_before_the_sweep = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    EXPECT_EQ(queue.wait_any(std::span(&id, 1), long_before_the_sweep, {}), Queue::Waited::kEnded);
}

TEST(QueueCancel, EndsAJobThatWasJustSubmittedAtAnyPointOfItsStart) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    for (int i = 0; i < 30; ++i) {
        const JobId id = queue.submit(folder.spec("sleep 1000"))->id;
        const auto cancelled = queue.cancel(id, "me");
        ASSERT_TRUE(cancelled) << cancelled.error().message;
        EXPECT_EQ(ended(queue, id).status, Status::kCancelled);
        EXPECT_TRUE(processes_of(id).empty());
    }
    EXPECT_EQ(drain(queue).size(), 30U);
}

TEST(QueueEnd, CancelsSessionJobsAndLeavesPersistentOnes) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 2;
    Queue queue(folder.store(), options);
    JobSpec persistent = folder.spec("");
    persistent.lifetime = Lifetime::kPersistent;
    const JobId server = start_staying(queue, folder, "r1", persistent);
    const JobId session = start_staying(queue, folder, "r2", folder.spec(""));
    const JobId foreground =
        start_staying(queue, folder, "r3", folder.spec("", JobKind::kForeground));
    const JobId queued = queue.submit(folder.spec("true"))->id;
    EXPECT_EQ(queue.cancel_session_jobs("exit"), 0U);
    for (const JobId& id : {session, foreground, queued})
        EXPECT_EQ(queue.find(id)->status, Status::kCancelled);
    EXPECT_EQ(queue.find(server)->status, Status::kRunning);
    EXPECT_TRUE(queue.wait_for_notification({}));
    EXPECT_EQ(drain(queue).size(), 2U);
    EXPECT_FALSE(queue.wait_for_notification({}))
        << "a persistent job that has started is not waited for";
    EXPECT_FALSE(queue.submit(folder.spec("true")));
    ASSERT_TRUE(queue.cancel(server, "test"));
    ended(queue, server);
}

TEST(QueueEnd, WaitsForASupervisorThatIsJustStarting) {
    const JobsFolder folder;
    const std::string begun = folder.fifo("begun");
    const std::string gate = folder.fifo("gate");
    auto options = folder.options();
    options.shim.program =
        folder.dir().write("slow", "#!/bin/bash\necho go >" + begun + "; read <" + gate +
                                       "; exec " TENON_SHIM " \"$@\"");
    std::filesystem::permissions(options.shim.program, std::filesystem::perms::owner_all);
    Queue queue(folder.store(), options);
    const JobId id = queue.submit(folder.spec("touch started"))->id;
    EXPECT_EQ(JobsFolder::read_fifo(begun), "go\n");
    std::atomic<bool> is_over = false;
    std::thread ends([&] {
        EXPECT_EQ(queue.cancel_session_jobs("exit"), 0U);
        is_over = true;
    });
    EXPECT_EQ(ended(queue, id).status, Status::kCancelled);
    EXPECT_FALSE(is_over);
    JobsFolder::write_fifo(gate);
    ends.join();
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "started"));
}

TEST(QueueEnd, LetsRunningJobsGoOnAndQueuedOnesStay) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    JobId running;
    JobId queued;
    {
        auto options = folder.options();
        options.max_running = 1;
        Queue queue(folder.store(), options);
        running = queue.submit(folder.spec("echo go >" + gate + "; cat " + gate))->id;
        queued = queue.submit(folder.spec("true"))->id;
        EXPECT_EQ(JobsFolder::read_fifo(gate), "go\n");
        queue.leave();
    }
    EXPECT_EQ(folder.store().load(running)->status, Status::kRunning);
    JobsFolder::write_fifo(gate);
    folder.wait_for_shim(running);
    EXPECT_EQ(folder.store().load(running)->status, Status::kCompleted);
    EXPECT_EQ(folder.store().load(queued)->status, Status::kQueued);
}

TEST(QueueEnd, LeavesNoJobUnstartedThatItHasReportedAsRunning) {
    constexpr std::size_t kJobs = 40;
    const JobsFolder folder;
    std::vector<JobId> ids;
    {
        auto options = folder.options();
        options.max_running = kJobs;
        Queue queue(folder.store(), options);
        for (std::size_t i = 0; i < kJobs; ++i) {
            const auto job = queue.submit(folder.spec("true"));
            ASSERT_TRUE(job) << job.error().message;
            if (job->status == Status::kRunning) ids.push_back(job->id);
        }
        queue.leave();
    }
    EXPECT_FALSE(ids.empty());
    const auto latest = deadline();
    for (const JobId& id : ids) {
        while (folder.store().load(id)->status == Status::kQueued) {
            ASSERT_LT(std::chrono::steady_clock::now(), latest) << id << " was never started";
            std::this_thread::yield();
        }
    }
}

TEST(QueueEnd, RecordsAJobAsLostWhenItsSupervisorIsKilled) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const JobId id = start_staying(queue, folder, "ready", folder.spec(""));
    const auto shim = folder.store().started(id);
    ASSERT_TRUE(shim);
    ASSERT_EQ(::kill(shim->shim.pid, SIGKILL), 0);
    const JobRecord job = ended(queue, id);
    EXPECT_EQ(job.status, Status::kLost);
    // What it printed may still have been in the pipe.
    EXPECT_EQ(with_ending("", job).find("(no output)\n[lost: its supervisor (pid " +
                                        std::to_string(shim->shim.pid) + ") was killed]"),
              0U)
        << with_ending("", job);
    EXPECT_EQ(drain(queue), std::vector{id});
    EXPECT_EQ(folder.store().load(id)->status, Status::kLost);
}

TEST(QueueStart, RecordsAnErrorWithTheReasonIfAJobCannotBeStarted) {
    const JobsFolder folder;
    const auto expect_refusal = [&](Queue& queue, const JobId& id, const std::string& why) {
        const JobRecord job = ended(queue, id);
        EXPECT_EQ(job.status, Status::kError);
        EXPECT_EQ(job.end.exit_code, 127);
        EXPECT_EQ(folder.report_of(job), "tenon: " + why + "\n[exit code: 127]");
    };
    {
        auto options = folder.options();
        options.shim.program = "/no/such/shim";
        Queue queue(folder.store(), options);
        expect_refusal(
            queue, queue.submit(folder.spec("true"))->id,
            "start the supervisor /no/such/shim: No such file or directory; Tenon was removed "
            "or moved: install it again");
    }
    {
        auto options = folder.options();
        options.shim.program = "/bin/false";
        Queue queue(folder.store(), options);
        expect_refusal(queue, queue.submit(folder.spec("true"))->id,
                       "the supervisor /bin/false ended with code 1");
    }
    Queue queue(folder.store(), folder.options());
    const std::string gate = folder.fifo("gate");
    const JobId first = queue.submit(folder.spec("cat " + gate))->id;
    JobSpec spec = folder.spec("true");
    spec.cwd = folder.dir() / "gone";
    spec.after = {first};
    std::filesystem::create_directory(spec.cwd);
    const JobId second = queue.submit(spec)->id;
    std::filesystem::remove(spec.cwd);
    JobsFolder::write_fifo(gate);
    expect_refusal(queue, second, "cannot enter " + spec.cwd + ": No such file or directory");

    const std::string path = ::getenv("PATH");
    ::setenv("PATH", "/no/such/folder", 1);
    const JobId third = queue.submit(folder.spec("true"))->id;
    expect_refusal(queue, third, "cannot start bash: No such file or directory");
    ::setenv("PATH", path.c_str(), 1);
}

TEST(QueueStart, NeverStartsAJobTwice) {
    const JobsFolder folder;
    for (int round = 0; round < 10; ++round) {
        JobSpec spec = folder.spec("echo once >>log");
        spec.session = "s";
        const JobId id = folder.store().create(spec)->id;
        std::vector<ShimProcess> shims;
        for (int i = 0; i < 4; ++i) {
            auto shim = launch_shim(folder.options().shim, folder.store().folder_of(id), 4096);
            ASSERT_TRUE(shim) << shim.error().message;
            shims.push_back(std::move(*shim));
        }
        for (ShimProcess& shim : shims) {
            siginfo_t info{};
            ASSERT_EQ(::waitid(P_PIDFD, static_cast<id_t>(shim.process.get()), &info, WEXITED), 0);
            EXPECT_EQ(info.si_status, 0);
        }
        EXPECT_EQ(folder.store().load(id)->status, Status::kCompleted);
        EXPECT_EQ(folder.dir().read("log"), "once\n");
        std::filesystem::remove(folder.dir() / "log");
    }
}

}  // namespace
}  // namespace tenon::jobs
