#include "host/app/interactive/question_text.h"

#include <sstream>

#include "host/app/visible_text.h"
#include "host/base/utf8.h"

namespace tenon::app {
namespace {

constexpr std::size_t kLongestTitle = 400;  // the details have it all

void add_lines(std::vector<std::string>& out, const std::string& text, const std::string& mark) {
    std::istringstream lines(visible(text, true));
    for (std::string line; std::getline(lines, line);)
        out.push_back(mark + line);
}

/// The arguments as a person judges them.
std::vector<std::string> details_of(const permission::Question& question) {
    std::vector<std::string> out;
    const Json& input = question.input;
    if (question.tool == "bash" || question.tool == "background_run") {
        add_lines(out, string_or(input, "command"), "  $ ");
        if (const std::string cwd = string_or(input, "cwd"); !cwd.empty())
            add_lines(out, cwd, "  in ");
    } else if (question.tool == "edit_file") {
        add_lines(out, string_or(input, "path"), "  ");
        add_lines(out, string_or(input, "old_string"), "  - ");
        add_lines(out, string_or(input, "new_string"), "  + ");
    } else if (question.tool == "write_file") {
        add_lines(out, string_or(input, "path"), "  ");
        add_lines(out, string_or(input, "content"), "  + ");
    } else if (!input.empty()) {
        add_lines(out, input.dump(2, ' ', false, Json::error_handler_t::replace), "  ");
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
                           std::size_t total, const std::string& config) {
    QuestionText text;
    text.details = details_of(question);
    std::string title = visible(question.title);
    if (question.tool.empty()) title = visible(question.who) + " asks: " + title;
    if (utf8::length(title) > kLongestTitle)
        title = std::string(utf8::first(title, kLongestTitle)) + "…";
    if (total > 1) title = std::to_string(place) + " of " + std::to_string(total) + ": " + title;
    text.lines.push_back(std::move(title));
    text.lines.emplace_back("  y  yes, this once");
    text.keys = "yn";
    if (!question.rules.empty()) {
        text.keys += "a";
        text.lines.push_back("  a  always for this session: " + joined(question.rules));
        if (!config.empty()) {
            text.keys += "p";
            text.lines.push_back("  p  permanently, the same in " + visible(config));
        }
    }
    text.lines.emplace_back("  n  no");
    return text;
}

}  // namespace tenon::app
