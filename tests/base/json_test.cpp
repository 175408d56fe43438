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

TEST(Json, RefusesDepthBeforeParsing) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const auto result = parse_json(deep);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "JSON nested deeper than 256 levels");
    EXPECT_TRUE(parse_json(std::string(256, '[') + std::string(256, ']')));
    EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\""))
        << "brackets in strings do not count";
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

}  // namespace
}  // namespace tenon
