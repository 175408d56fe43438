#include "host/model/responses_reader.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/model/responses_events.h"

// How an answer of the Responses API is read. For requests see responses_test.cpp, for answers that
// are none responses_faults_test.cpp.
namespace tenon::model::responses_answer {
namespace {

using ::testing::HasSubstr;

TEST(ResponsesReader, BuildsACompleteAnswer) {
    Watcher watcher;
    const auto answer = read(whole_stream(), watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->id, "resp_1");
    EXPECT_EQ(answer->model, "m-1");
    EXPECT_EQ(answer->stop_reason, "tool_use");
    EXPECT_EQ(answer->content, whole_content());
    EXPECT_EQ(answer->text, "Grüße");
    ASSERT_EQ(answer->calls.size(), 2U);
    EXPECT_EQ(answer->calls[0].input, Json::parse(kArguments));
    EXPECT_EQ(answer->usage.input_tokens, 10);
    EXPECT_EQ(answer->usage.cache_read_input_tokens, 30);
    EXPECT_EQ(answer->usage.output_tokens, 12);
    EXPECT_EQ(watcher.text(), "Grüße");
    EXPECT_EQ(watcher.thinking, "a/b\n\nc");
    EXPECT_TRUE(watcher.notices.empty());
}

TEST(ResponsesReader, IgnoresWhatKeepsTheConnectionAlive) {
    const std::string alive = "data:\n\ndata: \n\nevent: ping\ndata: keepalive\n\n";
    const auto answer = read(alive + created() + alive +
                             ended(R"(,"output":[{"type":"message",)"
                                   R"("content":[{"type":"output_text","text":"ok"}]}])"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "ok");
}

TEST(ResponsesReader, NeedsTheLastEvent) {
    const std::string wire = short_stream();
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        const auto answer = read(wire.substr(0, cut));
        ASSERT_FALSE(answer);
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_EQ(answer.error().malformed, "");
    }
    const auto done = read(wire + "data: [DONE]\n\n");
    EXPECT_TRUE(done);
}

TEST(ResponsesReader, GivesTheSameAnswerWhereverTheBytesAreCut) {
    const std::string wire = short_stream();
    const Talk talk;
    const agent::Request request = talk.request();
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        Watcher watcher;
        ResponsesReader reader(request, watcher);
        SseParser parser;
        const auto take = [&](const SseEvent& event) { reader.take(event); };
        ASSERT_TRUE(parser.feed(wire.substr(0, cut), take));
        ASSERT_TRUE(parser.feed(wire.substr(cut), take));
        const auto answer = reader.finish(true);
        ASSERT_TRUE(answer) << answer.error().message;
        ASSERT_EQ(answer->content, whole_content());
    }
}

/// The stream of a server that does some things in another way, with the same answer.
TEST(ResponsesReader, UnderstandsServersAsTheyAre) {
    struct ServerCase {
        const char* name;
        std::string wire;
    };
    const std::string expected =
        "[" + text_block("Hi") + "," + call_block("call_1", kArguments) + "]";
    const Json output = {message_item("Hi"), call_item("call_1", kArguments)};
    const Json whole = {{"id", "resp_1"}, {"status", "completed"}, {"output", output}};
    const std::string usual =
        created() + message_events(0, {"H", "i"}) + call_events(1, "call_1", kArguments);
    const auto replaced = [&](std::string wire, const std::string& from, const std::string& to) {
        EXPECT_THAT(wire, HasSubstr(from));
        for (auto at = wire.find(from); at != wire.npos; at = wire.find(from, at + to.size()))
            wire.replace(at, from.size(), to);
        return wire;
    };
    const auto item_done = [](const Json& item) {
        return event("response.output_item.done", {{"item", item}});
    };
    Json object_arguments = call_item("call_1", "");
    object_arguments["arguments"] = Json::parse(kArguments);
    Json plain_text = message_item("");
    plain_text["content"] = "Hi";
    for (const ServerCase& one : {
             ServerCase{"as it should be", usual + ended()},
             ServerCase{"no names of events", replaced(usual, "event: ", "x: ") + ended()},
             ServerCase{"no type in the data",
                        replaced(usual, R"("type":"response.)", R"("kind":"response.)") + ended()},
             ServerCase{"no output_index", replaced(usual, "output_index", "other") + ended()},
             ServerCase{"output_index always 0",
                        replaced(usual, R"("output_index":1)", R"("output_index":0)") + ended()},
             ServerCase{"no ids of items", replaced(replaced(replaced(usual, "item_id", "other"),
                                                             R"("id":"msg_1")", R"("id":"")"),
                                                    R"("id":"fc_call_1")", R"("id":"")") +
                                               ended()},
             ServerCase{
                 "an id that changes",
                 replaced(usual, R"("item_id":"fc_call_1")", R"("item_id":"other")") + ended()},
             ServerCase{"no item events", message_events(0, {"Hi"}) + created() +
                                              event("response.completed", {{"response", whole}})},
             ServerCase{"only the whole response",
                        event("response.completed", {{"response", whole}})},
             ServerCase{"only items that are done", item_done(message_item("Hi")) +
                                                        item_done(call_item("call_1", kArguments)) +
                                                        ended(R"(,"output":[])")},
             ServerCase{"text in deltas, the call in the whole response",
                        event("response.output_text.delta", {{"delta", "H"}}) +
                            event("response.output_text.delta", {{"delta", "i"}}) +
                            event("response.completed", {{"response", whole}})},
             ServerCase{
                 "arguments at the beginning",
                 message_events(0, {"Hi"}) +
                     event("response.output_item.added",
                           {{"output_index", 1}, {"item", call_item("call_1", kArguments)}}) +
                     ended()},
             ServerCase{
                 "arguments at the beginning and in deltas",
                 message_events(0, {"Hi"}) +
                     event("response.output_item.added",
                           {{"output_index", 1}, {"item", call_item("call_1", kArguments)}}) +
                     call_delta(1, "call_1", kArguments) + ended()},
             ServerCase{"empty texts at the end", message_events(0, {"Hi"}) +
                                                      call_begins(1, "call_1") +
                                                      call_delta(1, "call_1", kArguments) +
                                                      call_ends(1, "call_1", "") + ended()},
             ServerCase{
                 "a text instead of parts",
                 item_done(plain_text) + item_done(call_item("call_1", kArguments)) + ended()},
             ServerCase{"the call begins first and has the higher index",
                        call_begins(1, "call_1") + message_events(0, {"Hi"}) +
                            call_delta(1, "call_1", kArguments) + ended()},
             ServerCase{"no status",
                        usual + event(R"({"type":"response.completed","response":{}})")},
             ServerCase{"unknown events and items",
                        usual + event(R"({"type":"response.new_thing","output_index":0})") +
                            event(R"({"type":"ping"})") +
                            item_done({{"type", "web_search_call"}, {"id", "ws"}}) + ended()},
         }) {
        SCOPED_TRACE(one.name);
        Watcher watcher;
        const auto answer = read(one.wire, watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, expected);
        EXPECT_EQ(answer->stop_reason, "tool_use");
        EXPECT_EQ(watcher.text(), "Hi");
    }
}

TEST(ResponsesReader, TakesArgumentsThatAreAnObject) {
    const auto answer =
        read(event(R"({"type":"response.output_item.done","item":{"type":"function_call",)"
                   R"("call_id":"c1","name":"bash","arguments":{"z":1.50,"a":2}}})") +
             ended());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content, "[" + call_block("c1", R"({"z":1.50,"a":2})") + "]");
}

