#include "host/plugins/tool_facts.h"

#include "tests/plugins/built_plugin.h"
#include "tests/support/tool_facts.h"

namespace tenon::plugins {
namespace {

const Json kSchema = {{"type", "object"},
                      {"properties", {{"path", Json::object()}, {"line", Json::object()}}}};

TEST(ToolFacts, AreRead) {
    const auto facts = read_facts(
        R"({"subject":"{path}","command":"line","directory":"path","reads":["path"],"writes":[],)"
        R"("result":"diff","for_subagents":false,"no_question":true,"rules":"Skill",)"
        R"("rule_name":"path","recovered":"start","from_a_newer_sdk":[1]})",
        kSchema, true);
    ASSERT_TRUE(facts) << facts.error().message;
    agent::ToolFacts expected;
    expected.subject = "{path}";
    expected.command = "line";
    expected.directory = "path";
    expected.reads = {"path"};
    expected.result = agent::ResultView::kDiff;
    expected.for_subagents = false;
    expected.no_question = true;
    expected.rules = agent::NameRules::kSkill;
    expected.rule_name = "path";
    expected.recovered = agent::RecoveredAnswer::kJobStart;
    EXPECT_EQ(*facts, expected);
    EXPECT_EQ(*read_facts("", kSchema, true), agent::ToolFacts{});
}

TEST(ToolFacts, OfAThirdPartyPluginNeverSpareAQuestion) {
    const auto facts = read_facts(
        R"({"command":"line","no_question":true,"conversation_only":true,"rules":"Agent",)"
        R"("rule_name":"path"})",
        kSchema, false);
    ASSERT_TRUE(facts) << facts.error().message;
    agent::ToolFacts expected;
    expected.command = "line";
    EXPECT_EQ(*facts, expected);
}

TEST(ToolFacts, AreRefusedWithTheReason) {
    const std::pair<const char*, const char*> cases[] = {
        {"[]", "they are not a JSON object"},
        {R"({"subject":1})", "'subject' is not a string"},
        {R"({"writes":"path"})", "'writes' is not a list of arguments"},
        {R"({"reads":[1]})", "'reads' is not a list of arguments"},
        {R"({"writes":["pth"]})", "'writes' names \"pth\", which the input schema does not have"},
        {R"({"result":"film"})", "'result' is unknown: \"film\""},
        {R"({"for_subagents":0})", "'for_subagents' is neither true nor false"}};
    for (const auto& [json, why] : cases) {
        const auto facts = read_facts(json, kSchema, true);
        ASSERT_FALSE(facts) << json;
        EXPECT_EQ(facts.error().message, why);
    }
    EXPECT_FALSE(read_facts("{", kSchema, true));
    EXPECT_FALSE(read_facts(std::string(5000, ' '), kSchema, true));
}

/// Other tests judge and show calls by tests/support/tool_facts.h.
TEST(ToolFacts, OfTenonsToolsAreThoseThatOtherTestsUse) {
    const Services services;
    for (const char* id : {"bash", "file", "subagent", "task"}) {
        const testing::BuiltPlugin plugin(id, services);
        for (const agent::ToolSpec* tool : plugin.registry.specs()) {
            EXPECT_EQ(tool->facts, tenon::testing::facts_of(tool->name)) << tool->name;
        }
    }
}

}  // namespace
}  // namespace tenon::plugins
