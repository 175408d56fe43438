#include "host/plugins/tool_facts.h"

#include <initializer_list>
#include <utility>

#include "host/base/untrusted.h"

namespace tenon::plugins {
namespace {

using agent::NameRules;
using agent::RecoveredAnswer;
using agent::ResultView;
using agent::ToolFacts;

constexpr std::size_t kMaxFactsBytes = 4096;

template <class Value>
using Names = std::initializer_list<std::pair<std::string_view, Value>>;

const Names<ResultView> kResults = {
    {"text", ResultView::kText},
    {"nothing", ResultView::kNothing},
    {"line_count", ResultView::kLineCount},
    {"command", ResultView::kCommand},
    {"checklist", ResultView::kChecklist},
    {"change", ResultView::kChange},
    {"diff", ResultView::kDiff},
};
const Names<NameRules> kRules = {{"Agent", NameRules::kAgent}, {"Skill", NameRules::kSkill}};
// "start" is for background_run: after a crash, its call is answered with "job started".
const Names<RecoveredAnswer> kRecovered = {{"start", RecoveredAnswer::kJobStart},
                                           {"subagent", RecoveredAnswer::kSubagent}};

/// Reads the members of the object one by one, and keeps the first error.
class FactsReader {
public:
    FactsReader(const Json& object, const Json& input_schema)
        : object_(object), arguments_(member(input_schema, "properties")) {}

    void text(const char* key, std::optional<std::string>& to) {
        const Json& value = member(object_, key);
        if (value.is_null()) return;
        if (const std::string* text = string_in(value); text != nullptr)
            to = *text;
        else
            report(key, "is not a string");
    }
    void argument(const char* key, std::string& to) {
        std::optional<std::string> name;
        text(key, name);
        if (name && is_argument(key, *name)) to = *name;
    }
    void arguments(const char* key, std::vector<std::string>& to) {
        const Json& value = member(object_, key);
        if (value.is_null()) return;
        to = strings_in(value);
        if (!value.is_array() || to.size() != value.size())
            report(key, "is not a list of arguments");
        for (const std::string& name : to)
            is_argument(key, name);
    }
    void boolean(const char* key, bool& to) {
        const Json& value = member(object_, key);
        if (value.is_null()) return;
        if (!value.is_boolean()) report(key, "is neither true nor false");
        to = bool_or(object_, key, to);
    }
    template <class Value>
    void one_of(const char* key, const Names<Value>& names, Value& to) {
        std::optional<std::string> written;
        text(key, written);
        if (!written) return;
        for (const auto& [name, value] : names) {
            if (name != *written) continue;
            to = value;
            return;
        }
        report(key, "is unknown: " + in_quotes(*written));
    }
    [[nodiscard]] const std::string& wrong() const { return wrong_; }

private:
    bool is_argument(const char* key, const std::string& name) {
        if (!member(arguments_, name).is_null()) return true;
        report(key, "names " + in_quotes(name) + ", which the input schema does not have");
        return false;
    }
    void report(const char* key, const std::string& what) {
        if (wrong_.empty()) wrong_ = std::string("'") + key + "' " + what;
    }

    const Json& object_;
    const Json& arguments_;
    std::string wrong_;
};

}  // namespace

Result<ToolFacts> read_facts(std::string_view json, const Json& input_schema, bool first_party) {
    ToolFacts facts;
    if (json.empty()) return facts;
    if (json.size() > kMaxFactsBytes) return Error{"they are longer than 4096 bytes"};
    const auto object = parse_json(json);
    if (!object) return object.error();
    if (!object->is_object()) return Error{"they are not a JSON object"};
    FactsReader read(*object, input_schema);
    read.text("subject", facts.subject);
    read.argument("command", facts.command);
    read.argument("directory", facts.directory);
    read.arguments("reads", facts.reads);
    read.arguments("writes", facts.writes);
    read.argument("pattern", facts.pattern);
    read.one_of("result", kResults, facts.result);
    read.argument("items", facts.items);
    read.argument("before", facts.before);
    read.argument("after", facts.after);
    read.argument("everywhere", facts.everywhere);
    read.boolean("for_subagents", facts.for_subagents);
    read.one_of("recovered", kRecovered, facts.recovered);
    if (first_party) {
        read.boolean("no_question", facts.no_question);
        read.boolean("conversation_only", facts.conversation_only);
        read.one_of("rules", kRules, facts.rules);
        read.argument("rule_name", facts.rule_name);
    }
    if (!read.wrong().empty()) return Error{read.wrong()};
    return facts;
}

}  // namespace tenon::plugins
