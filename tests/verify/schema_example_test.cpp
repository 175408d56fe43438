#include "host/verify/schema_example.h"

#include <gtest/gtest.h>

namespace tenon::verify {
namespace {

using plugins::parse_schema;
using plugins::Schema;

struct Example {
    const char* schema;
    const char* all;       // the example with all members
    const char* required;  // with the required ones
};

TEST(SchemaExample, FitsTheSchema) {
    const Example rows[] = {
        {R"({"type":"object"})", "{}", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["b"]})",
         R"({"a":"tenon-verify","b":1})", R"({"b":1})"},
        {R"({"type":"object","properties":{"a":{"enum":["x","y"]},"b":{"const":7}}})",
         R"({"a":"x","b":7})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"integer","minimum":10,"multipleOf":4}}})",
         R"({"a":12})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"number","exclusiveMaximum":0}}})",
         R"({"a":-0.5})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"string"},"minItems":2,"uniqueItems":true}}})",
         R"({"a":["tenon-verify","tenon-verify1"]})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"string","pattern":"^[a-z]+$"},"b":{"type":"string","pattern":"^[0-9]{4}$"}}})",
         R"({"a":"tenonverify","b":"1234"})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"string","minLength":20}}})",
         R"({"a":"tenon-verifyyyyyyyyy"})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"string","maxLength":3}}})",
         R"({"a":"ten"})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":["null","boolean"]}}})", R"({"a":false})",
         "{}"},
        {R"({"type":"object","properties":{"a":{"anyOf":[{"type":"integer"},{"type":"string"}]}}})",
         R"({"a":1})", "{}"},
        {R"({"type":"object","properties":{"a":{"$ref":"#/definitions/n"}},"definitions":{"n":{"type":"boolean"}}})",
         R"({"a":false})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"null"}},"required":["b"]}}})",
         R"({"a":{"b":null}})", "{}"},
    };
    for (const Example& row : rows) {
        SCOPED_TRACE(row.schema);
        const Json schema = json_or_null(row.schema);
        const auto compiled = Schema::compile(schema);
        ASSERT_TRUE(compiled) << compiled.error().message;
        const auto all = fitting_example(schema, *compiled, Members::kAll);
        const auto required = fitting_example(schema, *compiled, Members::kRequired);
        ASSERT_TRUE(all && required);
        EXPECT_EQ(dump_json(*all), row.all);
        EXPECT_EQ(dump_json(*required), row.required);
    }
}

TEST(SchemaExample, IsNoneForAPatternThatIsHardToMeet) {
    const Json schema = json_or_null(
        R"({"type":"object","properties":{"a":{"type":"string","pattern":"^(xq){3}[0-9]{7}$"}},"required":["a"]})");
    const auto compiled = Schema::compile(schema);
    ASSERT_TRUE(compiled);
    EXPECT_FALSE(fitting_example(schema, *compiled, Members::kAll));
}

TEST(SchemaExample, HugeAndWrongOnes) {
    const Json huge = huge_example({{"a", "x"}, {"b", 1}}, Json::object());
    EXPECT_EQ(string_or(huge, "a").size(), std::size_t{1} << 20U);
    EXPECT_EQ(member(huge, "b"), INT64_MAX);
    const Json bounded = json_or_null(
        R"({"properties":{"a":{"type":"string","maxLength":9},"b":{"type":"integer","maximum":100},"c":{"enum":["x"]}}})");
    EXPECT_EQ(huge_example({{"a", "x"}, {"b", 1}, {"c", "x"}}, bounded),
              Json({{"a", std::string(9, 'x')},
                    {"b", 100},
                    {"c", "x"},
                    {"tenon_verify", std::string(std::size_t{1} << 20U, 'x')}}));
    EXPECT_EQ(string_or(huge_example(Json::object(), Json::object()), "tenon_verify").size(),
              std::size_t{1} << 20U);
    const Json wrong = wrong_example(
        json_or_null(R"({"properties":{"a":{"type":"string"},"b":{"type":"integer"}}})"));
    EXPECT_TRUE(member(wrong, "a").is_array());
    EXPECT_TRUE(member(wrong, "b").is_string());
    EXPECT_TRUE(member(wrong, "tenon_verify").is_object());
}

}  // namespace
}  // namespace tenon::verify
