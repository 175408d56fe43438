#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/base/utf8.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// What third-party plugins print, in whole runs of the real program.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct PrintingPlugin {
    std::string id;
    std::string isolated;  // a setting
    std::vector<std::string> tools;
    std::vector<std::string> printed;  // parts of what it prints
};

void PrintTo(const PrintingPlugin& plugin, std::ostream* out) {
    *out << plugin.id;
}

class PluginOutput : public ::testing::TestWithParam<PrintingPlugin> {
protected:
    PluginOutput() {
        fs::create_directories(folder());
        fs::copy_file(fs::path(TENON_FIXTURES) / (GetParam().id + ".so"),
                      folder() / (GetParam().id + ".so"));
    }
    [[nodiscard]] fs::path folder() const { return folders_.home / "plugins"; }
    CommandResult run(std::vector<std::string> words, const ModelServer* server = nullptr) const {
        words.insert(words.begin(), TENON_PROGRAM);
        words.insert(words.end(),
                     {"--plugin-dir", folder().string(), "--yes", "-D",
                      "plugins." + GetParam().id + ".isolated=" + GetParam().isolated});
        Process tenon(words, folders_.environment(server), folders_.workspace());
        const auto exit = tenon.wait();
        return {exit.code, tenon.output, tenon.errors};
    }
    /// Whether the log is text that a terminal can show.
    static bool is_harmless(const std::string& text) {
        return utf8::is_valid(text) && std::none_of(text.begin(), text.end(), [](unsigned char c) {
                   return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
               });
    }

    RunFolders folders_;
};

TEST_P(PluginOutput, GoesToTheLogOfTenonTool) {
    for (const std::string& tool : GetParam().tools) {
        SCOPED_TRACE(tool);
        const auto ran = run({"tool", tool});
        EXPECT_EQ(ran.code, 0);
        EXPECT_THAT(ran.output, AnyOf("done\n", "the result\n"));
        EXPECT_THAT(ran.errors, HasSubstr("plugin " + GetParam().id + ": printed: "));
        EXPECT_TRUE(is_harmless(ran.errors)) << ran.errors;
        EXPECT_LT(ran.errors.size(), 1U << 20U);
    }
}

TEST_P(PluginOutput, IsInNoResultOfAnyFormat) {
    ordered_json content = ordered_json::array();
    for (const std::string& tool : GetParam().tools)
        content.push_back(tool_use("t_" + tool, tool, ordered_json::object()));
    const ordered_json script = {{{"content", content}}, {{"content", "All over."}}};
    for (const std::string format : {"text", "json", "stream-json"}) {
        SCOPED_TRACE(format);
        const ModelServer server(script.dump());
        const auto ran = run({"-p", "go", "--output-format", format}, &server);
        EXPECT_EQ(ran.code, 0) << ran.errors;
        EXPECT_EQ(server.refusals(), 0);
        if (format == "text") {
            EXPECT_EQ(ran.output, "All over.\n");
        } else {
            EXPECT_EQ(last_line(ran.output)["result"], "All over.");
            std::istringstream lines(ran.output);
            for (std::string line; std::getline(lines, line);)
                EXPECT_TRUE(Json::parse(line, nullptr, false).is_object()) << line;
        }
        for (const std::string& printed : GetParam().printed) {
            EXPECT_THAT(ran.output, Not(HasSubstr(printed)));
            for (const auto& request : server.requests())
                EXPECT_THAT(request.body, Not(HasSubstr(printed)));
        }
        EXPECT_THAT(ran.errors, HasSubstr("plugin " + GetParam().id + ": printed: "));
        EXPECT_TRUE(is_harmless(ran.errors));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, PluginOutput,
    ::testing::Values(PrintingPlugin{"misbehaving",
                                     "true",
                                     {"print", "print_binary", "print_endless", "print_flood"},
                                     {"to stdout", "to stderr", "no end", "yyyyyy", "binary ",
                                      "zzzzzz"}},
                      PrintingPlugin{"unruly",
                                     "false",
                                     {"print", "print_much"},
                                     {"by printf", "by stderr", "by write", "by a child",
                                      "no line end", "0000000000"}}),
    [](const auto& plugin) { return plugin.param.id; });

}  // namespace
}  // namespace tenon::testing
