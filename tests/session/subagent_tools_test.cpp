#include "host/session/subagent_task.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"
#include "tests/support/tool_facts.h"

namespace tenon::session {
namespace {

class SubagentToolsTest : public ::testing::Test {
protected:
    SubagentToolsTest() {
        for (const char* name :
             {"agent", "background_cancel", "background_check", "background_run", "background_wait",
              "bash", "compact", "grep", "task_create", "task_list", "task_update", "todo"})
            all.add(name, true, {}, false, testing::facts_of(name));
    }
    std::string names(const SubagentTask& task) {
        auto tools = SubagentTools::select(
            all, task, [this](const agent::ToolSpec& tool) { return tool.name == withheld; });
        if (!tools) return tools.error().message;
        std::string out;
        for (const agent::ToolSpec* tool : tools->specs()) {
            EXPECT_EQ(tools->find(tool->name), all.find(tool->name));
            out += (out.empty() ? "" : " ") + tool->name;
        }
        for (const agent::ToolSpec* tool : all.specs()) {
            if ((" " + out + " ").find(" " + tool->name + " ") == std::string::npos) {
                EXPECT_EQ(tools->find(tool->name), nullptr) << tool->name;
            }
        }
        return out;
    }
    testing::FakeToolbox all;
    std::string withheld;
};

TEST_F(SubagentToolsTest, AreAllThatToolsStateAsUsableBySubagents) {
    EXPECT_EQ(names({}), "bash grep task_list");
}

TEST_F(SubagentToolsTest, AreOnlyTheNamedOnesIfTheTaskNamesTools) {
    SubagentTask task;
    task.tools = {"grep", "todo", "bash"};
    EXPECT_EQ(names(task), "bash grep");
    task.disallowed_tools = {"bash", "nobody_has_this"};
    EXPECT_EQ(names(task), "grep");
    task.tools = std::vector<std::string>{};
    EXPECT_EQ(names(task), "");
}

TEST_F(SubagentToolsTest, LackWhatTheCallerWithholds) {
    withheld = "bash";
    EXPECT_EQ(names({}), "grep task_list");
}

TEST_F(SubagentToolsTest, CannotBeNamedIfTheyDoNotExist) {
    SubagentTask task;
    task.tools = {"grep", "Bash", "nothing"};
    EXPECT_EQ(names(task),
              "unknown tools: Bash, nothing. Tools for subagents: bash, grep, task_list");
}

}  // namespace
}  // namespace tenon::session
