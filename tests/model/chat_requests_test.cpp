#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/wire.h"
#include "host/model/chat_completions.h"
#include "tests/model/support.h"

// The requests of Chat Completions. For answers see chat_answer_test.cpp.
namespace tenon::model::chat_request {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLocal = "http://127.0.0.1:8080/v1";

struct Situation {
    const char* base_url = kLocal;
    ChatCompletionsFormat::Options options = {};
    std::vector<Part> changed = {};
};

std::string body_of(const agent::Request& request, const Situation& setup = {}) {
    const ChatCompletionsFormat format(setup.options);
    ServerTraits traits = first_traits("openai", setup.base_url);
    for (const Part part : setup.changed)
        EXPECT_TRUE(traits.change(part, traits.takes(part)));
    std::string all;
    const RequestText body = format.body(request, traits);
    for (const std::string_view piece : body.pieces())
        all += piece;
    return all;
}

std::string messages_of(const Talk& talk, const Situation& setup = {}) {
    const auto body = parse_ordered_json(body_of(talk.request(), setup));
    EXPECT_TRUE(body) << body.error().message;
    return body ? dump_ordered_json(member(*body, "messages")) : "";
}

Talk short_talk() {
    Talk talk;
    talk.model = "m";
    return talk;
}

/// Messages without the system message.
std::string written(const std::vector<agent::Message>& messages, const Situation& setup = {}) {
    Talk talk = short_talk();
    talk.system = "";
    talk.messages = messages;
    return messages_of(talk, setup);
}

agent::Message user(const std::vector<std::string>& blocks) {
    return message(agent::Role::kUser, blocks);
}
agent::Message answer(const std::vector<std::string>& blocks, const std::string& origin = "") {
    agent::Message out = message(agent::Role::kAssistant, blocks);
    out.origin = origin;
    return out;
}
std::string call(const std::string& id, const std::string& input = "{}") {
    return R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":)" + input + "}";
}
std::string image(const std::string& data) {
    return agent::image_block({"image/png", data});
}
const std::string kHello = R"({"role":"user","content":"hello"})";

TEST(ChatBody, HasItsFieldsInAStableOrder) {
    EXPECT_EQ(body_of(short_talk().request()),
              R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)"
              R"("max_tokens":8192,"messages":[{"role":"system","content":"You are terse."},)"
              R"({"role":"user","content":"hello"}],"tools":[{"type":"function","function":)"
              R"({"name":"bash","description":"Runs","parameters":{"properties":{},)"
              R"("type":"object"}}}],"parallel_tool_calls":true})");
}

TEST(ChatBody, LeavesOutEmptyFields) {
    Talk talk = short_talk();
    talk.system = " \n";
    talk.tools = "[]";
    EXPECT_EQ(body_of(talk.request()),
              R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)"
              R"("max_tokens":8192,"messages":[{"role":"user","content":"hello"}]})");
}

TEST(ChatBody, ForbidsToolsWithoutRemovingThem) {
    const Talk talk = short_talk();
    agent::Request request = talk.request();
    request.forbid_tools = true;
    const std::string body = body_of(request);
    EXPECT_THAT(body, HasSubstr(R"(,"tool_choice":"none"})"));
    EXPECT_THAT(body, HasSubstr(R"("name":"bash")"));
    EXPECT_THAT(body, Not(HasSubstr("parallel_tool_calls")));
}

TEST(ChatBody, NamesTheTokenLimitAsTheServerDoes) {
    struct Case {
        Situation setup;
        const char* has;
        const char* has_not;
    };
    for (const Case& one : std::vector<Case>{
             {{kLocal}, R"("max_tokens":8192)", "completion"},
             {{""}, R"("max_completion_tokens":8192)", "\"max_tokens"},
             {{"https://api.openai.com/v1"}, R"("max_completion_tokens":8192)", "\"max_tokens"},
             {{kLocal, {"max_completion_tokens"}},
              R"("max_completion_tokens":8192)",
              "\"max_tokens"},
             {{"", {"max_tokens"}}, R"("max_tokens":8192)", "completion"},
             {{kLocal, {}, {Part::kCompletionTokens}},
              R"("max_completion_tokens":8192)",
              "\"max_tokens"},
             {{"", {}, {Part::kCompletionTokens}}, R"("max_tokens":8192)", "completion"}}) {
        SCOPED_TRACE(one.has);
        const std::string body = body_of(short_talk().request(), one.setup);
        EXPECT_THAT(body, HasSubstr(one.has));
        EXPECT_THAT(body, Not(HasSubstr(one.has_not)));
    }
}