TEST(ResponsesReader, KeepsParallelCallsApartThatArriveMixed) {
    const auto answer = read(call_begins(0, "a") + call_begins(1, "b") +
                             call_delta(1, "b", R"({"n":)") + call_delta(0, "a", R"({"n":)") +
                             call_delta(1, "b", "2}") + call_delta(0, "a", "1}") + ended());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content,
              "[" + call_block("a", R"({"n":1})") + "," + call_block("b", R"({"n":2})") + "]");
}

TEST(ResponsesReader, NeverRunsACallWithoutValidArguments) {
    const auto answer = read(call_events(0, "a", R"({"n":)") + ended());
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->calls.at(0).input_error, HasSubstr("not valid JSON"));
    const auto cut = read(call_begins(0, "a") + call_delta(0, "a", R"({"n":)") +
                          incomplete("max_output_tokens"));
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->stop_reason, "max_tokens");
    EXPECT_THAT(cut->calls.at(0).input_error, HasSubstr("cut off"));
}

TEST(ResponsesReader, KeepsReasoningOnlyIfItCanBeSentBack) {
    struct ReasoningCase {
        std::string item, block;
    };
    for (const ReasoningCase& one : {
             ReasoningCase{R"({"type":"reasoning","id":"r","summary":[],"encrypted_content":"e"})",
                           R"({"type":"thinking","thinking":"","item":{"type":"reasoning",)"
                           R"("id":"r","summary":[],"encrypted_content":"e"}},)"},
             ReasoningCase{R"({"type":"reasoning","summary":[{"text":"hm"}]})",
                           R"({"type":"thinking","thinking":"hm"},)"},
             ReasoningCase{
                 R"({"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}],)"
                 R"("encrypted_content":null})",
                 R"({"type":"thinking","thinking":"hm"},)"},
             ReasoningCase{R"({"type":"reasoning","summary":[]})", ""},
         }) {
        SCOPED_TRACE(one.item);
        const auto answer =
            read(event(R"({"type":"response.output_item.done","output_index":0,"item":)" +
                       one.item + "}") +
                 message_events(1, {"Hi"}) + ended());
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, "[" + one.block + text_block("Hi") + "]");
    }
}

