#include "host/sitting/question_text.h"

#include <algorithm>
#include <sstream>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/sitting/files_before.h"
#include "host/ui/diff.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kLongestTitle = 400;  // subject and variants have the whole text
constexpr std::size_t kMostQuestionDiffRows = 100'000;
constexpr std::size_t kNarrow = 40;

std::string indent_of(std::size_t width) {
    return width < kNarrow ? "" : "  ";
}

/// The first line begins with `mark`, the others with as many blanks.
void add_lines(std::vector<std::string>& out, const std::string& text, std::string mark) {
    std::istringstream lines(without_tabs(visible(text, true)));
    for (std::string line; std::getline(lines, line); mark.assign(mark.size(), ' '))
        out.push_back(mark + line);
}

/// The change that the call would make to its file; empty for a tool that makes no change.
std::vector<std::string> change_lines(const permission::Question& question,
                                      const QuestionView& view) {
    const agent::ToolCall call{{}, question.tool, question.input, {}};
    const auto alone = ui::change_of(call, question.facts);
    if (!alone) return {};
    const std::string path = ui::changed_path(question.input, question.facts);
    const auto contents = read_whole_file(view.workspace / path, kLargestChangedFile);
    const auto change = contents ? ui::change_of(call, question.facts, *contents) : alone;
    ui::DiffOptions options;
    options.width = view.width;
    options.max_rows = kMostQuestionDiffRows;
    options.style = view.style;
    options.path = path;
    return change ? ui::diff(*change, options).lines : std::vector<std::string>();
}

/// The arguments of the call: a change, a command, or JSON.
std::vector<std::string> details_of(const permission::Question& question,
                                    const std::vector<std::string>& change,
                                    const QuestionView& view) {
    std::vector<std::string> out;
    const Json& input = question.input;
    const std::string indent = indent_of(view.width);
    if (!change.empty()) {
        out = change;
    } else if (!question.facts.command.empty()) {
        add_lines(out, string_or(input, question.facts.command), indent + "$ ");
        if (const std::string cwd = string_or(input, question.facts.directory); !cwd.empty())
            add_lines(out, cwd, indent + "in ");
    } else if (!input.empty()) {
        add_lines(out, pretty_json(input), indent);
    }
    // A plugin's own question has only a title.
    if (out.empty()) add_lines(out, question.title, indent);
    return out;
}

std::string shortened(std::string text) {
    if (utf8::length(text) <= kLongestTitle) return text;
    return std::string(utf8::first(text, kLongestTitle)) + "…";
}

std::string joined(const std::vector<std::string>& rules) {
    std::string out;
    for (const std::string& rule : rules)
        out += (out.empty() ? "" : ", ") + visible(rule);
    return shortened(std::move(out));
}

/// The label of an offer beside the other one.
std::string name_of(const permission::Question& question, std::size_t offer) {
    const bool command = !question.facts.command.empty();
    if (offer == 0) return command ? "only this command" : "only this";
    return command ? "every command that begins so" : "the wider rule";
}

std::vector<std::string> visible_lines(const std::vector<std::string>& texts, std::size_t width) {
    std::vector<std::string> lines;
    for (const std::string& text : texts) {
        std::istringstream parts(visible(text, true));
        for (std::string part; std::getline(parts, part);)
            lines.push_back(indent_of(width) + without_tabs(part));
    }
    return lines;
}

terminal::Choice always(const permission::Question& question, std::size_t width) {
    terminal::Choice choice{'a', "", "always for this session: " + joined(question.offers.front()),
                            "always"};
    if (question.offers.size() > 1) choice.label += ", or wider";
    for (std::size_t i = 0; i < question.offers.size(); ++i)
        choice.variants.push_back({name_of(question, i), "Always for this session:",
                                   visible_lines(question.offers[i], width)});
    choice.enter = "adds this rule";
    return choice;
}

/// The offers that the file of rules can hold. `why_not` gets the reason when it cannot hold one.
std::vector<QuestionText::KeptOffer> kept_of(const permission::Question& question,
                                             const std::filesystem::path& config,
                                             std::string& why_not) {
    std::vector<QuestionText::KeptOffer> kept;
    for (std::size_t i = 0; i < question.offers.size() && !config.empty(); ++i) {
        auto lines = config::rule_lines(config, question.offers[i]);
        if (lines)
            kept.push_back({i, *std::move(lines)});
        else
            why_not = lines.error().message;
    }
    return kept;
}