TEST(ChatBody, LeavesOutWhatTheServerRefuses) {
    const Talk talk = short_talk();
    agent::Request request = talk.request();
    request.answer_schema = R"({"type":"object"})";
    const Situation all{kLocal, {"", "high"}};
    for (const char* text : {"stream_options", "parallel_tool_calls",
                             R"("reasoning_effort":"high")", "response_format"})
        EXPECT_THAT(body_of(request, all), HasSubstr(text));
    const Situation none{
        kLocal,
        {"", "high"},
        {Part::kStreamUsage, Part::kParallelCalls, Part::kReasoning, Part::kAnswerSchema}};
    for (const char* text : {"stream_options", "parallel_tool_calls", "effort", "response_format"})
        EXPECT_THAT(body_of(request, none), Not(HasSubstr(text)));
    EXPECT_THAT(body_of(request, {"", {}}), Not(HasSubstr("parallel_tool_calls")))
        << "OpenAI's own calls tools in parallel unasked";
}

TEST(ChatBody, AsksForAnAnswerThatFitsASchema) {
    const Talk talk = short_talk();
    agent::Request request = talk.request();
    request.answer_schema = R"({"type":"object","properties":{"a":{"type":"string"}}})";
    EXPECT_THAT(
        body_of(request),
        HasSubstr(R"("response_format":{"type":"json_schema","json_schema":{"name":"answer",)"
                  R"("schema":{"type":"object","properties":{"a":{"type":"string"}}}}})"));
    request.answer_schema =
        R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],)"
        R"("additionalProperties":false})";
    EXPECT_THAT(body_of(request), HasSubstr(R"("additionalProperties":false},"strict":true}})"));
}

TEST(ChatMessages, HasCallsAndTheirResultsAtOnceAndInOrder) {
    EXPECT_EQ(written({user({text_block("hello")}),
                       answer({text_block("Two \"calls\"."),
                               call("a", R"({"command":"echo \"x\""})"), call("b")}),
                       user({result_block("b", "two"), result_block("a", "one\n"),
                             text_block("note"), text_block("more")}),
                       answer({text_block("Done.")}), user({text_block("thanks")})}),
              "[" + kHello +
                  R"(,{"role":"assistant","content":"Two \"calls\".","tool_calls":[)"
                  R"({"id":"a","type":"function","function":{"name":"bash",)"
                  R"("arguments":"{\"command\":\"echo \\\"x\\\"\"}"}},)"
                  R"({"id":"b","type":"function","function":{"name":"bash","arguments":"{}"}}]},)"
                  R"({"role":"tool","tool_call_id":"a","content":"one\n"},)"
                  R"({"role":"tool","tool_call_id":"b","content":"two"},)"
                  R"({"role":"user","content":"note\n\nmore"},)"
                  R"({"role":"assistant","content":"Done."},{"role":"user","content":"thanks"}])");
}

