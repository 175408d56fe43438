#include <algorithm>

#include "host/base/utf8.h"
#include "host/session/attachments.h"
#include "host/session/open_session.h"

namespace tenon::session {
namespace {

/// A line that begins with the name of a skill, perhaps.
struct SkillLine {
    std::string name;
    std::string arguments;
};

constexpr const char* kBlankCharacters = " \t\r\n";

std::string_view without_blanks_around(std::string_view text) {
    const auto first = text.find_first_not_of(kBlankCharacters);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlankCharacters) - first + 1);
}

std::optional<SkillLine> skill_line(std::string_view typed) {
    typed = without_blanks_around(typed);
    if (typed.empty() || typed.front() != '/') return std::nullopt;
    const auto end = typed.find_first_of(kBlankCharacters);
    const std::string_view name = typed.substr(1, end == typed.npos ? typed.npos : end - 1);
    if (name.empty() || name.find('/') != name.npos) return std::nullopt;
    SkillLine line{std::string(name), {}};
    if (end != typed.npos) line.arguments = without_blanks_around(typed.substr(end));
    return line;
}

}  // namespace

Result<agent::Prompt> OpenSession::typed_prompt(std::string_view typed) const {
    const agent::Prompt as_it_is{std::string(typed)};
    const auto line = skill_line(typed);
    if (!line) return as_it_is;
    const auto known = skills();
    const bool is_skill = std::any_of(known.begin(), known.end(),
                                      [&](const auto& skill) { return skill.name == line->name; });
    if (!is_skill) return as_it_is;
    if (const permission::Rule* rule = gate_->denied_skill(line->name))
        return Error{"the skill " + line->name + " is denied by the rule " + rule->text() + " (" +
                     rule->origin() + ")"};
    auto text = plugins::text_of_prompt(*registry_, line->name, utf8::repair(line->arguments));
    if (!text) return text.error().while_doing("load the skill " + line->name);
    return agent::Prompt{std::move(*text), {}, std::string(typed)};
}

void OpenSession::attach_named_files(agent::Prompt& prompt, std::string_view typed) {
    AttachedFiles files = attach_files(
        typed,
        {settings_.workspace, settings_.home, secrets_, [this](const std::filesystem::path& path) {
             const permission::Rule* rule = gate_->denied_read(path);
             return rule == nullptr ? std::string() : rule->text() + " (" + rule->origin() + ")";
         }});
    prompt.attachments = std::move(files.attachments);
    prompt.shown_attachments = std::move(files.shown);
    prompt.notices = std::move(files.notices);
}

Result<agent::Prompt> OpenSession::prompt_from(std::string_view typed) {
    auto prompt = typed_prompt(typed);
    if (prompt) attach_named_files(*prompt, typed);
    return prompt;
}

agent::RunResult OpenSession::run_typed(std::string_view typed, std::stop_token stop,
                                        std::string_view untyped) {
    auto prompt = prompt_from(typed);
    if (prompt) {
        prompt->text += untyped;
        return run_prompt(*prompt, std::move(stop));
    }
    agent::RunResult failed;
    failed.outcome = agent::Outcome::kFailed;
    failed.error = secrets_.redact(prompt.error().message);
    failed.prompt_recorded = true;  // it would fail again
    return failed;
}

}  // namespace tenon::session
