#include "host/model/responses.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/conversation.h"
#include "host/agent/wire.h"
#include "tests/model/support.h"

// How a request of the Responses API is written. For answers see responses_reader_test.cpp.
namespace tenon::model::responses_request {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::initializer_list<Part> kAllParts = {Part::kAnswerSchema, Part::kReasoning,
                                                   Part::kReasoningSummary, Part::kSentReasoning,
                                                   Part::kParallelCalls};

std::string body_of(const agent::Request& request, std::initializer_list<Part> parts = kAllParts,
                    const std::string& effort = "") {
    const ServerTraits traits(parts);
    const RequestText pieces = ResponsesFormat(effort).body(request, traits);
    std::string body;
    for (const auto piece : pieces.pieces())
        body += piece;
    return body;
}

Json input_of(const Talk& talk, std::initializer_list<Part> parts = kAllParts) {
    return Json::parse(body_of(talk.request(), parts))["input"];
}

std::string call(const std::string& id, const std::string& input) {
    return R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":)" + input + "}";
}

constexpr const char* kItem =
    R"({"id":"rs_1", "type":"reasoning","summary":[{"type":"summary_text","text":"a\/b"}],"encrypted_content":"gA\u0041=="})";

std::string reasoning(const std::string& item = kItem) {
    return R"({"type":"thinking","thinking":"a/b","item":)" + item + "}";
}

/// A talk with an answer, whose blocks stay as they are.
Talk talk_with(const std::vector<std::string>& blocks, const std::string& origin) {
    Talk talk;
    talk.messages.push_back(message(agent::Role::kAssistant, blocks));
    talk.messages.back().origin = origin;
    return talk;
}

TEST(ResponsesBody, HasItsFieldsInAStableOrder) {
    const Talk talk;
    EXPECT_EQ(
        body_of(talk.request()),
        R"({"model":"claude-test","max_output_tokens":8192,"stream":true,"store":false,)"
        R"("include":["reasoning.encrypted_content"],"instructions":"You are terse.",)"
        R"("tools":[{"type":"function","name":"bash","description":"Runs",)"
        R"("parameters":{"properties":{},"type":"object"},"strict":false}],)"
        R"("parallel_tool_calls":true,)"
        R"("input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}]})");
}

TEST(ResponsesBody, LeavesOutEmptyFields) {
    Talk talk;
    talk.system = " \n";
    talk.tools = "[]";
    auto request = talk.request();
    request.forbid_tools = true;
    const Json body = Json::parse(body_of(request));
    for (const char* key :
         {"instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"})
        EXPECT_FALSE(body.contains(key)) << key;
}

TEST(ResponsesBody, AsksForAtLeastAsManyTokensAsServersAccept) {
    const Talk talk;
    auto request = talk.request();
    request.max_tokens = 3;
    EXPECT_EQ(Json::parse(body_of(request))["max_output_tokens"], 16);
}

TEST(ResponsesBody, ForbidsToolsWithoutRemovingThem) {
    const Talk talk;
    auto request = talk.request();
    request.forbid_tools = true;
    const Json body = Json::parse(body_of(request));
    EXPECT_EQ(body["tool_choice"], "none");
    EXPECT_EQ(body["tools"].size(), 1U);
}

TEST(ResponsesBody, AsksForReasoningAsItIsConfigured) {
    const Talk talk;
    const Json body = Json::parse(body_of(talk.request(), kAllParts, "high"));
    EXPECT_EQ(body["reasoning"], (Json{{"effort", "high"}, {"summary", "auto"}}));
    const Json no_summary = Json::parse(body_of(talk.request(), {Part::kReasoning}, "high"));
    EXPECT_EQ(no_summary["reasoning"], (Json{{"effort", "high"}}));
    const Json none = Json::parse(body_of(talk.request(), {}, "high"));
    EXPECT_FALSE(none.contains("reasoning"));
    EXPECT_FALSE(none.contains("include"));
}

TEST(ResponsesBody, AsksForAnAnswerThatFitsASchema) {
    const Talk talk;
    auto request = talk.request();
    const std::string open = R"({"type":"object","properties":{"n":{"type":"integer"}}})";
    const std::string closed =
        R"({"type":"object","properties":{},"required":[],"additionalProperties":false})";
    for (const std::string& schema : {open, closed}) {
        request.answer_schema = schema;
        EXPECT_EQ(Json::parse(body_of(request))["text"], (Json{{"format",
                                                                {{"type", "json_schema"},
                                                                 {"name", "answer"},
                                                                 {"schema", Json::parse(schema)},
                                                                 {"strict", schema == closed}}}}));
        EXPECT_FALSE(Json::parse(body_of(request, {Part::kReasoning})).contains("text"));
    }
}

