#include "host/model/blocks.h"

#include <gtest/gtest.h>

#include "host/agent/wire.h"
#include "host/model/strict_schema.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

TEST(Blocks, AreFoundInAMessage) {
    agent::Message message = agent::empty_message(agent::Role::kAssistant);
    const std::vector<std::string> blocks = {R"({"type":"text","text":"a]},{"})",
                                             R"({"type":"tool_use","id":"c","input":{"x":[{}]}})",
                                             R"({"type":"text","text":"\\\""})"};
    for (const std::string& block : blocks)
        agent::append_block(message, block);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        EXPECT_EQ(block_of(message, i), blocks[i]);
}

TEST(Blocks, HaveMembersAsTheyStand) {
    const std::string block =
        R"({ "\u0078":"no", "text" : "a\\\"}\u00e9\\" , "n":null, "type":"t\u0065xt","o": {"type":"x"} })";
    EXPECT_EQ(value_of(block, "text"), R"("a\\\"}\u00e9\\")");
    EXPECT_EQ(value_of(block, "o"), R"({"type":"x"})");
    EXPECT_EQ(value_of(block, "n"), "");
    EXPECT_EQ(value_of(block, "none"), "");
    EXPECT_EQ(type_of(block), "text");
    EXPECT_EQ(inside_quotes(value_of(block, "text")), R"(a\\\"}\u00e9\\)");
    EXPECT_EQ(inside_quotes("{}"), "");
}

TEST(Blocks, BecomeAJsonStringWithoutBeingParsed) {
    const std::string json = "{\"a\":\"b\\n\\\"\\\\ \xC3\xA9\",\t\"c\": [1.50,\n1e2]}";
    const Json read = json_or_null(quoted_json(json));
    ASSERT_TRUE(read.is_string());
    EXPECT_EQ(Json::parse(read.get<std::string>()), Json::parse(json));
    EXPECT_EQ(quoted_json("{\"a\":1.50}"), R"("{\"a\":1.50}")");
}

TEST(Blocks, HaveImagesAsUrls) {
    const auto url = [](std::string_view block) {
        std::string out;
        for (const std::string_view piece : image_url_of(block))
            out += piece;
        return out;
    };
    EXPECT_EQ(url(agent::image_block({"image/png", "aGk="})), R"("data:image/png;base64,aGk=")");
    EXPECT_EQ(url(R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}})"),
              R"("https://x/y.png")");
    EXPECT_EQ(url(R"({"type":"image"})"), "");
    EXPECT_EQ(url(text_block("a")), "");
}

TEST(Blocks, GiveEveryToolASchemaOfAnObject) {
    const std::string whole =
        R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"]})";
    struct ToolCase {
        std::string tool, parameters;
    };
    for (const ToolCase& row :
         {ToolCase{R"({"name":"t","input_schema":)" + whole + "}", whole},
          ToolCase{R"({"name":"t","input_schema":{"type":"object"}})",
                   R"({"properties":{},"type":"object"})"},
          ToolCase{R"({"name":"t","input_schema":{ }})", R"({"type":"object","properties":{} })"},
          ToolCase{R"({"name":"t","input_schema":null})", R"({"type":"object","properties":{}})"},
          ToolCase{R"({"name":"t"})", R"({"type":"object","properties":{}})"}}) {
        SCOPED_TRACE(row.tool);
        EXPECT_EQ(parameters_of(row.tool), row.parameters);
    }
}

TEST(StrictSchema, NeedsClosedObjectsThatRequireAllTheyHave) {
    struct SchemaCase {
        std::string schema;
        bool strict;
    };
    const std::string inner =
        R"({"type":"object","properties":{"b":{"type":"integer"}},"required":["b"],"additionalProperties":false})";
    const std::string open = R"({"type":"object","properties":{"b":{"type":"integer"}}})";
    const auto object = [](const std::string& of_a) {
        return R"({"type":"object","properties":{"a":)" + of_a +
               R"(},"required":["a"],"additionalProperties":false})";
    };
    for (const SchemaCase& row : {
             SchemaCase{object(R"({"type":"string"})"), true},
             SchemaCase{object(inner), true},
             SchemaCase{object(open), false},
             SchemaCase{object(R"({"type":"array","items":)" + inner + "}"), true},
             SchemaCase{object(R"({"type":"array","items":)" + open + "}"), false},
             SchemaCase{object(R"({"anyOf":[{"type":"null"},)" + inner + "]}"), true},
             SchemaCase{object(R"({"anyOf":[{"type":"null"},)" + open + "]}"), false},
             SchemaCase{object(R"({"oneOf":[{"type":"null"}]})"), false},
             SchemaCase{object(R"({"type":["object","null"]})"), false},
             SchemaCase{object("true"), false},
             SchemaCase{open, false},
             SchemaCase{R"({"type":"object","properties":{},"additionalProperties":{}})", false},
             SchemaCase{R"({"type":"object","additionalProperties":false})", true},
             SchemaCase{R"({"type":"array","items":{"type":"string"}})", false},
             SchemaCase{R"({"type":"string"})", false},
             SchemaCase{"{}", false},
             SchemaCase{"[]", false},
             SchemaCase{"null", false},
         }) {
        SCOPED_TRACE(row.schema);
        EXPECT_EQ(is_strict_schema(Json::parse(row.schema)), row.strict);
    }
}

}  // namespace
}  // namespace tenon::model
