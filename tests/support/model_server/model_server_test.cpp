#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/model/support.h"
#include "tests/support/model_server/changed.h"
#include "tests/support/model_server/server.h"

namespace tenon::testing {
namespace {

using model::provider_for;
using model::Talk;
using model::Watcher;
using ::testing::HasSubstr;

std::optional<RefusedRequest> check_body(const std::string& body, const EndpointRules& rules) {
    return testing::check_body(messages_wire(), body, rules);
}

/// A request with something of each kind that is allowed.
Json good() {
    return Json::parse(R"({
      "model":"m","max_tokens":100,"stream":true,
      "system":[{"type":"text","text":"be good","cache_control":{"type":"ephemeral","ttl":"1h"}}],
      "tools":[{"name":"bash","description":"d","input_schema":{"type":"object","properties":{}}},
               {"name":"read","input_schema":{"type":"object"}}],
      "tool_choice":{"type":"auto"},
      "messages":[
        {"role":"user","content":"hello"},
        {"role":"assistant","content":[{"type":"text","text":"ok"},
          {"type":"tool_use","id":"t1","name":"bash","input":{},"caller":{"type":"direct"}},
          {"type":"tool_use","id":"t2","name":"read","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":"x","is_error":true},
          {"type":"tool_result","tool_use_id":"t1"},
          {"type":"text","text":"more","cache_control":{"type":"ephemeral"}}]}]})");
}

TEST(ModelServer, AcceptsWhatTheEndpointAccepts) {
    const auto refusal = check_body(good().dump(), {});
    EXPECT_FALSE(refusal) << refusal->message;
    Json paused = good();
    paused["messages"].push_back(Json::parse(
        R"({"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"w","input":{}}]})"));
    EXPECT_FALSE(check_body(paused.dump(), {})) << "a paused answer may come last";
    paused["messages"].back()["content"].push_back(
        Json::parse(R"({"type":"w_tool_result","tool_use_id":"s","content":[]})"));
    paused["messages"].push_back({{"role", "user"}, {"content", "go on"}});
    EXPECT_FALSE(check_body(paused.dump(), {})) << "a call that the server has ended";
    EndpointRules merging;
    merging.reject_same_role = false;
    Json same = good();
    same["messages"].push_back({{"role", "user"}, {"content", "again"}});
    EXPECT_FALSE(check_body(same.dump(), merging));
}

TEST(ModelServer, RefusesTextAfterAServerCallWithoutAResult) {
    Json request = good();
    request["messages"].push_back(Json::parse(
        R"({"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"w","input":{}}]})"));
    request["messages"].push_back({{"role", "user"}, {"content", "go on"}});
    const auto refusal = check_body(request.dump(), {});
    ASSERT_TRUE(refusal);
    EXPECT_NE(refusal->message.find("without a corresponding `w_tool_result` block"),
              std::string::npos)
        << refusal->message;
}

