#include <condition_variable>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <thread>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/plugins/content_hash.h"
#include "host/plugins/isolated_instance.h"
#include "host/plugins/known_plugins.h"
#include "tests/plugins/workbench.h"
#include "tests/support/sanitizers.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::Workbench;

/// A workbench whose third-party plugins run in processes of their own.
class IsolatedBench : public Workbench {
public:
    IsolatedBench() {
        options.plugin_host = TENON_PLUGIN_HOST;
        options.workspace = dir.path().string();
    }
    explicit IsolatedBench(const std::string& fixture) : IsolatedBench() {
        put(fixture);
        open();
    }
    /// What a plugin has written into a file of its own folder.
    [[nodiscard]] std::string note(const std::string& file,
                                   const std::string& id = "misbehaving") const {
        return dir.read("state/plugin-data/" + id + "/" + file);
    }
    [[nodiscard]] std::size_t times_loaded(const std::string& id = "misbehaving") const {
        const std::string loads = note("loads", id);
        return static_cast<std::size_t>(std::count(loads.begin(), loads.end(), '\n'));
    }
    std::string text_of(const std::string& tool) { return call(tool).text; }
    void await_progress(const std::string& text) {
        const auto has = [&](const std::vector<std::string>& notes) {
            return std::find(notes.begin(), notes.end(), text) != notes.end();
        };
        while (!has(progress()))
            std::this_thread::yield();
    }
};

TEST(Isolated, ThirdPartyPluginsRunInAProcessOfTheirOwnAndAnswerAsInTheHost) {
    IsolatedBench bench;
    bench.put("good");
    bench.put("misbehaving");
    bench.options.by_id["good"].own = {{"greeting", "Moin"}};
    bench.open();
    ASSERT_THAT(bench.problems, IsEmpty());
    EXPECT_TRUE(bench.registry.plugins()[0]->isolated());
    EXPECT_EQ(bench.registry.plugins()[0]->version(), "2.1.0");
    EXPECT_EQ(bench.call("greet", {{"name", "Bo"}}).text, "Moin, Bo!");
    EXPECT_EQ(bench.text_of("fail"), "so far\nError: not today");
    EXPECT_EQ(bench.text_of("garble"), "café \xEF\xBF\xBD!");
    EXPECT_EQ(bench.call("count", {{"n", 2.0}}).text, R"(2 of {"n":2})");
    EXPECT_NE(bench.text_of("pid"), std::to_string(::getpid()));
    EXPECT_EQ(bench.text_of("pid"), bench.text_of("pid"));
    EXPECT_EQ(bench.text_of("deadline"), "one");
    EXPECT_EQ(bench.text_of("folders"), (bench.dir / "state/plugin-data/misbehaving").string() +
                                            "\n" + bench.folder().string());
    EXPECT_EQ(tenon::testing::mode_of(bench.dir / "state/plugin-data/misbehaving"), 0700U);
    EXPECT_THAT(bench.logged(), ElementsAre("good: set up in " + bench.dir.path().string()));
}

TEST(Isolated, AFaultGivesAnErrorThatSaysWhatHappenedAndTheNextCallWorks) {
    const struct {
        const char* tool;
        const char* text;
    } cases[] = {
        {"crash", "Error: the plugin misbehaving crashed (SIGSEGV) during a call of crash"},
        {"abort_it", "the plugin misbehaving crashed (SIGABRT) during a call of abort_it"},
        {"exit_0", "ended its process (exit status 0) during a call of exit_0"},
        {"exit_3", "ended its process (exit status 3)"},
        {"kill_itself", "was killed (SIGKILL"},
        {"bad_call", "made a system call that it may not make (SIGSYS)"},
        {"throw_on_thread", "crashed (SIGABRT)"},
        {"throws", "a defect in the plugin misbehaving"},
        {"bad_code", "a defect in the plugin misbehaving"},
        {"fault", "a defect in the plugin misbehaving"},
        {"close_all", "closed its connection to the host"},
        {"close_socket", "closed its connection to the host"},
        {"lie_size", "broke the protocol with the host: a frame claims a size of 4294967295"},
        {"lie_type", "a frame has the unknown type 200"},
        {"lie_call", "a message of a call that does not exist"},
        {"lie_answer", "an answer to no question"},
        {"lie_cut_off", "ended its process (exit status 0)"},
        {"all_memory", "a defect in the plugin misbehaving"},
        {"says_nothing", "Error: the tool failed and gave no reason"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.tool);
        IsolatedBench bench("misbehaving");
        ASSERT_THAT(bench.problems, IsEmpty());
        const auto result = bench.call(row.tool);
        EXPECT_TRUE(result.is_error);
        EXPECT_THAT(result.text, HasSubstr(row.text));
        EXPECT_EQ(bench.call("echo", {{"a", 1}}).text, R"({"a":1})");
    }
}

