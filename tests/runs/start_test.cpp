#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"
#include "tests/support/pty.h"

/// How the real program starts when something is missing, and how it shows foreign text.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

/// Runs the program with `words` through a shell that does `before` first.
CommandResult run_after(const RunFolders& folders, const std::string& before,
                        const std::vector<std::string>& words, const Environment& more = {}) {
    std::vector<std::string> command = {"/bin/sh", "-c", before + "; exec \"$@\"", "sh",
                                        TENON_PROGRAM};
    command.insert(command.end(), words.begin(), words.end());
    Environment environment = folders.environment();
    for (const auto& [name, value] : more)
        environment[name] = value;
    Process process(command, environment, folders.workspace());
    const auto exit = process.wait();
    return {exit.code, process.output, process.errors};
}

/// A recorded run of one answer with this text.
fs::path one_answer(const RunFolders& folders, const std::string& text) {
    const Json answer = {{"type", "answer"},
                         {"content", {{{"type", "text"}, {"text", text}}}},
                         {"stop_reason", "end_turn"}};
    return folders.home.write("replay.jsonl",
                              "{\"v\":1,\"type\":\"replay\"}\n" + answer.dump() + "\n");
}

constexpr const char* kEnterRemovedDirectory = "mkdir gone && cd gone && rmdir ../gone";

TEST(Start, WithoutACurrentDirectoryWhatNeedsNoWorkspaceWorks) {
    const RunFolders folders;
    const std::vector<std::vector<std::string>> commands = {{"--version"},
                                                            {"--help"},
                                                            {"jobs", "list"},
                                                            {"jobs", "--help"},
                                                            {"config", "show"},
                                                            {"sessions", "list", "--all"},
                                                            {"jobs", "cancel", "--all"}};
    for (const auto& words : commands) {
        SCOPED_TRACE(words.front() + (words.size() > 1 ? " " + words[1] : ""));
        const CommandResult ran = run_after(folders, kEnterRemovedDirectory, words);
        EXPECT_EQ(ran.code, 0) << ran.errors;
    }
}