TEST(ResponsesReader, LeavesOutReasoningWithTheItemThatItLedTo) {
    const auto answer = read(reasoning(0) +
                             event(R"({"type":"response.output_item.done","output_index":1,)"
                                   R"("item":{"type":"web_search_call","id":"ws_1"}})") +
                             message_events(2, {"Hi"}) + ended());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content,
              R"([{"type":"thinking","thinking":"a/b\n\nc"},)" + text_block("Hi") + "]");
}

TEST(ResponsesReader, KeepsTheMembersOfAMessageThatItDoesNotKnow) {
    Json item = message_item("Hi");
    item["phase"] = "commentary";
    item["other"] = nullptr;
    const auto answer =
        read(event("response.output_item.done", {{"output_index", 0}, {"item", item}}) + ended());
    ASSERT_TRUE(answer);
    EXPECT_EQ(
        answer->content,
        R"([{"type":"thinking","thinking":"","item":{"type":"message","phase":"commentary"}},)" +
            text_block("Hi") + "]");
    EXPECT_EQ(answer->text, "Hi");
}

TEST(ResponsesReader, ReadsWhyAnAnswerEnded) {
    const auto cut = read(created() + message_events(0, {"Hi"}) + incomplete("max_output_tokens"));
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->stop_reason, "max_tokens");
    EXPECT_EQ(cut->text, "Hi");
    const auto filtered = read(created() + incomplete("content_filter"));
    ASSERT_TRUE(filtered);
    EXPECT_EQ(filtered->stop_reason, "refusal");
    const auto whole = read(created() + message_events(0, {"Hi"}) + ended());
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->stop_reason, "end_turn");
    const auto unknown = read(created() + incomplete("something_new"));
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("something_new"));
    EXPECT_TRUE(unknown.error().retryable);
}

std::string whole_output(const std::vector<Json>& items) {
    return ended(R"(,"output":)" + Json(items).dump());
}

/// The whole response has items of which no event, or not all events, have come.
TEST(ResponsesReader, FillsInWhatTheEventsHaveLeftOut) {
    struct OutputCase {
        const char* name;
        std::string wire;
        std::vector<std::string> blocks;
    };
    const std::string one = R"({"n":1})";
    const std::string two = R"({"n":2})";
    const Json a = call_item("a", one);
    const Json b = call_item("b", two);
    const auto with = [](Json item, const char* key, const char* value) {
        item[key] = value;
        return item;
    };
    const auto same_id = [&](const Json& item) { return with(item, "id", "fc"); };
    const std::vector<std::string> both = {call_block("a", one), call_block("b", two)};
    const std::string b_done = call_events(1, "b", two);
    const auto item_done = [](int index, const Json& item) {
        return event("response.output_item.done", {{"output_index", index}, {"item", item}});
    };
    for (const OutputCase& c : {
             OutputCase{"no events of the first call", b_done + whole_output({a, b}), both},
             OutputCase{"the first call comes last and has no end",
                        b_done + call_begins(0, "a") + call_delta(0, "a", R"({"n")") +
                            whole_output({a, b}),
                        both},
             OutputCase{"other ids of the items in the output",
                        b_done + whole_output({with(a, "id", "x"), with(b, "id", "y")}), both},
             OutputCase{"the same id for all items",
                        item_done(1, same_id(b)) + whole_output({same_id(a), same_id(b)}), both},
             OutputCase{"another call_id in the output",
                        b_done + whole_output({a, with(b, "call_id", "c")}), both},
             OutputCase{"other ids, and the index of another call",
                        item_done(0, b) + whole_output({with(a, "id", "x"), with(b, "id", "y")}),
                        {call_block("b", two), call_block("a", one)}},
             OutputCase{"only a call of which no event has come", b_done + whole_output({a}), both},
             OutputCase{"no ids of the second call, but an index",
                        item_done(1, with(b, "id", "")) +
                            whole_output({a, with(with(b, "id", ""), "call_id", "")}),
                        both},
             OutputCase{"no events of the first text",
                        item_done(1, message_item("two", "m2")) +
                            whole_output({message_item("one", "m1"), message_item("two", "m2")}),
                        {text_block("one"), text_block("two")}},
             OutputCase{"no events of the first of two texts with the same id",
                        item_done(1, message_item("two", "m")) +
                            whole_output({message_item("one", "m"), message_item("two", "m")}),
                        {text_block("one"), text_block("two")}},
         }) {
        SCOPED_TRACE(c.name);
        const auto answer = read(c.wire);
        ASSERT_TRUE(answer) << answer.error().message;
        std::string content;
        for (const std::string& block : c.blocks)
            content += (content.empty() ? "[" : ",") + block;
        EXPECT_EQ(answer->content, content + "]");
    }
}