TEST(ModelServer, RefusesWhatTheEndpointRefuses) {
    struct Case {
        const char* pointer;  // what to replace, or "-" before it: to remove
        const char* value;
        const char* message;
    };
    const char* mark = R"({"type":"text","text":"x","cache_control":{"type":"ephemeral"}})";
    const std::string five = std::string("[") + mark + "," + mark + "," + mark + "," + mark + "]";
    const std::vector<Case> cases = {
        {"/messages/0/role", R"("assistant")", "first message must use the \"user\" role"},
        {"/messages/0/role", R"("system")", "role 'system' is not supported"},
        {"/messages/0/role", R"("robot")", "messages.0.role"},
        {"/messages/1", R"({"role":"user","content":"x"})", "roles must alternate"},
        {"/messages/2", R"({"role":"user","content":"x"})", "without `tool_result` blocks"},
        {"-/messages/2", "", "without `tool_result` blocks immediately after: t1, t2"},
        {"-/messages/2/content/0", "", "immediately after: t2"},
        {"/messages/2/content/0", R"({"type":"text","text":"first"})", "immediately after: t1, t2"},
        {"/messages/2/content/1/tool_use_id", R"("t2")", "must have a single result"},
        {"/messages/2/content/1/tool_use_id", R"("t9")", "unexpected `tool_use_id`"},
        {"/messages/1/content", R"("no calls")", "unexpected `tool_use_id`"},
        {"/messages/1/content/2/id", R"("t1")", "ids must be unique"},
        {"/messages/1/content/2/id", R"("t 2")", "^[a-zA-Z0-9_-]+$"},
        {"/messages/1/content/2/input", R"("{}")", "input: Input should be a valid dictionary"},
        {"-/messages/1/content/2/input", "", "input: Field required"},
        {"-/messages/1/content/2/name", "", "name: Field required"},
        {"/messages/3", R"({"role":"assistant","content":"Sure"})",
         "does not support assistant message prefill"},
        {"/messages/0/content", R"("")", "non-empty content"},
        {"/messages/0/content", "[]", "non-empty content"},
        {"/messages/0/content", R"(" \n")", "non-whitespace"},
        {"/messages/0/content", "7", "messages.0.content: Input should be a valid list"},
        {"/messages/0/content", R"([{"type":"text","text":""}])", "must be non-empty"},
        {"/messages/0/content", R"([{"type":"text","text":"\t"}])", "non-whitespace"},
        {"/messages/0/content", R"([{"type":"text","text":"x","id":1}])", "id: Extra inputs"},
        {"/messages/0/content", R"([{"type":"hologram"}])", "does not match any"},
        {"/messages/0/content", R"([{"type":"tool_use","id":"x","name":"y","input":{}}])",
         "does not match any"},
        {"/messages/1/content/0", R"({"type":"tool_result","tool_use_id":"t1"})", ""},
        {"/messages/0/content", R"([{"type":"text","text":"x","citations":[1]}])", "citations"},
        {"/messages/0/id", "1", "messages.0.id: Extra inputs are not permitted"},
        {"/messages/2/content/0/v", "1", "v: Extra inputs"},
        {"/messages/1/content/2/v", "1", "v: Extra inputs"},
        {"/messages/2/content/0/is_error", "1", "is_error"},
        {"/messages/2/content/0/content", R"([{"type":"text","text":" "}])", "non-whitespace"},
        {"/messages", "[]", "at least one message"},
        {"-/messages", "", "messages: Field required"},
        {"/v", "1", "v: Extra inputs are not permitted"},
        {"/temperature", "1", "temperature: Extra inputs are not permitted"},
        {"/top_p", "1", "top_p: Extra inputs"},
        {"/top_k", "1", "top_k: Extra inputs"},
        {"-/model", "", "model: Field required"},
        {"/model", R"("")", "model: String"},
        {"-/max_tokens", "", "max_tokens: Field required"},
        {"/max_tokens", "0", "greater than or equal to 1"},
        {"/max_tokens", "1.5", "valid integer"},
        {"/max_tokens", "1000000", "1000000 > 128000"},
        {"/stream", R"("yes")", "stream"},
        {"/system", "7", "system"},
        {"/system/0/text", R"("")", "must be non-empty"},
        {"/system/0/text", R"(" ")", "non-whitespace"},
        {"/system/0/x", "1", "system.0.x: Extra inputs"},
        {"/system/0/type", R"("image")", "system.0.type"},
        {"/messages/0/content", five.c_str(), "Found 6"},
        {"/system/0/cache_control", R"({"type":"ephemeral","ttl":"2h"})", "ttl"},
        {"/system/0/cache_control", R"({"type":"forever"})", "'ephemeral'"},
        {"/messages/2/content/2/cache_control/x", "1", "x: Extra inputs"},
        {"/messages/1/content/0",
         R"({"type":"thinking","thinking":"x","signature":"s","cache_control":{"type":"ephemeral"}})",
         "cache_control: Extra inputs"},
        {"/messages/1/content/0", R"({"type":"thinking","thinking":"x"})",
         "signature: Field required"},
        {"/messages/0/content", R"([{"type":"thinking","thinking":"x","signature":"s"}])",
         "does not match any"},
        {"/messages/1/content/3", R"({"type":"thinking","thinking":"x","signature":"s"})",
         "messages.1: The final block in an assistant message cannot be `thinking`."},
        {"/messages/1/content/3", R"({"type":"redacted_thinking","data":"x"})",
         "messages.1: The final block in an assistant message cannot be `thinking`."},
        {"/messages/1/content/2/name", R"("functions.read")", "name: String should match pattern"},
        {"/messages/1/content/2/id", "null", "id: Input should be a valid string"},
        {"/messages/1/content/0/text", R"("\u00a0\u3000")", "non-whitespace"},
        {"/tools/0/name", R"("a.b")", "tools.0.name: String should match pattern"},
        {"/tools/0/name", R"("read")", "Tool names must be unique"},
        {"/tools/0/x", "1", "tools.0.x: Extra inputs"},
        {"-/tools/0/input_schema", "", "input_schema: Field required"},
        {"-/tools/0/input_schema/type", "", "input_schema.type: Field required"},
        {"/tools/0/input_schema/type", R"("array")", "input_schema.type: Input should be 'object'"},
        {"/tools/0/input_schema/anyOf", "[]", "does not support oneOf"},
        {"/tools/0/input_schema/properties", "[]", "JSON schema is invalid"},
        {"/tools/0/description", "1", "description"},
        {"/tool_choice", R"({"type":"any"})", "not supported for this model"},
        {"/tool_choice", R"({"type":"never"})", "tool_choice.type"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.pointer) + " " + c.value);
        const Json request = changed(good(), c.pointer, c.value);
        const auto refusal = check_body(request.dump(), {});
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->status, 400);
        EXPECT_THAT(refusal->message, HasSubstr(c.message));
    }
}

