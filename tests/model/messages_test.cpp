#include "host/model/messages.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/wire_formats.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

std::string body_of(const agent::Request& request,
                    const ServerTraits& traits = ServerTraits({Part::kCacheMarks,
                                                               Part::kSentReasoning})) {
    const RequestText pieces = MessagesFormat("v").body(request, traits);
    std::string body;
    for (const auto piece : pieces.pieces())
        body += piece;
    return body;
}

/// The positions of the marks: "s" system, "t<tool>", "<message>.<block>".
std::vector<std::string> marks_of(const agent::Request& request) {
    const Json body = Json::parse(body_of(request));
    std::vector<std::string> marks;
    for (std::size_t i = 0; i < body.value("tools", Json::array()).size(); ++i) {
        if (body["tools"][i].contains("cache_control")) marks.push_back("t" + std::to_string(i));
    }
    for (const Json& block : body.value("system", Json::array())) {
        if (block.contains("cache_control")) marks.emplace_back("s");
    }
    for (std::size_t m = 0; m < body["messages"].size(); ++m) {
        const Json& content = body["messages"][m]["content"];
        for (std::size_t b = 0; b < content.size(); ++b) {
            if (!content[b].contains("cache_control")) continue;
            EXPECT_EQ(content[b]["cache_control"], (Json{{"type", "ephemeral"}}));
            marks.push_back(std::to_string(m) + "." + std::to_string(b));
        }
    }
    return marks;
}

const std::string kThought = R"([{"type":"thinking","thinking":"","signature":"s"}])";

TEST(MessagesBody, HasItsFieldsInAStableOrder) {
    const Talk talk;
    EXPECT_EQ(
        body_of(talk.request()),
        R"({"model":"claude-test","max_tokens":8192,"stream":true,)"
        R"("system":[{"type":"text","text":"You are terse.","cache_control":{"type":"ephemeral"}}],)"
        R"("tools":[{"name":"bash","description":"Runs","input_schema":{"type":"object"}}],)"
        R"("messages":[{"role":"user","content":[{"type":"text","text":"hello",)"
        R"("cache_control":{"type":"ephemeral"}}]}]})");
}

TEST(MessagesBody, AsksForAnAnswerThatFitsASchemaWhileTheServerTakesThat) {
    const Talk talk;
    auto request = talk.request();
    request.answer_schema = R"({"type":"array"})";
    const MessagesFormat format("v");
    ServerTraits traits({Part::kAnswerSchema});
    const auto body = [&] {
        std::string text;
        const RequestText pieces = format.body(request, traits);
        for (const auto piece : pieces.pieces())
            text += piece;
        return Json::parse(text);
    };
    EXPECT_EQ(body()["output_config"],
              Json::parse(R"({"format":{"type":"json_schema","schema":{"type":"array"}}})"));
    for (const char* refusal :
         {"output_config: extra inputs are not permitted",
          "output_config.format.schema: for 'integer' type, property 'minimum' is not supported",
          "structured outputs are not supported for this model"}) {
        SCOPED_TRACE(refusal);
        EXPECT_EQ(traits.named_in(refusal, format.refusable(), traits), Part::kAnswerSchema);
    }
    EXPECT_TRUE(traits.change(Part::kAnswerSchema, true));
    EXPECT_FALSE(body().contains("output_config"));
}

TEST(MessagesBody, LeavesOutEmptyFields) {
    Talk talk;
    talk.system = " \n";
    talk.tools = "[]";
    auto request = talk.request();
    request.forbid_tools = true;
    const Json body = Json::parse(body_of(request));
    for (const char* key : {"system", "tools", "tool_choice"})
        EXPECT_FALSE(body.contains(key)) << key;
}

TEST(MessagesBody, ForbidsToolsWithoutRemovingThem) {
    const Talk talk;
    auto request = talk.request();
    request.forbid_tools = true;
    const Json body = Json::parse(body_of(request));
    EXPECT_EQ(body["tool_choice"], (Json{{"type", "none"}}));
    EXPECT_EQ(body["tools"].size(), 1U);
}

TEST(MessagesBody, MarksTheLastToolWhenThereIsNoSystemPrompt) {
    Talk talk;
    talk.system = "";
    talk.tools = R"([{"name":"a"},{"name":"b","x":[{}]} ])";
    EXPECT_EQ(marks_of(talk.request()), (std::vector<std::string>{"t1", "0.0"}));
}

TEST(MessagesBody, KeepsTheLastMarkOfTheRequestBefore) {
    Talk talk;
    talk.assistant(R"([{"type":"text","text":"a"}])");
    talk.user({text_block("b"), text_block("c")});
    EXPECT_EQ(marks_of(talk.request()), (std::vector<std::string>{"s", "0.0", "2.1"}));
    talk.assistant(R"([{"type":"text","text":"d"}])");
    talk.user({text_block("e")});
    EXPECT_EQ(marks_of(talk.request()), (std::vector<std::string>{"s", "2.1", "4.0"}));
}