terminal::Choice permanently(const permission::Question& question,
                             const std::vector<QuestionText::KeptOffer>& kept, std::size_t width) {
    const std::string file = visible(kept.front().lines.file.string());
    terminal::Choice choice{'p', "", "permanently: the same, in " + file, "forever"};
    for (const QuestionText::KeptOffer& one : kept) {
        auto lines = visible_lines(one.lines.lines, width);
        auto brief = visible_lines(question.offers[one.offer], width);
        if (lines.empty()) {
            lines.push_back(indent_of(width) + "nothing: it stands there already");
            brief = lines;
        }
        lines.push_back("in " + visible(one.lines.file.string()));
        choice.variants.push_back({name_of(question, one.offer), "Permanently, this is written:",
                                   std::move(lines), std::move(brief)});
    }
    choice.enter = "writes this line";
    return choice;
}

/// The subagent or the conversation that asks, when more than one could.
std::string whose(const permission::Question& question, std::size_t total, bool narrow) {
    constexpr std::string_view kWhat = "the subagent ";
    std::string_view name = question.subagent;
    if (narrow && name.starts_with(kWhat)) name.remove_prefix(kWhat.size());
    if (!name.empty()) return visible(name) + " · ";
    return total > 1 ? "conversation · " : "";
}

/// "bash of the subagent 'docs'" without the subagent, which is named before.
std::string without_subagent(const std::string& text, const permission::Question& question) {
    const std::string behind = " of " + question.subagent;
    if (question.subagent.empty() || !question.who.ends_with(behind) ||
        !text.starts_with(question.who))
        return text;
    const std::size_t kept = question.who.size() - behind.size();
    return text.substr(0, kept) + text.substr(question.who.size());
}

}  // namespace

std::string question_title(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view) {
    const bool narrow = view.width < kNarrow;
    std::string title = visible(without_subagent(question.title, question));
    if (question.tool.empty())
        title = visible(without_subagent(question.who, question)) + " asks: " + title;
    title = shortened(std::move(title));
    const std::string who = whose(question, total, narrow);
    const std::string number =
        total > 1 ? std::to_string(place) + " of " + std::to_string(total) + " · " : "";
    const bool name_first = narrow && !question.subagent.empty();
    title.insert(0, name_first ? who + number : number + who);
    return ui::paint(view.style, ui::kBold, title);
}

QuestionText question_text(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view) {
    QuestionText text;
    text.shown.title = question_title(question, place, total, view);
    text.change = change_lines(question, view);
    text.shown.subject = details_of(question, text.change, view);
    std::string remark = question.remark;
    text.shown.choices.push_back({'y', "yes", "yes, this once", "yes"});
    if (!question.offers.empty()) {
        text.shown.choices.push_back(always(question, view.width));
        std::string why_not;
        text.kept = kept_of(question, view.config, why_not);
        if (!text.kept.empty())
            text.shown.choices.push_back(permanently(question, text.kept, view.width));
        else if (!why_not.empty())
            remark += (remark.empty() ? "" : "; ") + ("no rule can be permanent: " + why_not);
    }
    for (const terminal::Choice& other :
         {terminal::Choice{'a', "", "", "always"}, terminal::Choice{'p', "", "", "forever"}}) {
        const auto is_it = [&](const terminal::Choice& one) { return one.key == other.key; };
        if (std::none_of(text.shown.choices.begin(), text.shown.choices.end(), is_it))
            text.shown.not_offered.push_back(other);
    }
    if (!remark.empty()) text.shown.remark = "(" + visible(remark) + ")";
    text.shown.choices.push_back({'n', "no", "no", "no"});
    // The text goes to the model, which has not made a call when a plugin asks for itself.
    if (!question.tool.empty())
        text.shown.text_choice = {'n', "no, and say what to do instead", "words",
                                  "No. Tell the model what to do instead:"};
    return text;
}

}  // namespace tenon::sitting
