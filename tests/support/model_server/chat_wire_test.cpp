#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/support/model_server/changed.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/sent_thinking.h"

namespace tenon::testing {
namespace {

using ::testing::HasSubstr;

/// A request with something of each kind that is allowed.
Json good_chat() {
    return Json::parse(R"({
      "model":"m","max_tokens":100,"stream":true,"stream_options":{"include_usage":true},
      "tools":[{"type":"function","function":{"name":"bash","description":"d",
                "parameters":{"type":"object","properties":{}},"strict":false}},
               {"type":"function","function":{"name":"read","parameters":{"type":"object"}}}],
      "tool_choice":"auto","parallel_tool_calls":true,
      "messages":[
        {"role":"system","content":"be good"},
        {"role":"user","content":[{"type":"text","text":"hello"},
          {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]},
        {"role":"assistant","content":"ok","tool_calls":[
          {"id":"t1","type":"function","function":{"name":"bash","arguments":"{\"a\":1}"}},
          {"id":"t2","type":"function","function":{"name":"read","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"t1","content":"Error: x"},
        {"role":"tool","tool_call_id":"t2","content":[{"type":"text","text":"y"}]},
        {"role":"user","content":"more"}]})");
}

std::optional<RefusedRequest> check_chat(const Json& request, const EndpointRules& rules = {}) {
    return check_body(chat_wire(), request.dump(), rules);
}

TEST(StrictChat, AcceptsWhatTheServersAccept) {
    const auto refusal = check_chat(good_chat());
    EXPECT_FALSE(refusal) << refusal->message;
    Json plain = Json::parse(R"({"model":"m","messages":[{"role":"user","content":"x"}]})");
    EXPECT_FALSE(check_chat(plain));
    plain["max_completion_tokens"] = 1;
    plain["reasoning_effort"] = "low";
    EndpointRules reasoning;
    reasoning.reasoning_model = true;
    EXPECT_FALSE(check_chat(plain, reasoning));
    EndpointRules merging;
    merging.reject_same_role = false;
    Json same = good_chat();
    same["messages"].push_back({{"role", "user"}, {"content", "again"}});
    EXPECT_FALSE(check_chat(same, merging));
}

TEST(StrictChat, RefusesWhatTheServersRefuse) {
    struct Case {
        const char* pointer;
        const char* value;
        const char* message;
    };
    const char* unanswered = "must be followed by tool messages responding to each 'tool_call_id'";
    const std::string long_name = "\"" + std::string(65, 'n') + "\"";
    const std::string long_id = "\"" + std::string(41, 'i') + "\"";
    const std::vector<Case> cases = {
        // pairs
        {"-/messages/3", "", "not in the order of their calls"},
        {"-/messages/4", "", "did not have response messages: t2"},
        {"+/messages/4", R"({"role":"user","content":"x"})", unanswered},
        {"+/messages/3", R"({"role":"user","content":"x"})", "messages: t1, t2"},
        {"-/messages/2", "", "must be a response to a preceeding message with 'tool_calls'"},
        {"/messages/4/tool_call_id", R"("t1")", "not found in 'tool_calls'"},
        {"/messages/4/tool_call_id", R"("t9")", "'tool_call_id' of 't9' not found"},
        {"/messages/3/tool_call_id", R"("t2")", "not in the order of their calls"},
        {"-/messages/3/tool_call_id", "", "Missing required parameter: 'messages[3].tool_call_id'"},
        {"/messages/2/tool_calls/1/id", R"("t1")", "Duplicate value for 'tool_call_id'"},
        {"/messages/2/tool_calls/1/id", R"("")", "empty string"},
        {"/messages/2/tool_calls/1/id", "7", "expected a string, but got an integer"},
        {"/messages/2/tool_calls/1/id", long_id.c_str(), "maximum length 40"},
        // calls
        {"/messages/2/tool_calls/0/function/arguments", R"("")", "arguments"},
        {"/messages/2/tool_calls/0/function/arguments", R"("{\"a\":")", "must be a JSON object"},
        {"/messages/2/tool_calls/0/function/arguments", R"("[]")", "must be a JSON object"},
        {"/messages/2/tool_calls/0/function/arguments", "{}", "expected a string"},
        {"/messages/2/tool_calls/0/function/name", R"("a.b")", "does not match pattern"},
        {"/messages/2/tool_calls/0/function/name", long_name.c_str(), "maximum length 64"},
        {"/messages/2/tool_calls/0/type", R"("call")", "Supported values are: 'function'"},
        {"/messages/2/tool_calls/0/index", "0", "messages[2].tool_calls[0].index"},
        {"/messages/2/tool_calls/0/function/x", "0", "tool_calls[0].function.x"},
        {"/messages/2/tool_calls", "[]", "empty array"},
        // roles and content
        {"+/messages/1", R"({"role":"assistant","content":"x"})", "roles must alternate"},
        {"+/messages/1", R"({"role":"user","content":"x"})", "roles must alternate"},
        {"/messages/6", R"({"role":"system","content":"x"})", "must be at the beginning"},
        {"/messages/6", R"({"role":"assistant","content":"x"})", "Cannot continue from"},
        {"/messages/1/role", R"("robot")", "Invalid value: 'robot'"},
        {"/messages/1/content", R"("")", "empty content"},
        {"/messages/1/content", "[]", "empty content"},
        {"/messages/1/content", "null", "but got null"},
        {"-/messages/1/content", "", "Missing required parameter: 'messages[1].content'"},
        {"/messages/1/content/0/text", R"("")", "empty content"},
        {"/messages/1/content/0/cache_control", "{}", "messages[1].content[0].cache_control"},
        {"/messages/1/content/1/image_url", R"("data:")", "expected an object"},
        {"/messages/1/content/1/image_url/url", R"("data:image/bmp;base64,QQ==")", "data URL"},
        {"/messages/4/content/0",
         R"({"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}})",
         "only allowed for messages with role 'user'"},
        {"/messages/3/is_error", "true", "Unknown parameter: 'messages[3].is_error'"},
        {"/messages/1/id", "1", "Unknown parameter: 'messages[1].id'"},
        {"/messages", "[]", "empty array"},
        {"-/messages", "", "Missing required parameter: 'messages'"},
        // the rest
        {"/system", R"("x")", "Unknown parameter: 'system'"},
        {"/cache_control", "{}", "Unknown parameter: 'cache_control'"},
        {"-/model", "", "Missing required parameter: 'model'"},
        {"/model", R"("")", "must provide a model"},
        {"/max_tokens", "0", "below minimum value"},
        {"/max_tokens", R"("1")", "expected an integer, but got a string"},
        {"/max_tokens", "1000000", "too large"},
        {"/max_completion_tokens", "5", "at the same time"},
        {"/stream", R"("yes")", "expected a boolean"},
        {"/stream", "false", "only allowed when 'stream' is enabled"},
        {"/stream_options/x", "1", "stream_options.x"},
        {"/reasoning_effort", R"("low")", "Unrecognized request argument supplied"},
        {"-/tools", "", "only allowed when 'tools' are specified"},
        {"/tools", "[]", "empty array"},
        {"/tools/0/name", R"("x")", "tools[0].name"},
        {"/tools/0/function/input_schema", "{}", "tools[0].function.input_schema"},
        {"/tools/0/function/name", R"("a b")", "does not match pattern"},
        {"/tools/0/function/name", R"("read")", "must be unique"},
        {"/tools/0/function/parameters", R"({"type":"array"})", "Invalid schema"},
        {"/tools/0/function/strict", "true", "'additionalProperties' is required"},
        {"/tool_choice", R"({"type":"none"})", "Missing required parameter"},
        {"/tool_choice", R"("never")", "Invalid value: 'never'"},
        {"/response_format",
         R"({"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"},"strict":true}})",
         "'additionalProperties' is required"},
        {"/response_format", R"({"type":"json_schema","json_schema":{"schema":{"type":"object"}}})",
         "response_format.json_schema.name"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.pointer) + " " + c.value);
        const auto refusal = check_chat(changed(good_chat(), c.pointer, c.value));
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->status, 400);
        EXPECT_THAT(refusal->message, HasSubstr(c.message));
    }
}

TEST(StrictChat, RefusesWhatItsRulesRefuse) {
    EndpointRules rules;
    rules.reasoning_model = true;
    auto refusal = check_chat(good_chat(), rules);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->message,
              "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
              "'max_completion_tokens' instead.");
    EXPECT_EQ(refusal->code, "unsupported_parameter");
    rules = {};
    rules.unknown_members = {"stream_options"};
    EXPECT_THAT(check_chat(good_chat(), rules)->message, HasSubstr("stream_options"));
    rules = {};
    rules.reject_user_after_tool = true;
    EXPECT_EQ(check_chat(good_chat(), rules)->message, "Unexpected role 'user' after role 'tool'");
    rules = {};
    rules.reject_system_role = true;
    EXPECT_EQ(check_chat(good_chat(), rules)->message, "System role not supported");
    rules = {};
    rules.reject_null_content = true;
    Json only_calls = good_chat();
    only_calls["messages"][2]["content"] = nullptr;
    EXPECT_EQ(check_chat(only_calls, rules)->message,
              "messages[2].content: invalid type: null, expected a string");
    only_calls["messages"][2]["content"] = "";
    EXPECT_FALSE(check_chat(only_calls, rules));
    EXPECT_THAT(check_chat(only_calls, {})->message, HasSubstr("empty content is not allowed"));
    rules = {};
    rules.models = {"other"};
    EXPECT_EQ(check_chat(good_chat(), rules)->status, 404);
}

TEST(StrictChat, ChecksTheHeaderFields) {
    struct Case {
        Fields fields;
        int status;
    };
    const std::string json = "application/json";
    for (const Case& c :
         {Case{{{"authorization", "Bearer k"}, {"content-type", json}}, 0},
          Case{{{"content-type", json}}, 401},
          Case{{{"authorization", "Basic k"}, {"content-type", json}}, 401},
          Case{{{"authorization", "Bearer other"}, {"content-type", json}}, 401},
          Case{{{"authorization", "Bearer k"}, {"x-api-key", "k"}, {"content-type", json}}, 400},
          Case{{{"authorization", "Bearer k"}, {"anthropic-version", "1"}, {"content-type", json}},
               400},
          Case{{{"authorization", "Bearer k"}}, 400}}) {
        SCOPED_TRACE(Json(c.fields).dump());
        EndpointRules rules;
        rules.api_key = "k";
        int status = 0;
        try {
            chat_wire().check_fields(c.fields, rules);
        } catch (const RefusedRequest& refusal) {
            status = refusal.status;
        }
        EXPECT_EQ(status, c.status);
    }
}

TEST(StrictChat, ShowsARequestAsTheMessagesApiWouldHaveIt) {
    const auto neutral = chat_wire().neutral(OrderedJson::parse(good_chat().dump()));
    EXPECT_EQ(Json::parse(neutral.dump()), Json::parse(R"({
      "model":"m","max_tokens":100,"stream":true,"system":[{"type":"text","text":"be good"}],
      "tools":[{"name":"bash","description":"d","input_schema":{"type":"object","properties":{}}},
               {"name":"read","input_schema":{"type":"object"}}],
      "messages":[
        {"role":"user","content":[{"type":"text","text":"hello"},{"type":"image","source":
          {"type":"base64","media_type":"image/png","data":"QUJD"}}]},
        {"role":"assistant","content":[{"type":"text","text":"ok"},
          {"type":"tool_use","id":"t1","name":"bash","input":{"a":1}},
          {"type":"tool_use","id":"t2","name":"read","input":{}}]},
        {"role":"user","content":[
          {"type":"tool_result","tool_use_id":"t1","content":"x","is_error":true},
          {"type":"tool_result","tool_use_id":"t2","content":"y"},
          {"type":"text","text":"more"}]}]})"));
}

TEST(StrictChat, StreamsAsTheRealServersDo) {
    const auto steps = read_script(R"([{"content":[
      {"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"},
      {"type":"tool_use","id":"c1","name":"bash","input":{"a":1}}],"usage":{"input_tokens":3,
      "cache_read_input_tokens":4,"output_tokens":2}}])");
    ASSERT_TRUE(steps);
    const Json request = good_chat();
    const Events events = chat_wire().events({steps->front(), 1, request}, {});
    std::vector<std::string> deltas;
    for (const auto& [name, data] : events) {
        EXPECT_EQ(name, "");
        if (data == "[DONE]") continue;
        const Json chunk = Json::parse(data);
        EXPECT_EQ(chunk["object"], "chat.completion.chunk");
        if (!chunk["choices"].empty())
            deltas.push_back(chunk["choices"][0]["delta"].dump() +
                             chunk["choices"][0]["finish_reason"].dump());
    }
    EXPECT_EQ(
        deltas,
        (std::vector<std::string>{
            R"({"content":null,"refusal":null,"role":"assistant"}null)",
            R"({"reasoning_content":"hm"}null)", R"({"content":"hi"}null)",
            R"({"tool_calls":[{"function":{"arguments":"","name":"bash"},"id":"c1","index":0,"type":"function"}]}null)",
            R"({"tool_calls":[{"function":{"arguments":"{\"a\":1}"},"index":0}]}null)",
            R"({}"tool_calls")"}));
    EXPECT_EQ(events.back().second, "[DONE]");
    const Json usage = Json::parse(events.at(events.size() - 2).second)["usage"];
    EXPECT_EQ(usage["prompt_tokens"], 7);
    EXPECT_EQ(usage["prompt_tokens_details"]["cached_tokens"], 4);
    EXPECT_EQ(usage["completion_tokens"], 2);
}

