#include "host/jobs/launcher.h"

#include <csignal>
#include <poll.h>
#include <sys/resource.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/jobs/jobs_fixture.h"
#include "tests/support/sanitizers.h"

namespace tenon::jobs {
namespace {

TEST(Launcher, StartsShimsThatAreNotTheHostsChildren) {
    const testing::JobsFolder folder;
    const auto launcher = Launcher::start();
    ASSERT_NE(launcher->process(), 0);
    QueueOptions options = folder.options();
    options.shim.launcher = launcher.get();
    Queue queue(folder.store(), options);
    auto job = queue.submit(folder.spec("echo $PPID; exit 3"));
    ASSERT_TRUE(job) << job.error().message;
    ASSERT_EQ(queue.wait_any(std::span(&job->id, 1), {}, {}), Queue::Waited::kEnded);
    EXPECT_EQ(queue.find(job->id)->status, Status::kError);
    EXPECT_EQ(queue.find(job->id)->end.exit_code, 3);
    EXPECT_EQ(queue.cancel_session_jobs("test"), 0U);
}

TEST(Launcher, SaysWhatCouldNotBeStarted) {
    const testing::JobsFolder folder;
    const auto launcher = Launcher::start();
    ASSERT_NE(launcher->process(), 0);
    Shim shim = folder.options().shim;
    shim.program = "/no/such/shim";
    shim.launcher = launcher.get();
    const auto started = launch_shim(shim, "/tmp", 4096);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("/no/such/shim"), std::string::npos)
        << started.error().message;
}

TEST(Launcher, LetsShimsGoOnWhenItEnds) {
    const testing::JobsFolder folder;
    auto launcher = Launcher::start();
    ASSERT_NE(launcher->process(), 0);
    Shim shim = folder.options().shim;
    shim.launcher = launcher.get();
    auto job = folder.store().create(folder.spec("until [ -e go ]; do :; done; echo on"));
    ASSERT_TRUE(job);
    auto started = launch_shim(shim, folder.store().folder_of(job->id), 1 << 20);
    ASSERT_TRUE(started) << started.error().message;
    launcher.reset();
    EXPECT_EQ(reap(started->process), -1) << "still running";
    std::ofstream(std::filesystem::path(job->spec.cwd) / "go") << "x";
    pollfd ended{started->process.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ended, 1, 60'000), 1);
    EXPECT_EQ(folder.store().load(job->id)->status, Status::kCompleted);
}

/// The parent of a job's shim: who started it.
constexpr char kStarter[] = "cat /proc/$(cut -d' ' -f4 /proc/$PPID/stat)/comm";

TEST(Launcher, ThatWasKilledIsReplacedByAnotherOrByTheHostItself) {
    for (const char* program : {TENON_JOBS_HOST, "", "/no/such/program"}) {
        SCOPED_TRACE(program);
        const testing::JobsFolder folder;
        const auto launcher = Launcher::start(program);
        const pid_t first = launcher->process();
        ASSERT_GT(first, 0);
        QueueOptions options = folder.options();
        options.shim.launcher = launcher.get();
        Queue queue(folder.store(), options);
        const auto run = [&] {
            return folder.report_of(testing::run(queue, folder.spec(kStarter, Kind::kForeground)));
        };
        EXPECT_EQ(run(), "tenon-launcher\n");
        ASSERT_EQ(::kill(first, SIGKILL), 0);
        const bool has_another = program == std::string(TENON_JOBS_HOST);
        EXPECT_EQ(run(), has_another ? "tenon-launcher\n" : "jobs_test\n");
        EXPECT_EQ(launcher->process() != 0, has_another);
        EXPECT_NE(launcher->process(), first);
    }
}

TEST(Launcher, ThatDoesNotAnswerIsReplacedAndDelaysNoEnd) {
    const testing::JobsFolder folder;
    const auto launcher = Launcher::start(TENON_JOBS_HOST);
    QueueOptions options = folder.options();
    options.shim.launcher = launcher.get();
    Queue queue(folder.store(), options);
    ASSERT_EQ(::kill(launcher->process(), SIGSTOP), 0);
    const JobRecord job = testing::run(queue, folder.spec(kStarter, Kind::kForeground));
    EXPECT_EQ(folder.report_of(job), "tenon-launcher\n");
    ASSERT_EQ(::kill(launcher->process(), SIGSTOP), 0);
}

TEST(Launcher, KeepsTheDescriptorsOfAShimUntilTheyCanBeReceived) {
    if (tenon::testing::kSanitizerNeedsDescriptors)
        GTEST_SKIP() << tenon::testing::kWhySanitizerNeedsDescriptors;
    for (const int room : {0, 1}) {
        SCOPED_TRACE(room);
        const testing::JobsFolder folder;
        const auto launcher = Launcher::start();
        Shim shim = folder.options().shim;
        shim.launcher = launcher.get();
        const std::string ready = folder.fifo("ready");
        const auto job = folder.store().create(folder.spec("echo go >" + ready + "; exit 5"));
        ASSERT_TRUE(job);
        const UniqueFd reader(::open(ready.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        rlimit before{};
        ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
        std::vector<UniqueFd> taken;
        const UniqueFd lowest(::dup(reader.get()));
        const rlimit few{static_cast<rlim_t>(lowest.get()) + 10, before.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
        while (true) {
            UniqueFd next(::dup(reader.get()));
            if (!next) break;
            taken.push_back(std::move(next));
        }
        taken.resize(taken.size() - static_cast<std::size_t>(room));
        std::jthread frees([&] {
            pollfd begun{reader.get(), POLLIN, 0};  // the command runs: the answer was sent
            while (::poll(&begun, 1, 60'000) < 1) {
            }
            taken.clear();
        });
        const auto started = launch_shim(shim, folder.store().folder_of(job->id), 1 << 20);
        frees.join();
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(started->process && started->status);
        pollfd ended{started->process.get(), POLLIN, 0};
        ASSERT_EQ(::poll(&ended, 1, 60'000), 1);
        EXPECT_EQ(folder.store().load(job->id)->end.exit_code, 5);
    }
}

}  // namespace
}  // namespace tenon::jobs
