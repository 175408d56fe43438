#include <cctype>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/structure/sources.h"

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

/// A literal that equals the name of a tool but means something else.
struct AllowedLiteral {
    const char* file;
    const char* name;
    const char* why;
};
constexpr AllowedLiteral kAllowedLiterals[] = {
    {"host/cli/doctor_settings.cpp", "bash", "the program"},
    {"host/jobs/report.cpp", "background_run", "advice to the model, a part of a job's result"},
    {"host/model/recorder.cpp", "agent", "a member of the recorded JSON"},
    {"host/model/replay.cpp", "agent", "a member of the recorded JSON"},
    {"host/permission/read_only_commands.cpp", "grep", "the program"},
    {"host/permission/rule_offer.cpp", "bash", "the program"},
    {"host/permission/rule_offer.cpp", "grep", "the program"},
    {"host/permission/surroundings.cpp", "grep", "git grep"},
    {"host/shell/grammar_builtins.cpp", "bash", "the program"},
    {"host/shell/values.cpp", "bash", "the program"},
    {"host/shell/wrappers.cpp", "bash", "the program"},
    {"host/shim/start.cpp", "bash", "the program"},
    {"host/sitting/session_thread.cpp", "agent", "the name of a thread"},
};

/// The texts between double quotes, without those in comments.
std::vector<std::string> literals_in(const std::string& source) {
    static const std::regex comment("//[^\n]*");
    static const std::regex literal(R"re("((?:[^"\\\n]|\\.)*)")re");
    const std::string code = std::regex_replace(source, comment, "");
    std::vector<std::string> found;
    for (std::sregex_iterator at(code.begin(), code.end(), literal), end; at != end; ++at)
        found.push_back((*at)[1]);
    return found;
}

/// The names of the tools that our own plugins state: `tool("name",` in C++, and the first line of
/// a row of a table of tools.
std::set<std::string> tool_names() {
    static const std::regex statement(
        R"re((?:\btool\(\s*"([a-z0-9_]+)",)|(?:\{"([a-z0-9_]+)",\n))re");
    std::set<std::string> names;
    for (const fs::path& file : sources_below(kSource / "plugins")) {
        if (file.filename() != "plugin.cpp" && file.filename() != "bash.cpp") continue;
        const std::string source = content_of(file);
        for (std::sregex_iterator at(source.begin(), source.end(), statement), end; at != end; ++at)
            names.insert((*at)[1].matched ? (*at)[1] : (*at)[2]);
    }
    return names;
}

/// Whether the literal is the name, or a text that holds it as a word. A name that is a plain word,
/// such as "agent", counts only by itself.
bool spells(const std::string& literal, const std::string& name) {
    if (literal == name) return true;
    if (name.find('_') == std::string::npos) return false;
    const auto is_letter = [](char c) {
        return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
    };
    for (auto at = literal.find(name); at != std::string::npos; at = literal.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || !is_letter(literal[at - 1])) &&
            (end == literal.size() || !is_letter(literal[end])))
            return true;
    }
    return false;
}

bool is_allowed(const std::string& file, const std::string& name) {
    for (const AllowedLiteral& one : kAllowedLiterals)
        if (file == one.file && name == one.name) return true;
    return false;
}

TEST(ToolNames, OfOurPluginsAreFound) {
    const std::set<std::string> names = tool_names();
    for (const char* name : {"bash", "background_cancel", "read_file", "grep", "todo", "task_get",
                             "load_skill", "agent"})
        EXPECT_TRUE(names.count(name)) << name;
    EXPECT_EQ(names.size(), 17U);
}

TEST(ToolNames, AreNotSpeltOutInTheHost) {
    const std::set<std::string> names = tool_names();
    for (const fs::path& path : sources_below(kSource / "host")) {
        const std::string file = path.lexically_relative(kSource).string();
        for (const std::string& literal : literals_in(content_of(path)))
            for (const std::string& name : names)
                if (spells(literal, name)) {
                    EXPECT_TRUE(is_allowed(file, name))
                        << file << " spells out the tool " << name << " in \"" << literal
                        << "\": let the tool state what the host must know (tenon_tool.facts)";
                }
    }
}

}  // namespace
}  // namespace tenon::testing