TEST(Isolated, ACallThatTakesTooLongIsEnded) {
    for (const std::string tool : {"hang", "stop", "wait"}) {
        SCOPED_TRACE(tool);
        IsolatedBench bench;
        bench.put("misbehaving");
        bench.options.by_id["misbehaving"].call_timeout = std::chrono::milliseconds(200);
        bench.open();
        EXPECT_THAT(bench.text_of(tool),
                    HasSubstr("the plugin misbehaving did not return within 200 ms during a call"));
        EXPECT_EQ(bench.text_of("echo"), "{}");
    }
}

TEST(Isolated, ACancelledCallHasTimeToEndAndIsEndedIfItDoesNot) {
    const struct {
        const char* tool;
        const char* progress;
        const char* text;
    } cases[] = {
        {"wait", "waits", "[interrupted]"},
        {"hang", "hangs", "did not return within 5 s after the call was cancelled"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.tool);
        IsolatedBench bench("misbehaving");
        std::stop_source stop;
        std::thread person([&] {
            bench.await_progress(row.progress);
            stop.request_stop();
        });
        const auto result = bench.call(row.tool, Json::object(), stop.get_token());
        person.join();
        EXPECT_THAT(result.text, HasSubstr(row.text));
        EXPECT_EQ(bench.text_of("echo"), "{}");
    }
}

TEST(Isolated, ACallThatWasCancelledBeforeDoesNotRun) {
    IsolatedBench bench("misbehaving");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_TRUE(bench.call("wait", Json::object(), stop.get_token()).is_error);
}

TEST(Isolated, CallsThatRunWhenThePluginCrashesGetTheSameError) {
    IsolatedBench bench("misbehaving");
    std::string waited;
    std::thread other([&] { waited = bench.text_of("wait"); });
    bench.await_progress("waits");
    EXPECT_THAT(bench.text_of("crash"), HasSubstr("crashed (SIGSEGV) during a call of crash"));
    other.join();
    EXPECT_THAT(waited, HasSubstr("misbehaving crashed (SIGSEGV) during a call of wait"));
    // The end of one process is one fault.
    EXPECT_FALSE(bench.registry.plugins()[0]->disabled());
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

TEST(Isolated, ThreeFaultsInAMinuteDisableThePlugin) {
    IsolatedBench bench("misbehaving");
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(bench.registry.plugins()[0]->disabled());
        EXPECT_THAT(bench.text_of("crash"), HasSubstr("crashed"));
    }
    EXPECT_TRUE(bench.registry.plugins()[0]->disabled());
    EXPECT_THAT(bench.text_of("echo"), AllOf(HasSubstr("disabled"), HasSubstr("/reload")));
    EXPECT_EQ(bench.times_loaded(), 3U);
    EXPECT_THAT(bench.logged().back(), HasSubstr("disabled after 3 faults"));
}

