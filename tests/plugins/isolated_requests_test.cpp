#include <atomic>
#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/plugins/isolated_bench.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::IsolatedBench;

/// Methods that wait until the test lets them go, or their call is cancelled.
struct Door {
    void add_to(Services& services) {
        services.add("started/1", [this](const ServiceRequest&) {
            const std::unique_lock lock(mutex);
            while (waiting == 0)
                std::this_thread::yield();
            return ServiceReply::ok("yes");
        });
        services.add("wait/1", [this](const ServiceRequest& request) {
            ++waiting;
            std::unique_lock lock(inner);
            const bool let_go = changed.wait(lock, request.call->stop(), [this] { return open; });
            return let_go ? ServiceReply::ok("through") : ServiceReply::failed("cancelled");
        });
    }
    void let_go() {
        const std::lock_guard lock(inner);
        open = true;
        changed.notify_all();
    }
    std::mutex mutex, inner;
    std::condition_variable_any changed;
    std::atomic<int> waiting{0};
    bool open = false;
};

TEST(Isolated, MoreThanEightOpenRequestsAreRefused) {
    Door door;
    IsolatedBench bench;
    door.add_to(bench.services);
    bench.put("misbehaving");
    bench.open();
    std::thread person([&] {
        while (door.waiting < 8)
            std::this_thread::yield();
        door.let_go();
    });
    const std::string text = bench.text_of("many_requests");
    person.join();
    // The ninth request may also come after one of the eight has been answered.
    EXPECT_THAT(text, ::testing::AnyOf("1 busy", "0 busy"));
}

TEST(Isolated, ACrashEndsTheOpenRequestsOfTheCall) {
    Door door;
    IsolatedBench bench;
    door.add_to(bench.services);
    bench.put("misbehaving");
    bench.open();
    EXPECT_THAT(bench.text_of("request_and_crash"), HasSubstr("crashed (SIGSEGV)"));
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

TEST(Isolated, TheTimeOfARequestDoesNotCount) {
    IsolatedBench bench;
    bench.services.add("slow/1", [&](const ServiceRequest&) {
        // Longer than the call may take.
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
        while (std::chrono::steady_clock::now() < until)
            std::this_thread::yield();
        return ServiceReply::ok("slow");
    });
    bench.put("misbehaving");
    bench.options.by_id["misbehaving"].call_timeout = std::chrono::milliseconds(500);
    bench.open();
    EXPECT_EQ(bench.text_of("slow_request"), "0 \"slow\"");
}

TEST(Isolated, OnlyTheAnswerOfPathOpenCarriesADescriptor) {
    IsolatedBench bench;
    const auto file = bench.dir.write("x", "through a descriptor");
    bench.services.add("path.open/1", [&](const ServiceRequest&) {
        const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        return ServiceReply::ok({{"fd", fd}, {"path", file.string()}});
    });
    bench.put("misbehaving");
    bench.open();
    std::size_t before = 0;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(bench.text_of("read_by_descriptor"), "through a descriptor");
        const auto open_now = static_cast<std::size_t>(
            std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
        if (i > 0) EXPECT_EQ(open_now, before) << "the host has closed its own";
        before = open_now;
    }
}

TEST(Isolated, RequestsAreAnsweredWhileThePluginIsCreated) {
    IsolatedBench bench;
    bench.services.add("answer/1", [](const ServiceRequest&) { return ServiceReply::ok("yes"); });
    bench.put("create_asks");
    bench.open();
    EXPECT_EQ(bench.text_of("begun"), "0 \"yes\"");
}

}  // namespace
}  // namespace tenon::plugins
