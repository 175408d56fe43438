#include "plugins/subagent/definitions.h"

#include <algorithm>

#include "plugins/front_matter/document.h"
#include "plugins/front_matter/listing.h"
#include "plugins/front_matter/text.h"
#include "plugins/subagent/tool_names.h"

namespace tenon::subagent {
namespace {

constexpr std::size_t kMaxPrompt = 4 * 1024;
constexpr std::size_t kMaxShownName = 100;

}  // namespace

Definitions Definitions::read(const Host& host, const AddRemark& add_remark) {
    Definitions definitions;
    const Reply reply = host.request("agent.definitions/1");
    if (!reply.ok()) {
        if (reply.rc != TENON_UNSUPPORTED)
            add_remark(Remark::kLeftOut, "definitions of subagents: " + reply.text);
        return definitions;
    }
    for (const JsonView& file : reply.json().objects("definitions"))
        definitions.add(file.text("path"), file.text("text"), add_remark);
    for (const JsonView& file : reply.json().objects("untrusted"))
        definitions.untrusted_.push_back(file.text("path"));
    return definitions;
}

void Definitions::add(const std::string& file, const std::string& text,
                      const AddRemark& add_remark) {
    try {
        Definition definition = parse_definition(file, text);
        for (const std::string& remark : definition.remarks)
            add_remark(Remark::kOdd, file + ": " + remark);
        if (const Definition* first = find(definition.name)) {
            add_remark(Remark::kLeftOut, file + " is left out: " + first->file +
                                             " has the same name and comes first");
        } else {
            definitions_.push_back(std::move(definition));
        }
    } catch (const front_matter::Malformed& e) {
        add_remark(Remark::kLeftOut, file + " is left out: " + e.what());
    }
}

void Definitions::remark_unknown_tools(const std::vector<std::string>& tools,
                                       const AddRemark& add_remark) const {
    for (const Definition& definition : definitions_) {
        const auto look = [&](const char* field, const std::vector<std::string>& names) {
            for (const std::string& name : pick_tools(names, tools).unknown)
                add_remark(Remark::kOdd, definition.file + ": " + field + ": there is no tool " +
                                             name + " here; it is left out");
        };
        look("tools", definition.tools.value_or(std::vector<std::string>()));
        look("disallowedTools", definition.disallowed_tools);
    }
}

const Definition* Definitions::find(std::string_view name) const {
    const auto found = std::find_if(definitions_.begin(), definitions_.end(),
                                    [&](const Definition& d) { return d.name == name; });
    return found == definitions_.end() ? nullptr : &*found;
}

std::string Definitions::unknown(std::string_view name) const {
    std::vector<std::string> names;
    for (const Definition& definition : definitions_)
        names.push_back(definition.name);
    std::string text = "Unknown subagent_type '" +
                       front_matter::cut(front_matter::one_line(name), kMaxShownName) + "'. ";
    text += names.empty() ? "None is defined: leave it out"
                          : "Known: " + front_matter::enumerate(names) +
                                "; or leave it out for a general one";
    text += ".";
    if (!untrusted_.empty())
        text += " Not used, because the user has not trusted them: " +
                front_matter::enumerate(untrusted_) + ".";
    return text;
}

std::string Definitions::prompt() const {
    if (definitions_.empty()) return {};
    std::vector<front_matter::ListedItem> entries;
    for (const Definition& definition : definitions_)
        entries.push_back({definition.name, definition.description});
    std::string text = "Kinds of subagents, each a subagent_type of agent:\n";
    constexpr std::size_t kRoomForTheNote = 128;
    const auto listing = front_matter::list(entries, kMaxPrompt - text.size() - kRoomForTheNote);
    text += listing.lines;
    if (listing.left_out > 0) {
        text += "(" + std::to_string(listing.left_out) +
                " more are not shown; agent answers a type it does not know with all names)\n";
    }
    text.pop_back();
    return text;
}

}  // namespace tenon::subagent
