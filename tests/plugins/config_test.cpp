#include "host/plugins/config.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::plugins {
namespace {

TEST(PluginConfig, GetsTheTypesThatTheSchemaStates) {
    const Json schema = Json::parse(R"({"type":"object","properties":{
        "text":{"type":"string"},"n":{"type":"integer"},"x":{"type":"number"},"on":{"type":"boolean"},
        "list":{"type":"array","items":{"type":"integer"}},"deep":{"type":"object","properties":{"n":{"type":"integer"}}}}})");
    const struct {
        std::map<std::string, std::string> own;
        const char* json;
    } cases[] = {
        {{}, "{}"},
        {{{"text", "8"}, {"n", "8"}, {"x", "0.5"}, {"on", "true"}},
         R"({"text":"8","n":8,"x":0.5,"on":true})"},
        {{{"list.1", "10"}, {"list.10", "30"}, {"list.2", "20"}}, R"({"list":[10,20,30]})"},
        {{{"list", "7"}}, R"({"list":[7]})"},
        {{{"deep.n", "3"}, {"deep.other", "x"}}, R"({"deep":{"n":3,"other":"x"}})"},
        {{{"n", "8 apples"}, {"on", "yes"}}, R"({"n":"8 apples","on":"yes"})"},
        {{{"unknown", "1"}, {"text.sub", "2"}}, R"({"unknown":"1","text.sub":"2"})"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.json);
        EXPECT_EQ(config_json(row.own, schema), Json::parse(row.json));
    }
}

TEST(PluginConfig, ReachesAnyDepthOfTheSchema) {
    const Json schema = Json::parse(R"({"type":"object","properties":{
        "servers":{"type":"object","additionalProperties":{"type":"object","properties":{
            "port":{"type":"integer"},"args":{"type":"array","items":{"type":"string"}},
            "env":{"type":"object","additionalProperties":{"type":"string"}}}}},
        "rows":{"type":"array","items":{"type":"object","properties":{"on":{"type":"boolean"}}}},
        "a.b":{"type":"integer"}}})");
    const struct {
        std::map<std::string, std::string> own;
        const char* json;
    } cases[] = {
        {{{"servers.x.port", "8"},
          {"servers.x.args.2", "b"},
          {"servers.x.args.1", "a"},
          {"servers.y.env.PATH", "/bin"}},
         R"({"servers":{"x":{"port":8,"args":["a","b"]},"y":{"env":{"PATH":"/bin"}}}})"},
        {{{"rows.2.on", "true"}, {"rows.1.on", "false"}}, R"({"rows":[{"on":false},{"on":true}]})"},
        {{{"a.b", "3"}}, R"({"a.b":3})"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.json);
        EXPECT_EQ(config_json(row.own, schema), Json::parse(row.json));
    }
}

TEST(PluginConfig, TakesNoNumberThatJsonDoesNotHave) {
    const Json schema = Json::parse(R"({"type":"object","properties":{"x":{"type":"number"}}})");
    for (const char* text : {"inf", "nan", "1e999", "0x10", " 1", ""}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(config_json({{"x", text}}, schema), Json({{"x", text}}));
    }
}

constexpr const char* kClosed =
    R"({"type":"object","properties":{"depth":{"type":"integer","maximum":9},
        "names":{"type":"array","items":{"type":"string"}},
        "deep":{"type":"object","properties":{"name":{"type":"string"}},"additionalProperties":false}},
        "additionalProperties":false})";
constexpr const char* kOpen = R"({"type":"object","properties":{"isolate":{"type":"string"}}})";

