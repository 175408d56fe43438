#include "host/shim/usage.h"

#include <csignal>
#include <cstring>
#include <functional>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tenon::shim {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::uint64_t kAll = UINT64_MAX;

/// Children that have done something and then wait until the test is over.
class Children {
public:
    Children() {
        if (::pipe(ready_) != 0 || ::pipe(end_) != 0) ADD_FAILURE() << "no pipe";
    }
    ~Children() {
        for (const int fd : {end_[0], end_[1], ready_[0], ready_[1]})
            ::close(fd);
        for (const pid_t pid : pids_)
            ::waitpid(pid, nullptr, 0);
    }
    /// Returns when the child has done it.
    void add(const std::function<void()>& what) {
        const pid_t pid = ::fork();
        char byte = 'x';
        if (pid == 0) {
            ::close(end_[1]);
            what();
            if (::write(ready_[1], &byte, 1) != 1) ::_exit(1);
            ::_exit(::read(end_[0], &byte, 1) == 0 ? 0 : 1);
        }
        pids_.push_back(pid);
        EXPECT_EQ(::read(ready_[0], &byte, 1), 1);
    }

private:
    int ready_[2] = {-1, -1};
    int end_[2] = {-1, -1};
    std::vector<pid_t> pids_;
};

TEST(UsageMeter, CountsTheMemoryThatProcessesShareOnce) {
    auto* shared = static_cast<char*>(
        ::mmap(nullptr, 100 * kMiB, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED, -1, 0));
    ASSERT_NE(shared, MAP_FAILED);
    Children children;
    for (int i = 0; i < 10; ++i)
        children.add([&] { std::memset(shared, 'x', 100 * kMiB); });
    UsageMeter meter(::getpid());
    const Usage usage = meter.look(kAll);
    EXPECT_EQ(usage.processes, 10U);
    EXPECT_GT(usage.memory_at_most, 1000 * kMiB);
    EXPECT_GT(meter.memory(), 95 * kMiB);
    EXPECT_LT(meter.memory(), 200 * kMiB);
    ::munmap(shared, 100 * kMiB);
}

TEST(UsageMeter, CountsTheMemoryThatEachHasForItself) {
    Children children;
    for (int i = 0; i < 5; ++i)
        children.add([] {
            void* own = ::mmap(nullptr, 40 * kMiB, PROT_READ | PROT_WRITE,
                               MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
            if (own == MAP_FAILED) ::_exit(1);
            std::memset(own, 'x', 40 * kMiB);
        });
    UsageMeter meter(::getpid());
    EXPECT_GT(meter.look(kAll).memory_at_most, 200 * kMiB);
    EXPECT_GT(meter.memory(), 200 * kMiB);
    EXPECT_LT(meter.memory(), 300 * kMiB);
}

TEST(UsageMeter, FollowsChildrenOfChildrenAndStopsWhenItHasCountedEnough) {
    Children children;
    children.add([] {
        for (int i = 0; i < 20; ++i) {
            if (::fork() != 0) continue;
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (::getppid() != 1)
                ::pause();
        }
    });
    UsageMeter meter(::getpid());
    EXPECT_EQ(meter.look(kAll).processes, 21U);
    EXPECT_GT(meter.look(5).processes, 5U);
}

}  // namespace
}  // namespace tenon::shim
