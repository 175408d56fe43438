#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <memory>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// A plugin inside the host that crashes, exits, prints or hangs. With a sanitizer, the signals of
/// a fault belong to the sanitizer.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizerHasSignals = true;
#else
constexpr bool kSanitizerHasSignals = false;
#endif

/// The folders of a run whose only third-party plugin is `unruly`, inside the host.
class UnrulyRun {
public:
    UnrulyRun() {
        fs::create_directories(folders.home / "plugins");
        fs::copy_file(fs::path(TENON_FIXTURES) / "unruly.so", folders.home / "plugins/unruly.so");
    }

    [[nodiscard]] std::unique_ptr<Process> start(std::vector<std::string> words,
                                                 const ModelServer* server = nullptr,
                                                 const Environment& more = {}) const {
        words.insert(words.begin(), TENON_PROGRAM);
        words.insert(words.end(), {"--yes", "--plugin-dir", (folders.home / "plugins").string(),
                                   "-D", "plugins.unruly.isolated=false"});
        Environment environment = folders.environment(server);
        for (const auto& [name, value] : more)
            environment[name] = value;
        auto process = std::make_unique<Process>(words, environment, folders.workspace());
        process->close_input();
        return process;
    }
    [[nodiscard]] std::unique_ptr<Process> call(const std::string& tool,
                                                std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"tool", tool});
        return start(more);
    }

    RunFolders folders;
};

std::string script(const std::vector<OrderedJson>& steps) {
    return OrderedJson(steps).dump();
}
OrderedJson step_with(const std::vector<OrderedJson>& uses) {
    std::vector<OrderedJson> content = {{{"type", "thinking"}, {"thinking", ""}}};
    content.insert(content.end(), uses.begin(), uses.end());
    return {{"content", content}};
}
const OrderedJson kOk = {{"content", "ok"}, {"repeat", 0}};

const std::vector<std::string> kSession = {"-p",         "go", "--session", "s1", "--output-format",
                                           "stream-json"};

// ---------------------------------------------------------------- faults

TEST(FaultInside, NamesThePluginAndKeepsTheSignal) {
    if (kSanitizerHasSignals) GTEST_SKIP() << "the sanitizer handles these signals itself";
    struct Case {
        const char* tool;
        int signal;
        std::string said;
    };
    const UnrulyRun run;
    for (const Case& c : {Case{"crash", SIGSEGV, "SIGSEGV in the plugin unruly, tool crash."},
                          Case{"overflow", SIGSEGV, "SIGSEGV in the plugin unruly, tool overflow."},
                          Case{"trap", SIGILL, "SIGILL in the plugin unruly, tool trap."},
                          Case{"abort", SIGABRT, "SIGABRT in the plugin unruly, tool abort."},
                          Case{"bus", SIGBUS, "SIGBUS in the plugin unruly, tool bus."},
                          Case{"sys", SIGSYS, "SIGSYS in the plugin unruly, tool sys."},
                          Case{"own_thread_crash", SIGSEGV,
                               "SIGSEGV in the plugin unruly, a thread that it has started."},
                          Case{"own_thread_throw", SIGABRT,
                               "SIGABRT in the plugin unruly, a thread that it has started."}}) {
        SCOPED_TRACE(c.tool);
        const auto tenon = run.call(c.tool);
        EXPECT_EQ(tenon->wait().signal, c.signal);
        EXPECT_THAT(tenon->errors, HasSubstr("tenon: " + c.said));
        EXPECT_EQ(tenon->output, "");
    }
}

#if defined(__x86_64__)
TEST(FaultInside, NamesADivisionByZero) {
    if (kSanitizerHasSignals) GTEST_SKIP() << "the sanitizer handles these signals itself";
    const UnrulyRun run;
    const auto tenon = run.call("divide");
    EXPECT_EQ(tenon->wait().signal, SIGFPE);
    EXPECT_THAT(tenon->errors, HasSubstr("SIGFPE in the plugin unruly, tool divide."));
}
#endif

