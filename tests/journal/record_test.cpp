#include "host/journal/record.h"

#include <gtest/gtest.h>

namespace tenon::journal {
namespace {

TEST(Record, ReadsItsMembersByType) {
    const std::string line =
        R"( { "v":1, "text" : "a\"b\u00e4\\" ,"list":["x",1,"y"],"is":true,"o":{"k":"}"},"n":-5} )";
    const auto record = Record::read(line);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->integer("v", 0), 1);
    EXPECT_EQ(record->integer("n", 0), -5);
    EXPECT_EQ(record->integer("text", 7), 7);
    EXPECT_EQ(record->string("text"), "a\"b\xC3\xA4\\");
    EXPECT_EQ(record->string("v"), "");
    EXPECT_EQ(record->string("none"), "");
    EXPECT_EQ(record->quoted("text"), R"("a\"b\u00e4\\")");
    EXPECT_EQ(record->quoted("list"), "");
    EXPECT_EQ(record->strings("list"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(record->raw("o"), R"({"k":"}"})");
    EXPECT_EQ(record->value("o"), Json({{"k", "}"}}));
    EXPECT_TRUE(record->value("none").is_null());
    EXPECT_TRUE(record->boolean("is", false));
    EXPECT_TRUE(record->has("text"));
    EXPECT_FALSE(record->has("none"));
}

/// Whatever a line looks like: what the parser takes for an object is a record, and nothing else.
TEST(Record, TakesWhatTheParserTakes) {
    std::vector<std::string> lines = {
        "",
        "null",
        "[]",
        R"("text")",
        "{",
        "{}",
        " { } ",
        "{} {}",
        "{}}",
        "{,}",
        R"({"a"})",
        R"({"a":})",
        R"({"a":1,})",
        R"({"a":1 "b":2})",
        R"({"a":"x"]})",
        R"({"a":"x"}])",
        R"({"a":"x" "b":"y"})",
        R"({"a":"x",,"b":"y"})",
        R"({a:1})",
        R"({"a":'x'})",
        R"({"a":nul})",
        R"({"a":01})",
        R"({"a":1e5})",
        R"({"a":[1,2})",
        R"({"a":[{}})",
        R"({"a":{"b":[}]})",
        R"({"a":"\x"})",
        R"({"a":"\u12"})",
        R"({"a":"\u12g4"})",
        R"({"a":"\ud83d\ude00"})",
        R"({"a":"\ud83d"})",
        R"({"a":"\ud83dx\ude00"})",
        R"({"a":"\ude00"})",
        R"({"a":"\u0000\/\b\f\n\r\t"})",
        "{\"a\":\"\xC3\xA4\"}",
        "{\"a\":\"\xC3\"}",
        "{\"a\":[\"\xC3\"]}",
        "{\"a\":\"\xED\xA0\x80\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\x7F\"}",
        "{\"\xC3\":1}",
        "{\"\\u0061\":1}",
        "{\"a\":\"x\"",
        "{\"a\":\"x",
        "{\"a\":\"x\\",
        "{\"a\":\"x\\\"}",
        std::string("{\"a\":\"\0\"}", 9),
    };
    const std::string whole = R"({"v":1,"t":"x\"é\u00e4","c":[{"k":"]"},{}],"n":null,"b":false})";
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        lines.push_back(whole.substr(0, cut));
        lines.push_back(whole.substr(0, cut) + whole.substr(cut + 1));
        lines.push_back(whole.substr(0, cut) + "\x01" + whole.substr(cut + 1));
        lines.push_back(whole.substr(0, cut) + "\"" + whole.substr(cut));
    }
    for (const std::string& line : lines) {
        SCOPED_TRACE(line);
        const auto parsed = parse_json(line);
        const auto record = Record::read(line);
        ASSERT_EQ(record.ok(), parsed.ok() && parsed->is_object());
        if (!record) continue;
        for (const auto& [key, value] : parsed->items()) {
            if (record->has(key)) EXPECT_EQ(Json::parse(record->raw(key)), value);
            EXPECT_EQ(record->value(key.c_str()), value.is_string() ? Json() : value);
        }
    }
}

TEST(Record, RefusesDeepNesting) {
    const std::string deep(100'000, '[');
    EXPECT_FALSE(Record::read("{\"a\":" + deep + std::string(deep.size(), ']') + "}"));
}

}  // namespace
}  // namespace tenon::journal
