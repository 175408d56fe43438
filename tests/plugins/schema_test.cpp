#include "host/plugins/schema.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::plugins {
namespace {

using ::testing::HasSubstr;

Schema compiled(const char* text) {
    auto schema = Schema::compile(Json::parse(text));
    if (!schema) throw std::runtime_error(schema.error().message);
    return std::move(*schema);
}

/// Empty when the value fits.
std::string complaint(const char* schema, const char* value) {
    auto fits = compiled(schema).check(Json::parse(value));
    return fits ? "" : fits.error().message;
}

std::string refusal(const char* schema) {
    auto compiled = Schema::compile_tool_input(Json::parse(schema));
    return compiled ? "" : compiled.error().message;
}

TEST(Schema, AcceptsValuesThatFit) {
    const struct {
        const char* schema;
        const char* value;
    } cases[] = {
        {R"({"type":"object"})", "{}"},
        {R"({"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"]})",
         R"({"a":null})"},
        {R"({"type":"object","properties":{"a":{"pattern":"^x+$","maxLength":3}}})",
         R"({"a":"xxx"})"},
        {R"({"type":"object","properties":{"a":{"pattern":"^x+$"}}})", R"({"a":7})"},
        {R"({"type":"object","properties":{"a":{"maxLength":2}}})", R"({"a":"éé"})"},
        {R"({"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"number","multipleOf":0.5}}})",
         R"({"a":1.5})"},
        {R"({"type":"object","properties":{"a":{"items":{"oneOf":[{"type":"string"},{"const":1}]}}}})",
         R"({"a":["x",1]})"},
        {R"({"type":"object","properties":{"a":true}})", R"({"a":[{}]})"},
        {R"({"type":"object","properties":{"a":{"type":"string","format":"date","default":1,"examples":[]}}})",
         R"({"a":"no date"})"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.schema);
        EXPECT_EQ(complaint(row.schema, row.value), "");
    }
}

TEST(Schema, SaysWhichArgumentIsWrongAndHow) {
    const struct {
        const char* schema;
        const char* value;
        const char* complaint;
    } cases[] = {
        {R"({"type":"object"})", R"([])", R"(the arguments must be an object, not an array)"},
        {R"({"type":"object","properties":{"command":{"type":"string"}},"required":["command"]})",
         R"({})", R"(command is missing; it must be a string)"},
        {R"({"type":"object","required":["any"]})", R"({})", R"(any is missing)"},
        {R"({"type":"object","properties":{"n":{"type":"integer"}}})", R"({"n":"3"})",
         R"(n must be an integer, not a string)"},
        {R"({"type":"object","properties":{"n":{"type":["integer","null"]}}})", R"({"n":true})",
         R"(n must be an integer or null, not true)"},
        {R"({"type":"object","properties":{"n":{"type":"integer"}}})", R"({"n":2.5})",
         R"(n must be an integer, not 2.5)"},
        {R"({"type":"object","properties":{"n":{"type":"number","exclusiveMinimum":0}}})",
         R"({"n":0})", R"(n must be greater than 0, not 0)"},
        {R"({"type":"object","properties":{"n":{"minimum":1}}})", R"({"n":-0.5})",
         R"(n must be at least 1, not -0.5)"},
        {R"({"type":"object","properties":{"n":{"maximum":2.5}}})", R"({"n":3})",
         R"(n must be at most 2.5, not 3)"},
        {R"({"type":"object","properties":{"n":{"multipleOf":4}}})", R"({"n":6})",
         R"(n must be a multiple of 4, not 6)"},
        {R"({"type":"object","properties":{"a":{"enum":["x","y"]}}})", R"({"a":"z"})",
         R"(a must be one of "x", "y", not "z")"},
        {R"({"type":"object","properties":{"a":{"const":"x"}}})", R"({"a":"z"})",
         R"(a must be "x")"},
        {R"({"type":"object","properties":{"a":{"pattern":"^x+$"}}})", R"({"a":"xy"})",
         R"(a must match the pattern ^x+$)"},
        {R"({"type":"object","properties":{"a":{"minLength":3}}})", R"({"a":"éé"})",
         R"(a must have at least 3 characters, not 2)"},
        {R"({"type":"object","properties":{"a":{"maxLength":3}}})", R"({"a":"a\u0000bcd"})",
         R"(a must have at most 3 characters, not 5)"},
        {R"({"type":"object","properties":{"a":{"minItems":1}}})", R"({"a":[]})",
         R"(a must have at least 1 element, not 0)"},
        {R"({"type":"object","properties":{"a":{"uniqueItems":true}}})", R"({"a":[1,2,1]})",
         R"(a must have no element twice, and [0] and [2] are equal)"},
        {R"({"type":"object","properties":{"depth":{},"other":{}},"additionalProperties":false})",
         R"({"dept":1})", R"(dept is not allowed; did you mean depth?)"},
        {R"({"type":"object","properties":{"a":{},"longer":{}},"additionalProperties":false})",
         R"({"nothing":1})", R"(nothing is not allowed; allowed: a, longer)"},
        {R"({"type":"object","additionalProperties":false})", R"({"b":1})", R"(b is not allowed)"},
        {R"({"type":"object","properties":{"i":{"items":{"required":["id"],"properties":{"id":{"type":"string"}}}}}})",
         R"({"i":[{"id":"1"},{"id":2},{}]})",
         R"(i[1].id must be a string, not 2; i[2].id is missing; it must be a string)"},
        {R"({"type":"object","properties":{"in":{"type":"object","properties":{"deep":{"type":"array","items":{"type":"integer"}}},"additionalProperties":false}}})",
         R"({"in":{"deep":[1,"x"],"dep":0}})",
         R"(in.deep[1] must be an integer, not a string; in.dep is not allowed; did you mean deep?)"},
        {R"({"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}})",
         R"({"a":1})", R"(a must be a string or null, not 1)"},
        {R"({"type":"object","properties":{"a":{"not":{"type":"string"}}}})", R"({"a":"x"})",
         "a has a form that the schema excludes ('not')"},
        {R"({"type":"object","properties":{"a":{"oneOf":[{"minimum":1},{"type":"integer"}]}}})",
         R"({"a":2})", R"(a must fit exactly one of the allowed forms, and fits several)"},
        {R"({"type":"object","properties":{"a":{},"b":{"type":"string"}},"dependencies":{"a":["b"]}})",
         R"({"a":1})", R"(b is missing, which another member needs; it must be a string)"},
        {R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"null"}}})",
         R"({"a":1,"b":2})", R"(a must be a string, not 1; b must be null, not 2)"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.schema);
        EXPECT_EQ(complaint(row.schema, row.value), row.complaint);
    }
}