TEST(ResponsesInput, HasCallsAndResultsAsItems) {
    Talk talk;
    talk.assistant("[" + text_block("one \"two\"") + "," + text_block("three") + "," +
                   call("c1", R"({"command":"echo \"a\\n\""})") + "," + call("c2", "{}") + "]");
    talk.user({result_block("c1", "r\n1"),
               R"({"type":"tool_result","tool_use_id":"c2","content":"r2","is_error":true})",
               text_block("go on"), text_block("please")});
    talk.assistant("[" + call("c3", "{}") + "]");
    talk.user({R"({"type":"tool_result","tool_use_id":"c3"})"});
    EXPECT_EQ(input_of(talk), Json::parse(R"([
      {"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]},
      {"type":"message","role":"assistant","content":[
        {"type":"output_text","text":"one \"two\""},{"type":"output_text","text":"three"}]},
      {"type":"function_call","call_id":"c1","name":"bash",
       "arguments":"{\"command\":\"echo \\\"a\\\\n\\\"\"}"},
      {"type":"function_call","call_id":"c2","name":"bash","arguments":"{}"},
      {"type":"function_call_output","call_id":"c1","output":"r\n1"},
      {"type":"function_call_output","call_id":"c2","output":"Error: r2"},
      {"type":"message","role":"user","content":[
        {"type":"input_text","text":"go on"},{"type":"input_text","text":"please"}]},
      {"type":"function_call","call_id":"c3","name":"bash","arguments":"{}"},
      {"type":"function_call_output","call_id":"c3","output":""}])"));
}

TEST(ResponsesInput, HasImagesInMessagesAndResults) {
    const agent::Image image{"image/png", "aGk="};
    const Json part = {
        {"type", "input_image"}, {"detail", "auto"}, {"image_url", "data:image/png;base64,aGk="}};
    const auto text = [](const char* words) {
        return Json{{"type", "input_text"}, {"text", words}};
    };
    Talk talk;
    talk.assistant("[" + call("c1", "{}") + "," + call("c2", "{}") + "," + call("c3", "{}") + "]");
    talk.user({agent::tool_result_block("c1", "\"seen\"", false, {image}),
               agent::tool_result_block("c2", "\"\"", false, {image, image}),
               agent::tool_result_block("c3", "\"\"", true, {image}), text_block("look"),
               agent::image_block(image)});
    const Json input = input_of(talk);
    ASSERT_EQ(input.size(), 8U);
    EXPECT_EQ(input[4]["output"], Json::array({text("seen"), part}));
    EXPECT_EQ(input[5]["output"], Json::array({part, part}));
    EXPECT_EQ(input[6]["output"], Json::array({text("Error: "), part}));
    EXPECT_EQ(input[7]["content"], Json::array({text("look"), part}));
}

TEST(ResponsesInput, SaysOnceThatAResultIsAnError) {
    const std::string words = R"({"type":"text","text":"no"})";
    Talk talk;
    talk.assistant("[" + call("c1", "{}") + "]");
    talk.user({R"({"type":"tool_result","tool_use_id":"c1","is_error":true,"content":[)" + words +
               "," + words + "]}"});
    EXPECT_EQ(input_of(talk)[2]["output"],
              Json::array({{{"type", "input_text"}, {"text", "Error: no"}},
                           {{"type", "input_text"}, {"text", "no"}}}));
}

TEST(ResponsesInput, HasReasoningInItsPlaceByteForByte) {
    const Talk talk = talk_with({reasoning(), text_block("a"), reasoning(), call("c1", "{}")},
                                "openai-responses claude-test");
    EXPECT_THAT(body_of(talk.request()),
                HasSubstr("]},"  // the end of the user's message
                          + std::string(kItem) +
                          R"(,{"type":"message","role":"assistant","content":)"
                          R"([{"type":"output_text","text":"a"}]},)" +
                          kItem + R"(,{"type":"function_call","call_id":"c1")"));
}

TEST(ResponsesInput, HasReasoningOnlyForTheModelThatItCameFrom) {
    for (const char* origin :
         {"openai-responses other", "anthropic claude-test", "openai claude-test"}) {
        SCOPED_TRACE(origin);
        const Talk talk = talk_with({reasoning(), text_block("a")}, origin);
        EXPECT_THAT(body_of(talk.request()), Not(HasSubstr("rs_1")));
        EXPECT_EQ(input_of(talk).size(), 2U);
    }
}

TEST(ResponsesInput, HasNoReasoningThatTheServerCannotReadAgain) {
    const Talk talk =
        talk_with({R"({"type":"thinking","thinking":"hm"})",
                   R"({"type":"redacted_thinking","data":"x","thinking":""})", text_block("a")},
                  "openai-responses claude-test");
    EXPECT_EQ(input_of(talk).size(), 2U);
    const Talk refused = talk_with({reasoning(), text_block("a")}, "openai-responses claude-test");
    EXPECT_EQ(input_of(refused, {}).size(), 2U) << "the server refuses reasoning";
}