TEST(ModelServer, RefusesWhatBreaksARuleOfTheWholeRequest) {
    Json late = good();
    late["system"][0]["cache_control"].erase("ttl");
    late["messages"][2]["content"][2]["cache_control"]["ttl"] = "1h";
    EXPECT_THAT(check_body(late.dump(), {})->message, HasSubstr("must not come after"));
    Json bare = good();
    bare.erase("tools");
    bare.erase("tool_choice");
    EXPECT_THAT(check_body(bare.dump(), {})->message, HasSubstr("must define tools"));
    Json choice =
        Json::parse(R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],
                                  "tool_choice":{"type":"none"}})");
    EXPECT_THAT(check_body(choice.dump(), {})->message,
                HasSubstr("only be specified while providing"));
    EXPECT_THAT(check_body("{\"a\":\"\xFF\"}", {})->message, HasSubstr("not valid UTF-8"));
    EXPECT_THAT(check_body("{", {})->message, HasSubstr("not valid JSON"));
    EXPECT_THAT(check_body("[]", {})->message, HasSubstr("valid dictionary"));
    EndpointRules small;
    small.max_body = 10;
    EXPECT_EQ(check_body(good().dump(), small)->status, 413);
}

TEST(ModelServer, ChecksTheHeaders) {
    struct Case {
        std::map<std::string, std::string> fields;
        int status;
    };
    const std::string json = "application/json";
    const std::vector<Case> cases = {
        {{{"x-api-key", "k"}, {"anthropic-version", "2023-06-01"}, {"content-type", json}}, 0},
        {{{"authorization", "Bearer k"},
          {"anthropic-version", "2026-10-21"},
          {"content-type", json}},
         0},
        {{{"anthropic-version", "2023-06-01"}, {"content-type", json}}, 401},
        {{{"x-api-key", "other"}, {"anthropic-version", "2023-06-01"}, {"content-type", json}},
         401},
        {{{"x-api-key", "k"}, {"content-type", json}}, 400},
        {{{"x-api-key", "k"}, {"anthropic-version", "1999"}, {"content-type", json}}, 400},
        {{{"x-api-key", "k"}, {"anthropic-version", "2023-06-01"}}, 400},
    };
    EndpointRules options;
    options.api_key = "k";
    for (const Case& c : cases) {
        SCOPED_TRACE(Json(c.fields).dump());
        int status = 0;
        try {
            messages_wire().check_fields(c.fields, options);
        } catch (const RefusedRequest& refusal) {
            status = refusal.status;
        }
        EXPECT_EQ(status, c.status);
    }
}

