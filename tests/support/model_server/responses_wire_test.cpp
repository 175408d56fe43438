#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/support/model_server/changed.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/sent_thinking.h"

namespace tenon::testing {
namespace {

using ::testing::HasSubstr;

/// A request with something of each kind that is allowed.
Json good_responses() {
    return Json::parse(R"({
      "model":"m","max_output_tokens":100,"stream":true,"store":false,"instructions":"be good",
      "include":["reasoning.encrypted_content"],"parallel_tool_calls":true,"tool_choice":"auto",
      "tools":[{"type":"function","name":"bash","description":"d","strict":false,
                "parameters":{"type":"object","properties":{}}}],
      "input":[
        {"role":"user","content":[{"type":"input_text","text":"hello"},
          {"type":"input_image","image_url":"data:image/png;base64,QUJD"}]},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],
          "encrypted_content":"e1"},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok"}]},
        {"type":"function_call","call_id":"t1","name":"bash","arguments":"{\"a\":1}"},
        {"type":"function_call","call_id":"t2","name":"bash","arguments":"{}"},
        {"type":"function_call_output","call_id":"t2","output":"Error: x"},
        {"type":"function_call_output","call_id":"t1","output":[{"type":"input_text","text":"y"}]},
        {"type":"message","role":"user","content":"more"}]})");
}

std::optional<RefusedRequest> check_responses(const Json& request,
                                              const EndpointRules& rules = {}) {
    return check_body(responses_wire(), request.dump(), rules);
}

TEST(StrictResponses, AcceptsWhatTheServerAccepts) {
    const auto refusal = check_responses(good_responses());
    EXPECT_FALSE(refusal) << refusal->message;
    EXPECT_FALSE(check_responses(Json::parse(R"({"model":"m","input":"x","store":false})")));
}

TEST(StrictResponses, RefusesWhatTheServerRefuses) {
    struct Case {
        const char* pointer;
        const char* value;
        const char* message;
        int status = 400;
    };
    const std::vector<Case> cases = {
        {"-/input/5", "", "No tool output found for function call t2."},
        {"-/input/3", "", "No tool call found for function call output with call_id t1."},
        {"/input/6/call_id", R"("t2")", "Duplicate function call output"},
        {"/input/4/call_id", R"("t1")", "Duplicate call_id 't1'"},
        {"/input/4/call_id", R"("")", "empty string"},
        {"-/input/4/call_id", "", "Missing required parameter: 'input[4].call_id'"},
        {"/input/4/arguments", R"("")", "must be a JSON object"},
        {"/input/4/arguments", "{}", "expected a string"},
        {"/input/4/name", R"("a.b")", "does not match pattern"},
        {"/input/4/id", R"("call_1")", "begins with 'fc'"},
        {"/input/4/index", "1", "input[4].index"},
        {"/input/5/is_error", "true", "input[5].is_error"},
        {"/input/5/output", "null", "but got null"},
        {"/input/6/output/0/type", R"("text")", "Invalid value: 'text'"},
        {"/input/0/content/0/type", R"("text")", "Invalid value: 'text'"},
        {"/input/2/content/0/type", R"("input_text")", "Supported values are: 'output_text'"},
        {"/input/0/content/1/image_url", R"("x")", "data URL"},
        {"/input/7/type", R"("tool_result")", "Invalid value: 'tool_result'"},
        {"/input/7/role", R"("tool")", "Invalid value: 'tool'"},
        {"/input/7/id", R"("x")", "input[7].id"},
        {"-/input/1/encrypted_content", "", "Items are not persisted", 404},
        {"-/input/1/id", "", "Missing required parameter: 'input[1].id'"},
        {"/input/1/signature", "1", "input[1].signature"},
        {"+/input/1", R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"e"})",
         "Duplicate item found with id rs_1"},
        {"+/input/8", R"({"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"e"})",
         "without its required following item"},
        {"/input", "[]", "empty array"},
        {"-/input", "", "Missing required parameter: 'input'"},
        {"/messages", "[]", "Unknown parameter: 'messages'"},
        {"/max_tokens", "1", "has moved to 'max_output_tokens'"},
        {"/max_output_tokens", "1", "Expected a value >= 16"},
        {"/store", "true", "'store' must be false"},
        {"-/store", "", "Missing required parameter: 'store'"},
        {"/include/0", R"("all")", "Supported values are: 'reasoning.encrypted_content'"},
        {"/reasoning", R"({"effort":"low"})", "not supported with this model"},
        {"/tools/0/function", "{}", "Unknown parameter: 'tools[0].function'"},
        {"-/tools/0/strict", "", "Missing required parameter: 'tools[0].strict'"},
        {"-/tools/0/parameters", "", "Missing required parameter: 'tools[0].parameters'"},
        {"/tools/0/strict", "true", "'additionalProperties' is required"},
        {"/tools/0/cache_control", "{}", "tools[0].cache_control"},
        {"/tool_choice", R"("never")", "Invalid value"},
        {"/text", R"({"format":{"type":"json_schema","name":"a","schema":{"type":"object"}}})",
         "'additionalProperties' is required"},
        {"/previous_response_id", R"("x")", "Unknown parameter"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.pointer) + " " + c.value);
        const auto refusal = check_responses(changed(good_responses(), c.pointer, c.value));
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->status, c.status);
        EXPECT_THAT(refusal->message, HasSubstr(c.message));
    }
}

