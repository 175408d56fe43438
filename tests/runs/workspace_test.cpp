#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"
#include "tests/support/pty.h"

/// Workspaces that were renamed, that are not UTF-8, and directories that begin with a tilde.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Writes a recorded run: one answer with these calls, then "over".
fs::path recorded(const RunFolders& folders, const ordered_json& calls) {
    std::string text = "{\"v\":1,\"type\":\"replay\"}\n";
    if (!calls.empty()) {
        const ordered_json answer = {
            {"type", "answer"}, {"content", calls}, {"stop_reason", "tool_use"}};
        text += answer.dump() + "\n";
    }
    const ordered_json over = {{"type", "answer"},
                               {"content", {{{"type", "text"}, {"text", "over"}}}},
                               {"stop_reason", "end_turn"}};
    return folders.home.write("replay.jsonl", text + over.dump() + "\n");
}

/// The text of a tool's result in an output of stream-json.
std::string result_of(const std::string& id, const CommandResult& ran) {
    std::istringstream lines(ran.output);
    for (std::string line; std::getline(lines, line);) {
        const Json event = Json::parse(line);
        if (string_or(event, "type") != "user") continue;
        for (const Json& block : event["message"]["content"]) {
            if (string_or(block, "tool_use_id") != id) continue;
            const Json& content = block["content"];
            return content.is_string() ? content.get<std::string>() : string_or(content[0], "text");
        }
    }
    return "(no result)";
}

CommandResult run_in(const RunFolders& folders, const fs::path& cwd,
                     std::vector<std::string> words) {
    words.insert(words.begin(), TENON_PROGRAM);
    Process process(words, folders.environment(), cwd);
    const auto exit = process.wait();
    return {exit.code, process.output, process.errors};
}

CommandResult run_replay(const RunFolders& folders, const fs::path& cwd, const fs::path& replay,
                         std::vector<std::string> more) {
    more.insert(more.end(),
                {"-p", "hi", "--replay", replay.string(), "--output-format", "stream-json"});
    return run_in(folders, cwd, std::move(more));
}

TEST(RenamedWorkspace, KeepsItsSessionAfterAYes) {
    const RunFolders folders;
    const auto replay = recorded(folders, ordered_json::array());
    const fs::path old = folders.home / "old", now = folders.home / "now";
    fs::create_directories(old);
    ASSERT_EQ(run_replay(folders, old, replay, {"--session", "s"}).code, 0);

    // While the old directory exists, the session stays with it, also with --yes.
    fs::create_directories(now);
    const CommandResult stays =
        run_replay(folders, now, replay, {"--session", "s", "--workspace", ".", "--yes"});
    EXPECT_EQ(stays.code, 2);
    EXPECT_NE(stays.errors.find("belongs to the workspace " + old.string()), std::string::npos)
        << stays.errors;

    fs::remove(old);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--session", "s"},
          std::vector<std::string>{"--session", "s", "--yes"},
          std::vector<std::string>{"--session", "s", "--workspace", "."}}) {
        const CommandResult refused = run_replay(folders, now, replay, words);
        EXPECT_EQ(refused.code, 2);
        EXPECT_NE(refused.errors.find(old.string()), std::string::npos) << refused.errors;
        EXPECT_NE(refused.errors.find("--session s --workspace " + now.string() + " --yes"),
                  std::string::npos)
            << refused.errors;
    }
    const CommandResult moved =
        run_replay(folders, now, replay, {"--session", "s", "--workspace", ".", "--yes"});
    EXPECT_EQ(moved.code, 0) << moved.errors;
    EXPECT_NE(moved.errors.find("session s was moved from " + old.string() + " to " + now.string()),
              std::string::npos)
        << moved.errors;
    EXPECT_NE(folders.home.read("state/sessions/s.jsonl").find("It is now: " + now.string()),
              std::string::npos);

    EXPECT_EQ(run_replay(folders, now, replay, {"--continue"}).code, 0);
    EXPECT_EQ(run_replay(folders, now, replay, {"--session", "s"}).code, 0);
    EXPECT_NE(run_in(folders, now, {"sessions", "list"}).output.find("s "), std::string::npos);
    const CommandResult shown = run_in(folders, now, {"sessions", "show", "s", "--json"});
    EXPECT_EQ(string_or(Json::parse(shown.output), "workspace"), now.string());
    // When the old directory is made again, it has no session.
    fs::create_directories(old);
    EXPECT_EQ(run_replay(folders, old, replay, {"--continue"}).code, 2);
    EXPECT_EQ(run_replay(folders, old, replay, {"--session", "s"}).code, 2);
}