TEST(ChatMessages, HasOneMessageForEachCallWhateverItsResult) {
    const std::string error =
        R"({"type":"tool_result","tool_use_id":"b","content":"no such file","is_error":true})";
    const std::string parts = R"({"type":"tool_result","tool_use_id":"d","content":[)" +
                              text_block("x") + "," + text_block("y") + "]}";
    EXPECT_EQ(written({answer({call("a"), call("b"), call("c"), call("d")}),
                       user({R"({"type":"tool_result","tool_use_id":"a"})", error, parts})}),
              R"([{"role":"assistant","content":null,"tool_calls":[)"
              R"({"id":"a","type":"function","function":{"name":"bash","arguments":"{}"}},)"
              R"({"id":"b","type":"function","function":{"name":"bash","arguments":"{}"}},)"
              R"({"id":"c","type":"function","function":{"name":"bash","arguments":"{}"}},)"
              R"({"id":"d","type":"function","function":{"name":"bash","arguments":"{}"}}]},)"
              R"x({"role":"tool","tool_call_id":"a","content":"(no output)"},)x"
              R"({"role":"tool","tool_call_id":"b","content":"Error: no such file"},)"
              R"x({"role":"tool","tool_call_id":"c","content":"(no output)"},)x"
              R"({"role":"tool","tool_call_id":"d","content":"x\ny"}])");
}

TEST(ChatMessages, HasImagesOfResultsBehindAllResults) {
    const std::string with_image = R"({"type":"tool_result","tool_use_id":"a","content":[)" +
                                   text_block("a.png") + "," + image("QQ==") + "]}";
    const std::string only_image =
        R"({"type":"tool_result","tool_use_id":"b","content":[)" + image("Qg==") + "]}";
    EXPECT_EQ(
        written(
            {answer({call("a"), call("b")}), user({with_image, only_image, text_block("note")})}),
        R"([{"role":"assistant","content":null,"tool_calls":[)"
        R"({"id":"a","type":"function","function":{"name":"bash","arguments":"{}"}},)"
        R"({"id":"b","type":"function","function":{"name":"bash","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"a",)"
        R"("content":"a.png\n[the image is in the user message that follows]"},)"
        R"({"role":"tool","tool_call_id":"b",)"
        R"("content":"[the image is in the user message that follows]"},)"
        R"({"role":"user","content":[{"type":"text","text":"From the result of the tool call a:"},)"
        R"({"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}},)"
        R"({"type":"text","text":"From the result of the tool call b:"},)"
        R"({"type":"image_url","image_url":{"url":"data:image/png;base64,Qg=="}},)"
        R"({"type":"text","text":"note"}]}])");
}

TEST(ChatMessages, HasImagesOfTheUserAsParts) {
    EXPECT_EQ(written({user({text_block("look"), image("QQ==")})}),
              R"([{"role":"user","content":[{"type":"text","text":"look"},)"
              R"({"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]}])");
}

TEST(ChatMessages, JoinsNeighboursOfTheSameRole) {
    EXPECT_EQ(written({user({text_block("hello")}), user({text_block("you")}),
                       answer({text_block("a"), text_block("b")}), answer({text_block("c")}),
                       user({text_block("d")})}),
              R"([{"role":"user","content":"hello\n\nyou"},)"
              R"({"role":"assistant","content":"ab\n\nc"},{"role":"user","content":"d"}])");
}

TEST(ChatMessages, LeavesOutWhatTheFormatHasNoWordFor) {
    EXPECT_EQ(
        written({user({text_block("hello")}),
                 answer({R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})",
                         R"({"type":"web_search_tool_result","tool_use_id":"s","content":[]})",
                         R"({"type":"text","text":"Found.","citations":[{"url":"u"}]})"}),
                 user({text_block("you")})}),
        "[" + kHello +
            R"(,{"role":"assistant","content":"Found."},{"role":"user","content":"you"}])");
    EXPECT_EQ(written({user({text_block("hello")}),
                       answer({R"({"type":"server_tool_use","id":"s","name":"x","input":{}})"}),
                       user({text_block("you")})}),
              R"([{"role":"user","content":"hello\n\nyou"}])");
}

TEST(ChatMessages, KeepsTheTextOfAResultWithoutItsCall) {
    EXPECT_EQ(written({user({result_block("gone", "text"), text_block("hello")})}),
              R"([{"role":"user","content":"text\n\nhello"}])");
}

