#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tenon/json.h>
#include <tenon/json.hpp>

namespace tenon {
namespace {

tenon_str slice(const std::string& text) {
    return {text.data(), text.size()};
}
std::string copy(tenon_str text) {
    return text.n == 0 ? std::string() : std::string(text.p, text.n);
}
tenon_sink into(std::string& text) {
    return {&text,
            [](void* to, tenon_str chunk) { *static_cast<std::string*>(to) += copy(chunk); }};
}
std::string decoded(tenon_str value) {
    std::string out;
    return tenon_json_decode(value, into(out)) != 0 ? out : "no string";
}
std::string json_string(const std::string& text) {
    std::string out;
    tenon_json_quote(slice(text), into(out));
    return out;
}
std::int64_t integer(const std::string& text) {
    std::int64_t out = 77;
    return tenon_json_integer(slice(text), &out) != 0 ? out : out + 700;  // 777: no integer
}

TEST(JsonH, FindsMembersAndElements) {
    const std::string text =
        R"( {"a" : 1,"x\u0062":[ true , null,"s",[2],{"y":3} ] , "a":2,"o":{"a":4}, "e":{}, "l":[]})";
    const tenon_str object = slice(text);
    EXPECT_EQ(copy(tenon_json_member(object, "a")), "1");
    EXPECT_EQ(copy(tenon_json_member(tenon_json_member(object, "o"), "a")), "4");
    EXPECT_EQ(tenon_json_member(object, "none").n, 0U);
    EXPECT_EQ(tenon_json_member(slice("[1]"), "a").n, 0U);
    std::string kinds;
    std::string elements;
    for (tenon_str rest = tenon_json_member(object, "xb"), one{};
         tenon_json_next_element(&rest, &one) != 0;) {
        kinds += tenon_json_kind(one);
        elements += copy(one) + ";";
    }
    EXPECT_EQ(kinds, "bn\"[{");
    EXPECT_EQ(elements, R"(true;null;"s";[2];{"y":3};)");
    int members = 0;
    for (tenon_str rest = object, key{}, value{}; tenon_json_next_member(&rest, &key, &value) != 0;)
        ++members;
    EXPECT_EQ(members, 6);
    tenon_str one{};
    for (const char* empty : {"e", "l"}) {
        tenon_str rest = tenon_json_member(object, empty);
        EXPECT_EQ(tenon_json_next_element(&rest, &one), 0);
    }
}

TEST(JsonH, ReadsTextsIntegersAndBooleans) {
    EXPECT_EQ(decoded(slice(R"("a \"b\" \\ \n \u00e9 \ud83d\ude00 \/")")), "a \"b\" \\ \n é 😀 /");
    EXPECT_EQ(decoded(slice("7")), "no string");
    EXPECT_EQ(integer("-12"), -12);
    EXPECT_EQ(integer("0"), 0);
    EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    for (const char* no_integer :
         {"9223372036854775808", "-9223372036854775809", "99999999999999999999999", "1.0", "1e2",
          "01", "-", "", "+1", "1x", "\"1\"", "true", "null", "[1]", "{}"}) {
        SCOPED_TRACE(no_integer);
        EXPECT_EQ(integer(no_integer), 777);
    }
    int yes = 7;
    EXPECT_EQ(tenon_json_boolean(slice("true"), &yes), 1);
    EXPECT_EQ(yes, 1);
    EXPECT_EQ(tenon_json_boolean(slice(" false "), &yes), 1);
    EXPECT_EQ(yes, 0);
    for (const char* no_boolean : {"", "truth", "0", "\"true\"", "null"})
        EXPECT_EQ(tenon_json_boolean(slice(no_boolean), &yes), 0) << no_boolean;
}

TEST(JsonH, CopiesATextIntoABufferThatHoldsIt) {
    const std::string text = R"("h\u00e9")";
    char buffer[8] = "before";
    std::size_t length = 0;
    EXPECT_EQ(tenon_json_string(slice(text), buffer, 4, &length), 1);
    EXPECT_STREQ(buffer, "hé");
    EXPECT_EQ(length, 3U);
    EXPECT_EQ(tenon_json_string(slice(text), buffer, 3, &length), 0);
    EXPECT_STREQ(buffer, "");
    EXPECT_EQ(length, 3U);
    EXPECT_EQ(tenon_json_string(slice(text), nullptr, 0, &length), 0);
    EXPECT_EQ(tenon_json_string(slice("5"), buffer, sizeof buffer, &length), 0);
    EXPECT_EQ(length, 0U);
    EXPECT_EQ(tenon_json_string(slice(R"("a\u0000b")"), buffer, sizeof buffer, nullptr), 1);
    EXPECT_EQ(std::string(buffer, 4), std::string("a\0b\0", 4));
}

/// What JSON does not allow is defined, and the same in C and in C++.
TEST(JsonH, ReplacesWhatAStringMustNotHold) {
    const std::string bad = "\xEF\xBF\xBD";
    const struct {
        std::string inside, expected;
    } cases[] = {
        {R"(\q)", bad},
        {R"(\u12)", bad + "12"},
        {R"(\u12g4)", bad + "12g4"},
        {R"(\ud800)", bad},
        {R"(\ud800x)", bad + "x"},
        {R"(\ud800\n)", bad + "\n"},
        {R"(\ud800\ud800)", bad + bad},
        {R"(\udc00)", bad},
        {R"(\u0000)", std::string(1, '\0')},
        {"\xFF", "\xFF"},
        {"\x01", "\x01"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.inside);
        const std::string value = "\"" + row.inside + "\"";
        EXPECT_EQ(decoded(slice(value)), row.expected);
        EXPECT_EQ(JsonView("{\"a\":" + value + "}").text("a"), row.expected);
    }
}

TEST(JsonH, QuotesWhatAnyParserReads) {
    std::string all;
    for (int c = 0; c < 128; ++c)
        all += static_cast<char>(c);
    all += "ü€😀";
    EXPECT_EQ(nlohmann::json::parse(json_string(all)), all);
    EXPECT_EQ(json_string(all), quote(all));
    const std::string bad = "\xEF\xBF\xBD";
    for (const char* broken :
         {"\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC0\x80", "\xED\xA0\x80",
          "\xF4\x90\x80\x80", "\xE0\x80\x80", "\x80", "\xC3(", "\xE2(\xA1"}) {
        SCOPED_TRACE(::testing::PrintToString(broken));
        const std::string text = "a" + std::string(broken) + "z";
        const auto read = nlohmann::json::parse(json_string(text)).get<std::string>();
        EXPECT_NE(read.find(bad), std::string::npos);
        EXPECT_EQ(read.front(), 'a');
        EXPECT_EQ(read.back(), 'z');
        EXPECT_EQ(json_string(text), quote(text));
    }
}

TEST(JsonH, DoesNotRecurse) {
    const std::string deep(5'000'000, '[');
    tenon_str rest = slice(deep);
    tenon_str one{};
    EXPECT_EQ(tenon_json_next_element(&rest, &one), 0) << "it does not end";
    const std::string closed = deep + std::string(deep.size(), ']');
    rest = slice(closed);
    ASSERT_EQ(tenon_json_next_element(&rest, &one), 1);
    EXPECT_EQ(one.n, closed.size() - 2);
    EXPECT_EQ(JsonView("{\"a\":" + closed + "}").raw("a").size(), closed.size());
}

/// Everything that reads, on one text; each slice is an allocation of its own, for the sanitizers.
void read_all(const std::string& text, int depth = 0) {
    const std::string own = text;
    char buffer[16];
    std::int64_t number = 0;
    int yes = 0;
    (void)decoded(slice(own));
    (void)tenon_json_string(slice(own), buffer, sizeof buffer, nullptr);
    (void)tenon_json_integer(slice(own), &number);
    (void)tenon_json_boolean(slice(own), &yes);
    (void)json_string(own);
    (void)tenon_json_member(slice(own), "a");
    (void)JsonView(own).text("a");
    (void)JsonView(own).objects("a");
    (void)JsonView(own).integers("a");
    if (depth > 3) return;
    for (tenon_str rest = slice(own), one{}; tenon_json_next_element(&rest, &one) != 0;)
        read_all(copy(one), depth + 1);
    for (tenon_str rest = slice(own), key{}, one{}; tenon_json_next_member(&rest, &key, &one) != 0;)
        read_all(copy(one), depth + 1);
}

TEST(JsonH, NeverReadsPastTheEndOfWhatIsNoJson) {
    const std::string whole =
        R"({"a":["x\u00e9",{"b":"\ud83d\ude00"},-1.5e3],"c":"\\","d":[[],{}],"e":true})";
    for (std::size_t length = 0; length <= whole.size(); ++length)
        read_all(whole.substr(0, length));
    std::mt19937 random(7);
    const std::string alphabet("{}[]\",:\\ud8019a \n\xC3\0tfn-.e", 26);
    for (int i = 0; i < 20'000; ++i) {
        std::string text = i % 2 == 0 ? whole : std::string(random() % 40, ' ');
        for (std::size_t changes = 1 + random() % 8; changes > 0 && !text.empty(); --changes)
            text[random() % text.size()] = alphabet[random() % alphabet.size()];
        read_all(text);
    }
}

}  // namespace
}  // namespace tenon
