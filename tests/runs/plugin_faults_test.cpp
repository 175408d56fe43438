#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// Third-party plugins that break, in whole runs of the real program.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// A workspace whose plugins folder holds one fixture.
class FaultyRun {
public:
    explicit FaultyRun(const std::string& fixture = "misbehaving") {
        fs::create_directories(folders.home / "plugins");
        fs::copy_file(fs::path(TENON_FIXTURES) / (fixture + ".so"),
                      folders.home / "plugins" / (fixture + ".so"));
    }
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& more) const {
        std::vector<std::string> words = {TENON_PROGRAM};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"--plugin-dir", (folders.home / "plugins").string(), "--yes"});
        return words;
    }
    /// The processes of the plugin: their temporary folder is the plugin's own.
    [[nodiscard]] std::vector<pid_t> plugin_processes() const {
        return processes_with("TMPDIR", (folders.state() / "plugin-data/misbehaving").string());
    }
    CommandResult run(const std::vector<std::string>& more) const {
        Process program(command(more), folders.environment(), folders.workspace());
        program.close_input();
        const auto exit = program.wait();
        return {exit.code, program.output, program.errors};
    }

    RunFolders folders;
};

ordered_json say(const std::string& text) {
    return {{"content", text}, {"repeat", 0}};
}
ordered_json call(const std::vector<ordered_json>& calls) {
    ordered_json content = ordered_json::array({{{"type", "thinking"}, {"thinking", ""}}});
    for (const auto& one : calls)
        content.push_back(one);
    return {{"content", content}};
}

TEST(PluginFaults, EndNeitherTheSessionNorItsJobs) {
    const FaultyRun faulty;
    const ordered_json script = {
        call({command_use("job", "until [ -e go ]; do sleep 0.01; done; echo survived",
                          "background_run")}),
        call({tool_use("t1", "crash", ordered_json::object()),
              tool_use("t2", "echo", {{"in", "flight"}})}),
        call({tool_use("t3", "exit_0", ordered_json::object())}),
        call({tool_use("t4", "echo", {{"after", "the end"}}), command_use("go", "touch go")}),
        say("all over")};
    const ModelServer server(script.dump());
    Process tenon(faulty.command({"--session", "s", "-p", "go", "--output-format", "stream-json"}),
                  faulty.folders.environment(&server), faulty.folders.workspace());
    tenon.close_input();
    EXPECT_EQ(tenon.wait().code, 0) << tenon.output << tenon.errors;
    const Json result = last_line(tenon.output);
    EXPECT_EQ(result["result"], "all over");
    EXPECT_EQ(result["jobs"][0]["status"], "completed") << tenon.output;
    EXPECT_EQ(server.refusals(), 0);
    std::string bodies;
    for (const auto& request : server.requests())
        bodies += request.body;
    for (const char* text : {"the plugin misbehaving crashed (SIGSEGV) during a call of crash",
                             "the plugin misbehaving ended its process (exit status 0)",
                             R"({\"after\":\"the end\"})", "survived"})
        EXPECT_NE(bodies.find(text), std::string::npos) << text << "\n" << tenon.output;
    EXPECT_EQ(faulty.plugin_processes(), std::vector<pid_t>());
    EXPECT_EQ(faulty.folders.processes(), std::vector<pid_t>());
}

TEST(PluginFaults, AreErrorsOfTenonTool) {
    const FaultyRun faulty;
    const auto crash = faulty.run({"tool", "crash"});
    EXPECT_EQ(crash.code, 1);
    EXPECT_NE((crash.output + crash.errors).find("crashed (SIGSEGV)"), std::string::npos)
        << crash.output << crash.errors;
    const auto print = faulty.run({"tool", "print"});
    EXPECT_EQ(print.code, 0);
    EXPECT_EQ(print.output, "done\n");
    EXPECT_NE(print.errors.find("plugin misbehaving: printed: to stdout"), std::string::npos)
        << print.errors;
}

TEST(PluginFaults, NoProcessIsLeftWhenTheHostIsKilled) {
    const FaultyRun faulty;
    const ordered_json script = {call({tool_use("t1", "wait", ordered_json::object())})};
    const ModelServer server(script.dump());
    Process tenon(faulty.command({"-p", "go", "--output-format", "stream-json"}),
                  faulty.folders.environment(&server), faulty.folders.workspace());
    tenon.close_input();
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (faulty.plugin_processes().empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_FALSE(faulty.plugin_processes().empty());
    tenon.send_signal(SIGKILL);
    EXPECT_EQ(tenon.wait().signal, SIGKILL);
    while (!faulty.plugin_processes().empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(faulty.plugin_processes(), std::vector<pid_t>());
}

TEST(PluginFaults, AnInterruptedCallOfAPluginThatHangsEndsTheRun) {
    const FaultyRun faulty;
    const ordered_json script = {call({tool_use("t1", "hang", ordered_json::object())})};
    const ModelServer server(script.dump());
    Process tenon(faulty.command({"-p", "go", "--output-format", "stream-json"}),
                  faulty.folders.environment(&server), faulty.folders.workspace());
    tenon.close_input();
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (faulty.plugin_processes().empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    tenon.send_signal(SIGINT);
    EXPECT_EQ(tenon.wait().code, 130) << tenon.output << tenon.errors;
    EXPECT_EQ(faulty.plugin_processes(), std::vector<pid_t>());
}

TEST(PluginFaults, AtLoadLeaveTheOtherToolsAndAreNamed) {
    const FaultyRun faulty("load_crash");
    for (int run = 0; run < 2; ++run) {
        const auto done = faulty.run({"tool", "bash", R"({"command":"echo fine"})"});
        EXPECT_EQ(done.output, "fine\n") << done.errors;
        EXPECT_EQ(done.code, 0);
        EXPECT_NE(done.errors.find("load_crash.so is left out: it crashed (SIGSEGV)"),
                  std::string::npos)
            << done.errors;
    }
}

}  // namespace
}  // namespace tenon::testing