TEST(FaultInside, ShowsWhatTheLibrariesSaidAboutIt) {
    if (kSanitizerHasSignals) GTEST_SKIP() << "the sanitizer handles these signals itself";
    const UnrulyRun run;
    const auto tenon = run.call("own_thread_throw");
    EXPECT_EQ(tenon->wait().signal, SIGABRT);
    EXPECT_THAT(tenon->errors, HasSubstr("terminate called after throwing"));
}

TEST(FaultInside, OfAChildThatThePluginHasForkedIsNotTheHosts) {
    const UnrulyRun run;
    const auto tenon = run.call("child_crash");
    EXPECT_EQ(tenon->wait().code, 0) << tenon->errors;
    if (!kSanitizerHasSignals) EXPECT_THAT(tenon->errors, Not(HasSubstr("SIGSEGV")));
}

TEST(FaultInside, ThatAnotherProcessHasSentNamesNoPlugin) {
    if (kSanitizerHasSignals) GTEST_SKIP() << "the sanitizer handles these signals itself";
    const UnrulyRun run;
    const ModelServer server(R"([{"content":"late","delay_ms":600000}])");
    const auto tenon = run.start(kSession, &server);
    ASSERT_TRUE(server.wait_for_requests(1));
    tenon->send_signal(SIGSEGV);
    EXPECT_EQ(tenon->wait().signal, SIGSEGV);
    EXPECT_THAT(tenon->errors,
                HasSubstr("tenon: SIGSEGV was sent by the process " + std::to_string(::getpid())));
}

TEST(FaultInside, LeavesTheJobsToTheNextStart) {
    const UnrulyRun run;
    const ModelServer server(
        script({step_with({command_use("a", "until [ -e go ]; do :; done; echo made it; exit 3",
                                       "background_run")}),
                step_with({tool_use("b", "crash", OrderedJson::object())}), kOk}));
    const auto first = run.start(kSession, &server);
    const auto ended = first->wait();
    if (!kSanitizerHasSignals) {
        EXPECT_EQ(ended.signal, SIGSEGV);
        EXPECT_THAT(first->errors,
                    HasSubstr("SIGSEGV in the plugin unruly, tool crash, session s1."));
    }
    const auto next = run.start(kSession, &server);
    std::ofstream(run.folders.workspace() / "go") << "x";
    EXPECT_EQ(next->wait().code, 0) << next->output << next->errors;
    EXPECT_EQ(server.refusals(), 0);
    std::string all;
    for (const Received& request : server.requests())
        all += request.body;
    const std::string last = server.requests().back().body;
    EXPECT_THAT(last, HasSubstr("error: made it\\n  [exit code: 3]"));
    EXPECT_THAT(last, HasSubstr("interrupted"));
    EXPECT_EQ(run.folders.processes(), std::vector<pid_t>());
}

// ---------------------------------------------------------------- exit

TEST(ExitInside, EndsTheProcessWithStatusOneAndNamesThePlugin) {
    struct Case {
        const char* tool;
        std::string said;
    };
    const UnrulyRun run;
    for (const Case& c :
         {Case{"exit", "exit(0) was called in the plugin unruly, tool exit."},
          Case{"quick_exit", "quick_exit was called in the plugin unruly, tool quick_exit."},
          Case{"own_thread_exit",
               "exit(0) was called in the plugin unruly, a thread that it has started."}}) {
        SCOPED_TRACE(c.tool);
        const auto tenon = run.call(c.tool);
        EXPECT_EQ(tenon->wait().code, 1);
        EXPECT_THAT(tenon->errors, HasSubstr("tenon: " + c.said));
        EXPECT_EQ(tenon->output, "");
    }
    const auto tenon = run.call("print", {"-D", "plugins.unruly.exits_in=create"});
    EXPECT_EQ(tenon->wait().code, 1);
    EXPECT_THAT(tenon->errors,
                HasSubstr("exit(0) was called in the plugin unruly, its function create."));
}

