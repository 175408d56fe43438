// The processes that a killed supervisor leaves.
#include "host/jobs/orphans.h"

#include <csignal>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "host/base/clock.h"
#include "host/jobs/launcher.h"
#include "tests/jobs/misbehaviours.h"

namespace tenon::jobs {
namespace {

using testing::drain;
using testing::ended;
using testing::JobsFolder;
using testing::processes_of;
using testing::run;

void kill_supervisor(const Store& store, const JobId& id) {
    const auto shim = store.started(id);
    ASSERT_TRUE(shim) << shim.error().message;
    ASSERT_TRUE(send_signal(open_process(shim->shim), SIGKILL));
}

void expect_lost(const JobRecord& job) {
    EXPECT_EQ(job.status, Status::kLost);
    EXPECT_GE(job.end.left_behind, 1);
    EXPECT_EQ(job.end.survivors, 0);
    EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
}

TEST(Orphans, AreAllEndedWhenTheSupervisorIsKilledBesideItsHost) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 100;
    Queue queue(folder.store(), options);
    std::vector<std::pair<std::string, JobId>> started;
    for (const std::string what : testing::kMisbehaviours)
        started.emplace_back(what,
                             testing::start_misbehaving(queue, folder, what, folder.spec("")));
    for (const auto& [what, id] : started)
        kill_supervisor(folder.store(), id);
    for (const auto& [what, id] : started) {
        SCOPED_TRACE(what);
        expect_lost(ended(queue, id));
    }
    EXPECT_EQ(drain(queue).size(), started.size());
}

TEST(Orphans, AreEndedByTheProcessThatFindsTheJobLost) {
    const JobsFolder folder;
    std::vector<std::pair<std::string, JobId>> started;
    {
        auto options = folder.options();
        options.max_running = 100;
        Queue queue(folder.store(), options);
        for (const std::string what : testing::kMisbehaviours)
            started.emplace_back(what,
                                 testing::start_misbehaving(queue, folder, what, folder.spec("")));
    }
    for (const auto& [what, id] : started)
        kill_supervisor(folder.store(), id);
    for (const auto& [what, id] : started) {
        SCOPED_TRACE(what);
        auto job = folder.store().load(id);
        while (job && job->status == Status::kRunning)  // its shell still holds the lock
            job = folder.store().load(id);
        ASSERT_TRUE(job) << job.error().message;
        expect_lost(*job);
        EXPECT_EQ(folder.store().load(id)->end.left_behind, job->end.left_behind);
    }
}

TEST(Orphans, ThatHaveClearedTheirEnvironmentAreEndedByTheLauncher) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const auto launcher = Launcher::start();
    ASSERT_NE(launcher->process(), 0);
    auto options = folder.options();
    options.shim.launcher = launcher.get();
    Queue queue(folder.store(), options);
    auto job = queue.submit(
        folder.spec("env -i TENON_TEST_MARK=" + ready +
                    " " TENON_MISBEHAVE " ignore-term daemon setsid daemon ready=" + ready +
                    " linger; sleep 1000"));
    ASSERT_TRUE(job);
    JobsFolder::read_fifo(ready);
    EXPECT_EQ(tenon::testing::processes_with("TENON_TEST_MARK", ready).size(), 1U);
    kill_supervisor(folder.store(), job->id);
    EXPECT_EQ(ended(queue, job->id).status, Status::kLost);
    while (!tenon::testing::processes_with("TENON_TEST_MARK", ready).empty())
        std::this_thread::yield();
}

/// A persistent job that has ended, while processes that it left behind live on. Its supervisor and
/// its host have ended.
JobId abandoned(const JobsFolder& folder) {
    JobId id;
    {
        Queue queue(folder.store(), folder.options());
        JobSpec spec = folder.spec(TENON_MISBEHAVE " daemon setsid ignore-term linger");
        spec.lifetime = Lifetime::kPersistent;
        auto job = queue.submit(spec);
        EXPECT_TRUE(job);
        id = job->id;
        EXPECT_EQ(ended(queue, id).end.left_behind, 1);
    }
    kill_supervisor(folder.store(), id);
    folder.wait_for_shim(id);
    EXPECT_EQ(processes_of(id).size(), 1U);
    return id;
}