TEST(ChatMessages, GivesTheKeptMembersOfACallBack) {
    const std::string blocks =
        R"({"type":"thinking","thinking":"","thinking_blocks":[{"type":"thinking","thinking":"b"}],)"
        R"("calls":{"c2":{"extra_content":{"google":{"thought_signature":"s"}}}}})";
    const std::string call = R"({"type":"tool_use","id":"c1","name":"bash","input":{}})";
    const std::string other = R"({"type":"tool_use","id":"c2","name":"bash","input":{}})";
    const auto calls_of = [&](const std::string& origin, const Situation& setup = {}) {
        const Json messages =
            json_or_null(written({answer({blocks, call, other}, origin),
                                  user({result_block("c1", "r"), result_block("c2", "r")})},
                                 setup));
        return element(messages, 0);
    };
    const Json own = calls_of("openai m");
    EXPECT_EQ(dump_json(member(own, "thinking_blocks")), R"([{"thinking":"b","type":"thinking"}])");
    const Json& calls = member(own, "tool_calls");
    EXPECT_TRUE(member(element(calls, 0), "extra_content").is_null());
    EXPECT_EQ(dump_json(member(element(calls, 1), "extra_content")),
              R"({"google":{"thought_signature":"s"}})");
    EXPECT_THAT(dump_json(calls_of("openai other")), Not(HasSubstr("thought")));
    EXPECT_THAT(dump_json(calls_of("openai m", {kLocal, {}, {Part::kSentReasoning}})),
                Not(HasSubstr("thought")));
}

TEST(ChatMessages, GivesThinkingBackInItsMember) {
    const std::string content =
        R"({"type":"thinking","thinking":"h\"m","field":"reasoning_content"})";
    const std::string plain = R"({"type":"thinking","thinking":"hm","field":"reasoning"})";
    const std::string details =
        R"({"type":"thinking","thinking":"hm","reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]})";
    const std::string tags = R"({"type":"thinking","thinking":"hm"})";
    const std::string hostile = R"({"type":"thinking","thinking":"hm","field":"content"})";
    struct Case {
        std::string block;
        std::string member;
    };
    for (const Case& one : std::vector<Case>{
             {content, R"(,"reasoning_content":"h\"m")"},
             {plain, R"(,"reasoning":"hm")"},
             {details, R"(,"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}])"},
             {tags, ""},
             {hostile, ""}}) {
        SCOPED_TRACE(one.block);
        const std::string without = R"([{"role":"assistant","content":"Done."}])";
        std::string with = without;
        with.insert(with.size() - 2, one.member);
        const std::vector<std::string> blocks = {one.block, text_block("Done.")};
        EXPECT_EQ(written({answer(blocks, "openai m")}), with);
        EXPECT_EQ(written({answer(blocks)}), with);
        EXPECT_EQ(written({answer(blocks, "openai other")}), without);
        EXPECT_EQ(written({answer(blocks, "anthropic m")}), without);
        EXPECT_EQ(written({answer(blocks, "openai m")}, {kLocal, {}, {Part::kSentReasoning}}),
                  without);
    }
}