TEST(ExitInside, NamesTheSessionOfARun) {
    const UnrulyRun run;
    const ModelServer server(script({step_with({tool_use("a", "exit", OrderedJson::object())})}));
    const auto tenon = run.start(kSession, &server);
    EXPECT_EQ(tenon->wait().code, 1);
    EXPECT_THAT(tenon->errors, HasSubstr("the plugin unruly, tool exit, session s1."));
}

TEST(ExitInside, OfAChildThatThePluginHasForkedIsNotTheHosts) {
    const UnrulyRun run;
    const auto tenon = run.call("child_exit");
    EXPECT_EQ(tenon->wait().code, 0) << tenon->errors;
    EXPECT_THAT(tenon->errors, Not(HasSubstr("exit(")));
}

// ---------------------------------------------------------------- what does not stop

/// Sends the signal again and again until the process says what hangs, or has ended.
Process::Exit end_with_signals(Process& process, int signal) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    do {
        process.send_signal(signal);
    } while (!process.wait_for_errors("has not stopped", std::chrono::seconds(1)) &&
             !process.has_closed_output() && std::chrono::steady_clock::now() < until);
    return process.wait();
}

TEST(HangInside, IsNamedAndEndedByAFurtherSignal) {
    struct Case {
        std::string where;
        int signal, code;
        std::string said;
    };
    const std::vector<Case> cases = {
        {"tool", SIGINT, 130, "the plugin unruly, tool hang, session s1 has not stopped"},
        {"tool", SIGTERM, 143, "the plugin unruly, tool hang, session s1 has not stopped"},
        {"create", SIGINT, 130, "the plugin unruly, its function create has not stopped"},
        {"begin", SIGTERM, 143, "the plugin unruly, its hook begin, session s1 has not stopped"},
        {"remind", SIGINT, 130, "the plugin unruly, its hook remind, session s1 has not stopped"},
        {"destroy", SIGINT, 130, "the plugin unruly, its function destroy, session s1 has not"}};
    // All of them wait for the same five seconds.
    std::vector<std::unique_ptr<UnrulyRun>> runs;
    std::vector<std::unique_ptr<ModelServer>> servers;
    std::vector<std::unique_ptr<Process>> processes;
    for (const Case& c : cases) {
        runs.push_back(std::make_unique<UnrulyRun>());
        servers.push_back(std::make_unique<ModelServer>(
            c.where == "tool"
                ? script({step_with({tool_use("a", "hang", OrderedJson::object())}), kOk})
                : script({kOk})));
        std::vector<std::string> words = kSession;
        words.insert(words.end(), {"-D", "plugins.unruly.hangs_in=" + c.where});
        processes.push_back(runs.back()->start(words, servers.back().get()));
    }
    for (const auto& run : runs) {
        while (!fs::exists(run->folders.workspace() / "hanging"))
            std::this_thread::yield();
    }
    for (std::size_t i = 0; i < cases.size(); ++i)
        processes[i]->send_signal(cases[i].signal);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        SCOPED_TRACE(cases[i].where);
        EXPECT_EQ(end_with_signals(*processes[i], cases[i].signal).code, cases[i].code);
        EXPECT_THAT(processes[i]->errors, HasSubstr("tenon: " + cases[i].said));
        EXPECT_EQ(runs[i]->folders.processes(), std::vector<pid_t>());
        const Json result = last_line(processes[i]->output);
        EXPECT_EQ(string_or(result, "type"), "result") << processes[i]->output;
        if (cases[i].where == "destroy") continue;  // the result had been printed before
        EXPECT_EQ(string_or(result, "subtype"), "error_interrupted");
        EXPECT_EQ(string_or(result, "session_id"), "s1");
        EXPECT_THAT(string_or(result, "result"), HasSubstr("the plugin unruly"));
    }
}

