#include "host/model/chat_answer.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "host/model/sse.h"
#include "tests/model/support.h"

// How an answer of Chat Completions is read. For requests see chat_requests_test.cpp.
namespace tenon::model::chat_answer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Read = Result<agent::Answer, agent::ModelFailure>;

Read read(const std::string& wire, Watcher& watcher, bool clean_end = true) {
    Talk talk;
    const agent::Request request = talk.request();
    ChatAnswerReader reader(request, watcher);
    SseParser parser;
    const auto fed = parser.feed(wire, [&](const SseEvent& event) { reader.take(event); });
    EXPECT_TRUE(fed);
    return reader.finish(clean_end);
}

Read read(const std::string& wire, bool clean_end = true) {
    Watcher watcher;
    return read(wire, watcher, clean_end);
}

Read read_whole(const std::string& body) {
    Watcher watcher;
    const agent::Request request;
    ChatAnswerReader reader(request, watcher);
    if (!reader.take_whole(body)) return broken_answer("not taken");
    return reader.finish(true);
}

std::string data(const std::string& json) {
    return "data: " + json + "\n\n";
}
/// A chunk of one choice. `reason` is JSON.
std::string chunk(const std::string& delta, const std::string& reason = "null") {
    return data(R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1",)"
                R"("obfuscation":"xx","choices":[{"index":0,"delta":)" +
                delta + R"(,"finish_reason":)" + reason + "}]}");
}
std::string text(const std::string& words) {
    return chunk(R"({"content":)" + json_quote(words) + "}");
}
std::string calls(const std::string& fragments) {
    return chunk(R"({"tool_calls":[)" + fragments + "]}");
}
std::string end(const std::string& reason = "stop") {
    return chunk("{}", json_quote(reason));
}
const std::string kRole = chunk(R"({"role":"assistant","content":null,"refusal":null})");
const std::string kUsage =
    data(R"({"id":"c1","choices":[],"usage":{"prompt_tokens":40,"completion_tokens":12,)"
         R"("total_tokens":52,"prompt_tokens_details":{"cached_tokens":30}}})");
const std::string kDone = data("[DONE]");
const std::string kCall =
    calls(
        R"({"index":0,"id":"call_9","type":"function","function":{"name":"bash","arguments":""}})") +
    calls(R"({"index":0,"function":{"arguments":"{\"comm"}})") +
    calls(R"({"index":0,"function":{"arguments":"and\":\"ls\"}"}})");

std::string whole_stream() {
    return kRole + chunk(R"({"reasoning_content":"let me "})") +
           chunk(R"({"reasoning_content":"see"})") + text("Grü") + text("ße.") + kCall +
           calls(R"({"index":1,"id":"call_10","function":{"name":"bash","arguments":"{}"}})") +
           ": a comment\n\n" + end("tool_calls") + kUsage + kDone;
}

std::string text_and_end(const std::string& words = "ok") {
    return text(words) + end() + kDone;
}

TEST(ChatAnswer, BuildsACompleteAnswer) {
    Watcher watcher;
    const auto answer = read(whole_stream(), watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content,
              R"([{"type":"thinking","thinking":"let me see","field":"reasoning_content"},)"
              R"({"type":"text","text":"Grüße."},)"
              R"({"type":"tool_use","id":"call_9","name":"bash","input":{"command":"ls"}},)"
              R"({"type":"tool_use","id":"call_10","name":"bash","input":{}}])");
    EXPECT_EQ(answer->stop_reason, "tool_use");
    EXPECT_EQ(answer->id, "c1");
    EXPECT_EQ(answer->model, "m-1");
    EXPECT_EQ(answer->usage.input_tokens, 10);
    EXPECT_EQ(answer->usage.cache_read_input_tokens, 30);
    EXPECT_EQ(answer->usage.output_tokens, 12);
    EXPECT_EQ(watcher.texts, (std::vector<std::string>{"Grü", "ße."}));
    EXPECT_EQ(watcher.thinking, "let me see");
}

