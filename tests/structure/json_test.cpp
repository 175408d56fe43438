#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/structure/sources.h"

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

/// A call that throws on hostile JSON, and the functions of base/json to use instead.
struct ThrowingCall {
    std::string pattern;
    std::string instead;
};
const std::vector<ThrowingCall> kThrowingCalls = {
    {R"re(\w*[Jj]son::(parse|accept)\s*\()re", "parse_json, parse_ordered_json or json_or_null"},
    {R"re(Ordered::(parse|accept)\s*\()re", "parse_ordered_json"},
    {R"re((\.|->)dump\s*\()re", "dump_json, dump_ordered_json or pretty_json"},
    {R"re((\.|->)(get|get_ref|get_ptr)\s*<)re", "string_in, integer_in, number_in, strings_in"},
    {R"re((\.|->)get_to\s*\()re", "string_in, integer_in, number_in, strings_in"},
    {R"re((\.|->)at\s*\(\s*")re", "member"},
    {R"re((\.|->)value\s*\(\s*"[^"]*"\s*,)re", "member, string_or, integer_or or bool_or"},
    // Reading a missing member is undefined behaviour. Writing a member is allowed.
    {R"re([\w)\]]\["[\w$.]+"\](?!\s*=[^=]))re", "member"},
};
/// A call of Boost.DLL, and a reference that is written to.
const std::vector<std::string> kAllowedLines = {"library.get<const tenon_plugin*()>",
                                                R"(& citations = block.fields["citations"];)"};

bool is_allowed_line(const std::string& line) {
    for (const std::string& allowed : kAllowedLines)
        if (line.find(allowed) != std::string::npos) return true;
    return false;
}

std::string without_comment(const std::string& line) {
    const auto at = line.find("//");
    return at == std::string::npos || (at > 0 && line[at - 1] == ':') ? line : line.substr(0, at);
}

/// What to use instead of the first throwing call in the line; empty: there is none.
std::string replacement_for(const std::string& line) {
    static const std::vector<std::regex> patterns = [] {
        std::vector<std::regex> made;
        for (const ThrowingCall& call : kThrowingCalls)
            made.emplace_back(call.pattern);
        return made;
    }();
    for (std::size_t i = 0; i < kThrowingCalls.size(); ++i) {
        if (std::regex_search(line, patterns[i])) return kThrowingCalls[i].instead;
    }
    return {};
}

TEST(JsonReaders, OnlyBaseCallsWhatThrowsOnHostileText) {
    std::size_t seen = 0;
    for (const auto& entry : fs::recursive_directory_iterator(kSource / "host")) {
        const fs::path& file = entry.path();
        if (file.extension() != ".cpp" && file.extension() != ".h") continue;
        const fs::path shown = file.lexically_relative(kSource);
        if (shown == "host/base/json.cpp") continue;
        std::ifstream in(file);
        std::size_t number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            ++seen;
            if (is_allowed_line(line)) continue;
            const std::string instead = replacement_for(without_comment(line));
            EXPECT_EQ(instead, "") << shown.string() << ":" << number << ": " << line
                                   << "\n  throws on hostile JSON; use " << instead;
        }
    }
    EXPECT_GT(seen, 10'000U) << "the scan found nothing to check";
}

TEST(JsonReaders, TheScanFindsEachWayToThrow) {
    for (const char* line :
         {"Json::parse(text)", "nlohmann::json::parse(text, nullptr, false)",
          "OrderedJson::parse(text)", "Ordered::parse(text)", "Json::accept(text)", "value.dump()",
          "it->dump(2)", "value.get<int>()", "it->get_ref<const std::string&>()",
          "value.get_to(number)", "answer.at(\"fd\")", "(*record)->at(\"agents\")",
          "line.value(\"usage\", Json::object())", "message[\"content\"][0]",
          "string_or(data[\"delta\"], \"type\")", "schema[\"type\"] == other"}) {
        EXPECT_NE(replacement_for(line), "") << line;
    }
    for (const char* line : {"parse_json(text)", "object[\"a\"] = 1;",
                             "arguments.value(\"name\").value_or(\"\")", "std::get<0>(tuple)",
                             "entries_.at(id)", "dump_json(value)", "\"jobs[\" + text + \"]\""}) {
        EXPECT_EQ(replacement_for(line), "") << line;
    }
}

}  // namespace
}  // namespace tenon::testing
