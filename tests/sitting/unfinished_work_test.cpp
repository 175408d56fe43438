#include "host/sitting/unfinished_work.h"

#include <gtest/gtest.h>

#include "host/agent/wire.h"

namespace tenon::sitting {
namespace {

agent::ToolFacts checklist_facts() {
    agent::ToolFacts facts;
    facts.result = agent::ResultView::kChecklist;
    facts.items = "steps";
    return facts;
}

agent::ToolFinished list_call(const std::string& first, const std::string& second) {
    const Json items = {{{"id", "1"}, {"text", "read"}, {"status", first}},
                        {{"id", "2"}, {"text", "write"}, {"status", second}}};
    return {
        {"t1", "plan_it", {{"steps", items}}, {}}, {"ok", false, {}}, {}, false, checklist_facts()};
}

/// "read write>": done ones are left out, `>` marks the current one.
std::string todos_of(const std::vector<Unfinished::Todo>& todos) {
    std::string text;
    for (const auto& todo : todos) {
        if (!todo.is_done) text += todo.text + (todo.is_current ? "> " : " ");
    }
    return text;
}

TEST(UnfinishedWork, HasTheLastChecklistUntilAllIsCompleted) {
    UnfinishedWork unfinished;
    unfinished.on_event(list_call("in_progress", "pending"), 0);
    EXPECT_EQ(todos_of(unfinished.work().todos), "read> write ");
    agent::ToolFinished refused = list_call("completed", "completed");
    refused.result.is_error = true;
    unfinished.on_event(refused, 0);
    EXPECT_EQ(todos_of(unfinished.work().todos), "read> write ");
    unfinished.on_event(agent::SubagentEvent{"t9", "Sub", list_call("pending", "pending")}, 0);
    EXPECT_EQ(todos_of(unfinished.work().todos), "read> write ") << "a subagent's is its own";
    unfinished.on_event(list_call("completed", "in_progress"), 0);
    EXPECT_EQ(todos_of(unfinished.work().todos), "write> ");
    EXPECT_TRUE(leaves_open_checklist(list_call("completed", "in_progress")));
    EXPECT_FALSE(leaves_open_checklist(list_call("completed", "completed")));
    unfinished.on_event(list_call("completed", "completed"), 0);
    EXPECT_TRUE(unfinished.work().todos.empty());
}

TEST(UnfinishedWork, HasSubagentsWithTheirTokensUntilTheirCallEnds) {
    UnfinishedWork unfinished;
    unfinished.on_event(agent::SubagentEvent{"t1", "Find x", agent::PromptDelivered{"go"}}, 1000);
    const Json usage = {{"input_tokens", 100},
                        {"cache_read_input_tokens", 20},
                        {"cache_creation_input_tokens", 3},
                        {"output_tokens", 4000}};
    unfinished.on_event(agent::SubagentEvent{"t1", "Find x", agent::Answered{{{"usage", usage}}}},
                        5000);
    unfinished.on_event(agent::SubagentEvent{"t2", "Find y", agent::PromptDelivered{"go"}}, 2000);
    ASSERT_EQ(unfinished.work().subagents.size(), 2U);
    EXPECT_EQ(unfinished.work().subagents[0].title, "Find x");
    EXPECT_EQ(unfinished.work().subagents[0].since_ms, 1000);
    EXPECT_EQ(unfinished.work().subagents[0].tokens, 4123);
    unfinished.on_event(agent::ToolFinished{{"t1", "agent", {}, {}}, {}, {}, false, {}}, 0);
    ASSERT_EQ(unfinished.work().subagents.size(), 1U);
    EXPECT_EQ(unfinished.work().subagents[0].title, "Find y");
    unfinished.turn_ended();
    EXPECT_TRUE(unfinished.work().subagents.empty());
}

TEST(UnfinishedWork, HasJobsFromTheirStartToTheirEnd) {
    UnfinishedWork unfinished;
    unfinished.on_event(agent::JobChanged{"0000000a", "queued", "a", {}}, 1000);
    EXPECT_TRUE(unfinished.work().jobs.empty());
    unfinished.on_event(agent::JobChanged{"0000000a", "running", "a", {}, "", 900}, 1000);
    unfinished.on_event(agent::JobChanged{"0000000b", "running", "b", {}, "web"}, 1000);
    ASSERT_EQ(unfinished.work().jobs.size(), 2U);
    EXPECT_EQ(unfinished.work().jobs[0].what, "a");
    EXPECT_EQ(unfinished.work().jobs[0].since_ms, 900);
    EXPECT_EQ(unfinished.work().jobs[1].what, "web");
    EXPECT_EQ(unfinished.work().jobs[1].since_ms, 1000);
    for (const char* end : {"completed", "error", "timeout", "cancelled", "lost"}) {
        SCOPED_TRACE(end);
        unfinished.on_event(agent::JobChanged{"0000000c", "running", "c", {}}, 0);
        unfinished.on_event(agent::JobChanged{"0000000c", end, "c", {}}, 0);
        EXPECT_EQ(unfinished.work().jobs.size(), 2U);
    }
}

TEST(UnfinishedWork, FindsTheChecklistOfARecordedConversation) {
    const auto message = [](agent::Role role, const std::vector<std::string>& blocks) {
        agent::Message made = agent::empty_message(role);
        for (const std::string& block : blocks)
            agent::append_block(made, block);
        return made;
    };
    const auto call = [&](const std::string& id, const std::string& status) {
        const Json items = {{{"id", "1"}, {"text", status}, {"status", status}}};
        const Json other = {{"type", "tool_use"}, {"id", "x"}, {"name", "do_it"}, {"input", {}}};
        const Json block = {
            {"type", "tool_use"}, {"id", id}, {"name", "plan_it"}, {"input", {{"steps", items}}}};
        return message(agent::Role::kAssistant,
                       {R"({"type":"text","text":"tool_use"})", other.dump(), block.dump()});
    };
    const auto result = [&](const std::string& id, bool is_error) {
        return message(agent::Role::kUser, {agent::tool_result_block("x", {"", false, {}}),
                                            agent::tool_result_block(id, {"", is_error, {}})});
    };
    const auto facts_of = [](const std::string& name) {
        return name == "plan_it" ? checklist_facts() : agent::ToolFacts{};
    };
    std::vector<agent::Message> messages;
    EXPECT_TRUE(open_checklist(messages, facts_of).empty());
    messages = {call("a", "pending"), result("a", false), call("b", "in_progress"),
                result("b", true), call("c", "pending")};
    EXPECT_EQ(todos_of(open_checklist(messages, facts_of)), "pending ");
    messages.push_back(result("c", false));
    messages.push_back(call("d", "completed"));
    messages.push_back(result("d", false));
    EXPECT_TRUE(open_checklist(messages, facts_of).empty());
    // An endpoint may escape any character.
    messages.push_back(message(
        agent::Role::kAssistant,
        {R"({"type":"tool\u005fuse","id":"e","name":"plan\u005fit","input":{"steps":[{"text":"x"}]}})"}));
    messages.push_back(result("e", false));
    EXPECT_EQ(todos_of(open_checklist(messages, facts_of)), "x ");
}

}  // namespace
}  // namespace tenon::sitting