TEST(PluginConfig, WarnsOfAKeyThatThePluginDoesNotHaveAndLeavesItOut) {
    const struct {
        const char *schema, *key, *warning;
    } cases[] = {
        {kClosed, "dept",
         "plugins.web.dept has no effect: the plugin web has no such key; did you mean "
         "plugins.web.depth?"},
        {kClosed, "isolate",
         "plugins.web.isolate has no effect: the plugin web has no such key; did you mean "
         "plugins.web.isolated?"},
        {kClosed, "zzzzzzzzzz",
         "plugins.web.zzzzzzzzzz has no effect: the plugin web has no such key; its keys are deep, "
         "depth, names"},
        {kClosed, "deep.nam",
         "plugins.web.deep.nam has no effect: the plugin web has no such key; did you mean "
         "plugins.web.deep.name?"},
        {kClosed, "depth.x",
         "plugins.web.depth.x has no effect: the plugin web has no such key; did you mean "
         "plugins.web.depth?"},
        {kClosed, "names.1.a",
         "plugins.web.names.1.a has no effect: the plugin web has no such key; plugins.web.names "
         "is a list of texts, whose keys are plugins.web.names.1, plugins.web.names.2, …"},
        {R"({"type":"object","additionalProperties":false})", "x",
         "plugins.web.x has no effect: the plugin web has no such key; it has none"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.key);
        const auto checked =
            checked_config(row.schema, "web", {{row.key, "1"}}, {{row.key, "/etc/t.xml:7"}});
        ASSERT_TRUE(checked) << checked.error().reason;
        ASSERT_FALSE(checked->warnings.empty());
        EXPECT_EQ(checked->warnings[0], std::string("/etc/t.xml:7: ") + row.warning);
    }
}

TEST(PluginConfig, WarnsOfAKeyWhoseValueAnotherKeyGivesInParts) {
    const std::map<std::string, std::string> origins = {{"names", "t:2"}, {"names.1", "t:1"}};
    const auto checked =
        checked_config(kClosed, "web", {{"names", "z"}, {"names.1", "a"}}, origins);
    ASSERT_TRUE(checked) << checked.error().reason;
    EXPECT_EQ(checked->json, R"({"names":["a"]})");
    EXPECT_EQ(checked->warnings,
              std::vector<std::string>{"t:2: plugins.web.names has no effect, since t:1: "
                                       "plugins.web.names.1 gives a part of the same value"});
    EXPECT_EQ(checked_config("", "web", {{"names", "z"}, {"names.1", "a"}}, {})->warnings,
              std::vector<std::string>())
        << "without a schema these are two keys";
}

TEST(PluginConfig, WarnsOfAMisspeltKeyOfTheHostUnlessThePluginHasIt) {
    const auto warnings = [](const char* schema, const char* key) {
        const auto checked = checked_config(schema, "web", {{key, "x"}}, {});
        return checked ? checked->warnings : std::vector<std::string>{checked.error().reason};
    };
    for (const auto& [key, meant] :
         {std::pair("isolate", "isolated"), std::pair("enable", "enabled"),
          std::pair("grant", "grants"), std::pair("grant.1", "grants"),
          std::pair("calltimeout", "callTimeout")}) {
        SCOPED_TRACE(key);
        EXPECT_EQ(warnings("", key), std::vector<std::string>{
                                         std::string("plugins.web.") + key +
                                         " is passed to the plugin web, whose schema does not name "
                                         "it; did you mean plugins.web." +
                                         meant + "?"});
    }
    EXPECT_EQ(warnings(kOpen, "isolate"), std::vector<std::string>());
    EXPECT_EQ(warnings(kOpen, "greeting"), std::vector<std::string>());
    const auto kept = checked_config("", "web", {{"isolate", "x"}}, {});
    EXPECT_EQ(kept->json, R"({"isolate":"x"})");
}

TEST(PluginConfig, ARefusalNamesTheKeysAndTheirPlaces) {
    const auto refused = checked_config(kClosed, "web", {{"depth", "12"}, {"deep.name", "x"}},
                                        {{"depth", "/etc/t.xml:7"}, {"deep.name", "/etc/t.xml:8"}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().reason, ::testing::HasSubstr("depth must be "));
    EXPECT_EQ(refused.error().remedy, "change plugins.web.depth (/etc/t.xml:7)");
    const auto missing = checked_config(R"({"type":"object","required":["url"]})", "web", {}, {});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().reason, ::testing::HasSubstr("url"));
    EXPECT_EQ(missing.error().remedy, "set plugins.web.url in the configuration");
    const auto both = checked_config(
        R"({"type":"object","required":["url"],"properties":{"url":{"type":"string"},"depth":{"type":"integer"}}})",
        "web", {{"depth", "x"}}, {{"depth", "-D"}});
    ASSERT_FALSE(both);
    EXPECT_THAT(both.error().remedy, ::testing::HasSubstr("set plugins.web.url in the "));
}

}  // namespace
}  // namespace tenon::plugins
