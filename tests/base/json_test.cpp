#include "host/base/json.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Json, ParsesAndSaysWhereItCannot) {
    EXPECT_EQ(*parse_json(R"({"a":[1,"]"]})"), Json({{"a", {1, "]"}}}));
    const auto bad = parse_json("{\"a\":}");
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("column 6"), std::string::npos) << bad.error().message;
}

TEST(Json, WhateverTheLibraryThrowsOnIsAnErrorThatSaysWhy) {
    struct Row {
        std::string text;
        std::string why;
    };
    const Row rows[] = {
        {"1e999", "number overflow parsing '1e999'"},
        {"-1e999", "number overflow parsing '-1e999'"},
        {R"({"v":1,"pid":1e999})", "number overflow parsing '1e999'"},
        {"[1e309", "number overflow parsing '1e309'"},
        {"", "unexpected end of input"},
        {R"({"a":1)", "unexpected end of input"},
        {"\"\xFF\"", "ill-formed UTF-8 byte"},
        {R"("\ud800")", "surrogate U+D800..U+DBFF must be followed"},
        {std::string("\0", 1), "a NUL byte, the first at byte 1"},
        {std::string("{}\0{}", 5), "a NUL byte, the first at byte 3"},
        {"NaN", "invalid literal"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const auto parsed = parse_json(row.text);
        const auto ordered = parse_ordered_json(row.text);
        ASSERT_FALSE(parsed);
        ASSERT_FALSE(ordered);
        EXPECT_NE(parsed.error().message.find(row.why), std::string::npos)
            << parsed.error().message;
        EXPECT_EQ(ordered.error().message, parsed.error().message);
        EXPECT_TRUE(json_or_null(row.text).is_null());
    }
}

TEST(Json, RefusesDepthBeforeParsing) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const auto result = parse_json(deep);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "JSON nested deeper than 256 levels");
    EXPECT_TRUE(parse_json(std::string(256, '[') + std::string(256, ']')));
    EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\""))
        << "brackets in strings do not count";
}

TEST(Json, RefusesObjectsWithTooManyMembersWhereTheirOrderIsKept) {
    const auto fits = [](std::string_view text, std::size_t most) {
        return static_cast<bool>(parse_ordered_json(text, kMaxJsonDepth, most));
    };
    const std::string two = R"({"a":1,"b":[{"c":"x:y:z"},{"d":2}]})";
    EXPECT_TRUE(fits(two, 2));
    EXPECT_FALSE(fits(two, 1));
    EXPECT_FALSE(fits(R"([{"a":{"b":1,"c":2,"d":3}}])", 2));
    EXPECT_TRUE(fits(R"(["a","b","c","d","e","f"])", 1));
}

TEST(Json, DumpsInvalidUtf8AsReplacementCharacters) {
    EXPECT_EQ(dump_json(Json("a\xFFz")), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(json_quote("\"\n\xC3"), "\"\\\"\\n\xEF\xBF\xBD\"");
}

TEST(Json, LooksUpMembersWithoutThrowing) {
    const Json object = {{"s", "x"}, {"i", 7}, {"b", true}};
    EXPECT_EQ(string_or(object, "s"), "x");
    EXPECT_EQ(string_or(object, "i", "none"), "none");
    EXPECT_EQ(integer_or(object, "i", 0), 7);
    EXPECT_EQ(integer_or(object, "s", -1), -1);
    EXPECT_TRUE(bool_or(object, "b", false));
    EXPECT_EQ(string_or(Json::array(), "s", "none"), "none");
}

TEST(Json, AMemberOrElementThatIsNotThereIsNull) {
    const Json object = {{"list", {1, 2}}};
    EXPECT_EQ(member(object, "list"), Json({1, 2}));
    EXPECT_TRUE(member(object, "x").is_null());
    EXPECT_EQ(element(member(object, "list"), 1), 2);
    EXPECT_TRUE(element(member(object, "list"), 2).is_null());
    for (const Json& value : {Json(), Json(1), Json("text"), Json::array({1})}) {
        SCOPED_TRACE(dump_json(value));
        EXPECT_TRUE(member(value, "list").is_null());
        EXPECT_EQ(string_or(value, "list", "none"), "none");
        EXPECT_EQ(integer_or(value, "list", -1), -1);
        EXPECT_TRUE(bool_or(value, "list", true));
    }
    EXPECT_TRUE(element(Json("text"), 0).is_null());
    EXPECT_TRUE(element(Json(), 0).is_null());
}

TEST(Json, AnIntegerIsWhatFitsWhateverItsSpelling) {
    struct Row {
        const char* text;
        std::optional<std::int64_t> value;
    };
    const Row rows[] = {
        {"7", 7},
        {"-7", -7},
        {"2.0", 2},
        {"1e3", 1000},
        {"-0.0", 0},
        {"2.5", std::nullopt},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"9223372036854775808", std::nullopt},
        {"18446744073709551615", std::nullopt},
        {"9.3e18", std::nullopt},
        {"-9.3e18", std::nullopt},
        {"1e308", std::nullopt},
        {"true", std::nullopt},
        {"null", std::nullopt},
        {"\"7\"", std::nullopt},
        {"[7]", std::nullopt},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(integer_in(*parse_json(row.text)), row.value);
        EXPECT_EQ(integer_in(*parse_ordered_json(row.text)), row.value);
        const Json object = {{"n", *parse_json(row.text)}};
        EXPECT_EQ(integer_or(object, "n", -99), row.value.value_or(-99));
    }
}

TEST(Json, NumbersAndStringsComeOutOfTheirOwnTypeOnly) {
    EXPECT_EQ(number_in(Json(7U)), 7.0);
    EXPECT_EQ(number_in(Json(-7)), -7.0);
    EXPECT_EQ(number_in(Json(0.5)), 0.5);
    EXPECT_EQ(number_in(Json("7")), std::nullopt);
    EXPECT_EQ(string_in(Json(7)), nullptr);
    EXPECT_EQ(strings_in(Json({"a", 1, "b", nullptr})), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(strings_in(Json("a")), std::vector<std::string>());
}

TEST(Json, KeepsTheOrderOfMembersWhereThatIsAskedFor) {
    const auto ordered = parse_ordered_json(R"({"b":1,"a":"x"})");
    EXPECT_EQ(dump_ordered_json(*ordered), R"({"b":1,"a":"x"})");
    EXPECT_EQ(string_or(*ordered, "a"), "x");
    EXPECT_TRUE(member(*ordered, "c").is_null());
    EXPECT_EQ(dump_ordered_json(OrderedJson("a\xFFz")), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(pretty_json(Json({{"a", "\xFF"}})), "{\n  \"a\": \"\xEF\xBF\xBD\"\n}");
}

}  // namespace
}  // namespace tenon
