#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"

/// Each JSON file that the program reads, with each kind of text that a JSON library may reject.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
    std::stringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    return all.str();
}

const std::vector<std::string>& hostile_texts() {
    static const std::vector<std::string> texts = {
        "1e999",
        R"({"v":1e999})",
        R"({"v":1,"id":1e999,"windows":1e999,"values":{"todos":1e999},"agents":1e999})",
        R"({"v":18446744073709551615})",
        R"({"v":1,"values":[],"windows":[[]],"agents":[],"id":[],"session":7})",
        "[]",
        "null",
        "\"text\"",
        "",
        "{",
        "\xFF\xFE{}",
        std::string(64, '\0'),
        std::string(100'000, '['),
    };
    return texts;
}

class HostileJson : public ::testing::Test {
protected:
    Process start(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), TENON_PROGRAM);
        return {arguments, folders.environment(&server), folders.workspace()};
    }
    /// The exit code; -1 when a signal ended the program.
    int run(const std::vector<std::string>& arguments) {
        Process tenon = start(arguments);
        const int code = tenon.wait().code;
        errors = tenon.errors;
        return code;
    }
    /// Files that exist after a run and `config trust`.
    void prepare() {
        folders.home.write("w/.tenon/tenon.properties", "log.level=warning\n");
        ASSERT_EQ(run({"config", "trust", "--yes"}), 0) << errors;
        ASSERT_EQ(run({"-p", "go", "--session", "s1"}), 0) << errors;
    }
    /// Each JSON file by what it holds.
    [[nodiscard]] std::map<std::string, fs::path> files() const {
        std::map<std::string, fs::path> found = {
            {"a job", folders.state() / "jobs/deadbeef/job.json"},
            {"a task", folders.workspace() / ".tasks/task_1.json"},
            {"the state of a plugin", folders.state() / "plugin-state/task.json"},
            {"the state of a plugin in a session",
             folders.state() / "sessions/s1/plugin-state/task.json"},
            {"windows", folders.state() / "windows.json"}};
        for (const auto& entry : fs::directory_iterator(folders.state() / "trust"))
            found["trust"] = entry.path();
        return found;
    }

    RunFolders folders;
    ModelServer server{R"([{"content":"done","repeat":0}])"};
    std::string errors;
};

TEST_F(HostileJson, InAFileKeepsNoHostFromStartingAndTheFileIsLeftAlone) {
    prepare();
    const auto found = files();
    ASSERT_EQ(found.size(), 6U);
    for (const std::string& text : hostile_texts()) {
        SCOPED_TRACE(text.substr(0, 80));
        for (const auto& [what, path] : found) {
            fs::create_directories(path.parent_path());
            std::ofstream(path, std::ios::binary) << text;
        }
        EXPECT_EQ(run({"-p", "more", "--session", "s1"}), 0) << errors;
        for (const auto& [what, path] : found)
            EXPECT_EQ(bytes_of(path), text) << what;
        for (const std::vector<std::string>& command : {std::vector<std::string>{"jobs", "list"},
                                                        {"jobs", "list", "--json"},
                                                        {"tasks", "list"},
                                                        {"config", "show"},
                                                        {"sessions", "list"}}) {
            SCOPED_TRACE(command[0] + " " + command[1]);
            const int code = run(command);
            EXPECT_TRUE(code >= 0 && code <= 2) << code << ": " << errors;
        }
    }
}

TEST_F(HostileJson, InALineOfAJournalLosesThatLineOnly) {
    prepare();
    const fs::path journal = folders.state() / "sessions/s1.jsonl";
    for (const std::string& text : hostile_texts()) {
        SCOPED_TRACE(text.substr(0, 80));
        const std::string before = bytes_of(journal);
        std::ofstream(journal, std::ios::binary | std::ios::app) << text << "\n";
        EXPECT_EQ(run({"-p", "more", "--session", "s1"}), 0) << errors;
        EXPECT_EQ(bytes_of(journal).substr(0, before.size()), before);
    }
    EXPECT_EQ(run({"sessions", "show", "s1"}), 0) << errors;
    EXPECT_EQ(run({"sessions", "export", "s1"}), 0) << errors;
}

TEST_F(HostileJson, InARecordedRunIsAnErrorThatNamesTheLine) {
    folders.home.write("run.jsonl",
                       "{\"v\":1,\"type\":\"replay\"}\n"
                       R"({"type":"answer","content":"x","usage":{"input_tokens":1e999}})"
                       "\n");
    EXPECT_EQ(run({"-p", "x", "--replay", (folders.home / "run.jsonl").string()}), 2) << errors;
    EXPECT_NE(errors.find("run.jsonl:2: number overflow parsing '1e999'"), std::string::npos)
        << errors;
}

}  // namespace
}  // namespace tenon::testing