TEST(ResponsesReader, TakesItemsOfTheOutputAsTheyAreWritten) {
    const std::string item =
        R"({"type":"reasoning","id":"r","summary":[],"encrypted_content":"e"})";
    const auto answer =
        read(ended(R"(,"output":[null,7,["x"],)" + item + "," + message_item("Hi").dump() + "]"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content, R"([{"type":"thinking","thinking":"","item":)" + item + "}," +
                                   text_block("Hi") + "]");
}

TEST(ResponsesReader, WritesItemsWithTooManyMembersAnew) {
    Json item = {{"type", "reasoning"}, {"encrypted_content", "e"}};
    for (int i = 0; i < 5000; ++i)
        item["x" + std::to_string(i)] = 1;
    const std::string reversed = R"({"type":"reasoning",)" + item.dump().substr(1);
    const auto answer =
        read(event(R"({"type":"response.output_item.done","item":)" + reversed + "}") +
             message_events(1, {"Hi"}) + ended());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_THAT(answer->content, HasSubstr(R"("item":)" + item.dump()));
}

TEST(ResponsesReader, TakesAnEmptyErrorForNone) {
    const auto answer = read(event("response.completed", {{"response",
                                                           {{"status", "completed"},
                                                            {"error", Json::object()},
                                                            {"output", {message_item("Hi")}}}}}));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "Hi");
}

TEST(ResponsesReader, TakesARefusalForOne) {
    Watcher watcher;
    const Json at = {{"output_index", 0}, {"item_id", "msg_1"}, {"content_index", 0}};
    const auto with = [&](Json more) {
        more.update(at);
        return more;
    };
    const auto answer =
        read(event("response.refusal.delta", with({{"delta", "I "}})) +
                 event("response.refusal.delta", with({{"delta", "won't"}})) +
                 event("response.refusal.done", with({{"refusal", "I won't"}})) + ended(),
             watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->stop_reason, "refusal");
    EXPECT_EQ(answer->text, "I won't");
    EXPECT_EQ(watcher.text(), "I won't");
}

TEST(ResponsesReader, TakesAWholeAnswerInsteadOfAStream) {
    const Talk talk;
    const agent::Request request = talk.request();
    const auto take = [&](const std::string& body) {
        Watcher watcher;
        ResponsesReader reader(request, watcher);
        EXPECT_TRUE(reader.take_whole(body)) << body;
        return reader.finish(true);
    };
    const std::string output =
        R"("output":[)" + std::string(kReasoningItem) + "," + message_item("Grüße").dump() + "," +
        call_item("call_1", kArguments).dump() + "," + call_item("call_2", "{}").dump() + "]";
    const auto answer = take(R"({"id":"r","object":"response","status":"completed",)" + output +
                             R"(,"usage":{"input_tokens":7}})");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content, whole_content());
    EXPECT_EQ(answer->usage.input_tokens, 7);
    const auto cut = take(R"({"status":"incomplete","incomplete_details":)"
                          R"({"reason":"max_output_tokens"},)" +
                          output + "}");
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->stop_reason, "max_tokens");
    const auto failed = take(R"({"status":"failed","error":{"code":"server_error",)"
                             R"("message":"oops"},"output":[]})");
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("oops"));
    EXPECT_FALSE(take(R"({"status":"queued","output":[]})"));

    Watcher watcher;
    ResponsesReader reader(request, watcher);
    EXPECT_FALSE(reader.take_whole(R"({"error":{"message":"no"}})"));
    EXPECT_FALSE(reader.take_whole("<html>"));
    EXPECT_FALSE(reader.over());
}

TEST(ResponsesReader, JoinsCharactersThatWereSplit) {
    const std::string a = "{\"type\":\"response.output_text.delta\",\"delta\":\"";
    for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
             {"x\xC3", "\xA4y"}, {"x\\ud83d", "\\ude00y"}}) {
        const auto answer =
            read("data: " + a + first + "\"}\n\ndata: " + a + second + "\"}\n\n" + ended());
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_THAT(answer->text, ::testing::AnyOf("xäy", "x😀y"));
    }
    const auto lost = read("data: " + a + "x\xC3\"}\n\ndata: " + a + "y\"}\n\n" + ended());
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->text, "x\xEF\xBF\xBDy");
}

}  // namespace
}  // namespace tenon::model::responses_answer
