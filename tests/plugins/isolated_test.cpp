#include <csignal>
#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/plugins/isolated_bench.h"

namespace tenon::plugins {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsolatedBench;
using ::testing::Not;

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
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        {"all_memory",
         "a defect in the plugin misbehaving"},  // a sanitizer's `new` ends the process
#endif
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

TEST(Isolated, WithoutAGrantItStartsNoProcessAndTheResultSaysWhy) {
    IsolatedBench bench("misbehaving");
    const auto result = bench.call("leave_a_child");
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(result.text, AllOf(HasSubstr("Operation not permitted\n[sandbox: the plugin "
                                             "misbehaving states no needs"),
                                   HasSubstr("plugins.misbehaving.grants.1=NEED")));
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

TEST(Isolated, WhereTheHostHasSaidNoItsReasonStandsAlone) {
    IsolatedBench bench;
    bench.services.add("path.open/1", [](const ServiceRequest&) {
        return ServiceReply::failed("Permission denied: a \"rule\" forbids it.", TENON_DENIED);
    });
    bench.put("misbehaving");
    bench.open();
    EXPECT_EQ(bench.text_of("read_by_descriptor"), "4 Permission denied: a \"rule\" forbids it.");
    EXPECT_EQ(bench.text_of("ask_and_paraphrase"), "Permission denied, says the host");
    // What the plugin has tried by itself afterwards is another matter.
    EXPECT_THAT(bench.text_of("ask_and_open"), HasSubstr("\nopen: Permission denied\n[sandbox: "));
}

TEST(Isolated, AHostThatCannotStartItsProcessBlamesNoConfinement) {
    IsolatedBench bench;
    const fs::path program = bench.dir / "host-program";
    fs::create_symlink(TENON_PLUGIN_HOST, program);
    bench.options.plugin_host = program;
    bench.put("misbehaving");
    bench.open();
    EXPECT_THAT(bench.text_of("crash"), HasSubstr("crashed"));
    fs::remove(program);
    bench.dir.write("host-program", "not to be executed");
    // A refusal is no fault, so it does not disable the plugin either.
    for (int i = 0; i < 4; ++i)
        EXPECT_THAT(bench.text_of("echo"),
                    AllOf(HasSubstr("Error: the plugin misbehaving does not start: start "),
                          HasSubstr("Permission denied"), Not(HasSubstr("[sandbox: ")),
                          Not(HasSubstr("disabled"))));
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
    EXPECT_THAT(bench.logged().back(), HasSubstr("bytes of further lines left out]"));
}

TEST(Isolated, AFloodOfLogMessagesIsLeftOutAndBlocksNothing) {
    IsolatedBench bench("misbehaving");
    EXPECT_EQ(bench.text_of("log_flood"), "done");
    bench.registry.remove("misbehaving");
    EXPECT_LT(bench.logged().size(), 1000U);
    EXPECT_THAT(bench.logged().back(), HasSubstr("more bytes, left out here"));
}

TEST(Isolated, AKeyThatIsCutWhereALongLineEndsIsRemoved) {
    Secrets secrets;
    secrets.add("sk-0123456789");
    IsolatedBench bench;
    bench.options.secrets = &secrets;
    bench.put("misbehaving");
    bench.open();
    EXPECT_EQ(bench.text_of("print_key"), "done");
    bench.registry.remove("misbehaving");
    EXPECT_THAT(bench.logged(), ElementsAre(AllOf(HasSubstr("x[redacted] [12 more bytes left out]"),
                                                  Not(HasSubstr("sk-0")))));
}

TEST(Isolated, ASecondAnswerToACallEndsItsProcess) {
    IsolatedBench bench("misbehaving");
    EXPECT_EQ(bench.text_of("answer_twice"), "");
    // The next call may still reach the process, and ends with it.
    const std::string broken = "a message of a call that does not exist";
    EXPECT_THAT(bench.text_of("echo"), ::testing::AnyOf("{}", HasSubstr(broken)));
    EXPECT_EQ(bench.text_of("echo"), "{}");
    EXPECT_THAT(bench.logged(), Contains(HasSubstr(broken)));
}

TEST(Isolated, AProcessThatIsStoppedOrKilledByOthersEndsTheCallThatRuns) {
    const struct {
        int signal;
        const char* text;
    } cases[] = {{SIGSTOP, "did not return within 500 ms during a call of wait"},
                 {SIGKILL, "was killed (SIGKILL: by somebody, or for want of memory)"}};
    for (const auto& row : cases) {
        SCOPED_TRACE(row.signal);
        IsolatedBench bench;
        bench.put("misbehaving");
        if (row.signal == SIGSTOP)
            bench.options.by_id["misbehaving"].call_timeout = std::chrono::milliseconds(500);
        bench.open();
        const pid_t process = std::stoi(bench.text_of("pid"));
        std::thread person([&] {
            bench.await_progress("waits");
            ::kill(process, row.signal);
        });
        const std::string text = bench.text_of("wait");
        person.join();
        EXPECT_THAT(text, HasSubstr(row.text));
        EXPECT_EQ(bench.text_of("echo"), "{}");
    }
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

/// What the hook `remind` of the plugin gives. A machine under load may take longer than the second
/// that a hook has; then it is asked again in a new process.
std::string reminders_of(const char* plugin) {
    for (int attempt = 0; attempt < 10; ++attempt) {
        IsolatedBench bench(plugin);
        std::string text = bench.registry.reminders();
        const auto logged = bench.logged();
        if (logged.empty()) return text;
        EXPECT_THAT(logged, ElementsAre(HasSubstr("did not return from the hook remind within")));
    }
    return "never in time";
}

TEST(Isolated, TheTextOfAHookIsCutAndMadeValid) {
    EXPECT_EQ(reminders_of("hook_floods").size(), 32U << 10U);
    EXPECT_EQ(reminders_of("hook_garbles"), "café \xEF\xBF\xBD {\"not\": JSON");
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

TEST(Isolated, APluginThatHangsInDestroyIsEnded) {
    IsolatedBench bench("destroy_hang");
    const pid_t pid = std::stoi(bench.text_of("pid"));
    bench.registry.remove("misbehaving");
    EXPECT_NE(::kill(pid, 0), 0);
    EXPECT_THAT(bench.logged(), Contains(HasSubstr("did not end within 5 s of destroy")));
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
