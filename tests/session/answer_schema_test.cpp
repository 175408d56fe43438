#include "host/session/answer_schema.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/plugins/schema.h"
#include "tests/support/temp_dir.h"

namespace tenon::session {
namespace {

using ::testing::HasSubstr;

std::string schema_refusal(const std::string& given) {
    const auto form = read_answer_schema(given);
    return form ? "" : form.error().message;
}

TEST(AnswerSchemaFile, IsATextOrAFileAndIsSentAsItIsWritten) {
    const testing::TempDir dir;
    const std::string text =
        "\n { \"type\": \"object\",\n \"properties\": {\"b\":{}, \"a\": {}}}\n";
    const std::string file = dir.write("schema.json", text);
    dir.write("marked.json", "\xEF\xBB\xBF" + text);
    for (const std::string& given : {text, file, std::string("~/marked.json")}) {
        SCOPED_TRACE(given);
        const auto form = read_answer_schema(given, dir.path());
        ASSERT_TRUE(form) << form.error().message;
        EXPECT_EQ((*form)->schema(), R"({"type":"object","properties":{"b":{},"a":{}}})");
        EXPECT_FALSE((*form)->wraps());
        EXPECT_EQ((*form)->input_schema(), Json::parse(text));
    }
}

TEST(AnswerSchemaFile, NamesWhatIsWrongAndWhere) {
    const testing::TempDir dir;
    const std::string broken = dir.write("broken.json", "{\"type\":");
    const std::string wrong = dir.write("wrong.json", R"({"items":{"type":"text"}})");
    EXPECT_THAT(schema_refusal("{"), HasSubstr("not a JSON document"));
    EXPECT_THAT(schema_refusal(broken), HasSubstr(broken + ": not a JSON document"));
    EXPECT_THAT(schema_refusal(wrong),
                HasSubstr(wrong + ": schema at /items/type: must name a JSON type"));
    EXPECT_THAT(schema_refusal(dir / "missing.json"), HasSubstr("missing.json: No such file"));
    EXPECT_THAT(schema_refusal(dir.path()), HasSubstr("not a regular file"));
    const std::string large = dir.write("large.json", std::string(2'000'000, ' '));
    EXPECT_THAT(schema_refusal(large), HasSubstr("larger than"));
}

TEST(AnswerSchemaFile, IsWrappedForTheToolWhereEndpointsWouldRefuseIt) {
    for (
        const char* text :
        {R"({"type":"array","items":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":"object","properties":{"$ref":{"enum":["#/x"]}},"const":{"$ref":"#/x"}}}})",
         R"({"$ref":"#/definitions/a","definitions":{"a":{"type":"object"}}})",
         R"({"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}]})",
         R"({"type":"object","properties":{"a b":{}}})"}) {
        SCOPED_TRACE(text);
        const auto form = read_answer_schema(text);
        ASSERT_TRUE(form) << form.error().message;
        EXPECT_TRUE((*form)->wraps());
        const Json input = (*form)->input_schema();
        EXPECT_TRUE(plugins::Schema::compile_tool_input(input)) << input;
        EXPECT_EQ(input["required"], Json::parse(R"(["answer"])"));
    }
    const auto form = read_answer_schema(
        R"({"type":"array","items":{"$ref":"#/$defs/a"},"$defs":{"a":{"const":{"$ref":"#/x"}}}})");
    EXPECT_EQ((*form)->input_schema()["properties"]["answer"], Json::parse(R"(
        {"type":"array","items":{"$ref":"#/properties/answer/$defs/a"},
         "$defs":{"a":{"const":{"$ref":"#/x"}}}})"));
}

TEST(AnswerSchemaFile, SaysOfADocumentWhatDoesNotFit) {
    const auto form = read_answer_schema(R"({"type":"array","items":{"type":"integer"}})");
    EXPECT_EQ((*form)->flaw(Json::parse("[1,2.0]")), std::nullopt);
    EXPECT_EQ((*form)->flaw(Json::parse(R"([1,"x"])")), "[1] must be an integer, not a string");
    EXPECT_EQ((*form)->flaw(Json::object()), "the document must be an array, not an object");
}

}  // namespace
}  // namespace tenon::session