TEST(ChatAnswer, GivesTheSameAnswerOrARetryWhereverTheStreamIsCut) {
    const std::string wire = whole_stream();
    const std::string whole = read(wire)->content;
    const std::size_t finished = wire.find(kUsage);
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        const auto broken = read(wire.substr(0, cut), false);
        ASSERT_FALSE(broken);
        EXPECT_TRUE(broken.error().retryable);
        EXPECT_THAT(broken.error().message, HasSubstr("cut off"));
        EXPECT_THAT(broken.error().malformed, IsEmpty());
        // The connection of some servers simply ends behind the answer.
        const auto closed = read(wire.substr(0, cut), true);
        ASSERT_EQ(closed.ok(), cut >= finished);
        if (closed) EXPECT_EQ(closed->content, whole);
    }
}

TEST(ChatAnswer, NeedsAFinishReasonOrDone) {
    EXPECT_TRUE(read(text("ok") + kDone));
    EXPECT_TRUE(read(text("ok") + kDone, false));
    EXPECT_TRUE(read(text("ok") + end()));
    EXPECT_FALSE(read(text("ok") + end(), false));
    EXPECT_FALSE(read(text("ok")));
    const auto nothing = read(kDone);
    ASSERT_FALSE(nothing);
    EXPECT_THAT(nothing.error().message, HasSubstr("no choices"));
    EXPECT_TRUE(nothing.error().retryable);
}

