#include "host/app/interactive/question_text.h"

#include <sstream>

#include "host/app/rule_file.h"
#include "host/app/visible_text.h"
#include "host/base/atomic_file.h"
#include "host/base/utf8.h"
#include "host/ui/diff.h"

namespace tenon::app {
namespace {

constexpr std::size_t kLongestTitle = 400;  // the details have it all
constexpr std::size_t kLargestFile = std::size_t{4} << 20U;
constexpr std::size_t kMostDiffRows = 400;

void add_lines(std::vector<std::string>& out, const std::string& text, const std::string& mark) {
    std::istringstream lines(visible(text, true));
    for (std::string line; std::getline(lines, line);)
        out.push_back(mark + line);
}

/// What an edit would do to its file; nothing for other tools.
std::vector<std::string> change_lines(const permission::Question& question,
                                      const QuestionView& view) {
    const agent::ToolCall call{{}, question.tool, question.input, {}};
    if (!ui::change_of(call)) return {};
    const auto contents =
        read_whole_file(view.workspace / string_or(question.input, "path"), kLargestFile);
    const auto change = contents ? ui::change_of(call, *contents) : ui::change_of(call);
    ui::DiffOptions options;
    options.width = view.width;
    options.max_rows = kMostDiffRows;
    options.style = view.style;
    return change ? ui::diff(*change, options).lines : std::vector<std::string>();
}

/// The arguments as a person judges them.
std::vector<std::string> details_of(const permission::Question& question,
                                    const QuestionView& view) {
    std::vector<std::string> out;
    const Json& input = question.input;
    if (auto change = change_lines(question, view); !change.empty()) return change;
    if (question.tool == "bash" || question.tool == "background_run") {
        add_lines(out, string_or(input, "command"), "  $ ");
        if (const std::string cwd = string_or(input, "cwd"); !cwd.empty())
            add_lines(out, cwd, "  in ");
    } else if (!input.empty()) {
        add_lines(out, pretty_json(input), "  ");
    }
    return out;
}

std::string joined(const std::vector<std::string>& rules) {
    std::string out;
    for (const std::string& rule : rules)
        out += (out.empty() ? "" : ", ") + visible(rule);
    return out;
}

}  // namespace

QuestionText question_text(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view) {
    QuestionText text;
    text.details = details_of(question, view);
    std::string title = visible(question.title);
    if (question.tool.empty()) title = visible(question.who) + " asks: " + title;
    if (utf8::length(title) > kLongestTitle)
        title = std::string(utf8::first(title, kLongestTitle)) + "…";
    if (total > 1) title = std::to_string(place) + " of " + std::to_string(total) + ": " + title;
    text.lines.push_back(ui::paint(view.style, ui::kBold, title));
    text.lines.emplace_back("  y  yes, this once");
    text.keys = "yn";
    if (!question.offers.empty()) {
        const auto& rules = question.offers.front();
        text.keys += "a";
        text.lines.push_back("  a  always for this session: " + joined(rules));
        if (!view.config.empty()) {
            text.keys += "p";
            text.lines.push_back("  p  permanently: the same, in " +
                                 visible(user_configuration(view.config, rules).string()));
        }
    }
    text.lines.emplace_back("  n  no");
    return text;
}

}  // namespace tenon::app