TEST(MessagesBody, MarksThePausedAnswerThatIsSentBack) {
    Talk talk;
    talk.assistant(R"([{"type":"server_tool_use","id":"s","name":"w","input":{}}])");
    EXPECT_EQ(marks_of(talk.request()), (std::vector<std::string>{"s", "0.0", "1.0"}));
}

TEST(MessagesBody, NeverMarksThinking) {
    Talk talk;
    talk.assistant(kThought);
    EXPECT_EQ(marks_of(talk.request()), (std::vector<std::string>{"s", "0.0"}));
    Talk mixed;
    mixed.assistant(
        R"([{"type":"text","text":"a"},{"type":"thinking","thinking":"","signature":"s"}])");
    EXPECT_EQ(marks_of(mixed.request()), (std::vector<std::string>{"s", "0.0", "1.0"}));
}

TEST(MessagesBody, AddsAMarkBetweenMarksThatAreFarApart) {
    for (const std::size_t results : {5U, 9U, 10U, 30U}) {
        SCOPED_TRACE(results);
        Talk talk;
        std::vector<std::string> calls;
        std::vector<std::string> answers;
        for (std::size_t i = 0; i < results; ++i) {
            const std::string id = "t" + std::to_string(i);
            calls.push_back(R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":{}})");
            answers.push_back(result_block(id, "ok"));
        }
        talk.messages.push_back(message(agent::Role::kAssistant, calls));
        talk.user(answers);
        const auto marks = marks_of(talk.request());
        const std::string last = "2." + std::to_string(results - 1);
        if (results <= 9) {
            EXPECT_EQ(marks, (std::vector<std::string>{"s", "0.0", last}));
        } else if (results == 10) {
            EXPECT_EQ(marks, (std::vector<std::string>{"s", "0.0", "1.1", last}));
        } else {
            EXPECT_EQ(marks, (std::vector<std::string>{"s", "0.0", "2.11", last}));
        }
    }
}

TEST(MessagesBody, LeavesOutTheThinkingOfOtherModels) {
    const std::string thinking = R"({"type":"thinking","thinking":"t","signature":"s"})";
    const std::string call = R"({"type":"tool_use","id":"c1","name":"bash","input":{}})";
    Talk talk;
    talk.assistant("[" + thinking + "," + text_block("a") + "," + thinking + "," + call + "]");
    talk.user({result_block("c1", "r")});
    agent::Message& answer = talk.messages[1];
    const auto content = [&] {
        return Json::parse(body_of(talk.request()))["messages"][1]["content"].size();
    };
    EXPECT_EQ(content(), 4U) << "the model is not known";
    answer.origin = "anthropic claude-test";
    EXPECT_EQ(content(), 4U);
    for (const char* other : {"anthropic claude-other", "openai claude-test"}) {
        answer.origin = other;
        EXPECT_EQ(content(), 2U) << other;
        EXPECT_THAT(body_of(talk.request()), ::testing::Not(::testing::HasSubstr("thinking")));
    }
    EXPECT_THAT(marks_of(talk.request()), ::testing::Contains("2.0"));
}

TEST(MessagesBody, LeavesOutAllThinkingWhereItsSignaturesAreRefused) {
    const MessagesFormat format("v");
    ServerTraits traits = first_traits("anthropic", "http://h");
    const auto refused =
        traits.named_in("\"messages.1.content.0: invalid `signature` in `thinking` block\"",
                        format.refusable(), traits);
    ASSERT_EQ(refused, Part::kSentReasoning);
    ASSERT_TRUE(traits.change(*refused, true));
    Talk talk;
    talk.assistant(R"([{"type":"thinking","thinking":"t","signature":"s"},)" + text_block("a") +
                   "]");
    talk.messages[1].origin = "anthropic claude-test";
    talk.user({text_block("go on")});
    EXPECT_THAT(body_of(talk.request()), ::testing::HasSubstr("signature"));
    const std::string body = body_of(talk.request(), traits);
    EXPECT_THAT(body, ::testing::Not(::testing::HasSubstr("signature")));
    EXPECT_EQ(Json::parse(body)["messages"][1]["content"],
              Json::array({Json{{"type", "text"}, {"text", "a"}}}));
}

TEST(MessagesBody, SendsNoThinkingThatCameInAText) {
    Talk talk;
    talk.assistant(R"([{"type":"thinking","thinking":"b","signature":"s"},)"
                   R"({"type":"thinking","thinking":"c","in_text":true},)" +
                   text_block("a") + "]");
    talk.user({text_block("go on")});
    EXPECT_EQ(Json::parse(body_of(talk.request()))["messages"][1]["content"],
              Json::parse(R"([{"type":"thinking","thinking":"b","signature":"s"},)" +
                          text_block("a") + "]"));
}

}  // namespace
}  // namespace tenon::model