TEST(RenamedWorkspace, IsAskedAboutOnATerminal) {
    const RunFolders folders;
    const auto replay = recorded(folders, ordered_json::array());
    const fs::path old = folders.home / "old", now = folders.home / "now";
    fs::create_directories(old);
    fs::create_directories(now);
    ASSERT_EQ(run_replay(folders, old, replay, {"--session", "s"}).code, 0);
    fs::remove(old);
    Environment environment = folders.environment();
    environment["TERM"] = "dumb";
    const std::vector<std::string> words = {TENON_PROGRAM, "--session", "s",
                                            "--workspace", ".",         "-p",
                                            "hi",          "--replay",  replay.string()};
    for (const bool yes : {false, true}) {
        Pty terminal(words, environment, now, {200, 24});
        ASSERT_TRUE(terminal.wait_for("Move it to " + now.string() + "? [y/n]"));
        terminal.send(yes ? "y\n" : "n\n");
        EXPECT_EQ(terminal.wait().code, yes ? 0 : 2);
    }
    EXPECT_EQ(run_replay(folders, now, replay, {"--session", "s"}).code, 0);
}

TEST(Tilde, IsTheHomeDirectoryOfACommandAndOfTheWorkspace) {
    const RunFolders folders;
    fs::create_directories(folders.home / "sub");
    fs::create_directories(folders.workspace() / "~");
    const auto replay = recorded(
        folders,
        ordered_json::array({tool_use("t1", "bash", {{"command", "pwd"}, {"cwd", "~"}}),
                             tool_use("t2", "bash", {{"command", "pwd"}, {"cwd", "~/sub"}}),
                             tool_use("t3", "bash", {{"command", "pwd"}, {"cwd", "./~"}})}));
    const CommandResult ran = run_replay(folders, folders.workspace(), replay, {"--yes"});
    ASSERT_EQ(ran.code, 0) << ran.errors;
    EXPECT_EQ(result_of("t1", ran), folders.home.path().string() + "\n");
    EXPECT_EQ(result_of("t2", ran), (folders.home / "sub").string() + "\n");
    EXPECT_EQ(result_of("t3", ran), (folders.workspace() / "~").string() + "\n");

    const auto plain = recorded(folders, ordered_json::array());
    const CommandResult there = run_replay(folders, "/", plain, {"--workspace", "~/sub"});
    EXPECT_EQ(there.code, 0) << there.errors;
    EXPECT_NE(there.output.find("\"cwd\":\"" + (folders.home / "sub").string() + "\""),
              std::string::npos);
    EXPECT_EQ(
        run_in(folders, folders.workspace(), {"jobs", "run", "--cwd", "~/sub", "--", "pwd"}).code,
        0);
    EXPECT_NE(run_in(folders, "/", {"jobs", "list", "--json"})
                  .output.find("\"cwd\":\"" + (folders.home / "sub").string() + "\""),
              std::string::npos);
}