TEST(ChatAnswer, UnderstandsServersAsTheyAre) {
    struct Case {
        const char* about;
        std::string wire;
        std::string content;
    };
    const std::string ok = R"([{"type":"text","text":"ok"}])";
    const std::string one_call = R"([{"type":"tool_use","id":"a","name":"bash","input":{"n":1}}])";
    const auto call = [](const std::string& members) {
        return calls(R"({"id":"a","function":{"name":"bash",)" + members + "}}") + end() + kDone;
    };
    for (
        const Case& one : std::vector<Case>{
            {"choices empty or missing",
             data(R"({"choices":[]})") + data(R"({"id":"c"})") + data(R"({"choices":null})") +
                 text_and_end(),
             ok},
            {"content null, absent, empty",
             chunk("{}") + chunk(R"({"content":null,"tool_calls":null})") +
                 chunk(R"({"content":""})") + text_and_end(),
             ok},
            {"content and finish_reason in one chunk",
             chunk(R"({"content":"ok"})", R"("stop")") + kDone, ok},
            {"usage in the finish chunk",
             data(R"({"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}],"usage":{}})"),
             ok},
            {"choices as an object", data(R"({"choices":{"delta":{"content":"ok"}}})") + kDone, ok},
            {"another choice first",
             data(R"({"choices":[{"index":1,"delta":{"content":"no"}},)"
                  R"({"index":0,"delta":{"content":"ok"}}]})") +
                 kDone,
             ok},
            {"the whole message once more",
             text("ok") +
                 data(R"({"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]})"),
             ok},
            {"a message in pieces",
             data(R"({"choices":[{"message":{"content":"o"}}]})") +
                 data(R"({"choices":[{"message":{"content":"o"}}]})") +
                 data(R"({"choices":[{"message":{"content":" 1"}}]})") +
                 data(R"({"choices":[{"message":{"content":"1"}}]})") +
                 data(R"({"choices":[{"message":{"content":"1"},"finish_reason":"stop"}]})"),
             R"([{"type":"text","text":"oo 111"}])"},
            {"a message in pieces, and once more",
             data(R"({"choices":[{"message":{"content":"o"}}]})") +
                 data(R"({"choices":[{"message":{"content":"k"}}]})") +
                 data(R"({"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]})"),
             ok},
            {"all of the message so far",
             data(R"({"choices":[{"message":{"content":""}}]})") +
                 data(R"({"choices":[{"message":{"content":"o"}}]})") +
                 data(R"({"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]})"),
             ok},
            {"a message in place of a delta",
             data(R"({"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]})"), ok},
            {"content in parts",
             chunk(R"({"content":[{"type":"text","text":"o"},{"type":"text","text":"k"}]})") +
                 kDone,
             ok},
            {"an event with a name of its own",
             "event: status\ndata: {\"message\":\"model not found yet\"}\n\n" + text_and_end(), ok},
            {"error null", data(R"({"error":null,"choices":[{"delta":{"content":"ok"}}]})") + kDone,
             ok},
            {"error empty", data(R"({"error":"","choices":[{"delta":{"content":"ok"}}]})") + kDone,
             ok},
            {"carriage returns",
             "data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\r\n\r\n" + kDone, ok},
            {"the end without a blank before it", text("ok") + "data:[DONE]\n\n", ok},
            {"stop although there are calls", call(R"("arguments":"{\"n\":1}")"), one_call},
            {"arguments as an object", call(R"("arguments":{"n":1})"), one_call},
            {"arguments in quotes twice", call(R"("arguments":"\"{\\\"n\\\":1}\"")"), one_call},
            {"arguments missing", call(R"("strict":true)"),
             R"([{"type":"tool_use","id":"a","name":"bash","input":{}}])"},
            {"calls as an object",
             chunk(
                 R"({"tool_calls":{"id":"a","function":{"name":"bash","arguments":"{\"n\":1}"}}})") +
                 kDone,
             one_call},
            {"a call without a function",
             calls(R"({"id":"a","name":"bash","arguments":"{\"n\":1}"})") + kDone, one_call},
            {"empty fragments behind a call",
             calls(R"({"id":"a","function":{"name":"bash","arguments":"{\"n\":1}"}})") +
                 calls("{}") + calls(R"({"index":0,"function":{"arguments":""}})") +
                 calls(R"({"index":0,"id":"","function":{"name":"","arguments":null}})") + kDone,
             one_call},
            {"thinking in tags", text("<thi") + text("nk>hm</th") + text("ink>\n") + text_and_end(),
             R"([{"type":"thinking","thinking":"hm"},{"type":"text","text":"ok"}])"},
            {"thinking as parts",
             chunk(
                 R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]})") +
                 text_and_end(),
             R"([{"type":"thinking","thinking":"hm"},{"type":"text","text":"ok"}])"},
            {"thinking in two members",
             chunk(R"({"reasoning":"hm","reasoning_content":"hm"})") + text_and_end(),
             R"([{"type":"thinking","thinking":"hm","field":"reasoning_content"},)"
             R"({"type":"text","text":"ok"}])"},
            {"thinking alone", chunk(R"({"reasoning":"hm"})") + end() + kDone, "[]"},
            {"nothing", kRole + end() + kDone, "[]"},
            {"blank text", text(" \n") + end() + kDone, "[]"},
        }) {
        SCOPED_TRACE(one.about);
        const auto answer = read(one.wire);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, one.content);
        EXPECT_EQ(answer->stop_reason, answer->calls.empty() ? "end_turn" : "tool_use");
    }
}

TEST(ChatAnswer, TellsCallsUnderOneIndexWithoutIdsAndArgumentsApart) {
    const auto answer =
        read(calls(R"({"index":0,"id":"","function":{"name":"bash","arguments":""}})") +
             calls(R"({"index":0,"function":{"name":"list"}})") +
             calls(R"({"index":0,"id":null,"function":{"name":"bash","arguments":null}},)"
                   R"({"index":0,"id":null,"function":{"name":"remove","arguments":null}})") +
             end() + kDone);
    ASSERT_TRUE(answer) << answer.error().message;
    std::vector<std::string> names;
    for (const agent::ToolCall& call : answer->calls) {
        names.push_back(call.name);
        EXPECT_EQ(call.input, Json::object());
    }
    EXPECT_THAT(names, ElementsAre("bash", "list", "bash", "remove"));
}