TEST(Start, WithoutACurrentDirectoryWhatNeedsOneSaysSoAndExitsTwo) {
    const RunFolders folders;
    const std::vector<std::vector<std::string>> commands = {{"-p", "hi", "--model", "m"},
                                                            {"sessions", "list"},
                                                            {"tasks", "list"},
                                                            {"jobs", "run", "--", "true"},
                                                            {"config", "trust", "--yes"},
                                                            {"--workspace", "x", "-p", "hi"}};
    for (const auto& words : commands) {
        SCOPED_TRACE(words.front() + " " + words[1]);
        const CommandResult ran = run_after(folders, kEnterRemovedDirectory, words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_NE(ran.errors.find("the current directory is gone"), std::string::npos)
            << ran.errors;
        EXPECT_TRUE(ran.errors.starts_with("tenon: ")) << ran.errors;
    }
}

TEST(Start, NeedsNeitherAHomeNorAnEntryInTheUserDatabase) {
    const RunFolders folders;
    const std::vector<Environment> surroundings = {
        {{"HOME", ""}},
        {{"HOME", "relative"}},
        {{"HOME", "/nonexistent/home"}},
        {{"TMPDIR", "/nonexistent/tmp"}},
        {{"XDG_CONFIG_HOME", "/dev/null"}, {"XDG_DATA_HOME", "/dev/null"}},
        {{"XDG_CONFIG_HOME", "relative"}, {"XDG_STATE_HOME", "relative"}}};
    for (const Environment& more : surroundings) {
        SCOPED_TRACE(more.begin()->first + "=" + more.begin()->second);
        EXPECT_EQ(run_after(folders, ":", {"--version"}, more).code, 0);
        const CommandResult ran = run_after(folders, ":", {"jobs", "list"}, more);
        EXPECT_EQ(ran.code, 0) << ran.errors;
    }
    const CommandResult ran = run_after(folders, ":", {"jobs", "list"},
                                        {{"TENON_STATE_DIR", ""}, {"XDG_STATE_HOME", "/dev/null"}});
    EXPECT_EQ(ran.code, 2);
    EXPECT_NE(ran.errors.find("TENON_STATE_DIR"), std::string::npos) << ran.errors;
}

TEST(Start, UsesNoStateDirectoryThatOthersMayWriteTo) {
    const RunFolders folders;
    fs::create_directories(folders.state());
    ASSERT_EQ(::chmod(folders.state().c_str(), 0777), 0);
    const std::vector<std::vector<std::string>> commands = {
        {"-p", "hi", "--model", "m"},  {"jobs", "list"},
        {"jobs", "run", "--", "true"}, {"sessions", "list"},
        {"sessions", "list", "--all"}, {"config", "trust", "--yes"}};
    for (const auto& words : commands) {
        SCOPED_TRACE(words.front() + " " + words[1]);
        const CommandResult ran = run_after(folders, ":", words, {{"ANTHROPIC_API_KEY", "k"}});
        EXPECT_EQ(ran.code, 2);
        EXPECT_NE(ran.errors.find("chmod 700"), std::string::npos) << ran.errors;
    }
    EXPECT_TRUE(fs::is_empty(folders.state()));
}

TEST(Start, MakesFilesForItsUserAloneWhateverTheUmaskIs) {
    const RunFolders folders;
    const auto replay = one_answer(folders, "done");
    const auto home = folders.home / "fresh";
    fs::create_directories(home);
    const CommandResult ran = run_after(
        folders, "umask 0",
        {"-p", "hi", "--replay", replay.string(), "-D", "log.file=" + (home / "log").string()},
        {{"HOME", home.string()}, {"TENON_STATE_DIR", ""}});
    ASSERT_EQ(ran.code, 0) << ran.errors;
    const CommandResult job = run_after(folders, "umask 0", {"jobs", "run", "--", "true"},
                                        {{"HOME", home.string()}, {"TENON_STATE_DIR", ""}});
    ASSERT_EQ(job.code, 0) << job.errors;
    std::size_t seen = 0;
    for (const auto& entry : fs::recursive_directory_iterator(home)) {
        struct stat info {};
        ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0077U, 0U) << entry.path();
        ++seen;
    }
    EXPECT_GT(seen, 8U);
}

