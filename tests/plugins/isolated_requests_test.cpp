#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/plugins/door.h"
#include "tests/plugins/isolated_bench.h"
#include "tests/support/sanitizers.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using testing::Door;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsolatedBench;

TEST(Isolated, EightRequestsAreOpenAtOnceAndANinthIsRefused) {
    Door door;
    IsolatedBench bench;
    door.add_to(bench.services);
    bench.services.add("answer/1", [](const ServiceRequest&) { return ServiceReply::ok("yes"); });
    bench.put("misbehaving");
    bench.open();
    std::thread person([&] {
        bench.await_progress("6 the plugin has 8 open requests; wait for one of them");
        while (door.waiting < 8)
            std::this_thread::yield();
        door.let_go();
    });
    EXPECT_EQ(bench.text_of("many_requests"), "8 through, then 0 \"yes\"");
    person.join();
}

TEST(Isolated, EachRequestGetsItsOwnAnswerAlsoInTheOppositeOrder) {
    std::mutex mutex;
    std::condition_variable changed;
    int waiting = 0, next = 7;
    IsolatedBench bench;
    bench.services.add("number/1", [&](const ServiceRequest& request) {
        const auto number = integer_or(request.params, "n", -1);
        std::unique_lock lock(mutex);
        ++waiting;
        changed.notify_all();
        const bool in_turn = changed.wait_for(lock, tenon::testing::kPatience,
                                              [&] { return waiting == 8 && next == number; });
        --next;
        changed.notify_all();
        return in_turn ? ServiceReply::ok(number) : ServiceReply::failed("out of turn");
    });
    bench.put("misbehaving");
    bench.open();
    EXPECT_EQ(bench.text_of("numbered_requests"), "0 0;0 1;0 2;0 3;0 4;0 5;0 6;0 7;");
}

TEST(Isolated, ARequestThatIsTooLongIsRefusedAndEndsNothing) {
    IsolatedBench bench;
    bench.services.add("answer/1", [](const ServiceRequest&) { return ServiceReply::ok("yes"); });
    bench.put("misbehaving");
    bench.open();
    EXPECT_THAT(bench.text_of("huge_request"),
                HasSubstr("2 the request is longer than the host takes"));
    EXPECT_EQ(bench.times_loaded(), 1U);
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

bool is_open_here(const fs::path& file) {
    std::error_code gone;
    const fs::directory_iterator entries("/proc/self/fd");
    return std::any_of(begin(entries), end(entries), [&](const auto& entry) {
        return fs::read_symlink(entry.path(), gone) == file;
    });
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
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(bench.text_of("read_by_descriptor"), "through a descriptor");
    // The plugin may read before the thread that has sent the descriptor closes the host's own.
    const auto deadline = std::chrono::steady_clock::now() + tenon::testing::kPatience;
    while (is_open_here(file) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_FALSE(is_open_here(file)) << "the host has not closed its own";
}

TEST(Isolated, RequestsAreAnsweredWhileThePluginIsCreated) {
    IsolatedBench bench;
    bench.services.add("answer/1", [](const ServiceRequest&) { return ServiceReply::ok("yes"); });
    bench.put("create_asks");
    bench.open();
    EXPECT_EQ(bench.text_of("begun"), "0 \"yes\"");
}

TEST(Isolated, ARequestOfAHookIsAnsweredWhileTheHostWaitsForTheHook) {
    IsolatedBench bench;
    bench.services.add("answer/1", [](const ServiceRequest&) { return ServiceReply::ok("yes"); });
    bench.put("hook_asks");
    bench.open();
    EXPECT_EQ(bench.registry.reminders(), "0 \"yes\"");
    EXPECT_THAT(bench.logged(), IsEmpty());
}

}  // namespace
}  // namespace tenon::plugins