TEST(ChatAnswer, KeepsReasoningDetailsAsTheyCame) {
    Watcher watcher;
    const auto answer = read(
        chunk(
            R"({"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","format":"f","index":0}]})") +
            chunk(
                R"({"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b","signature":"s","index":0}]})") +
            chunk(
                R"({"reasoning_details":[{"type":"reasoning.encrypted","id":"r","data":"x","index":1}]})") +
            chunk(
                R"({"reasoning_details":[{"type":"reasoning.summary","summary":"c","index":2}]})") +
            text_and_end(),
        watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(
        answer->content,
        R"([{"type":"thinking","thinking":"abc","reasoning_details":[)"
        R"({"type":"reasoning.text","text":"ab","format":"f","index":0,"signature":"s"},)"
        R"({"type":"reasoning.encrypted","id":"r","data":"x","index":1},)"
        R"({"type":"reasoning.summary","summary":"c","index":2}]},{"type":"text","text":"ok"}])");
    EXPECT_EQ(watcher.thinking, "abc");
}

TEST(ChatAnswer, KeepsThinkingBlocksAsTheyCame) {
    const auto answer = read(
        chunk(R"({"thinking_blocks":[{"type":"thinking","thinking":"a","signature":null}]})") +
        chunk(R"({"thinking_blocks":[{"type":"thinking","thinking":"b"}]})") +
        chunk(R"({"thinking_blocks":[{"type":"thinking","thinking":"","signature":"s"}]})") +
        chunk(R"({"thinking_blocks":[{"type":"redacted_thinking","data":"x"}]})") + text_and_end());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content,
              R"([{"type":"thinking","thinking":"ab","thinking_blocks":[)"
              R"({"type":"thinking","thinking":"ab","signature":"s"},)"
              R"({"type":"redacted_thinking","data":"x"}]},{"type":"text","text":"ok"}])");
}

TEST(ChatAnswer, KeepsWhatACallMustBeSentBackWith) {
    const std::string kept = R"("extra_content":{"google":{"thought_signature":"s"}})";
    const std::string call =
        R"({"index":0,"id":"c1",)" + kept + R"(,"function":{"name":"bash","arguments":"{}"}})";
    const std::string wire = R"({"type":"tool_use","id":"c1","name":"bash","input":{}}])";
    EXPECT_EQ(read(calls(call) + end() + kDone)->content,
              R"([{"type":"thinking","thinking":"","calls":{"c1":{)" + kept + "}}}," + wire);
    EXPECT_EQ(read(chunk(R"({"reasoning":"hm"})") + calls(call) + end() + kDone)->content,
              R"([{"type":"thinking","thinking":"hm","field":"reasoning","calls":{"c1":{)" + kept +
                  "}}}," + wire);
}

TEST(ChatAnswer, ReadsWhyAnAnswerEnded) {
    for (const auto& [reason, stop] : std::vector<std::pair<std::string, std::string>>{
             {"stop", "end_turn"},
             {"length", "max_tokens"},
             {"content_filter", "refusal"},
             {"tool_calls", "end_turn"},
             {"LENGTH", "max_tokens"},
             {"MAX_TOKENS", "max_tokens"},
             {"sensitive", "refusal"},
             {"SAFETY", "refusal"},
             {"content_filter: PROHIBITED_CONTENT", "refusal"},
             {"STOP", "end_turn"},
             {"eos", "end_turn"}}) {
        SCOPED_TRACE(reason);
        Watcher watcher;
        EXPECT_EQ(read(text("ok") + end(reason) + kDone, watcher)->stop_reason, stop);
        EXPECT_THAT(watcher.notices, IsEmpty());
    }
    const auto refused = read(chunk(R"({"refusal":"I cannot."})") + end() + kDone);
    EXPECT_EQ(refused->stop_reason, "refusal");
    EXPECT_EQ(refused->text, "I cannot.");
    const auto cut = read(kCall + end("length") + kDone);
    EXPECT_THAT(cut->calls.at(0).input_error, HasSubstr("cut off"));
}

