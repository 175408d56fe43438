#include "host/session/subagent_task.h"

#include <gtest/gtest.h>

namespace tenon::session {
namespace {

TEST(SubagentTask, ReadsEveryParameter) {
    const auto task = read_subagent_task(
        Json::parse(R"({"prompt":"look","description":" a look\nand more","system":"s","model":"m",
                        "tools":["bash"],"disallowed_tools":["grep"],"max_turns":3})"));
    ASSERT_TRUE(task) << task.error().message;
    EXPECT_EQ(task->prompt, "look");
    EXPECT_EQ(task->title, "a look");
    EXPECT_EQ(task->system, "s");
    EXPECT_EQ(task->model, "m");
    EXPECT_EQ(task->tools, std::vector<std::string>{"bash"});
    EXPECT_EQ(task->disallowed_tools, std::vector<std::string>{"grep"});
    EXPECT_EQ(task->max_turns, 3);
}

TEST(SubagentTask, NeedsOnlyAPrompt) {
    const auto task = read_subagent_task(
        Json::parse(R"({"prompt":"\n  first line\nsecond","tools":null,"model":null})"));
    ASSERT_TRUE(task) << task.error().message;
    EXPECT_EQ(task->title, "first line");
    EXPECT_FALSE(task->tools);
    EXPECT_FALSE(task->max_turns);
}

TEST(SubagentTask, NamesTheParameterThatIsWrong) {
    for (const auto& [params, why] : std::vector<std::pair<const char*, const char*>>{
             {R"({})", "prompt is missing or blank"},
             {R"({"prompt":" \n"})", "prompt is missing or blank"},
             {R"({"prompt":7})", "prompt is no text"},
             {R"({"prompt":"x","model":["m"]})", "model is no text"},
             {R"({"prompt":"x","tools":"bash"})", "tools is no list of tool names"},
             {R"({"prompt":"x","disallowed_tools":[1]})", "disallowed_tools is no list"},
             {R"({"prompt":"x","max_turns":0})", "max_turns is no integer from 1 on"},
             {R"({"prompt":"x","max_turns":1.5})", "max_turns is no integer from 1 on"}}) {
        SCOPED_TRACE(params);
        const auto task = read_subagent_task(Json::parse(params));
        ASSERT_FALSE(task);
        EXPECT_NE(task.error().message.find(why), std::string::npos) << task.error().message;
    }
}

}  // namespace
}  // namespace tenon::session