TEST(HangInside, OfToolWithoutASessionAndAtTheExitOfTheProcessEnds) {
    const UnrulyRun in_tool, at_exit;
    const auto tool = in_tool.call("hang");
    const auto exit =
        at_exit.start({"tool", "print"}, nullptr, {{"TENON_TEST_HANGS_AT_EXIT", "1"}});
    while (!fs::exists(in_tool.folders.workspace() / "hanging") ||
           !fs::exists(at_exit.folders.workspace() / "at_exit"))
        std::this_thread::yield();
    tool->send_signal(SIGINT);
    exit->send_signal(SIGTERM);
    EXPECT_EQ(end_with_signals(*tool, SIGINT).code, 130);
    EXPECT_THAT(tool->errors, HasSubstr("the plugin unruly, tool hang has not stopped"));
    EXPECT_EQ(end_with_signals(*exit, SIGTERM).code, 143);
    EXPECT_THAT(exit->errors, HasSubstr("a destructor of a static object"));
    EXPECT_EQ(exit->output, "the result\n");
}

// ---------------------------------------------------------------- printing

TEST(PrintedInside, GoesToTheLogWithTheNameOfThePlugin) {
    const UnrulyRun run;
    const auto tenon = run.start({"tool", "print"}, nullptr, {{"TENON_TEST_PRINTS_AT_LOAD", "1"}});
    EXPECT_EQ(tenon->wait().code, 0) << tenon->errors;
    EXPECT_EQ(tenon->output, "the result\n");
    for (const char* text : {"printed at load", "by printf", "by cout", "by stderr \\x1b[31m",
                             "by cerr", "by write 1", "by write 2", "by a child", "no line end"}) {
        EXPECT_THAT(
            tenon->errors,
            HasSubstr("tenon: warning: plugin unruly: printed: " + std::string(text) + "\n"));
    }
}

TEST(PrintedInside, NeverReachesTheResultStreamOfARun) {
    const UnrulyRun run;
    const ModelServer server(
        script({step_with({tool_use("a", "print", OrderedJson::object())}), kOk}));
    const auto log = run.folders.home / "log";
    std::vector<std::string> words = kSession;
    words.insert(words.end(), {"-D", "log.file=" + log.string()});
    const auto tenon = run.start(words, &server);
    EXPECT_EQ(tenon->wait().code, 0) << tenon->errors;
    std::istringstream lines(tenon->output);
    for (std::string line; std::getline(lines, line);)
        EXPECT_TRUE(parse_json(line)) << line;
    EXPECT_THAT(tenon->output, Not(HasSubstr("by printf")));
    EXPECT_THAT(run.folders.home.read("log"), HasSubstr("plugin unruly: printed: by printf\n"));
}

TEST(PrintedInside, IsLimitedAndSaysHowMuchWasLeftOut) {
    const UnrulyRun run;
    const auto tenon = run.call("print_much");
    EXPECT_EQ(tenon->wait().code, 0) << tenon->errors;
    EXPECT_EQ(tenon->output, "done\n");
    EXPECT_LT(tenon->errors.size(), 10U << 20U);
    EXPECT_THAT(tenon->errors, HasSubstr("bytes of further lines left out]\n"));
}

TEST(ResultInside, OfAHundredMegabytesKeepsItsBeginningAndItsEnd) {
    const UnrulyRun run;
    const auto tenon = run.call("long_result");
    EXPECT_EQ(tenon->wait().code, 0) << tenon->errors;
    const std::string all = "begin " + std::string(100U << 20U, 'x') + " end";
    EXPECT_EQ(tenon->output, all.substr(0, 25'000) + "\n[" + std::to_string(all.size() - 50'000) +
                                 " characters omitted]\n" + all.substr(all.size() - 25'000) + "\n");
}

}  // namespace
}  // namespace tenon::testing