TEST(StrictChat, WantsReasoningDetailsBackUnchanged) {
    EndpointRules rules;
    rules.reasoning_details = true;
    auto steps = read_script(
        R"([{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"}]}])");
    ASSERT_TRUE(steps);
    SentThinking thinking;
    Json request = good_chat();
    const auto neutral = [](const Json& one) {
        return Json::parse(chat_wire().neutral(OrderedJson::parse(one.dump())).dump());
    };
    const auto prefix = SentThinking::prefix_of(neutral(request));
    thinking.add(prefix, chat_wire().sign(steps->front(), prefix, request, rules));
    Json details = Json::array();
    for (const auto& [name, data] : chat_wire().events({steps->front(), 1, request}, rules)) {
        const Json chunk = Json::parse(data, nullptr, false);
        if (!chunk.is_object() || chunk["choices"].empty()) continue;
        for (const Json& one :
             chunk["choices"][0]["delta"].value("reasoning_details", Json::array()))
            details.push_back(one);
    }
    request["messages"].push_back(
        {{"role", "assistant"}, {"content", "hi"}, {"reasoning_details", details}});
    request["messages"].push_back({{"role", "user"}, {"content", "go on"}});
    EXPECT_FALSE(check_chat(request));
    EXPECT_FALSE(thinking.check(neutral(request)));
    request["messages"][6]["reasoning_details"][0]["text"] = "other";
    EXPECT_TRUE(thinking.check(neutral(request)));
    request["messages"][6].erase("reasoning_details");
    EXPECT_TRUE(thinking.check(neutral(request)));
}

}  // namespace
}  // namespace tenon::testing
