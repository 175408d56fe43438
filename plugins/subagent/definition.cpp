#include "plugins/subagent/definition.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "plugins/front_matter/document.h"
#include "plugins/front_matter/text.h"
#include "plugins/subagent/tool_names.h"

namespace tenon::subagent {
namespace {

using front_matter::FieldType;
using front_matter::Malformed;

/// Short names for models in other clients. No endpoint knows them.
constexpr std::array<std::string_view, 5> kModelAliases = {"sonnet", "opus", "haiku", "opusplan",
                                                           "default"};

/// Commas, blanks, and the marks of a YAML list in a text that is not valid YAML.
constexpr std::string_view kBetweenNames = ", \t\n[]\"'";

/// The names in `text`; a text in round brackets belongs to the name before it.
std::vector<std::string> names_in(std::string_view text) {
    std::vector<std::string> names(1);
    int depth = 0;
    for (const char c : text) {
        const bool inside = depth > 0 || c == '(';
        depth = std::max(0, depth + (c == '(' ? 1 : c == ')' ? -1 : 0));
        if (inside || kBetweenNames.find(c) == std::string_view::npos) {
            names.back() += c;
        } else if (!names.back().empty()) {
            names.emplace_back();
        }
    }
    names.erase(std::remove_if(names.begin(), names.end(),
                               [](const std::string& name) { return name.empty() || name == "-"; }),
                names.end());
    return names;
}

std::string stem_of(const std::string& file) {
    const std::string name = file.substr(file.rfind('/') + 1);
    return front_matter::one_line(name.substr(0, name.rfind(".md")));
}

class DefinitionReader {
public:
    DefinitionReader(const std::string& file, std::string_view text)
        : document_(front_matter::parse(text)) {
        out_.file = file;
    }

    Definition read() && {
        if (document_.mended)
            remark(
                "its front matter is not valid YAML; it is read as if its values stood in quotes");
        out_.name = document_.text("name");
        if (out_.name.empty()) {
            out_.name = stem_of(out_.file);
            remark("it has no name; '" + out_.name + "' is used");
        }
        out_.description = document_.text_as_written("description");
        if (out_.description.empty()) throw Malformed("it has no description");
        out_.system = document_.body;
        read_tools();
        read_model();
        read_max_turns();
        return std::move(out_);
    }

private:
    void remark(std::string text) { out_.remarks.push_back(std::move(text)); }

    struct Tools {
        bool absent = false;
        bool all = false;  // `*`
        std::vector<std::string> names;
    };

    void read_tools() {
        Tools allowed = tools("tools");
        Tools disallowed = tools("disallowedTools");
        if (!allowed.absent && !allowed.all) out_.tools = std::move(allowed.names);
        if (disallowed.all) out_.tools.emplace();
        out_.disallowed_tools = std::move(disallowed.names);
    }

    /// Tools that do not exist here are left out. So a list may become empty; it still counts as a
    /// list.
    Tools tools(const std::string& key) {
        Tools tools;
        const auto found = document_.fields.find(key);
        tools.absent = found == document_.fields.end() || found->second.type == FieldType::kNothing;
        if (tools.absent) return tools;
        if (found->second.type == FieldType::kOther)
            throw Malformed(key + " is neither a list of names nor text with commas between them");
        std::vector<std::string> written = found->second.texts;
        written.push_back(found->second.text);
        for (const std::string& text : written)
            for (const std::string& name : names_in(front_matter::one_line(text)))
                add_tool(key, name, tools);
        return tools;
    }

    void add_tool(const std::string& key, const std::string& written, Tools& tools) {
        ToolName tool = tool_name(written);
        if (tool.meaning == ToolName::Meaning::kAll) {
            tools.all = true;
            return;
        }
        if (tool.narrowed) remark(key + ": of " + written + " only the tool's name counts");
        if (tool.meaning == ToolName::Meaning::kMissing) {
            remark(key + ": there is no " + tool.name + " for subagents here");
        } else if (std::find(tools.names.begin(), tools.names.end(), tool.name) ==
                   tools.names.end()) {
            tools.names.push_back(std::move(tool.name));
        }
    }

    void read_model() {
        const std::string model = document_.text("model");
        if (model.empty() || model == "inherit") return;
        if (std::find(kModelAliases.begin(), kModelAliases.end(), model) != kModelAliases.end()) {
            remark("model: " + model + " is no model's full name; the session's model is used");
        } else {
            out_.model = model;
        }
    }

    void read_max_turns() {
        const std::string text = document_.text("maxTurns");
        if (text.empty()) return;
        std::int64_t turns = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, turns);
        if (error == std::errc() && stop == end && turns > 0) {
            out_.max_turns = turns;
        } else {
            remark("maxTurns: '" + text + "' is no whole number above 0; it does not count");
        }
    }

    front_matter::Document document_;
    Definition out_;
};

}  // namespace

Definition parse_definition(const std::string& file, std::string_view text) {
    return DefinitionReader(file, text).read();
}

}  // namespace tenon::subagent