TEST(Schema, AcceptsANumberWithoutAFractionAsAnInteger) {
    const Schema schema = compiled(R"({"type":"object","properties":{
        "n":{"type":"integer","minimum":2},"maybe":{"type":["integer","null"]},
        "list":{"type":"array","items":{"type":"integer"}},
        "pair":{"items":[{"type":"string"},{"type":"integer"}]},
        "in":{"type":"object","properties":{"n":{"type":"integer"}}},
        "one":{"anyOf":[{"type":"string"},{"type":"integer"}]},
        "choice":{"enum":[1,2,"x"]},"fixed":{"const":3},
        "number":{"type":"number"},"any":{}},
        "additionalProperties":{"type":"integer"}})");
    const struct {
        const char* given;
        const char* rewritten;
    } cases[] = {
        {R"({"n":2.0})", R"({"n":2})"},
        {R"({"n":1e2})", R"({"n":100})"},
        {R"({"n":2.5e1})", R"({"n":25})"},
        {R"({"maybe":-0.0})", R"({"maybe":0})"},
        {R"({"maybe":-1.0})", R"({"maybe":-1})"},
        {R"({"list":[1,2.0,3e0]})", R"({"list":[1,2,3]})"},
        {R"({"pair":["a",2.0]})", R"({"pair":["a",2]})"},
        {R"({"in":{"n":4.0}})", R"({"in":{"n":4}})"},
        {R"({"one":5.0})", R"({"one":5})"},
        {R"({"choice":2.0})", R"({"choice":2})"},
        {R"({"fixed":3.0})", R"({"fixed":3})"},
        {R"({"other":6.0})", R"({"other":6})"},
        {R"({"n":9223372036854774784.0})", R"({"n":9223372036854774784})"},
        {R"({"maybe":-9223372036854775808.0})", R"({"maybe":-9223372036854775808})"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.given);
        const Json given = Json::parse(row.given);
        EXPECT_TRUE(schema.check(given));
        const auto rewritten = schema.with_integers(given);
        ASSERT_TRUE(rewritten);
        EXPECT_EQ(rewritten->dump(), row.rewritten);
    }
    for (const char* as_it_is :
         {R"({"number":2.0,"any":[2.0]})", R"({"n":2})", R"({"any":{"n":2.0}})", "{}"}) {
        SCOPED_TRACE(as_it_is);
        EXPECT_TRUE(schema.check(Json::parse(as_it_is)));
        EXPECT_FALSE(schema.with_integers(Json::parse(as_it_is)));
    }
    for (const char* wrong : {R"({"n":2.5})", R"({"n":1.0})", R"({"n":1e300})", R"({"n":1e19})",
                              R"({"n":9223372036854775808.0})", R"({"maybe":-1e19})",
                              R"({"list":[1.5]})", R"({"n":"2.0"})"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(schema.check(Json::parse(wrong)));
    }
}