TEST(ModelServer, BindsThinkingToEverythingBeforeIt) {
    struct Case {
        const char* what;
        std::function<void(Json&)> change;
        bool refused;
    };
    const std::vector<Case> cases = {
        {"nothing", [](Json&) {}, false},
        {"marks moved", [](Json& r) { r["system"][0].erase("cache_control"); }, false},
        {"thinking changed", [](Json& r) { r["messages"][1]["content"][0]["thinking"] = "other"; },
         true},
        {"signature changed", [](Json& r) { r["messages"][1]["content"][0]["signature"] = "sig"; },
         true},
        {"thinking dropped", [](Json& r) { r["messages"][1]["content"].erase(0); }, true},
        {"system changed", [](Json& r) { r["system"][0]["text"] = "other"; }, true},
        {"a tool added",
         [](Json& r) {
             r["tools"].push_back({{"name", "x"}, {"input_schema", {{"type", "object"}}}});
         },
         true},
        {"an earlier message changed", [](Json& r) { r["messages"][0]["content"] = "other"; },
         true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        SentThinking thinking;
        Json request = good();
        request["messages"].erase(2);
        request["messages"].erase(1);
        const Json thought = {{"type", "thinking"}, {"thinking", "hm"}, {"signature", "sig_1"}};
        thinking.add(SentThinking::prefix_of(request), {thought});
        request["messages"].push_back(
            {{"role", "assistant"}, {"content", {thought, {{"type", "text"}, {"text", "x"}}}}});
        request["messages"].push_back({{"role", "user"}, {"content", "go on"}});
        c.change(request);
        EXPECT_EQ(thinking.check(request).has_value(), c.refused);
    }
}

TEST(ModelServer, FillsInJobIdsAndChecksWhatItExpects) {
    ModelServer server(
        R"([{"content":"start"},{"content":"{{job:2}} and {{job:1}}","expect":["job 0a0b"]},
                           {"content":"x","expect":"never said"}])");
    const auto provider = provider_for(server.url());
    Watcher watcher;
    Talk talk;
    ASSERT_TRUE(provider->ask(talk.request(), watcher, {}));
    talk.assistant(R"([{"type":"text","text":"start"}])");
    talk.user(
        {model::text_block("Background job 0a0b0c0d started: x\n[bg:11112222] completed: y")});
    const auto answer = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "11112222 and 0a0b0c0d");
    const auto third = provider->ask(talk.request(), watcher, {});
    ASSERT_FALSE(third);
    EXPECT_THAT(third.error().message, HasSubstr("step 3 expects \"never said\""));
    EXPECT_EQ(server.refusals(), 1);
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST(ModelServer, RefusesOverHttpAndReportsTheEndOfItsScript) {
    ModelServer server(R"([{"content":"one","repeat":2}])");
    const auto provider = provider_for(server.url());
    Watcher watcher;
    Talk bad;
    bad.system = "x";
    bad.messages.insert(bad.messages.begin(),
                        model::message(agent::Role::kUser, {model::text_block("y")}));
    const auto refused = provider->ask(bad.request(), watcher, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().http_status, 400);
    EXPECT_FALSE(refused.error().retryable);
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(provider->ask(Talk().request(), watcher, {}))
            << "a refused request takes no step";
    const auto over = provider->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(over);
    EXPECT_THAT(over.error().message, HasSubstr("the script is over"));
    EXPECT_EQ(server.refusals(), 2);
}

TEST(ModelServer, NamesACallInItsScriptThatTheRequestForbids) {
    ModelServer server(R"([{"content":[{"type":"tool_use","id":"a","name":"bash","input":{}}]}])");
    const auto provider = provider_for(server.url());
    Watcher watcher;
    Talk talk;
    agent::Request request = talk.request();
    request.forbid_tools = true;
    const auto answer = provider->ask(request, watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("allows none"));
    request.forbid_tools = false;
    EXPECT_TRUE(provider->ask(request, watcher, {}));
}

TEST(ModelServer, NamesAnErrorInItsScript) {
    struct Case {
        const char* script;
        const char* message;
    };
    for (const Case& c :
         {Case{"{", "no JSON array"}, Case{R"([{"cntent":"x"}])", "step 1: cntent: unknown"},
          Case{R"({"steps":[{},{"status":"x"}]})", "step 2: status"},
          Case{R"([{"content":7}])", "step 1: content"}}) {
        SCOPED_TRACE(c.script);
        const auto steps = read_script(c.script);
        ASSERT_FALSE(steps);
        EXPECT_THAT(steps.error().message, HasSubstr(c.message));
    }
}

}  // namespace
}  // namespace tenon::testing