TEST(Start, ADefineOverridesTheOptionOfTheSameKeyInARun) {
    const RunFolders folders;
    const auto replay = one_answer(folders, "done");
    const auto init = [&](std::vector<std::string> words) {
        words.insert(words.end(), {"-p", "hi", "--replay", replay.string(), "--session", "s",
                                   "--output-format", "stream-json"});
        const CommandResult ran = run_after(folders, ":", words);
        EXPECT_EQ(ran.code, 0) << ran.errors;
        return string_or(Json::parse(ran.output.substr(0, ran.output.find('\n'))), "model");
    };
    EXPECT_EQ(init({"--model", "by-option"}), "by-option");
    EXPECT_EQ(init({"--model", "by-option", "-D", "model.name=by-define"}), "by-define");
    EXPECT_EQ(init({}), "by-define");  // a session keeps its model
    EXPECT_EQ(init({"-D", "model.name=another"}), "another");

    const CommandResult ran = run_after(folders, ":",
                                        {"-p", "hi", "--replay", replay.string(), "-D",
                                         "model.provider=anthropic", "--model", "m"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_NE(ran.errors.find("--replay"), std::string::npos) << ran.errors;
}

/// OSC 52, a title, a C1 control, a direction mark.
const std::string kHostile =
    "a\x1b]52;c;aGk=\x07"
    "b\x1b]0;t\x1b\\c\xC2\x9B"
    "31md\xE2\x80\xAE"
    "e";

bool acts_on_a_terminal(const std::string& text) {
    return text.find_first_of("\x1b\x07") != std::string::npos ||
           text.find("\xC2\x9B") != std::string::npos ||
           text.find("\xE2\x80\xAE") != std::string::npos;
}

TEST(ForeignText, LosesWhatActsOnATerminalOnlyThere) {
    const RunFolders folders;
    const auto replay = one_answer(folders, kHostile);
    const std::vector<std::string> words = {TENON_PROGRAM, "-p", "hi", "--replay", replay.string()};
    Environment environment = folders.environment();
    environment["TERM"] = "xterm";
    for (const char* format : {"text", "json", "stream-json"}) {
        SCOPED_TRACE(format);
        std::vector<std::string> all = words;
        all.insert(all.end(), {"--output-format", format});
        Pty terminal(all, environment, folders.workspace());
        EXPECT_EQ(terminal.wait().code, 0);
        EXPECT_FALSE(acts_on_a_terminal(terminal.raw())) << terminal.raw();
        EXPECT_NE(terminal.raw().find('a'), std::string::npos);
    }
    Process pipe(words, folders.environment(), folders.workspace());
    EXPECT_EQ(pipe.wait().code, 0);
    EXPECT_EQ(pipe.output, kHostile + "\n");
}

TEST(ForeignText, OfSessionsShowsNothingThatActsOnATerminal) {
    const RunFolders folders;
    const auto replay = one_answer(folders, kHostile);
    ASSERT_EQ(
        run_after(folders, ":", {"-p", kHostile, "--session", "s", "--replay", replay.string()})
            .code,
        0);
    Environment environment = folders.environment();
    environment["TERM"] = "dumb";
    const std::vector<std::vector<std::string>> commands = {{"sessions", "list"},
                                                            {"sessions", "list", "--json"},
                                                            {"sessions", "show", "s"},
                                                            {"sessions", "show", "s", "--json"},
                                                            {"sessions", "export", "s"}};
    for (const auto& words : commands) {
        SCOPED_TRACE(words[1] + (words.size() > 2 ? " " + words[2] : ""));
        std::vector<std::string> command = {TENON_PROGRAM};
        command.insert(command.end(), words.begin(), words.end());
        Pty terminal(command, environment, folders.workspace());
        EXPECT_EQ(terminal.wait().code, 0);
        EXPECT_FALSE(acts_on_a_terminal(terminal.raw())) << terminal.raw();
    }
}

TEST(ForeignText, OnStandardErrorNeverActsOnATerminal) {
    const RunFolders folders;
    const fs::path hostile = folders.workspace() / kHostile;
    fs::create_directories(hostile / ".tenon");
    std::ofstream(hostile / ".tenon/tenon.properties") << "hooks." << kHostile << "=1\n";
    fs::create_symlink("/etc/hostname", hostile / "AGENTS.md");
    const auto replay = one_answer(folders, "done");
    Process pipe(
        {TENON_PROGRAM, "--workspace", hostile.string(), "-p", "hi", "--replay", replay.string()},
        folders.environment(), folders.workspace());
    EXPECT_EQ(pipe.wait().code, 0) << pipe.errors;
    EXPECT_NE(pipe.errors.find("hooks.a"), std::string::npos) << pipe.errors;
    EXPECT_NE(pipe.errors.find("AGENTS.md"), std::string::npos) << pipe.errors;
    EXPECT_FALSE(acts_on_a_terminal(pipe.errors)) << pipe.errors;
}

TEST(ForeignText, OfAnErrorBodyNeverActsOnATerminal) {
    Step refusal;
    refusal.status = 400;
    refusal.body = Json{{"type", "error"},
                        {"error", {{"type", "invalid_request_error"}, {"message", kHostile}}}}
                       .dump();
    ModelServer server({refusal});
    const RunFolders folders;
    Process pipe({TENON_PROGRAM, "-p", "hi"}, folders.environment(&server), folders.workspace());
    EXPECT_EQ(pipe.wait().code, 1);
    EXPECT_NE(pipe.errors.find("52;c"), std::string::npos) << pipe.errors;
    EXPECT_FALSE(acts_on_a_terminal(pipe.errors)) << pipe.errors;
}

}  // namespace
}  // namespace tenon::testing