TEST(ChatAnswer, IgnoresWhatKeepsTheConnectionAlive) {
    const auto answer =
        read("data:\n\ndata: \n\nevent: ping\ndata: keepalive\n\n" + text("o") +
             "data:\n\ndata: \n\nevent: ping\ndata: keepalive\n\n" + text("k") + end() + kDone);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "ok");
}

TEST(ChatAnswer, JoinsMessagesThatComeInPiecesAndTakesARepetitionForOne) {
    const auto piece = [](const std::string& message) {
        return data(R"({"choices":[{"index":0,"message":)" + message + "}]}");
    };
    const std::string call =
        R"("tool_calls":[{"function":{"name":"bash","arguments":"{\"a\":1}"}}])";
    const std::string hello = text("Hel") + text("lo");
    for (const std::string& wire :
         {piece(R"({"content":"Hel"})") + piece(R"({"content":"lo"})"),
          piece(R"({"content":"Hel"})") + piece(R"({"content":"Hello"})"),
          hello + piece(R"({"content":"Hello"})"), hello + piece(R"({"content":null})")}) {
        SCOPED_TRACE(wire);
        EXPECT_EQ(read(wire + end() + kDone)->text, "Hello");
    }
    const std::string first = piece("{\"content\":\"Hello\"," + call + "}");
    EXPECT_EQ(read(first + end() + kDone)->calls.size(), 1U);
    EXPECT_EQ(read(first + first + end() + kDone)->calls.size(), 1U);
    EXPECT_EQ(read(hello + first + end() + kDone)->calls.size(), 1U);
}

TEST(ChatAnswer, TakesNoAnswerThatTheServerHasGivenUp) {
    for (const std::string reason : {"insufficient_system_resource", "abort", "network_error",
                                     "error", "function_call_filter: MALFORMED_FUNCTION_CALL"}) {
        SCOPED_TRACE(reason);
        const auto answer = read(text("The first half of the ans") + end(reason) + kDone);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("finish_reason " + reason));
        EXPECT_TRUE(answer.error().retryable);
    }
}

TEST(ChatAnswer, ReportsAFinishReasonThatItDoesNotKnow) {
    Watcher watcher;
    const auto answer = read(text("ok") + end("tired\x1b") + kDone, watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->stop_reason, "end_turn");
    EXPECT_THAT(watcher.notices, ElementsAre(HasSubstr("finish_reason tired ")));
}

TEST(ChatAnswer, FindsUsageAnywhere) {
    const std::string usage = R"("usage":{"prompt_tokens":4,"completion_tokens":2})";
    for (const std::string& wire :
         {data("{\"choices\":[]," + usage + "}"), data("{" + usage + "}"),
          data("{\"choices\":[{\"delta\":{}," + usage + "}]}"),
          data("{\"choices\":[],\"x_groq\":{" + usage + "}}"),
          data("{\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1}}") +
              data("{\"choices\":[]," + usage + "}") + data(R"({"choices":[],"usage":null})")}) {
        SCOPED_TRACE(wire);
        for (const std::string& all : {text("ok") + end() + wire + kDone, wire + text_and_end()}) {
            const auto answer = read(all);
            ASSERT_TRUE(answer);
            EXPECT_EQ(answer->usage.input_tokens, 4);
            EXPECT_EQ(answer->usage.output_tokens, 2);
        }
    }
    EXPECT_EQ(read(text_and_end())->usage.input_tokens, 0);
}

