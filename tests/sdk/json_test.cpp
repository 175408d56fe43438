#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tenon/json.hpp>

namespace tenon {
namespace {

TEST(JsonView, ReadsMembersByType) {
    const JsonView view(
        R"( { "text" : "a \"b\" \\ \n \u00e9 \ud83d\ude00 \/" , "n":-12, "x":1.5e3,"yes":true, "no":false,"nil":null,
            "list":["x",7,"y\"]"], "jobs":[{"id":"1"},{"id":"2","deep":{"id":"3"}}], "deep":{"n":9} } )");
    EXPECT_EQ(view.text("text"), "a \"b\" \\ \n é 😀 /");
    EXPECT_EQ(view.integer("n"), -12);
    EXPECT_EQ(view.number("x"), 1500);
    EXPECT_EQ(view.number("n"), -12);
    EXPECT_TRUE(view.boolean("yes"));
    EXPECT_FALSE(view.boolean("no", true));
    EXPECT_EQ(view.texts("list"), (std::vector<std::string>{"x", "y\"]"}));
    ASSERT_EQ(view.objects("jobs").size(), 2U);
    EXPECT_EQ(view.objects("jobs")[1].text("id"), "2");
    EXPECT_EQ(JsonView(view.raw("deep")).integer("n"), 9);
    EXPECT_EQ(view.raw("list"), R"(["x",7,"y\"]"])");
}

TEST(JsonView, FallsBackOnWhatIsMissingOrOfAnotherType) {
    const JsonView view(R"({"text":"7","n":7.5,"nil":null})");
    EXPECT_EQ(view.text("missing", "x"), "x");
    EXPECT_EQ(view.text("n", "x"), "x");
    EXPECT_EQ(view.integer("n", 3), 3);
    EXPECT_EQ(view.integer("text", 3), 3);
    EXPECT_TRUE(view.boolean("nil", true));
    EXPECT_TRUE(view.texts("text").empty());
    EXPECT_TRUE(view.has("n"));
    EXPECT_FALSE(view.has("nil"));
    EXPECT_FALSE(view.has("missing"));
    EXPECT_FALSE(JsonView().has("x"));
}

TEST(JsonView, NeverReadsPastTheEndOfWhatIsNoJson) {
    const std::string whole = R"({"a":["x\u00e9",{"b":"\ud83d\ude00"}],"c":"\\"})";
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        SCOPED_TRACE(length);
        const std::string cut = whole.substr(0, length);  // its own allocation, for the sanitizers
        const JsonView view(cut);
        EXPECT_LE(view.raw("a").size(), cut.size());
        EXPECT_LE(view.texts("a").size(), 1U);
        EXPECT_LE(view.text("c").size(), 1U);
        EXPECT_LE(view.objects("a").size(), 1U);
    }
}

TEST(JsonObject, WritesWhatAnyParserReads) {
    std::string all;
    for (int c = 0; c < 128; ++c)
        all += static_cast<char>(c);
    const std::string json = JsonObject()
                                 .text("all", all + "ü")
                                 .integer("least", std::numeric_limits<std::int64_t>::min())
                                 .number("half", 0.5)
                                 .number("infinite", std::numeric_limits<double>::infinity())
                                 .boolean("yes", true)
                                 .texts("list", {"a", "\""})
                                 .raw("raw", "[1]")
                                 .json();
    const auto parsed = nlohmann::json::parse(json);
    EXPECT_EQ(parsed["all"], all + "ü");
    EXPECT_EQ(parsed["least"], std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(parsed["half"], 0.5);
    EXPECT_TRUE(parsed["infinite"].is_null());
    EXPECT_EQ(parsed["list"], (std::vector<std::string>{"a", "\""}));
    EXPECT_EQ(JsonView(json).text("all"), all + "ü");
    EXPECT_EQ(JsonObject().json(), "{}");
}

}  // namespace
}  // namespace tenon