TEST(WorkspaceThatIsNotUtf8, WorksLikeAnyOther) {
    const RunFolders folders;
    const fs::path here = folders.home / "caf\xE9", other = folders.home / "caf\xE8";
    const std::string text = "file://" + (folders.home / "caf").string() + "%E9";
    fs::create_directories(other);
    fs::create_directories(here / ".tenon");
    fs::create_directories(here / "skills/hello");
    std::ofstream(here / ".tenon/tenon.properties") << "agent.maxTurns=7\nlog.format=json\n";
    std::ofstream(here / "AGENTS.md") << "be brief\n";
    std::ofstream(here / "skills/hello/SKILL.md")
        << "---\nname: hello\ndescription: says hello\n---\nSay hello.\n";
    std::ofstream(here / "secret.txt") << "needle\n";

    EXPECT_EQ(run_in(folders, here, {"config", "trust", "--yes"}).code, 0);
    EXPECT_NE(run_in(folders, here, {"config", "show"}).output.find("tenon.properties:2"),
              std::string::npos);

    const auto replay = recorded(
        folders, ordered_json::array({tool_use("t1", "bash", {{"command", "echo here > made; ls"}}),
                                      tool_use("t2", "write_file",
                                               {{"path", "dir/new.txt"}, {"content", "needle\n"}}),
                                      tool_use("t3", "read_file", {{"path", "dir/new.txt"}}),
                                      tool_use("t4", "glob", {{"pattern", "**/*.txt"}}),
                                      tool_use("t5", "grep", {{"pattern", "needle"}}),
                                      tool_use("t6", "task_create", {{"subject", "a task"}}),
                                      tool_use("t7", "load_skill", {{"name", "hello"}})}));
    const CommandResult ran = run_replay(
        folders, here, replay, {"--yes", "--session", "s", "--deny", "Read(/secret.txt)"});
    ASSERT_EQ(ran.code, 0) << ran.errors;
    EXPECT_EQ(result_of("t1", ran), "AGENTS.md\nmade\nsecret.txt\nskills\n");
    EXPECT_NE(result_of("t2", ran).find("Wrote 7 bytes"), std::string::npos)
        << result_of("t2", ran);
    EXPECT_NE(result_of("t3", ran).find("needle"), std::string::npos) << result_of("t3", ran);
    EXPECT_NE(result_of("t4", ran).find("dir/new.txt"), std::string::npos) << result_of("t4", ran);
    EXPECT_NE(result_of("t5", ran).find("dir/new.txt"), std::string::npos) << result_of("t5", ran);
    EXPECT_EQ(result_of("t5", ran).find("secret.txt"), std::string::npos) << result_of("t5", ran);
    EXPECT_NE(result_of("t7", ran).find("Say hello."), std::string::npos) << result_of("t7", ran);
    EXPECT_TRUE(fs::exists(here / "made"));
    EXPECT_TRUE(fs::exists(here / "dir/new.txt"));
    EXPECT_TRUE(fs::exists(here / ".tasks/task_1.json")) << result_of("t6", ran);
    EXPECT_NE(folders.home.read("state/sessions/s.jsonl").find("be brief"), std::string::npos);
    EXPECT_NE(ran.output.find("\"cwd\":\"" + text + "\""), std::string::npos);
    EXPECT_EQ(
        string_or(Json::parse(run_in(folders, "/", {"sessions", "show", "s", "--json"}).output),
                  "workspace"),
        text);

    // Another path that only differs in a byte that is not UTF-8 is another workspace.
    const auto plain = recorded(folders, ordered_json::array());
    EXPECT_EQ(run_replay(folders, here, plain, {"--continue"}).code, 0);
    EXPECT_EQ(run_replay(folders, other, plain, {"--continue"}).code, 2);
    EXPECT_EQ(run_replay(folders, other, plain, {"--session", "s"}).code, 2);
    EXPECT_NE(run_in(folders, here, {"sessions", "list"}).output.find("s "), std::string::npos);
    EXPECT_NE(run_in(folders, here, {"tasks", "list"}).output.find("a task"), std::string::npos);

    const CommandResult job = run_in(folders, here, {"jobs", "run", "--", "pwd > job.txt"});
    ASSERT_EQ(job.code, 0) << job.errors;
    EXPECT_EQ(run_in(folders, here, {"jobs", "wait", job.output.substr(0, 8)}).code, 0);
    std::ifstream written(here / "job.txt");
    std::string line;
    std::getline(written, line);
    EXPECT_EQ(line, here.string());
}

TEST(TopDirectory, IsReadFromButRunsNothingWhereTheSandboxCannotProtectIt) {
    const RunFolders folders;
    folders.home.write(".config/tenon/tenon.properties", "sandbox.mode=workspace\n");
    const std::string problem = "the workspace / would let commands write everything";
    for (const std::vector<std::string>& words : {std::vector<std::string>{"config", "show"},
                                                  {"jobs", "list"},
                                                  {"sessions", "list"},
                                                  {"plugin", "list"},
                                                  {"plugin", "info", "bash"},
                                                  {"tasks", "list"}}) {
        SCOPED_TRACE(words[0] + " " + words[1]);
        const CommandResult ran = run_in(folders, "/", words);
        EXPECT_EQ(ran.code, 0) << ran.errors;
    }
    for (const char* verb : {"show", "logs", "cancel", "wait"}) {
        SCOPED_TRACE(verb);
        const CommandResult ran = run_in(folders, "/", {"jobs", verb, "00000000"});
        EXPECT_EQ(ran.code, 1) << "no such job";
        EXPECT_EQ(ran.errors.find(problem), std::string::npos) << ran.errors;
    }
    const std::string refusal =
        problem + "; go into a project's directory, or use --workspace DIR\n";
    const std::string file =
        (fs::path(TENON_PROGRAM).parent_path().parent_path() / "lib/tenon/plugins/file.so")
            .string();
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"config", "check"},
          {"tool", "glob", R"({"pattern":"*"})"},
          {"plugin", "call", file, "glob", R"({"pattern":"*"})"},
          {"jobs", "run", "--", "true"},
          {"-p", "hi"}}) {
        SCOPED_TRACE(words[0] + " " + words[1]);
        const CommandResult ran = run_in(folders, "/", words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_TRUE(ran.errors.ends_with(refusal)) << ran.errors;
    }
    EXPECT_NE(run_in(folders, "/", {"doctor"}).output.find(problem), std::string::npos);
    EXPECT_EQ(
        run_in(folders, "/",
               {"tool", "glob", R"({"pattern":"*"})", "--workspace", folders.workspace().string()})
            .code,
        0);
    Pty terminal({TENON_PROGRAM}, folders.environment(), "/");
    EXPECT_EQ(terminal.wait().code, 2) << "an interactive session";
}

}  // namespace
}  // namespace tenon::testing
