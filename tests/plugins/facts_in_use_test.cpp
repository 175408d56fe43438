// A tool of a third-party plugin. Its facts decide how its calls are shown and judged.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/permission/gate.h"
#include "host/ui/tool_line.h"
#include "host/ui/tool_output.h"
#include "tests/plugins/workbench.h"

namespace tenon::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FactsInUse : public ::testing::Test {
protected:
    FactsInUse() {
        bench_.put("rename", "rename");
        bench_.open();
        fs_.write("w/a.c", "foo\n");
    }
    [[nodiscard]] const agent::ToolSpec& spec() { return bench_.registry.find("rename")->spec(); }

    /// The verdict with these rules, when nobody can be asked.
    agent::Gate::Verdict judged(const Json& input, const std::vector<std::string>& deny,
                                const std::vector<std::string>& allow) {
        permission::Config config;
        config.workspace = fs_ / "w";
        for (const std::string& rule : deny)
            config.deny.push_back({rule, "a test", {}});
        for (const std::string& rule : allow)
            config.allow.push_back({rule, "a test", {}});
        permission::RuleGate gate(std::move(config));
        return gate.judge(spec(), {"t", "rename", input, {}}, {});
    }

    testing::Workbench bench_;
    tenon::testing::TempDir fs_;
    const Json kInput = {{"file", "src/a.c"}, {"old", "foo"}, {"new", "bar"}, {"then", "make"}};
};

TEST_F(FactsInUse, ShowTheResultAsADiff) {
    ASSERT_TRUE(bench_.problems.empty()) << bench_.problems[0].reason;
    const agent::ToolResult result = bench_.call("rename", kInput);
    const agent::ToolFinished call{{"t", "rename", kInput, {}}, result, {}, false, spec().facts};
    EXPECT_EQ(ui::finished_tool_line(call, 80, ui::Style::kPlain),
              "● rename src/a.c: foo -> bar (+1 -1)");
    EXPECT_THAT(ui::tool_output(call, {80, ui::Style::kPlain}).lines,
                ElementsAre("  @@ -1 +1 @@", "  -foo", "  +bar"));
    EXPECT_THAT(ui::tool_output(call, {80, ui::Style::kColour}).lines,
                ElementsAre("  \x1b[2m@@ -1 +1 @@\x1b[0m", "  \x1b[31m-foo\x1b[0m",
                            "  \x1b[32m+bar\x1b[0m"));
    EXPECT_FALSE(spec().facts.for_subagents);
}

TEST_F(FactsInUse, LetDenyRulesJudgeItsFileAndItsCommand) {
    const std::vector<std::string> by_name = {"rename"};
    EXPECT_TRUE(judged(kInput, {}, by_name).allowed);
    EXPECT_TRUE(judged(kInput, {"Edit(docs/**)", "Bash(npm *)"}, by_name).allowed);
    const auto edit = judged(kInput, {"Edit(src/**)"}, by_name);
    EXPECT_FALSE(edit.allowed);
    EXPECT_THAT(edit.reason, HasSubstr("wants to write src/a.c, which is denied by the rule "
                                       "Edit(src/**) (a test)"));
    EXPECT_FALSE(judged(kInput, {"Bash(make)"}, by_name).allowed);
    Json dangerous = kInput;
    dangerous["then"] = "sudo make";
    EXPECT_FALSE(judged(dangerous, {}, by_name).allowed) << "the built-in deny list";
}

TEST_F(FactsInUse, NeverSpareAQuestion) {
    const auto verdict = judged(kInput, {}, {"Edit", "Bash", "Read"});
    EXPECT_FALSE(verdict.allowed);
    EXPECT_THAT(verdict.reason, HasSubstr("--allow 'rename'"));
}

TEST_F(FactsInUse, LetABareDenyRuleRemoveTheTool) {
    for (const char* rule : {"Edit", "Bash", "rename"}) {
        permission::Config config;
        config.workspace = fs_ / "w";
        config.deny.push_back({rule, "a test", {}});
        EXPECT_TRUE(permission::RuleGate(std::move(config)).removes(spec())) << rule;
    }
}

}  // namespace
}  // namespace tenon::plugins
