// Jobs in a PID namespace of their own. Skipped if this user cannot make one on this machine.
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "host/sandbox/confinement.h"
#include "tests/jobs/misbehaviours.h"

namespace tenon::jobs {
namespace {

using testing::ended;
using testing::JobsFolder;
using testing::processes_of;
using testing::run;
using namespace std::chrono_literals;

class PidNamespace : public ::testing::Test {
protected:
    void SetUp() override {
        const JobRecord job = run(queue_, spec("true"));
        if (!job.end.no_pid_namespace.empty())
            GTEST_SKIP() << "no PID namespace can be made here: " << job.end.no_pid_namespace;
    }
    [[nodiscard]] JobSpec spec(const std::string& command) const {
        JobSpec spec = folder_.spec(command);
        spec.pid_namespace = true;
        return spec;
    }

    JobsFolder folder_;
    Queue queue_{folder_.store(), [this] {
                     auto options = folder_.options();
                     options.max_running = 100;
                     return options;
                 }()};
};

TEST_F(PidNamespace, ContainsOnlyTheJobsProcesses) {
    const JobRecord job = run(queue_, spec("echo $PPID; read -r pid _ </proc/self/stat; echo $pid; "
                                           "printf '%s\\n' /proc/[0-9]*; exit 4"));
    EXPECT_EQ(folder_.report_of(job), "1\n2\n/proc/1\n/proc/2\n[exit code: 4]");
}

TEST_F(PidNamespace, DoesNotChangeHowACommandEnds) {
    for (const char* command :
         {"exit 0", "exit 7", "kill $$; sleep 1000", "kill -9 $$", "kill -SEGV $$; sleep 1000",
          "kill -HUP $$; sleep 1000", "sh -c 'kill -9 $$'", "bash -c 'kill $$'; exit $?",
          "no-such-program", "exec no-such-program", "cat /no/such/file", "false | true",
          "trap 'exit 3' EXIT; false", "sleep 1000 & kill -9 $!; wait $!"}) {
        SCOPED_TRACE(command);
        JobSpec plain = spec(command);
        plain.pid_namespace = false;
        const JobRecord without = run(queue_, plain);
        const JobRecord with = run(queue_, spec(command));
        EXPECT_EQ(with.status, without.status);
        EXPECT_EQ(with.end.exit_code, without.end.exit_code);
        EXPECT_EQ(with.end.signal, without.end.signal);
        EXPECT_EQ(with.end.left_behind, without.end.left_behind);
        EXPECT_EQ(with.end.ended_by, "");
    }
}

TEST_F(PidNamespace, LeavesNothingWhenTheSupervisorIsKilled) {
    for (const std::string what : testing::kMisbehaviours) {
        SCOPED_TRACE(what);
        const JobId id = testing::start_misbehaving(queue_, folder_, what, spec(""));
        const auto started = folder_.store().started(id);
        ASSERT_TRUE(started);
        // A look at /proc may miss a process that begins meanwhile.
        const auto latest = deadline();
        while (processes_of(id).size() < 2)
            ASSERT_LT(std::chrono::steady_clock::now(), latest);
        // All its processes, opened before, so that none can be overlooked.
        std::vector<UniqueFd> all;
        for (const std::string& line : processes_of(id)) {
            const auto pid = static_cast<pid_t>(std::stoi(line));
            if (pid == started->shim.pid) continue;
            const auto stat = stat_of(pid);
            if (stat) all.push_back(open_process(pid, stat->start_time));
        }
        ASSERT_TRUE(send_signal(open_process(started->shim), SIGKILL));
        for (const UniqueFd& process : all) {
            pollfd gone{process.get(), POLLIN, 0};
            if (process) EXPECT_EQ(::poll(&gone, 1, 30'000), 1);
        }
        const JobRecord job = ended(queue_, id);
        EXPECT_EQ(job.status, Status::kLost);
        EXPECT_EQ(processes_of(id), std::vector<std::string>());
    }
}

TEST_F(PidNamespace, HasNoProcessLeftWhenTheJobIsCancelled) {
    for (const std::string what : testing::kMisbehaviours) {
        SCOPED_TRACE(what);
        const JobId id = testing::start_misbehaving(queue_, folder_, what, spec(""));
        ASSERT_TRUE(queue_.cancel(id, "test"));
        const JobRecord job = ended(queue_, id);
        EXPECT_EQ(job.status, Status::kCancelled);
        EXPECT_EQ(job.end.survivors, 0);
        EXPECT_EQ(processes_of(id), std::vector<std::string>());
    }
}

TEST_F(PidNamespace, KeepsTheOutputAtATimeoutAndGivesTimeToEndInOrder) {
    JobSpec timed = spec("trap 'echo bye; exit 9' TERM; echo begun; sleep 1000 & wait");
    timed.timeout = 300ms;
    const JobRecord job = run(queue_, timed);
    EXPECT_EQ(job.status, Status::kTimeout);
    EXPECT_EQ(job.end.exit_code, 9);
    EXPECT_EQ(folder_.report_of(job).find("begun\nbye\n[timed out after "), 0U);
}

TEST_F(PidNamespace, OfAPersistentJobLivesAsLongAsItsTree) {
    JobSpec persistent = spec("echo up; " TENON_MISBEHAVE " daemon setsid ignore-term linger");
    persistent.lifetime = Lifetime::kPersistent;
    const JobRecord job = run(queue_, persistent);
    EXPECT_EQ(job.status, Status::kCompleted);
    EXPECT_EQ(job.end.left_behind, 1);
    EXPECT_TRUE(queue_.cancel(job.id, "test"));
    folder_.wait_for_shim(job.id);
    EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
}

TEST_F(PidNamespace, IsLimitedLikeEveryTree) {
    const std::pair<const char*, JobLimits> cases[] = {
        {TENON_MISBEHAVE " setsid ignore-term crowd=5 touch=50 linger",
         {200U << 20U, std::nullopt, std::nullopt}},
        {TENON_MISBEHAVE " bomb=3000 linger", {std::nullopt, 100, std::nullopt}},
        {"while :; do " TENON_MISBEHAVE " burn=40; done", {std::nullopt, std::nullopt, 400ms}},
    };
    for (const auto& [command, limits] : cases) {
        SCOPED_TRACE(command);
        JobSpec limited = spec(command);
        limited.limits = limits;
        const JobRecord job = run(queue_, limited);
        ASSERT_TRUE(job.end.limit) << folder_.report_of(job);
        EXPECT_GT(job.end.limit->figure, job.end.limit->value);
        EXPECT_EQ(job.end.survivors, 0);
        EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    }
}

TEST_F(PidNamespace, CanBeSandboxedLikeEveryCommand) {
    std::filesystem::create_directory(folder_.dir() / "inside");
    JobSpec walled = spec(
        "read -r pid _ </proc/self/stat; echo $pid; (echo x >../outside) 2>/dev/null || echo no; "
        "echo x >file; sleep 1000 & kill -9 $!; wait $!; exit $?");
    walled.workspace = walled.cwd = folder_.dir() / "inside";
    walled.containment.mode = sandbox::Mode::kWorkspace;
    walled.containment.workspace = walled.workspace;
    walled.containment.writable = {walled.workspace};
    walled.containment.tolerated = sandbox::find_gaps();
    const auto gaps = walled.containment.tolerated;
    if (std::find(gaps.begin(), gaps.end(), sandbox::Gap::kLandlock) != gaps.end())
        GTEST_SKIP() << "this kernel has no Landlock";
    const JobRecord job = run(queue_, walled);
    EXPECT_EQ(job.end.no_pid_namespace, "");
    EXPECT_EQ(folder_.report_of(job).find("2\nno\n"), 0U) << folder_.report_of(job);
    EXPECT_EQ(job.end.exit_code, 137);
    EXPECT_FALSE(std::filesystem::exists(folder_.dir() / "outside"));
    EXPECT_TRUE(std::filesystem::exists(folder_.dir() / "inside/file"));
}

/// As in a container whose filter forbids namespaces. False: it could not be put in place.
bool forbid_clone3() {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof code / sizeof code[0], code};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(PidNamespaceThatCannotBeMade, IsRecordedAndTheJobRunsWithoutIt) {
    const JobsFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
        if (!forbid_clone3()) ::_exit(99);
        auto options = folder.options();
        std::string reported;
        options.on_no_pid_namespace = [&](const std::string& why) { reported += why; };
        Queue queue(folder.store(), options);
        JobSpec spec = folder.spec("echo ran; exit 5", JobKind::kForeground);
        spec.pid_namespace = true;
        const JobRecord job = run(queue, spec);
        const bool right = job.end.exit_code == 5 &&
                           folder.report_of(job) == "ran\n[exit code: 5]" &&
                           job.end.no_pid_namespace == "clone: Function not implemented" &&
                           reported == job.end.no_pid_namespace;
        ::_exit(right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        GTEST_SKIP() << "no seccomp filter can be put in place here";
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tenon::jobs