TEST(Orphans, OfAJobThatHasEndedAreEndedByTheNextHost) {
    const JobsFolder folder;
    const JobId id = abandoned(folder);
    Queue next(folder.store(), folder.options());
    next.adopt([](const JobRecord&) { return true; });
    while (!processes_of(id).empty())
        std::this_thread::yield();
    EXPECT_EQ(folder.store().load(id)->status, Status::kCompleted);
}

TEST(Orphans, OfAPersistentJobCanBeCancelled) {
    const JobsFolder folder;
    const JobId id = abandoned(folder);
    const auto cancelled = folder.store().cancel(id, "test");
    ASSERT_TRUE(cancelled) << cancelled.error().message;
    EXPECT_EQ(cancelled->status, Status::kCompleted);
    EXPECT_EQ(processes_of(id), std::vector<std::string>());
    EXPECT_FALSE(folder.store().cancel(id, "test"));
}

TEST(Orphans, OfAJobThatHasEndedAreEndedWhenItsSupervisorIsKilledWhileEndingThem) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    auto job = queue.submit(folder.spec(TENON_MISBEHAVE " daemon setsid ignore-term linger"));
    ASSERT_TRUE(job);
    // It has not finished: a process that ignores SIGTERM has half a second.
    EXPECT_EQ(ended(queue, job->id).end.left_behind, 1);
    kill_supervisor(folder.store(), job->id);
    while (!processes_of(job->id).empty())
        std::this_thread::yield();
    EXPECT_EQ(folder.store().load(job->id)->status, Status::kCompleted);
}

/// An id that no other test has at the moment; the last digit is free.
JobId own_id(char last = '0') {
    char text[9];
    std::snprintf(text, sizeof text, "%07x%c", static_cast<unsigned>(::getpid()) & 0xFFFFFFFU,
                  last);
    return text;
}
std::string mark_of(const JobId& id) {
    return "TENON_JOB_ID=" + id;
}

/// Processes of this test with a job's id. Each is `sleep` under a name that says what it is, and
/// the child of a process with the name `parent`, which also adopts its orphans.
class Wearers {
public:
    ~Wearers() {
        for (const pid_t pid : pids_) {
            ::kill(pid, SIGKILL);
            while (lives(pid))
                std::this_thread::yield();
        }
        for (const pid_t parent : parents_) {
            ::kill(parent, SIGKILL);
            ::waitpid(parent, nullptr, 0);
        }
    }
    pid_t start(const std::string& program, const std::string& variable,
                const char* parent = kLauncherName) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        const UniqueFd out(ends[0]);
        UniqueFd in(ends[1]);
        parents_.push_back(::fork());
        if (parents_.back() == 0) {
            ::prctl(PR_SET_NAME, parent);
            ::prctl(PR_SET_CHILD_SUBREAPER, 1);
            const pid_t pid = spawn(program, variable);
            const bool said = ::write(in.get(), &pid, sizeof pid) == sizeof pid;
            while (said)
                ::pause();
            ::_exit(1);
        }
        in.reset();
        pid_t pid = 0;
        EXPECT_EQ(::read(out.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
        EXPECT_GT(pid, 0);
        pids_.push_back(pid);
        return pid;
    }
    static bool lives(pid_t pid) {
        const auto stat = stat_of(pid);
        return stat && stat->state != 'Z';
    }

private:
    static pid_t spawn(const std::string& program, const std::string& variable) {
        std::string words[] = {program, "1000"};
        std::string text = variable;
        char* argv[] = {words[0].data(), words[1].data(), nullptr};
        char* envp[] = {text.data(), nullptr};
        pid_t pid = 0;
        return ::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv, envp) == 0 ? pid : -1;
    }

    std::vector<pid_t> parents_, pids_;
};

Started dead_supervisor() {
    Started shim{ProcessIdentity::of_this_process(), 5, 1000};
    shim.shim.start_time -= 1;  // not this process, and before what it starts
    return shim;
}

TEST(Orphans, AreTheProcessesWithExactlyTheJobsId) {
    const JobsFolder folder;
    std::filesystem::copy_file("/bin/sleep", folder.dir() / "tenon-shim");
    Wearers wearers;
    const std::string sleep = "/bin/sleep";
    const pid_t its = wearers.start(sleep, mark_of(own_id()));
    const pid_t others[] = {
        wearers.start(sleep, mark_of(own_id('1'))),
        wearers.start(sleep, mark_of(own_id() + "4")),
        wearers.start(sleep, "X_" + mark_of(own_id())),
        wearers.start(sleep, "X=" + mark_of(own_id())),
        wearers.start(folder.dir() / "tenon-shim", mark_of(own_id())),
    };
    const OrphansEnded ended = end_orphans(own_id(), dead_supervisor());
    EXPECT_EQ(ended.ended, 1);
    EXPECT_EQ(ended.survivors, 0);
    EXPECT_FALSE(Wearers::lives(its));
    for (const pid_t other : others)
        EXPECT_TRUE(Wearers::lives(other));
}

