#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/sandbox.h"

/// Every file of JSON that the program reads, in turn with everything a JSON library can object to.
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
        return {arguments, sandbox.environment(&server), sandbox.workspace()};
    }
    /// Its exit code, which says that it has not crashed; -1 for a signal.
    int run(const std::vector<std::string>& arguments) {
        Process tenon = start(arguments);
        const int code = tenon.wait().code;
        errors = tenon.errors;
        return code;
    }
    /// Files that exist after a run and `config trust`.
    void prepare() {
        sandbox.home.write("w/.tenon/tenon.properties", "log.level=warning\n");
        ASSERT_EQ(run({"config", "trust", "--yes"}), 0) << errors;
        ASSERT_EQ(run({"-p", "go", "--session", "s1"}), 0) << errors;
    }
    /// The files, by what they are.
    [[nodiscard]] std::map<std::string, fs::path> files() const {
        std::map<std::string, fs::path> found = {
            {"a job", sandbox.state() / "jobs/deadbeef/job.json"},
            {"a task", sandbox.workspace() / ".tasks/task_1.json"},
            {"the state of a plugin", sandbox.state() / "plugin-state/task.json"},
            {"the state of a plugin in a session",
             sandbox.state() / "sessions/s1/plugin-state/task.json"},
            {"windows", sandbox.state() / "windows.json"}};
        for (const auto& entry : fs::directory_iterator(sandbox.state() / "trust"))
            found["trust"] = entry.path();
        return found;
    }

    Sandbox sandbox;
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
        for (const std::vector<std::string>& command :
             {std::vector<std::string>{"jobs", "list"},
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

TEST_F(HostileJson, InALineOfAJournalCostsThatLineOnly) {
    prepare();
    const fs::path journal = sandbox.state() / "sessions/s1.jsonl";
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
    sandbox.home.write("run.jsonl",
                       "{\"v\":1,\"type\":\"replay\"}\n"
                       R"({"type":"answer","content":"x","usage":{"input_tokens":1e999}})"
                       "\n");
    EXPECT_EQ(run({"-p", "x", "--replay", (sandbox.home / "run.jsonl").string()}), 2) << errors;
    EXPECT_NE(errors.find("run.jsonl:2: number overflow parsing '1e999'"), std::string::npos)
        << errors;
}

}  // namespace
}  // namespace tenon::testing
