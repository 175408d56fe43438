#include "host/ui/redaction.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace tenon::ui {
namespace {

class RedactionTest : public ::testing::Test {
protected:
    RedactionTest() { secrets_.add("key-0123456789"); }

    std::string text_of(const agent::AgentEvent& event) {
        std::string text;
        for (const auto& shown : redaction_.redact(event)) {
            if (const auto* delta = std::get_if<agent::TextDelta>(&shown)) text += delta->text;
        }
        return text;
    }

    Secrets secrets_;
    Redaction redaction_{secrets_};
};

TEST_F(RedactionTest, FindsAKeyWhereverPiecesCutIt) {
    const std::string whole = "it is key-0123456789, you see; key-01";
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        SCOPED_TRACE(cut);
        std::string shown = text_of(agent::TextDelta{whole.substr(0, cut)});
        shown += text_of(agent::TextDelta{whole.substr(cut)});
        shown += text_of(agent::Answered{});
        EXPECT_EQ(shown, "it is [redacted], you see; key-01");
    }
}

TEST_F(RedactionTest, FindsAKeyInWhatAModelThinksWhereverPiecesCutIt) {
    const std::string whole = "it is key-0123456789, you see; key-01";
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        SCOPED_TRACE(cut);
        std::string thought, said;
        for (const agent::AgentEvent& event :
             {agent::AgentEvent(agent::ThinkingDelta{whole.substr(0, cut)}),
              agent::AgentEvent(agent::ThinkingDelta{whole.substr(cut)}),
              agent::AgentEvent(agent::TextDelta{"so"}), agent::AgentEvent(agent::Answered{})}) {
            for (const auto& shown : redaction_.redact(event)) {
                if (const auto* delta = std::get_if<agent::ThinkingDelta>(&shown)) {
                    EXPECT_EQ(said, "") << "in their order";
                    thought += delta->text;
                }
                if (const auto* delta = std::get_if<agent::TextDelta>(&shown)) said += delta->text;
            }
        }
        EXPECT_EQ(thought, "it is [redacted], you see; key-01");
        EXPECT_EQ(said, "so");
    }
}

TEST_F(RedactionTest, ForgetsWhatWaitsOfAnAnswerThatWasGivenUp) {
    (void)text_of(agent::TextDelta{"key-01"});
    (void)redaction_.redact(agent::RetryScheduled{});
    EXPECT_EQ(text_of(agent::TextDelta{"again"}), "again");
    (void)text_of(agent::TextDelta{"key-01"});
    redaction_.forget_unfinished();
    EXPECT_EQ(text_of(agent::TextDelta{"again"}), "again");
}

TEST_F(RedactionTest, ShowsTheEndOfAnAnswerThatWasCutOffWithoutTheBeginningOfAKey) {
    for (const auto& [end, rest] : {std::pair("k", "k"), std::pair("key-01", "[redacted]")}) {
        SCOPED_TRACE(end);
        EXPECT_EQ(text_of(agent::TextDelta{"so " + std::string(end)}), "so ");
        const auto shown = redaction_.take_unfinished();
        ASSERT_EQ(shown.size(), 1U);
        EXPECT_EQ(std::get<agent::TextDelta>(shown[0]).text, rest);
        EXPECT_EQ(text_of(agent::TextDelta{"again"}), "again");
    }
}

TEST_F(RedactionTest, TakesKeysOutOfCallsAlsoOfSubagents) {
    const agent::ToolStarted started{{"t1", "bash", {{"command", "echo key-0123456789"}}, {}}};
    const auto direct = redaction_.redact(started);
    EXPECT_EQ(std::get<agent::ToolStarted>(direct.at(0)).call.input["command"], "echo [redacted]");
    const auto nested = redaction_.redact(
        agent::SubagentEvent{"t0", "on key-0123456789", agent::EventOr<>(started)});
    const auto& event = std::get<agent::SubagentEvent>(nested.at(0));
    EXPECT_EQ(event.title, "on [redacted]");
    EXPECT_EQ(std::get<agent::ToolStarted>(event.event).call.input["command"], "echo [redacted]");
}

TEST(FanOut, RedactsWhatSubagentsTellToo) {
    Secrets secrets;
    secrets.add("sk-secret-1");
    testing::EventLog log;
    FanOut fan_out(secrets);
    fan_out.add(log);
    fan_out.on_event(agent::Notice{"key sk-secret-1"});
    fan_out.on_event(agent::SubagentEvent{"t1", "use sk-secret-1", agent::Notice{"sk-secret-1!"}});
    fan_out.on_event(agent::SubagentEvent{
        "t1", "x", agent::RetryScheduled{1, 2, std::chrono::milliseconds(1), 0, "sk-secret-1?"}});
    EXPECT_EQ(log.all<agent::Notice>().at(0).text, "key [redacted]");
    const auto events = log.all<agent::SubagentEvent>();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].title, "use [redacted]");
    EXPECT_EQ(std::get<agent::Notice>(events[0].event).text, "[redacted]!");
    EXPECT_EQ(std::get<agent::RetryScheduled>(events[1].event).reason, "[redacted]?");
}

}  // namespace
}  // namespace tenon::ui