TEST(Schema, NamesThePlaceWhereOtherKeywordsFail) {
    EXPECT_THAT(
        complaint(
            R"({"type":"object","properties":{"a":{"items":{"anyOf":[{"type":"string"},{"type":"null"}]}}}})",
            R"({"a":["x",1]})"),
        HasSubstr("a[1]"));
    EXPECT_THAT(complaint(R"({"type":"object","properties":{"list":{"uniqueItems":true}}})",
                          R"({"list":[1,1]})"),
                HasSubstr("list"));
}

TEST(Schema, MatchesALongTextWithoutAStackOverflow) {
    const Schema schema =
        compiled(R"({"type":"object","properties":{"a":{"pattern":"^(a|b)*$"}}})");
    EXPECT_TRUE(schema.check({{"a", std::string(4'000'000, 'a')}}));
    EXPECT_FALSE(schema.check({{"a", std::string(4'000'000, 'a') + "c"}}));
}

TEST(Schema, RefusesUnknownAndMalformedKeywords) {
    const struct {
        const char* schema;
        const char* reason;
    } cases[] = {
        {"[]", "at its top: must be an object"},
        {R"({"type":"string"})", R"(with "type":"object")"},
        {R"({"properties":{}})", R"(with "type":"object")"},
        {R"({"type":"object","anyOf":[{}]})", "'anyOf' is not accepted"},
        {R"({"type":"object","properties":{"a b":{}}})", "the name 'a b'"},
        {R"({"type":"object","properties":{"a":{"patternProperties":{}}}})",
         "/properties/a/patternProperties: this host does not know"},
        {R"({"type":"object","properties":{"a":{"typo":1}}})", "'typo'"},
        {R"({"type":"object","properties":{"a":{"pattern":"(?=x)y"}}})",
         "the pattern (?=x)y is not understood"},
        {R"({"type":"object","properties":{"a":{"type":"text"}}})",
         "/properties/a/type: must name a JSON type"},
        {R"({"type":"object","properties":{"a":{"multipleOf":0}}})",
         "multipleOf: must be a number above 0"},
        {R"({"type":"object","properties":{"a":{"maxLength":-1}}})",
         "maxLength: must be a whole number"},
        {R"({"type":"object","properties":{"a":{"enum":[]}}})", "enum: must be a list"},
        {R"({"type":"object","properties":{"a":{"$ref":"#/$defs/b"}}})",
         "'#/$defs/b' names nothing"},
        {R"({"type":"object","properties":{"a":{"$ref":"http://x/y"}}})",
         "names nothing in this schema"},
        {R"({"type":"object","properties":{"a":{"$ref":"#/$defs/b","minimum":1}},"$defs":{"b":{}}})",
         "'minimum' next to '$ref'"},
        {R"({"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"items":{"$ref":"#/$defs/b"}}}})",
         "refers to itself"},
        {R"({"type":"object","properties":{"a":7}})", "/properties/a: must be a schema"},
        {R"({"type":"object","required":"a"})", "/required: must be a list of names"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.schema);
        EXPECT_THAT(refusal(row.schema), HasSubstr(row.reason));
    }
}

std::string answer_complaint(const char* schema, const char* value) {
    auto compiled = Schema::compile_answer(Json::parse(schema));
    if (!compiled) return "refused: " + compiled.error().message;
    auto fits = compiled->check(Json::parse(value), "the document");
    return fits ? "" : fits.error().message;
}

