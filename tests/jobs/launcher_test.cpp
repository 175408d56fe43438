#include "host/jobs/launcher.h"

#include <poll.h>

#include <gtest/gtest.h>

#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

TEST(Launcher, StartsShimsThatAreNotTheHostsChildren) {
    const testing::JobsFolder folder;
    auto launcher = Launcher::start();
    ASSERT_TRUE(launcher) << launcher.error().message;
    QueueOptions options = folder.options();
    options.shim.launcher = launcher->get();
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
    auto launcher = Launcher::start();
    ASSERT_TRUE(launcher);
    Shim shim = folder.options().shim;
    shim.program = "/no/such/shim";
    shim.launcher = launcher->get();
    const auto started = launch_shim(shim, "/tmp", 4096);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("/no/such/shim"), std::string::npos)
        << started.error().message;
}

TEST(Launcher, LetsShimsGoOnWhenItEnds) {
    const testing::JobsFolder folder;
    auto launcher = Launcher::start();
    ASSERT_TRUE(launcher);
    Shim shim = folder.options().shim;
    shim.launcher = launcher->get();
    auto job = folder.store().create(folder.spec("until [ -e go ]; do :; done; echo on"));
    ASSERT_TRUE(job);
    auto started = launch_shim(shim, folder.store().folder_of(job->id), 1 << 20);
    ASSERT_TRUE(started) << started.error().message;
    launcher->reset();
    EXPECT_EQ(reap(started->process), -1) << "still running";
    std::ofstream(std::filesystem::path(job->spec.cwd) / "go") << "x";
    pollfd ended{started->process.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ended, 1, 60'000), 1);
    EXPECT_EQ(folder.store().load(job->id)->status, Status::kCompleted);
}

}  // namespace
}  // namespace tenon::jobs