TEST(ChatMessages, HasTextBehindResultsInTheLastResultWhereNoUserMessageMayFollowThem) {
    const std::vector<agent::Message> messages = {
        user({text_block("go")}),
        answer({R"({"type":"tool_use","id":"a","name":"bash","input":{}})",
                R"({"type":"tool_use","id":"b","name":"bash","input":{}})"}),
        user({result_block("a", "one"), result_block("b", "two"), text_block("job 1 ended"),
              text_block("and go on")})};
    const std::string usual = written(messages);
    EXPECT_THAT(usual, HasSubstr(R"("content":"two"},{"role":"user","content":"job 1 ended)"));
    const std::string joined = written(messages, {kLocal, {}, {Part::kUserAfterResults}});
    EXPECT_THAT(joined, HasSubstr(R"("content":"one"},)"));
    EXPECT_THAT(joined, HasSubstr(R"("content":"two\n\njob 1 ended\n\nand go on"}])"));
    EXPECT_THAT(written({user({text_block("hello")})}, {kLocal, {}, {Part::kUserAfterResults}}),
                HasSubstr(R"({"role":"user","content":"hello"})"));
}

TEST(ChatMessages, HasTextsOfALaterMessageInTheLastResultTooWhereNoUserMessageMayFollowIt) {
    EXPECT_EQ(written({user({text_block("go")}), answer({call("a")}),
                       user({result_block("a", "x")}), user({text_block("a prompt")})},
                      {kLocal, {}, {Part::kUserAfterResults}}),
              "[" + std::string(R"({"role":"user","content":"go"},)") +
                  R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",)"
                  R"("function":{"name":"bash","arguments":"{}"}}]},)"
                  R"({"role":"tool","tool_call_id":"a","content":"x\n\na prompt"}])");
}

TEST(ChatMessages, KeepsImagesForTheNextUserMessageWhereNoneMayFollowAResult) {
    const Situation strict = {kLocal, {}, {Part::kUserAfterResults}};
    std::vector<agent::Message> messages = {
        user({text_block("go")}), answer({call("a")}),
        user({R"({"type":"tool_result","tool_use_id":"a","content":[)" + image("QQ==") + "]}",
              text_block("a reminder")})};
    const std::string behind_result = written(messages, strict);
    EXPECT_THAT(behind_result, HasSubstr("takes no image here"));
    EXPECT_THAT(behind_result, HasSubstr(R"(\n\na reminder"}])"));
    EXPECT_THAT(behind_result, Not(HasSubstr("image_url")));
    messages.push_back(answer({text_block("Done.")}));
    messages.push_back(user({text_block("what is in it?")}));
    const std::string later = written(messages, strict);
    EXPECT_THAT(later, HasSubstr("Done."));
    EXPECT_THAT(later.substr(later.find("Done.")),
                AllOf(HasSubstr("From the result of the tool call a:"), HasSubstr("base64,QQ=="),
                      HasSubstr("what is in it?")));
}

TEST(ChatMessages, HasReasoningInEveryAnswerWithCallsWhereItMayNotBeMissing) {
    const Situation needs = {kLocal, {}, {Part::kReasoningOfCalls}};
    const std::string own = R"({"type":"thinking","thinking":"hm","field":"reasoning_content"})";
    const std::string blank = R"({"type":"thinking","thinking":"","field":"reasoning_content"})";
    const std::vector<agent::Message> results = {user({result_block("a", "x")})};
    for (const std::string& thinking : {blank, std::string()}) {
        std::vector<std::string> blocks = {call("a")};
        if (!thinking.empty()) blocks.insert(blocks.begin(), thinking);
        EXPECT_THAT(
            written({user({text_block("go")}), answer(blocks, "openai m"), results[0]}, needs),
            HasSubstr(R"("content":null,"reasoning_content":" ","tool_calls")"));
    }
    EXPECT_THAT(
        written({user({text_block("go")}), answer({own, call("a")}, "openai m"), results[0]},
                needs),
        HasSubstr(R"("reasoning_content":"hm","tool_calls")"));
    EXPECT_THAT(written({user({text_block("go")}), answer({text_block("hi")})}, needs),
                Not(HasSubstr("reasoning_content")));
}

TEST(ChatMessages, HasAWordForASignatureInCallsThatHaveNoneWhereItMayNotBeMissing) {
    const std::string none =
        R"("extra_content":{"google":{"thought_signature":"skip_thought_signature_validator"}})";
    const std::vector<agent::Message> talk = {
        user({text_block("go")}),
        answer({R"({"type":"thinking","thinking":"","calls":{"a":{"extra_content":{"s":1}}}})",
                call("a"), call("b")},
               "openai m"),
        user({result_block("a", "x"), result_block("b", "y")})};
    EXPECT_THAT(written(talk), Not(HasSubstr(none)));
    const std::string with = written(talk, {kLocal, {}, {Part::kSignatureOfCalls}});
    EXPECT_THAT(with, HasSubstr(R"("arguments":"{}"},"extra_content":{"s":1}},{"id":"b")"));
    EXPECT_THAT(with, HasSubstr(R"("arguments":"{}"},)" + none + "}]}"));
}