TEST(AnswerSchema, MayBeOfAnyTypeAndChecksFormatsAndIntegersOfAnySize) {
    const struct {
        const char* schema;
        const char* value;
        const char* complaint;
    } cases[] = {
        {R"({"type":"array","items":{"type":"string"}})", R"(["a"])", ""},
        {R"({"type":"array","items":{"type":"string"}})", R"(["a",1])",
         "[1] must be a string, not 1"},
        {R"({"type":"array"})", R"({})", "the document must be an array, not an object"},
        {R"({"type":"string","maxLength":2})", R"("abc")",
         "the document must have at most 2 characters, not 3"},
        {R"({"enum":["a",null]})", "null", ""},
        {R"({"type":["integer","null"]})", "1.0", ""},
        {R"({"type":"integer"})", "1.5", "the document must be an integer, not 1.5"},
        {R"({"type":"integer","minimum":1})", "18446744073709551615", ""},
        {R"({"type":"integer","minimum":1})", "123456789012345678901234567890", ""},
        {R"({"type":"object","properties":{"n":{"type":"integer","minimum":1}}})",
         R"({"n":18446744073709551615})", ""},
        {R"({"anyOf":[{"type":"string"},{"type":"array","items":{"minimum":1}}]})",
         "[18446744073709551615]", ""},
        {R"({})", "[]", ""},
        {R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"boolean"}}})", "true", ""},
        {R"({"format":"date"})", R"("2024-02-29")", ""},
        {R"({"format":"date"})", R"("2023-02-29")", "the document must have the format date"},
        {R"({"format":"date"})", "7", ""},
        {R"({"format":"date-time"})", R"("2024-02-29T12:00:00.5+01:00")", ""},
        {R"({"format":"date-time"})", R"("2024-02-29 12:00:00")",
         "the document must have the format date-time"},
        {R"({"format":"time"})", R"("23:59:60Z")", ""},
        {R"({"format":"time"})", R"("24:00:00Z")", "the document must have the format time"},
        {R"({"format":"duration"})", R"("P1DT2H")", ""},
        {R"({"format":"duration"})", R"("P1DT")", "the document must have the format duration"},
        {R"({"format":"email"})", R"("a.b@example.org")", ""},
        {R"({"format":"email"})", R"("a b@example.org")",
         "the document must have the format email"},
        {R"({"format":"hostname"})", R"("a-b.example")", ""},
        {R"({"format":"hostname"})", R"("-a.example")",
         "the document must have the format hostname"},
        {R"({"format":"ipv4"})", R"("127.0.0.1")", ""},
        {R"({"format":"ipv4"})", R"("127.0.0.256")", "the document must have the format ipv4"},
        {R"({"format":"ipv6"})", R"("::1")", ""},
        {R"({"format":"ipv6"})", R"("::1::")", "the document must have the format ipv6"},
        {R"({"format":"regex"})", R"("a+")", ""},
        {R"({"format":"regex"})", R"("(")", "the document must have the format regex"},
        {R"({"format":"uri"})", R"("https://example.org/a?b#c")", ""},
        {R"({"format":"uri"})", R"("example.org")", "the document must have the format uri"},
        {R"({"format":"uuid"})", R"("123e4567-e89b-12d3-a456-426614174000")", ""},
        {R"({"format":"uuid"})", R"("123e4567")", "the document must have the format uuid"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(std::string(row.schema) + " " + row.value);
        EXPECT_EQ(answer_complaint(row.schema, row.value), row.complaint);
    }
}

TEST(AnswerSchema, RefusesWhatItCannotCheckAndSaysWhere) {
    const struct {
        const char* schema;
        const char* reason;
    } cases[] = {
        {"[]", "at its top: must be an object"},
        {R"({"items":{"patternProperties":{}}})",
         "/items/patternProperties: this host does not know the keyword 'patternProperties'"},
        {R"({"items":{"format":"color"}})",
         "/items/format: this host does not know the format 'color'; it knows date, date-time"},
        {R"({"format":7})", "/format: must be the name of a format"},
        {R"({"properties":{"a":{"pattern":"(?=x)y"}}})",
         "/properties/a/pattern: the pattern (?=x)y is not understood"},
        {R"({"items":{"$ref":"#"}})", "/items/$ref: '#' refers to itself"},
        {R"({"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}})",
         "refers to itself"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.schema);
        EXPECT_THAT(answer_complaint(row.schema, "1"), HasSubstr(row.reason));
    }
}

TEST(Schema, RefusesReferencesThatMultiplyItsSize) {
    Json schema = {{"type", "object"}, {"properties", {{"a", {{"$ref", "#/$defs/d0"}}}}}};
    for (int i = 0; i < 20; ++i) {
        const Json next = {{"$ref", "#/$defs/d" + std::to_string(i + 1)}};
        schema["$defs"]["d" + std::to_string(i)] = {{"properties", {{"x", next}, {"y", next}}}};
    }
    schema["$defs"]["d20"] = {{"type", "string"}};
    const auto refused = Schema::compile(schema);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("too large"));
}

}  // namespace
}  // namespace tenon::plugins