TEST(ChatAnswer, ReportsErrorsInsideTheStream) {
    struct Case {
        std::string wire;
        const char* message;
        bool retryable;
    };
    for (
        const Case& one : std::vector<Case>{
            {data(R"({"error":{"message":"Provider disconnected","code":502}})"),
             "Provider disconnected", true},
            {data(R"({"id":"g","error":{"code":"server_error","message":"overloaded"},)"
                  R"("choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})"),
             "overloaded", true},
            {data(R"({"error":{"message":"No credit","code":402}})"), "No credit", false},
            {data(R"({"error":{"message":"bad","code":"400"}})"), "bad", false},
            {data(R"({"error":{"message":"filtered","code":"content_filter"}})"), "filtered",
             false},
            {data(R"({"error":{"message":"Provider returned error","code":429,)"
                  R"("metadata":{"raw":"slow down","provider_name":"P"}}})"),
             "Provider returned error (P: slow down)", true},
            {data(R"({"error":"out of memory"})"), "out of memory", true},
            {data(R"({"object":"error","message":"gone","type":"InternalServerError","code":500})"),
             "InternalServerError: gone", true},
            {data(R"({"object":"error","message":"bad","type":"BadRequestError","code":400})"),
             "BadRequestError: bad", false},
            {data(R"({"detail":"no such thing"})"), "no such thing", true},
            {data(R"({"message":"gone away"})"), "gone away", true},
            {data(R"({"message":"Invalid API key"})"), "Invalid API key", false},
            {"event: error\ndata: gateway <b>down</b>\n\n", "gateway <b>down</b>", true},
            {"event: error\ndata: {\"message\":\"down\"}\n\n", "down", true},
            {end("error"), "finish_reason error", true},
            {data(R"({"error":{"message":"You exceeded your quota","code":"insufficient_quota"}})"),
             "quota", false},
            {data(
                 R"({"error":{"code":500,"message":"Jinja Exception: roles","type":"server_error"}})"),
             "Jinja", false}}) {
        SCOPED_TRACE(one.wire);
        const auto answer = read(text("some") + one.wire + kDone);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr(one.message));
        EXPECT_EQ(answer.error().retryable, one.retryable);
    }
}

TEST(ChatAnswer, RecognisesAnOverflowInsideTheStream) {
    const auto answer = read(
        data(R"({"error":{"code":400,"message":"the request exceeds the available context size",)"
             R"("type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}})"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().length, agent::Length::kTooLong);
    EXPECT_EQ(answer.error().window, 8192);
    EXPECT_FALSE(answer.error().retryable);
    const auto of_field = read(
        "error: {\"code\":400,\"message\":\"the request exceeds the "
        "available context size\",\"type\":\"exceed_context_size_error\","
        "\"n_prompt_tokens\":9000,\"n_ctx\":8192}\n\n");
    ASSERT_FALSE(of_field);
    EXPECT_EQ(of_field.error().length, agent::Length::kTooLong);
    EXPECT_EQ(of_field.error().window, 8192);
    EXPECT_THAT(of_field.error().message, HasSubstr("exceeds the available context size"));
}

TEST(ChatAnswer, FailsOnAnythingThatIsNoAnswer) {
    const std::string deep(100'000, '[');
    for (const std::string& wire :
         {data("{"), data("7"), data("null"), data(deep), data("<html>")}) {
        const auto answer = read(text("some") + wire);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().malformed, HasSubstr("malformed event"));
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_LT(answer.error().message.size(), 500U);
    }
}

TEST(ChatAnswer, EndsHostileAnswersWithAClearError) {
    std::string many;
    for (int i = 0; i < 10'000; ++i) {
        many += calls(R"({"index":)" + std::to_string(i) +
                      R"(,"id":"c","function":{"name":"bash","arguments":"{}"}})");
    }
    const auto answer = read(many + end() + kDone);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().malformed, "more than 4096 tool calls in one answer");

    Watcher watcher;
    const agent::Request request;
    ChatAnswerReader endless(request, watcher);
    endless.take({"message", R"({"choices":[{"delta":{"content":"a"}}]})"});
    EXPECT_FALSE(endless.over());
    endless.take({"message", std::string(kMaxAnswerBytes, ' ')});
    EXPECT_EQ(endless.finish(true).error().malformed, "the answer is too long");
}

