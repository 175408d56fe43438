// Jobs in a real cgroup of version 2. Skipped where none can be made for the test.
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "host/base/unique_fd.h"
#include "tests/jobs/misbehaviours.h"

namespace tenon::jobs {
namespace {

using testing::JobsFolder;
using testing::processes_of;
using testing::run;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string mount_of_cgroup2() {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string device, point, type, rest;
         mounts >> device >> point >> type && std::getline(mounts, rest);) {
        if (type == "cgroup2") return point;
    }
    return {};
}

/// A group that is marked as delegated, as systemd does it, with whatever controllers it gets.
class DelegatedGroup {
public:
    DelegatedGroup() {
        std::string name = mount_of_cgroup2() + "/tenon-test-XXXXXX";
        if (name[0] != '/' || ::mkdtemp(name.data()) == nullptr) return;
        path_ = name;
        usable_ = ::setxattr(name.c_str(), "user.delegate", "1", 1, 0) == 0;
    }
    ~DelegatedGroup() {
        if (path_.empty()) return;
        // Jobs leave nothing in it but perhaps the host's own group.
        ::rmdir((path_ / "tenon-host").c_str());
        EXPECT_TRUE(is_removed()) << "something is left in " << path_;
    }
    /// A group can be removed a moment after its last process has ended.
    [[nodiscard]] bool is_removed() const {
        const auto give_up = std::chrono::steady_clock::now() + 30s;
        const UniqueFd events(::open((path_ / "cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
        while (::rmdir(path_.c_str()) != 0) {
            if (std::chrono::steady_clock::now() > give_up) return false;
            pollfd change{events.get(), POLLPRI, 0};
            ::poll(&change, 1, 20);
        }
        return true;
    }
    [[nodiscard]] bool usable() const { return usable_; }
    [[nodiscard]] bool has_memory() const {
        std::ifstream file(path_ / "cgroup.controllers");
        for (std::string word; file >> word;) {
            if (word == "memory") return true;
        }
        return false;
    }
    /// Runs `what` in a child that is in the group. Returns whether it returned true.
    bool inside(const std::function<bool()>& what) const {
        const pid_t child = ::fork();
        if (child == 0) {
            std::ofstream(path_ / "cgroup.procs") << ::getpid() << std::flush;
            ::_exit(what() ? 0 : 1);
        }
        int status = -1;
        return ::waitpid(child, &status, 0) == child && status == 0;
    }

private:
    fs::path path_;
    bool usable_ = false;
};

struct CgroupLimitCase {
    const char* command;
    JobLimits limits;
    const char* key;
    const char* actor;
};

bool is_ended_for(const CgroupLimitCase& row) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec = folder.spec(row.command);
    spec.limits = row.limits;
    const JobRecord job = run(queue, spec);
    folder.wait_for_shim(job.id);
    EXPECT_EQ(job.status, Status::kError);
    EXPECT_TRUE(job.end.limit) << folder.report_of(job);
    if (!job.end.limit) return false;
    EXPECT_EQ(job.end.limit->limit, row.key);
    EXPECT_EQ(job.end.limit->actor, row.actor);
    EXPECT_EQ(job.end.survivors, 0);
    EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    return !::testing::Test::HasFailure();
}

TEST(JobInACgroup, IsEndedForItsLimitsAndLeavesNoGroup) {
    if (!DelegatedGroup().usable()) GTEST_SKIP() << "no cgroup of version 2 can be made here";
    const CgroupLimitCase cases[] = {
        {TENON_MISBEHAVE " setsid crowd=3 burn",
         {std::nullopt, std::nullopt, 400ms},
         kCpuLimit,
         kCgroupActor},
        {"while :; do " TENON_MISBEHAVE " burn=40; done",
         {std::nullopt, std::nullopt, 400ms},
         kCpuLimit,
         kCgroupActor},
        {TENON_MISBEHAVE " ignore-term daemon setsid crowd=40 linger; sleep 1000",
         {std::nullopt, 20, std::nullopt},
         kProcessLimit,
         kShimActor},
        {TENON_MISBEHAVE " ignore-term bomb=3000 linger",
         {std::nullopt, 100, std::nullopt},
         kProcessLimit,
         kShimActor},
    };
    for (const CgroupLimitCase& row : cases) {
        SCOPED_TRACE(row.command);
        // A new group each time: a group with enabled controllers cannot have processes itself.
        const DelegatedGroup group;
        EXPECT_TRUE(group.inside([&] { return is_ended_for(row); }));
    }
}

TEST(JobInACgroup, IsEndedByTheKernelForItsMemory) {
    const DelegatedGroup tried;
    if (!tried.usable() || !tried.has_memory())
        GTEST_SKIP() << "no cgroup of version 2 with the memory controller can be made here";
    const CgroupLimitCase cases[] = {
        {TENON_MISBEHAVE " touch=300 linger",
         {200U << 20U, std::nullopt, std::nullopt},
         kMemoryLimit,
         kCgroupActor},
        {TENON_MISBEHAVE " daemon setsid crowd=9 touch=30 linger; sleep 1000",
         {200U << 20U, std::nullopt, std::nullopt},
         kMemoryLimit,
         kCgroupActor},
    };
    for (const CgroupLimitCase& row : cases) {
        SCOPED_TRACE(row.command);
        // A new group each time: a group with enabled controllers cannot have processes itself.
        const DelegatedGroup group;
        EXPECT_TRUE(group.inside([&] { return is_ended_for(row); }));
    }
}

}  // namespace
}  // namespace tenon::jobs