TEST(ChatMessages, HasShortIdsOfCallsWhereOthersAreRefused) {
    const std::vector<agent::Message> talk = {
        user({text_block("go")}), answer({call("toolu_01ABC"), call("aB3dE6gH9"), call("b")}),
        user({result_block("toolu_01ABC", "x"), result_block("aB3dE6gH9", "y"),
              result_block("b", "z")})};
    const Json messages = Json::parse(written(talk, {kLocal, {}, {Part::kShortCallIds}}));
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 3; ++i) {
        ids.push_back(messages[1]["tool_calls"][i]["id"]);
        EXPECT_EQ(messages[2 + i]["tool_call_id"], ids.back());
        EXPECT_THAT(ids.back(), ::testing::MatchesRegex("[a-zA-Z0-9]{9}"));
    }
    EXPECT_EQ(ids[1], "aB3dE6gH9");
    EXPECT_NE(ids[0], ids[2]);
}

TEST(ChatMessages, HasTheSystemPromptInTheFirstUserMessageWhereItMayHaveNone) {
    Talk talk = short_talk();
    talk.system = "You are \"terse\".";
    const Situation without = {kLocal, {}, {Part::kSystemRole}};
    EXPECT_EQ(messages_of(talk, without),
              R"([{"role":"user","content":"You are \"terse\".\n\nhello"}])");
    talk.messages = {user({text_block("what is it?"), image("QUJD")})};
    EXPECT_EQ(messages_of(talk, without),
              R"([{"role":"user","content":[{"type":"text","text":"You are \"terse\"."},)"
              R"({"type":"text","text":"what is it?"},)"
              R"({"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}])");
    talk.system = " ";
    talk.messages = {user({text_block("hello")})};
    EXPECT_EQ(messages_of(talk, without), "[" + kHello + "]");
}

TEST(ChatMessages, HasAnEmptyTextInAnAnswerWithOnlyCallsWhereNullIsRefused) {
    const std::vector<agent::Message> messages = {
        user({text_block("hello")}), answer({call("a")}), user({result_block("a", "one")}),
        answer({text_block("More."), call("b")}), user({result_block("b", "two")})};
    EXPECT_THAT(written(messages), HasSubstr(R"("role":"assistant","content":null,"tool_calls")"));
    const std::string without = written(messages, {kLocal, {}, {Part::kNullContent}});
    EXPECT_THAT(without, HasSubstr(R"("role":"assistant","content":"","tool_calls")"));
    EXPECT_THAT(without, HasSubstr(R"("role":"assistant","content":"More.","tool_calls")"));
    EXPECT_THAT(without, Not(HasSubstr("null")));
}

TEST(ChatMessages, SaysOnceThatAResultIsAnError) {
    const auto written_error = [](const std::string& text) {
        const std::string block = R"({"type":"tool_result","tool_use_id":"a","content":)" +
                                  json_quote(text) + R"(,"is_error":true})";
        return written({answer({call("a")}), user({block})});
    };
    EXPECT_THAT(written_error("no such file"), HasSubstr(R"("content":"Error: no such file")"));
    EXPECT_THAT(written_error("Error: no job"), HasSubstr(R"("content":"Error: no job")"));
    EXPECT_THAT(written_error(""), HasSubstr(R"("content":"Error: ")"));
}