TEST(ResponsesInput, HasNoReasoningAfterACompaction) {
    agent::Conversation conversation;
    conversation.add_text("hello");
    conversation.add_answer("[" + reasoning() + "," + text_block("a") + "]", {},
                            "openai-responses claude-test");
    conversation.add_text("more");
    Talk talk;
    auto request = talk.request();
    request.messages = conversation.messages();
    EXPECT_THAT(body_of(request), HasSubstr(kItem));
    conversation.strip_thinking();
    request.messages = conversation.messages();
    EXPECT_EQ(Json::parse(body_of(request))["input"].size(), 3U);
    EXPECT_THAT(body_of(request), Not(HasSubstr("rs_1")));
}

TEST(ResponsesInput, GivesTheSameModelTheMembersOfAMessageBack) {
    const std::vector<std::string> blocks = {
        R"({"type":"thinking","thinking":"","item":{"type":"message","phase":"commentary"}})",
        text_block("a"),
        R"({"type":"thinking","thinking":"","item":{"type":"message","phase":"final_answer"}})",
        text_block("b")};
    const Json input = input_of(talk_with(blocks, "openai-responses claude-test"));
    ASSERT_EQ(input.size(), 3U);
    EXPECT_EQ(input[1]["phase"], "commentary");
    EXPECT_EQ(input[2], (Json{{"type", "message"},
                              {"role", "assistant"},
                              {"phase", "final_answer"},
                              {"content", {{{"type", "output_text"}, {"text", "b"}}}}}));
    const Json foreign = input_of(talk_with(blocks, "openai-responses other"));
    ASSERT_EQ(foreign.size(), 2U);
    EXPECT_FALSE(foreign[1].contains("phase"));
    EXPECT_EQ(foreign[1]["content"].size(), 2U);
}

TEST(ResponsesInput, LeavesOutWhatTheFormatHasNoWordFor) {
    Talk talk;
    talk.assistant(R"([{"type":"server_tool_use","id":"s","name":"w","input":{}},)"
                   R"({"type":"web_search_tool_result","tool_use_id":"s","content":[]},)"
                   R"({"type":"text","text":"found","citations":[{"type":"x"}]}])");
    talk.user({R"({"type":"document","source":{"type":"text","data":"d"}})", text_block("so")});
    const Json input = input_of(talk);
    ASSERT_EQ(input.size(), 3U);
    EXPECT_EQ(input[1]["content"], Json::array({Json{{"type", "output_text"}, {"text", "found"}}}));
    EXPECT_EQ(input[2]["content"], Json::array({Json{{"type", "input_text"}, {"text", "so"}}}));
}

TEST(ResponsesRefusals, NameTheirParts) {
    struct RefusalCase {
        const char* words;
        std::optional<Part> part;
    };
    const ResponsesFormat format("");
    for (const RefusalCase& one : {
             RefusalCase{"encrypted content is not supported with this model.", Part::kReasoning},
             RefusalCase{"the encrypted content gaaa could not be verified.", Part::kSentReasoning},
             RefusalCase{"could not decrypt the provided encrypted_content", Part::kSentReasoning},
             RefusalCase{"items are not persisted when `store` is set to false",
                         Part::kSentReasoning},
             RefusalCase{"unsupported parameter: 'reasoning.effort' is not supported",
                         Part::kReasoning},
             RefusalCase{"unknown parameter: 'include'.", Part::kReasoning},
             RefusalCase{"your organization must be verified to generate reasoning summaries.",
                         Part::kReasoningSummary},
             RefusalCase{"unsupported value: 'reasoning.summary'", Part::kReasoningSummary},
             RefusalCase{R"({"code":"invalid_encrypted_content"})", Part::kSentReasoning},
             RefusalCase{"unknown entry reasoning.encrypted_content", Part::kReasoning},
             RefusalCase{"unsupported parameter: 'parallel_tool_calls' is not supported with this "
                         "model.",
                         Part::kParallelCalls},
             RefusalCase{R"({"param":"text.format.schema"})", Part::kAnswerSchema},
             RefusalCase{"'function_call' was provided without its required 'reasoning' item",
                         std::nullopt},
             RefusalCase{"invalid value: 'huge'", std::nullopt},
         }) {
        SCOPED_TRACE(one.words);
        const ServerTraits traits(kAllParts);
        EXPECT_EQ(traits.named_in(one.words, format.refusable(), traits), one.part);
    }
}

}  // namespace
}  // namespace tenon::model::responses_request