TEST(StrictResponses, RefusesEncryptedReasoningWhereTheModelHasNone) {
    EndpointRules rules;
    rules.no_encrypted_reasoning = true;
    EXPECT_THAT(check_responses(good_responses(), rules)->message,
                HasSubstr("Encrypted content is not supported with this model"));
}

TEST(StrictResponses, ShowsARequestAsTheMessagesApiWouldHaveIt) {
    const auto neutral = responses_wire().neutral(OrderedJson::parse(good_responses().dump()));
    EXPECT_EQ(Json::parse(neutral.dump()), Json::parse(R"({
      "model":"m","max_tokens":100,"stream":true,"system":[{"type":"text","text":"be good"}],
      "tools":[{"name":"bash","description":"d","input_schema":{"type":"object","properties":{}}}],
      "messages":[
        {"role":"user","content":[{"type":"text","text":"hello"},{"type":"image","source":
          {"type":"base64","media_type":"image/png","data":"QUJD"}}]},
        {"role":"assistant","content":[
          {"type":"thinking","thinking":"hm","signature":"e1","item":{"type":"reasoning","id":"rs_1",
            "summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"e1"}},
          {"type":"text","text":"ok"},
          {"type":"tool_use","id":"t1","name":"bash","input":{"a":1}},
          {"type":"tool_use","id":"t2","name":"bash","input":{}}]},
        {"role":"user","content":[
          {"type":"tool_result","tool_use_id":"t2","content":"x","is_error":true},
          {"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"y"}]},
          {"type":"text","text":"more"}]}]})"));
}

TEST(StrictResponses, StreamsAsTheRealServerDoes) {
    const auto steps = read_script(R"([{"content":[
      {"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"hi"},
      {"type":"tool_use","id":"c1","name":"bash","input":{"a":1}}]}])");
    ASSERT_TRUE(steps);
    const Json request = good_responses();
    std::vector<std::string> names;
    Json last;
    for (const auto& [name, data] : responses_wire().events({steps->front(), 1, request}, {})) {
        last = Json::parse(data);
        EXPECT_EQ(last["type"], name);
        EXPECT_EQ(last["sequence_number"], names.size());
        names.push_back(name.substr(std::string("response.").size()));
    }
    EXPECT_EQ(names, (std::vector<std::string>{
                         "created", "in_progress", "output_item.added",
                         "reasoning_summary_part.added", "reasoning_summary_text.delta",
                         "reasoning_summary_text.done", "reasoning_summary_part.done",
                         "output_item.done", "output_item.added", "content_part.added",
                         "output_text.delta", "output_text.done", "content_part.done",
                         "output_item.done", "output_item.added", "function_call_arguments.delta",
                         "function_call_arguments.done", "output_item.done", "completed"}));
    EXPECT_EQ(last["response"]["output"][0]["encrypted_content"], "s");
    EXPECT_EQ(last["response"]["output"][2]["call_id"], "c1");
    EXPECT_EQ(last["response"]["usage"]["total_tokens"], 15);
}

TEST(StrictResponses, WantsReasoningItemsBackUnchanged) {
    auto steps = read_script(
        R"([{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"}]}])");
    ASSERT_TRUE(steps);
    Json request = changed(good_responses(), "-/input/1", "");
    const auto neutral = [](const Json& one) {
        return Json::parse(responses_wire().neutral(OrderedJson::parse(one.dump())).dump());
    };
    SentThinking thinking;
    const auto prefix = SentThinking::prefix_of(neutral(request));
    thinking.add(prefix, responses_wire().sign(steps->front(), prefix, request, {}));
    const Events events = responses_wire().events({steps->front(), 1, request}, {});
    const Json whole = Json::parse(events.back().second);
    const Json item = whole["response"]["output"][0];
    request["input"].push_back(item);
    request["input"].push_back({{"role", "assistant"}, {"content", "hi"}});
    request["input"].push_back({{"role", "user"}, {"content", "go on"}});
    EXPECT_FALSE(check_responses(request));
    EXPECT_FALSE(thinking.check(neutral(request)));
    Json other = request;
    other["input"][7]["id"] = "rs_other";
    EXPECT_TRUE(thinking.check(neutral(other))) << "changed";
    other = request;
    other["input"].erase(7);
    EXPECT_TRUE(thinking.check(neutral(other))) << "dropped";
    other = request;
    other["instructions"] = "be bad";
    EXPECT_TRUE(thinking.check(neutral(other))) << "another prefix";
}

}  // namespace
}  // namespace tenon::testing
