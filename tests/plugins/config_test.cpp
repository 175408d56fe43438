#include "host/plugins/config.h"

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

}  // namespace
}  // namespace tenon::plugins