TEST(ChatRefusals, NameTheirParts) {
    const ChatCompletionsFormat format({});
    const ChatCompletionsFormat fixed({"max_tokens"});
    struct Case {
        const char* text;
        std::optional<Part> part;
        std::optional<Part> part_of_fixed;
    };
    for (const Case& one : std::vector<Case>{
             {"unsupported parameter: 'stream_options'", Part::kStreamUsage, Part::kStreamUsage},
             {R"({"detail":[{"loc":["body","parallel_tool_calls"],"msg":"extra inputs"}]})",
              Part::kParallelCalls, Part::kParallelCalls},
             {"unsupported parameter: 'max_tokens' is not supported with this model. use "
              "'max_completion_tokens' instead.",
              Part::kCompletionTokens, std::nullopt},
             {"unknown field max_completion_tokens", Part::kCompletionTokens, std::nullopt},
             {"max_completion_tokens is too large: 99999. this model supports at most 16384",
              std::nullopt, std::nullopt},
             {"max_tokens is too large: 99999", std::nullopt, std::nullopt},
             {"reasoning_effort is not supported with this model", Part::kReasoning,
              Part::kReasoning},
             {"'messages.1.reasoning_content' is unsupported", Part::kSentReasoning,
              Part::kSentReasoning},
             {"cannot pass both content and thinking in an assistant message with tool calls!",
              Part::kSentReasoning, Part::kSentReasoning},
             {"jinja exception: after the optional system message, conversation roles must "
              "alternate user and assistant roles except for tool calls and results.",
              Part::kUserAfterResults, Part::kUserAfterResults},
             {"invalid value: 'ultra'. supported values are: 'low' (reasoning_effort)",
              std::nullopt, std::nullopt},
             {"property 'reasoning' is unsupported", Part::kSentReasoning, Part::kSentReasoning},
             {"thinking is enabled but reasoning_content is missing in assistant tool call message "
              "at index 2",
              Part::kReasoningOfCalls, Part::kReasoningOfCalls},
             {"the `reasoning_content` in the thinking mode must be passed back to the api.",
              Part::kReasoningOfCalls, Part::kReasoningOfCalls},
             {"missing `reasoning_content` field in the assistant message at message index 2",
              Part::kReasoningOfCalls, Part::kReasoningOfCalls},
             {"function call is missing a thought_signature in functioncall parts",
              Part::kSignatureOfCalls, Part::kSignatureOfCalls},
             {"tool call ids should be alphanumeric strings with length 9!", Part::kShortCallIds,
              Part::kShortCallIds},
             {"tool call id was toolu_01abc but must be a-z, a-z, 0-9, with a length of 9.",
              Part::kShortCallIds, Part::kShortCallIds},
             {"system role not supported", Part::kSystemRole, Part::kSystemRole},
             {"unsupported value: 'messages[0].role' does not support 'system' with this model.",
              Part::kSystemRole, Part::kSystemRole},
             {"developer instruction is not enabled for models/gemma-3-27b-it", Part::kSystemRole,
              Part::kSystemRole},
             {"only user and assistant roles are supported!", Part::kSystemRole, Part::kSystemRole},
             {"messages[2].content: invalid type: null, expected a string at line 1 column 9",
              Part::kNullContent, Part::kNullContent},
             {"invalid type for 'messages[2].content': expected one of a string or array of "
              "objects, but got null instead.",
              Part::kNullContent, Part::kNullContent},
             {R"({"detail":[{"loc":["body","messages",2,"content"],"msg":"input should be a valid )"
              R"(string"}]})",
              Part::kNullContent, Part::kNullContent},
             {"none is not of type 'string' - 'messages.2.content'", Part::kNullContent,
              Part::kNullContent},
             {"messages[2].content must not be null", Part::kNullContent, Part::kNullContent},
             {"can only concatenate str (not \"nonetype\") to str", Part::kNullContent,
              Part::kNullContent},
             {"'content' is a required property - 'messages.2'", Part::kNullContent,
              Part::kNullContent},
             {"response_format is not supported", Part::kAnswerSchema, Part::kAnswerSchema},
             {"function calling with a response mime type: 'application/json' is unsupported",
              Part::kAnswerSchema, Part::kAnswerSchema},
             {"json mode is not supported with tools", Part::kAnswerSchema, Part::kAnswerSchema},
             {"an assistant message with 'tool_calls' must be followed by tool messages",
              std::nullopt, std::nullopt}}) {
        SCOPED_TRACE(one.text);
        const ServerTraits traits = first_traits("openai", kLocal);
        EXPECT_EQ(traits.named_in(one.text, format.refusable(), traits), one.part);
        EXPECT_EQ(traits.named_in(one.text, fixed.refusable(), traits), one.part_of_fixed);
    }
}

}  // namespace
}  // namespace tenon::model::chat_request