TEST(ChatAnswer, BoundsTheValuesThatItParses) {
    // Two bytes each as text, but some hundred when they are parsed.
    std::string values;
    for (int i = 0; i < 300'000; ++i)
        values += "{},";
    values += "{}";
    Watcher watcher;
    const agent::Request request;
    ChatAnswerReader reader(request, watcher);
    EXPECT_FALSE(reader.take_whole(R"({"choices":[{"message":{"content":"a"}},)" + values + "]}"));
    const auto event = read(data(R"({"choices":[)" + values + "]}"));
    ASSERT_FALSE(event);
    EXPECT_THAT(event.error().malformed, HasSubstr("more than 262144 JSON values"));
    const auto call = read(calls(R"({"index":0,"id":"a","function":{"name":"bash","arguments":)" +
                                 json_quote("{\"a\":[" + values + "]}") + "}}") +
                           end() + kDone);
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().malformed, kTooLong);
}

TEST(ChatAnswer, BoundsTheReasoningDetailsWhileTheyArrive) {
    std::string piece = R"({"type":"x","data":")" + std::string(1 << 20, 'x') + R"("})";
    const std::string event = chunk(R"({"reasoning_details":[)" + piece + "]}");
    Watcher watcher;
    const agent::Request request;
    ChatAnswerReader reader(request, watcher);
    SseParser parser;
    int events = 0;
    for (; events < 100 && !reader.over(); ++events)
        ASSERT_TRUE(parser.feed(event, [&](const SseEvent& one) { reader.take(one); }));
    EXPECT_EQ(events, 32);
    EXPECT_EQ(reader.finish(true).error().malformed, kTooLong);
}

TEST(ChatAnswer, KeepsReasoningDetailsOfEventsThatHadToBeMended) {
    const auto details = [](const std::string& text, const std::string& more = "") {
        return chunk(R"({"reasoning_details":[{"type":"reasoning.text","text":")" + text +
                     R"(","index":0)" + more + "}]}");
    };
    const auto answer = read(details("first ") + details("caf\xC3") + details("\xA9 middle ") +
                             details("last", R"(,"signature":"s")") + text_and_end());
    ASSERT_TRUE(answer);
    const Json thinking = Json::parse(answer->content)[0];
    EXPECT_EQ(thinking["reasoning_details"][0]["text"], "first caf\xC3\xA9 middle last");
    EXPECT_EQ(thinking["reasoning_details"][0]["signature"], "s");
    EXPECT_EQ(thinking["thinking"], "first caf\xC3\xA9 middle last");
}

TEST(ChatAnswer, RefusesReasoningDetailsWithTooManyMembers) {
    std::string members;
    for (std::size_t i = 0; i <= kMaxOrderedMembers; ++i)
        members += ",\"k" + std::to_string(i) + "\":1";
    const auto answer =
        read(chunk(R"({"reasoning_details":[{"type":"x")" + members + "}]}") + text_and_end());
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("an object with more than 4096 members"));
}

TEST(ChatAnswer, SaysWhatAFilterOfTheServerSays) {
    const auto answer = read(text("half") + end("content_filter") + kDone);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->stop_reason, "refusal");
    EXPECT_EQ(answer->refusal, "finish_reason content_filter");
    EXPECT_EQ(answer->text, "half");
}

