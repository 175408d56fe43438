#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

namespace tenon::file::testing {
namespace {

std::map<std::string, const tenon_tool*> tools_of(const PluginUnderTest& plugin) {
    const tenon_tool* const* list = nullptr;
    std::uint32_t count = 0;
    EXPECT_EQ(plugin.entry().tools(plugin.instance(), &list, &count), TENON_OK);
    std::map<std::string, const tenon_tool*> out;
    for (std::uint32_t i = 0; i < count; ++i)
        out.emplace(std::string(list[i]->name.p, list[i]->name.n), list[i]);
    return out;
}

std::string text_of(tenon_str text) {
    return {text.p, text.n};
}

TEST(FilePlugin, StatesItsToolsTheirParametersAndFlags) {
    const PluginUnderTest plugin;
    struct Case {
        std::set<std::string> parameters, required;
        std::uint32_t flags;
    };
    constexpr std::uint32_t kLooks =
        TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT;
    const std::map<std::string, Case> expected = {
        {"read_file", {{"path", "offset", "limit"}, {"path"}, kLooks}},
        {"write_file",
         {{"path", "content"}, {"path", "content"}, TENON_IDEMPOTENT | TENON_CLOSED_WORLD}},
        {"edit_file",
         {{"path", "old_text", "new_text", "replace_all"},
          {"path", "old_text", "new_text"},
          TENON_CLOSED_WORLD}},
        {"glob", {{"pattern", "path"}, {"pattern"}, kLooks}},
        {"grep",
         {{"pattern", "path", "glob", "ignore_case", "context", "max_results"},
          {"pattern"},
          kLooks}},
    };
    const auto tools = tools_of(plugin);
    EXPECT_EQ(tools.size(), expected.size());
    for (const auto& [name, tool] : tools) {
        SCOPED_TRACE(name);
        ASSERT_TRUE(expected.contains(name));
        const Case& c = expected.at(name);
        const Json schema = Json::parse(text_of(tool->input_schema));
        std::set<std::string> parameters;
        for (const auto& [key, value] : schema.at("properties").items())
            parameters.insert(key);
        EXPECT_EQ(parameters, c.parameters);
        EXPECT_EQ(schema.at("required").get<std::set<std::string>>(), c.required);
        EXPECT_EQ(schema.at("additionalProperties"), false);
        EXPECT_EQ(tool->flags, c.flags);
        EXPECT_EQ(tool->size, sizeof(tenon_tool));
    }
}

TEST(FilePlugin, TakesLittleOfTheFirstRequest) {
    const PluginUnderTest plugin;
    Json list = Json::array();
    for (const auto& [name, tool] : tools_of(plugin)) {
        list.push_back({{"name", name},
                        {"description", text_of(tool->description)},
                        {"input_schema", Json::parse(text_of(tool->input_schema))}});
    }
    EXPECT_LE(list.dump().size(), 2200U);
}

TEST(FilePlugin, CarriesItsNote) {
    std::ifstream in(FILE_PLUGIN, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    tenon_note note = {
        6, 40, TENON_NOTE_TYPE, TENON_NOTE_NAME, TENON_ABI_MAJOR, TENON_ABI_MINOR, "file"};
    EXPECT_NE(bytes.find(std::string(reinterpret_cast<const char*>(&note), sizeof note)),
              std::string::npos);
}

TEST(FilePlugin, AnswersArgumentsThatNobodyChecked) {
    const PluginUnderTest plugin;
    EXPECT_EQ(plugin.call("read_file", Json::object()), failed("the path is empty"));
    EXPECT_EQ(plugin.call("read_file", {{"path", 5}}), failed("the path is empty"));
    EXPECT_EQ(plugin.call("grep", {{"pattern", "x"}, {"context", "many"}}), ok("No matches"));
    EXPECT_EQ(plugin.call("no_such_tool", Json::object()).rc, TENON_FAULT);
}

TEST(FilePlugin, ReadsOnSeveralThreadsAtOnce) {
    const PluginUnderTest plugin;
    for (int i = 0; i < 50; ++i)
        plugin.write("f" + std::to_string(i), "needle " + std::to_string(i) + "\n");
    const CallResult found = plugin.call("grep", {{"pattern", "needle"}});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                EXPECT_EQ(plugin.call("grep", {{"pattern", "needle"}}), found);
                EXPECT_EQ(plugin.call("read_file", {{"path", "f7"}}), ok("needle 7\n"));
                EXPECT_EQ(plugin.call("glob", {{"pattern", "f1"}}), ok("f1"));
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
}

}  // namespace
}  // namespace tenon::file::testing
