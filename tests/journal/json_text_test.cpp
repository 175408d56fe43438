#include "host/journal/json_text.h"

#include <gtest/gtest.h>

#include "host/base/json.h"

namespace tenon::journal {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

TEST(JsonText, FindsTheEndOfWhatTheParserTakes) {
    // clang-format off
    const char* const texts[] = {
        "0", "-0", "12", "-1.50", "1e5", "1E+5", "1e-5", "0.5e1", "01", "-", "1.", ".5", "1e", "1e+", "+1", "1e999",
        "true", "false", "null", "nul", "True",
        "[]", "[ ]", "[1 , 2]", "[1,]", "[,]", "[1 2]", "[",
        "{}", R"({"a":1})", R"({ "a" : [ {} ] })", R"({"a"})", R"({"a":})", "{1:2}", R"({"a":1,})", "{",
        R"("a)", R"("a")", R"(["]",{}])", R"("\u00e4")", R"("\ud83d")", R"("\ud83d\ude00")",
        "\"\xC3\xA4\"", "\"\xC3\"", "", " "};
    // clang-format on
    for (const char* text : texts) {
        SCOPED_TRACE(text);
        const bool is_value = parse_json(text).ok();
        const std::size_t end = json_value_end(text, 0, 9);
        EXPECT_EQ(end != kNowhere && end == std::string_view(text).size(), is_value);
        const std::string inside = "x" + std::string(text) + "]";
        if (is_value) EXPECT_EQ(json_value_end(inside, 1, 9), inside.size() - 1);
    }
    EXPECT_EQ(json_value_end(std::string(400, '9'), 0, 9), kNowhere) << "beyond a double";
    EXPECT_EQ(json_value_end("1 ", 0, 9), 1U);
    EXPECT_EQ(json_value_end("1", 5, 9), kNowhere);
}

TEST(JsonText, RefusesDeepNesting) {
    EXPECT_EQ(json_value_end("[{\"a\":[]}]", 0, 3), 10U);
    EXPECT_EQ(json_value_end("[{\"a\":[]}]", 0, 2), kNowhere);
    EXPECT_EQ(json_value_end("1", 0, 0), 1U);
}

TEST(JsonText, ReadsAString) {
    for (const char* quoted :
         {R"("")", R"("plain")", R"("a\"b\\c\/d")", R"("\b\f\n\r\t")", R"("\u0000\u001f\u007F")",
          R"("\u00e4\u07ff\u0800\uffff")", R"("\ud83d\ude00 \uD800\uDC00\udbff\udfff")",
          "\"\xC3\xA4\\n\xF0\x9F\x98\x80\"", R"("\\u0041\\")"}) {
        SCOPED_TRACE(quoted);
        const auto parsed = parse_json(quoted);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(json_string_text(quoted), *string_in(*parsed));
    }
}

}  // namespace
}  // namespace tenon::journal