TEST(ChatAnswer, NeverRunsACallWithoutValidArguments) {
    const std::string deep =
        "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    for (const std::string& arguments :
         std::vector<std::string>{R"({"command":"ls)", "ls", "[1]", "7", "{}}", deep}) {
        const auto answer =
            read(calls(R"({"index":0,"id":"a","function":{"name":"bash","arguments":)" +
                       json_quote(arguments) + "}}") +
                 end("tool_calls") + kDone);
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->calls.size(), 1U);
        EXPECT_THAT(answer->calls[0].input_error, Not(IsEmpty()));
        EXPECT_THAT(answer->content, HasSubstr(R"("input":{})"));
    }
}

TEST(ChatAnswer, SurvivesMembersOfEveryType) {
    const std::string chunk_form =
        R"({"id":A,"model":A,"usage":A,"choices":[{"index":A,"finish_reason":A,"delta":{"content":A,)"
        R"("refusal":A,"reasoning":A,"reasoning_content":A,"reasoning_details":[A,{"type":A,"text":A}],)"
        R"("tool_calls":[A,{"index":A,"id":A,"function":A},{"function":{"name":A,"arguments":A}}],)"
        R"("function_call":A}}]})";
    for (const std::string& value :
         std::vector<std::string>{"null", "true", "-1", "1e308", "\"\"", "\"x\"", "[]", "[[]]",
                                  "{}", R"({"a":[1]})", R"(["x",{"text":7}])"}) {
        SCOPED_TRACE(value);
        std::string json = chunk_form;
        for (auto at = json.find('A'); at != json.npos; at = json.find('A', at + value.size()))
            json.replace(at, 1, value);
        (void)read(data(json) + text_and_end());
        (void)read(data(R"({"choices":)" + value + R"(,"error":)" + value + "}") + text_and_end());
        (void)read_whole(json);
    }
}

TEST(ChatAnswer, JoinsCharactersThatWereSplit) {
    const auto answer =
        read(chunk("{\"content\":\"a\\ud83d\"}") + chunk("{\"content\":\"\\ude00b\"}") +
             chunk("{\"content\":\"c\xC3\"}") + chunk("{\"content\":\"\xBC\"}") +
             chunk("{\"content\":\"d\\ud83d\"}") + text("e") + end() + kDone);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text,
              "a\xF0\x9F\x98\x80"
              "bc\xC3\xBC"
              "d\xEF\xBF\xBD"
              "e");
}

TEST(ChatAnswer, TakesAWholeAnswerInsteadOfAStream) {
    const auto answer = read_whole(
        R"({"id":"c1","object":"chat.completion","model":"m-1","choices":[{"index":0,"message":)"
        R"({"role":"assistant","content":"Hello","reasoning_content":"hm","refusal":null,)"
        R"("tool_calls":[{"id":"a","type":"function","function":{"name":"bash","arguments":"{\"n\":1}"}},)"
        R"({"id":"a","type":"function","function":{"name":"bash","arguments":"{\"n\":1}"}}]},)"
        R"("finish_reason":"tool_calls"}],"usage":{"prompt_tokens":4,"completion_tokens":2}})");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "Hello");
    EXPECT_EQ(answer->calls.size(), 2U) << "two calls with one id";
    EXPECT_EQ(answer->usage.input_tokens, 4);
    EXPECT_EQ(answer->stop_reason, "tool_use");
    for (const char* body : {"", "{", "[]", "{}", R"({"choices":[]})", R"({"choices":[{}]})",
                             R"({"error":{"message":"no"},"choices":[{"message":{}}]})", "<html>"})
        EXPECT_EQ(read_whole(body).error().message, "not taken") << body;
}

TEST(ChatAnswer, ReportsACallThatWasWrittenAsText) {
    Watcher watcher;
    ASSERT_TRUE(read(text("<tool_call>\n{\"name\": \"bash\", ") +
                         text("\"arguments\": {\"command\": \"ls\"}}\n</tool_call>") + end() +
                         kDone,
                     watcher));
    EXPECT_THAT(watcher.notices, ElementsAre(HasSubstr("a call of bash as text")));
}

}  // namespace
}  // namespace tenon::model::chat_answer