TEST(Isolated, WithoutAGrantItStartsNoProcessAndTheResultSaysWhy) {
    IsolatedBench bench("misbehaving");
    const auto result = bench.call("leave_a_child");
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(result.text, AllOf(HasSubstr("Operation not permitted\n[sandbox: the plugin "
                                             "misbehaving"),
                                   HasSubstr("plugins.misbehaving.grants")));
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

TEST(Isolated, AProcessThatIsKilledBetweenCallsIsStartedAgain) {
    IsolatedBench bench("misbehaving");
    const pid_t first = std::stoi(bench.text_of("pid"));
    ::kill(first, SIGKILL);
    while (::kill(first, 0) == 0)
        std::this_thread::yield();
    const pid_t second = std::stoi(bench.text_of("pid"));
    EXPECT_NE(second, first);
    EXPECT_THAT(bench.logged(), ElementsAre(HasSubstr("was killed")));
}

TEST(Isolated, AFreshProcessBeginsTheSessionAgain) {
    IsolatedBench bench("with_hooks");
    ASSERT_THAT(bench.problems, IsEmpty());
    bench.registry.begin_session("s1", "new");
    EXPECT_EQ(bench.text_of("begun"), R"({"reason":"new","session":"s1"})");
    EXPECT_EQ(bench.registry.reminders(), R"({"reason":"new","session":"s1"})");
    bench.text_of("crash");
    EXPECT_EQ(bench.registry.reminders(), R"({"reason":"restarted","session":"s1"})");
    bench.registry.begin_session("s1", "cleared");
    EXPECT_EQ(bench.text_of("begun"), R"({"reason":"cleared","session":"s1"})");
}

TEST(Isolated, AHookHasOneSecond) {
    IsolatedBench bench("hook_hang");
    bench.registry.begin_session("s1", "new");
    EXPECT_EQ(bench.registry.reminders(), "");
    EXPECT_THAT(bench.logged(),
                Contains(HasSubstr("did not return from the hook remind within 1 s")));
    EXPECT_EQ(bench.text_of("begun"), R"({"reason":"restarted","session":"s1"})");
}

TEST(Isolated, WhatItPrintsGoesToTheLogAndNotIntoTheResult) {
    IsolatedBench bench("misbehaving");
    EXPECT_EQ(bench.text_of("print"), "done");
    bench.registry.remove("misbehaving");  // what it has printed has been read then
    EXPECT_THAT(bench.logged(),
                ElementsAre("misbehaving: printed: to stdout", "misbehaving: printed: to stderr",
                            "misbehaving: printed: no end"));
}

TEST(Isolated, AFloodOfOutputIsLeftOutAndBlocksNothing) {
    IsolatedBench bench("misbehaving");
    EXPECT_EQ(bench.text_of("print_flood"), "done");
    bench.registry.remove("misbehaving");
    EXPECT_LT(bench.logged().size(), 1000U);
    EXPECT_THAT(bench.logged().back(), HasSubstr("more bytes, left out here"));
}

TEST(Isolated, ALongResultIsCutAndThePluginIsToldSo) {
    IsolatedBench bench("misbehaving");
    const auto result = bench.call("flood_result");
    EXPECT_LE(result.text.size(), kMaxResultCharacters + 100);
    EXPECT_THAT(result.text, HasSubstr(" characters omitted]"));
    EXPECT_THAT(bench.progress(), Contains(HasSubstr("refused")));
}

TEST(Isolated, ResultsAreValidUtf8) {
    IsolatedBench bench("misbehaving");
    EXPECT_EQ(bench.text_of("bad_utf8"), "café \xEF\xBF\xBD!");
}

TEST(Isolated, NothingOfTheEnvironmentButALittleIsPassedOn) {
    ::setenv("TENON_TEST_SECRET", "s3cr3t", 1);
    ::setenv("ANTHROPIC_API_KEY", "k3y", 1);
    IsolatedBench bench("misbehaving");
    const std::string variables = bench.text_of("variables");
    ::unsetenv("TENON_TEST_SECRET");
    ::unsetenv("ANTHROPIC_API_KEY");
    EXPECT_THAT(variables,
                AllOf(HasSubstr("PATH="), HasSubstr("TMPDIR=" + bench.dir.path().string()),
                      Not(HasSubstr("s3cr3t")), Not(HasSubstr("k3y"))));
}

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

TEST(Isolated, APluginThatHangsInDestroyIsEnded) {
    IsolatedBench bench("destroy_hang");
    const pid_t pid = std::stoi(bench.text_of("pid"));
    bench.registry.remove("misbehaving");
    EXPECT_NE(::kill(pid, 0), 0);
    EXPECT_THAT(bench.logged(), Contains(HasSubstr("did not return from destroy within 5 s")));
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

TEST(Isolated, FiveHundredCallsAtOnceGetTheirOwnAnswers) {
    IsolatedBench bench("misbehaving");
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 64; ++i) {
                const Json input = {{"n", t * 1000 + i}};
                if (bench.call("echo", input).text == input.dump()) ++right;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(right, 8 * 64);
}

}  // namespace
}  // namespace tenon::plugins
