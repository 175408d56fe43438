#include "host/plugin/needs.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string fault(std::string_view text) {
    const auto need = parse_need(text);
    return need ? "accepted" : need.error().message;
}

std::string fault_of_note(std::string_view json) {
    const auto needs = parse_needs(json);
    return needs ? "accepted" : needs.error().reason;
}

TEST(Need, IsReadAndWrittenInTheSameForm) {
    for (const char* text : {"network", "exec", "read:/data", "write:/", "read:~", "write:~/out/",
                             "read:/a/..b/...", "read:/with blank"}) {
        SCOPED_TRACE(text);
        const auto need = parse_need(text);
        ASSERT_TRUE(need) << need.error().message;
        EXPECT_EQ(to_string(*need), text);
    }
}

TEST(Need, IsRefusedInEveryOtherForm) {
    const std::pair<std::string, const char*> cases[] = {
        {"", "is not known; known are network, exec, read:DIR and write:DIR"},
        {"networking", "\"networking\" is not known"},
        {"Network", "is not known"},
        {" network", "is not known"},
        {"unconfined", "is not known"},
        {"read", "is not known"},
        {"run:/bin", "is not known"},
        {"read:", "names no directory"},
        {"read:data", "absolute path"},
        {"write:./data", "absolute path"},
        {"read:~other/data", "absolute path"},
        {"read:/a/../b", "has .. in its path"},
        {"write:~/..", "has .. in its path"},
        {"read:/a\nb", "control characters"},
        {std::string("read:/a\0b", 9), "control characters"},
        {"read:/\xFF", "invalid UTF-8"},
        {"read:/" + std::string(5000, 'a'), "too long"},
    };
    for (const auto& [text, reason] : cases) {
        SCOPED_TRACE(text);
        EXPECT_THAT(fault(text), HasSubstr(reason));
    }
}

TEST(NeedsNote, HoldsNeedsAndTheirReason) {
    const auto needs = parse_needs(
        R"({"needs":["exec","read:/data","exec"],"summary":"Why\u001b[31m","later":[1]})");
    ASSERT_TRUE(needs) << needs.error().reason;
    EXPECT_THAT(needs->needs, ElementsAre("exec", "read:/data"));
    EXPECT_EQ(needs->summary, "Why\x1b[31m");
    EXPECT_THAT(parse_needs(R"({"needs":[]})")->needs, IsEmpty());
}

TEST(NeedsNote, IsRefusedWhenItIsNotUnderstood) {
    std::string many = R"({"needs":["network")";
    for (int i = 0; i < 64; ++i)
        many += ",\"network\"";
    const std::pair<std::string, const char*> cases[] = {
        {"", "is malformed"},
        {"needs", "is malformed"},
        {"[]", "it is not a JSON object"},
        {"{}", "has no list"},
        {R"({"needs":"network"})", "has no list"},
        {R"({"needs":{"network":true}})", "has no list"},
        {R"({"needs":[1]})", "a need is not a text"},
        {R"({"needs":[["network"]]})", "a need is not a text"},
        {R"({"needs":[],"summary":7})", "\"summary\" is not a text"},
        {R"({"needs":["teleport"]})", "\"teleport\" is not known"},
        {R"({"needs":["network","read:x"]})", "absolute path"},
        {"{\"needs\":[\"read:/\xFF\"]}", "is malformed"},
        {std::string("{\"needs\":[]}\0{}", 15), "is malformed"},
        {many + "]}", "more than 64"},
        {std::string(100, '[') + std::string(100, ']'), "is malformed"},
        {"{\"needs\":[],\"summary\":\"" + std::string(20'000, 'a') + "\"}", "longer than 16 KiB"},
    };
    for (const auto& [json, reason] : cases) {
        SCOPED_TRACE(json.substr(0, 80));
        EXPECT_THAT(fault_of_note(json), HasSubstr(reason));
    }
}

}  // namespace
}  // namespace tenon::plugin
