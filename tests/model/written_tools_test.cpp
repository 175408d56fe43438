#include "host/model/written_tools.h"

#include <gtest/gtest.h>

#include "host/model/wire_formats.h"
#include "tests/model/server_formats.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

int times_written = 0;

std::string counted(std::string_view tools) {
    ++times_written;
    return "<" + std::string(tools) + ">";
}

TEST(WrittenTools, AreWrittenAgainWhenTheyChange) {
    times_written = 0;
    WrittenTools written(&counted);
    const char* const rounds[] = {"a", "a", "b", "", "", "a"};
    for (const char* tools : rounds)
        EXPECT_EQ(written.of(tools), "<" + std::string(tools) + ">");
    EXPECT_EQ(times_written, 4);
}

class ToolsOfRequests : public ::testing::TestWithParam<std::string_view> {};

TEST_P(ToolsOfRequests, AreThoseOfTheRequestWhateverTheOneBeforeHad) {
    const auto format = make_wire_format(GetParam(), {});
    ASSERT_TRUE(format);
    const auto names_of = [&](const std::string& tools) {
        Talk talk;
        talk.tools = tools;
        const agent::Request request = talk.request();
        const RequestText written = (*format)->body(request, first_traits(GetParam(), "http://h"));
        std::string text;
        for (const std::string_view piece : written.pieces())
            text += piece;
        const Json body = Json::parse(text);
        std::string names;
        for (const Json& tool : member(body, "tools"))
            names += string_or(tool.contains("function") ? tool["function"] : tool, "name") + " ";
        return names;
    };
    const std::string bash = R"({"name":"bash","input_schema":{"type":"object"}})";
    EXPECT_EQ(names_of("[" + bash + "]"), "bash ");
    EXPECT_EQ(names_of("[" + bash + R"(,{"name":"more"}])"), "bash more ");
    EXPECT_EQ(names_of("[]"), "");
    EXPECT_EQ(names_of("[" + bash + "]"), "bash ");
}

INSTANTIATE_TEST_SUITE_P(All, ToolsOfRequests, ::testing::ValuesIn(server_formats()),
                         [](const auto& format) { return title_of(format.param); });

}  // namespace
}  // namespace tenon::model
