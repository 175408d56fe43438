#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/plugins/content_hash.h"
#include "host/plugins/known_plugins.h"
#include "tests/plugins/isolated_bench.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsolatedBench;
using ::testing::SizeIs;

TEST(Isolated, AKnownPluginIsStartedAtItsFirstCall) {
    IsolatedBench bench("misbehaving");
    EXPECT_EQ(bench.times_loaded(), 1U) << "its tools were not known";
    bench.registry.remove("misbehaving");
    bench.open();
    ASSERT_THAT(bench.problems, IsEmpty());
    EXPECT_EQ(bench.times_loaded(), 1U);
    EXPECT_EQ(bench.registry.plugins()[0]->version(), "0.3");
    bench.registry.begin_session("s", "new");
    EXPECT_EQ(bench.registry.reminders(), "");
    EXPECT_EQ(bench.times_loaded(), 1U) << "it has no hooks";
    EXPECT_EQ(bench.text_of("echo"), "{}");
    EXPECT_EQ(bench.times_loaded(), 2U);
}

TEST(Isolated, ToolsThatAreNotTheKnownOnesAreReportedAndTakenUp) {
    IsolatedBench bench;
    std::atomic<int> changes{0};
    bench.services.add("tools.changed/1", [&](const ServiceRequest&) {
        ++changes;
        return ServiceReply::ok(Json::object());
    });
    const fs::path file = bench.put("misbehaving");
    bench.open();
    EXPECT_EQ(changes, 0);
    bench.registry.remove("misbehaving");
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string hash = content_hash_of_file(fd.get()).value_or("");
    const KnownPlugins known(bench.dir / "state/plugin-cache");
    KnownPlugin other = known.find("misbehaving", hash).value();
    other.tools.resize(1);
    known.remember("misbehaving", hash, other);
    bench.open();
    EXPECT_THAT(bench.registry.plugins()[0]->tools(), SizeIs(1));
    EXPECT_EQ(bench.text_of("echo"), "{}");
    EXPECT_EQ(changes, 1);
    EXPECT_THAT(bench.logged(), Contains(HasSubstr("lists other tools than the last time")));
    EXPECT_GT(known.find("misbehaving", hash)->tools.size(), 1U) << "it was learned";
}

TEST(Isolated, AKnownPluginWithHooksIsStartedWhenTheSessionBegins) {
    IsolatedBench bench("with_hooks");
    bench.registry.remove("with-hooks");
    bench.open();
    EXPECT_EQ(bench.times_loaded("with-hooks"), 1U);
    bench.registry.begin_session("s", "new");
    EXPECT_EQ(bench.times_loaded("with-hooks"), 2U);
}

TEST(Isolated, AnotherConfigurationIsNotKnown) {
    IsolatedBench bench("good");
    bench.registry.remove("good");
    bench.options.by_id["good"].own = {{"greeting", "Moin"}};
    bench.open();
    EXPECT_EQ(bench.call("greet", {{"name", "Bo"}}).text, "Moin, Bo!");
    bench.registry.remove("good");
    bench.options.by_id["good"].own = {{"times", "-1"}};
    bench.open();
    ASSERT_THAT(bench.problems, SizeIs(1));
    EXPECT_THAT(bench.problems[0].reason, HasSubstr("its configuration"));
}

TEST(Isolated, AFileThatIsReplacedBeforeItsFirstCallIsNotRun) {
    IsolatedBench bench("misbehaving");
    bench.registry.remove("misbehaving");
    bench.open();
    // In place: the inode stays the same.
    fs::copy_file(fs::path(TENON_FIXTURES) / "with_hooks.so", bench.folder() / "misbehaving.so",
                  fs::copy_options::overwrite_existing);
    EXPECT_THAT(bench.text_of("echo"), HasSubstr("/reload"));
    EXPECT_EQ(bench.times_loaded("with-hooks"), 0U);
}

TEST(Isolated, AFileThatIsRemovedBeforeItsFirstCallStillWorks) {
    IsolatedBench bench("misbehaving");
    bench.registry.remove("misbehaving");
    bench.open();
    fs::remove(bench.folder() / "misbehaving.so");
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

TEST(Isolated, AFileThatBreaksAtLoadIsRefusedAndNotTriedAgain) {
    const struct {
        const char* fixture;
        const char* reason;
    } cases[] = {
        {"load_crash", "it crashed (SIGSEGV)"},
        {"load_exit", "it ended its process (exit status 0)"},
        {"load_throw", "it crashed (SIGABRT)"},
        {"load_hang", "it did not load the library within 5 s"},
        {"create_crash", "it crashed (SIGSEGV)"},
        {"create_hang", "it did not return from create within 5 s"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.fixture);
        IsolatedBench bench;
        bench.put(row.fixture);
        bench.put("plain");
        for (int attempt = 1; attempt <= 2; ++attempt) {
            SCOPED_TRACE(attempt);
            const Loaded loaded = load(bench.options, bench.services);
            ASSERT_THAT(loaded.plugins, SizeIs(1)) << "the others are loaded";
            ASSERT_THAT(loaded.problems, SizeIs(1));
            EXPECT_FALSE(loaded.problems[0].shortage);
            EXPECT_THAT(loaded.problems[0].reason, HasSubstr(row.reason));
            EXPECT_NE(loaded.problems[0].remedy, "");
            EXPECT_EQ(bench.times_loaded(), 1U);
        }
    }
}

TEST(Isolated, AFileForTheHostIsOpenedInAnotherProcessFirst) {
    for (const std::string fixture : {"load_crash", "load_exit", "load_throw"}) {
        SCOPED_TRACE(fixture);
        IsolatedBench bench;
        bench.put(fixture, "misbehaving");
        for (int attempt = 1; attempt <= 2; ++attempt) {
            const Loaded loaded = load(bench.options, bench.services);
            EXPECT_THAT(loaded.plugins, IsEmpty());
            ASSERT_THAT(loaded.problems, SizeIs(1));
        }
    }
    IsolatedBench bench;
    bench.put("good", "good");
    bench.open();
    EXPECT_FALSE(bench.registry.plugins()[0]->isolated());
    EXPECT_EQ(bench.call("greet", {{"name", "Bo"}}).text, "Hello, Bo!");
}

TEST(Isolated, AFirstPartyPluginRunsIsolatedIfItIsToldTo) {
    IsolatedBench bench;
    bench.put("plain");
    bench.write_manifest(R"({"v":1,"plugins":["plain.so"]})");
    bench.options.by_id["plain"].isolated = true;
    bench.open();
    ASSERT_THAT(bench.problems, IsEmpty());
    EXPECT_TRUE(bench.registry.plugins()[0]->isolated());
    EXPECT_TRUE(bench.registry.plugins()[0]->first_party());
    EXPECT_EQ(bench.text_of("plain"), "{}");
}

TEST(Isolated, WithoutItsProgramThePluginIsRefused) {
    IsolatedBench bench;
    bench.options.plugin_host = bench.dir / "nowhere/tenon-plugin-host";
    bench.put("plain");
    bench.open();
    ASSERT_THAT(bench.problems, SizeIs(1));
    EXPECT_THAT(bench.problems[0].reason, HasSubstr("nowhere/tenon-plugin-host"));
    EXPECT_FALSE(bench.problems[0].shortage);
}

}  // namespace
}  // namespace tenon::plugins