TEST(Orphans, AreNoneWhileTheSupervisorLivesOrAfterAnotherBootOrBeforeItBegan) {
    Started lives{ProcessIdentity::of_this_process(), 5, 1000};
    Started another_boot = dead_supervisor();
    another_boot.shim.boot_id = "11111111-2222-3333-4444-555555555555";
    Started later = dead_supervisor();
    later.shim.start_time += 1'000'000'000;
    Wearers wearers;
    const pid_t bystander = wearers.start("/bin/sleep", mark_of(own_id()));
    for (const Started& shim : {lives, another_boot, later})
        EXPECT_EQ(end_orphans(own_id(), shim).ended, 0);
    EXPECT_TRUE(Wearers::lives(bystander));
}

TEST(Orphans, AreNoChildrenOfAProcessThatIsNotTenons) {
    // A terminal passes the environment on to the shell of a new window, an editor to its server; a
    // user's service manager imports it, and adopts what others leave as well.
    for (const char* parent : {"systemd", "gnome-terminal-", "bash", "code", "tenon"}) {
        SCOPED_TRACE(parent);
        Wearers wearers;
        const pid_t others = wearers.start("/bin/sleep", mark_of(own_id()), parent);
        const pid_t its = wearers.start("/bin/sleep", mark_of(own_id()), kLauncherName);
        const OrphansEnded ended = end_orphans(own_id(), dead_supervisor());
        EXPECT_EQ(ended.ended, 1);
        EXPECT_EQ(ended.survivors, 0);
        EXPECT_TRUE(Wearers::lives(others));
        EXPECT_FALSE(Wearers::lives(its));
    }
}

TEST(Orphans, OfAJobThatEndedInOrderAreNotSearched) {
    const JobsFolder folder;
    struct Case {
        const char* command;
        int left_behind;
    };
    // In the second one the supervisor itself has ended what the command left behind.
    for (const Case& c : {Case{"true", 0}, Case{"sleep 1000 & exit 0", 1}}) {
        SCOPED_TRACE(c.command);
        JobId id;
        {
            Queue queue(folder.store(), folder.options());
            id = run(queue, folder.spec(c.command)).id;
        }
        folder.wait_for_shim(id);
        ASSERT_EQ(folder.store().load(id)->end.left_behind, c.left_behind);
        EXPECT_EQ(folder.store().started(id)->tree_ended, c.left_behind > 0);
        Wearers wearers;
        const pid_t window = wearers.start("/bin/sleep", mark_of(id));
        EXPECT_EQ(folder.store().end_leftovers(id), 0);
        {
            Queue next(folder.store(), folder.options());
            next.adopt([](const JobRecord&) { return true; });
        }
        EXPECT_TRUE(Wearers::lives(window));
    }
}

TEST(Orphans, OfALostJobAreSearchedOnlyUntilNoneIsLeft) {
    const JobsFolder folder;
    JobId id;
    {
        Queue queue(folder.store(), folder.options());
        id = testing::start_misbehaving(queue, folder, "setsid linger", folder.spec(""));
        kill_supervisor(folder.store(), id);
        expect_lost(ended(queue, id));
    }
    Wearers wearers;
    const pid_t window = wearers.start("/bin/sleep", mark_of(id));
    EXPECT_EQ(folder.store().end_leftovers(id), 0);
    EXPECT_TRUE(Wearers::lives(window));
}

TEST(Orphans, IncludeTheirDescendantsWithoutTheId) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    Wearers wearers;
    const std::string script = folder.dir().write(
        "script", "#!/bin/bash\nenv -i " TENON_MISBEHAVE " ready=" + ready + " linger & wait\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    wearers.start(script, mark_of(own_id()));
    JobsFolder::read_fifo(ready);
    EXPECT_EQ(end_orphans(own_id(), dead_supervisor()).ended, 2);
}

}  // namespace
}  // namespace tenon::jobs
