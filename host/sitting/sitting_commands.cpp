#include <array>
#include <charconv>
#include <sstream>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/cli/columns.h"
#include "host/cli/jobs_words.h"
#include "host/cli/task_graph.h"
#include "host/journal/session_list.h"
#include "host/sitting/own_command.h"
#include "host/sitting/sentence.h"
#include "host/sitting/sitting.h"

namespace tenon::sitting {
namespace {

using Lines = std::vector<std::string>;

Lines plugin_lines(const session::OpenSession& session) {
    Lines lines;
    for (const auto& plugin : session.registry().plugins()) {
        std::string tools;
        for (const auto& tool : plugin->tools())
            tools += (tools.empty() ? "" : ", ") + tool->spec().name;
        lines.push_back(plugin->id() + " " + visible(plugin->version()) +
                        (plugin->disabled() ? " (disabled after faults)" : "") + ": " +
                        (tools.empty() ? "no tools" : tools));
        lines.push_back("  " + visible(plugin->file().string()));
    }
    for (const plugins::Problem& problem : session.plugin_problems()) {
        lines.push_back(visible(problem.file.string()) +
                        " is left out: " + visible(problem.reason) +
                        (problem.remedy.empty() ? "" : " (" + visible(problem.remedy) + ")"));
    }
    if (lines.empty()) lines.emplace_back("No plugins.");
    return lines;
}

constexpr std::size_t kMostListed = 20;
constexpr std::size_t kLeastForFirstPrompt = 12;  // else it has a row of its own

std::optional<std::size_t> number_in(const std::string& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

void Sitting::set_skills(Skills skills) {
    skills_ = std::move(skills);
    terminal_.set_commands(menu_commands(skills_));
}

void Sitting::run_command(const SlashCommand& command) {
    using CommandHandler = void (*)(Sitting&, const std::string& argument);
    static constexpr std::array<std::pair<std::string_view, CommandHandler>, 16> kHandlers = {{
        {"help",
         [](Sitting& sitting, const std::string&) { sitting.print(slash_help(sitting.width())); }},
        {"jobs",
         [](Sitting& sitting, const std::string& words) {
             if (sitting.session_ != nullptr) sitting.outputs_.show_jobs(*sitting.session_, words);
         }},
        {"model", [](Sitting& sitting, const std::string& name) { sitting.show_model(name); }},
        {"status", [](Sitting& sitting, const std::string&) { sitting.show_status(); }},
        {"cost", [](Sitting& sitting, const std::string&) { sitting.show_cost(); }},
        {"todos", [](Sitting& sitting, const std::string&) { sitting.show_todos(); }},
        {"permissions",
         [](Sitting& sitting, const std::string& words) { sitting.show_permissions(words); }},
        {"clear", [](Sitting& sitting, const std::string&) { sitting.clear(); }},
        {"compact", [](Sitting& sitting, const std::string& focus) { sitting.compact(focus); }},
        {"tasks", [](Sitting& sitting, const std::string&) { sitting.show_tasks(); }},
        {"history", [](Sitting& sitting, const std::string&) { sitting.show_history(); }},
        {"export", [](Sitting& sitting, const std::string& file) { sitting.export_to(file); }},
        {"resume", [](Sitting& sitting, const std::string& which) { sitting.resume(which); }},
        {"plugins", [](Sitting& sitting, const std::string&) { sitting.show_plugins(); }},
        {"reload", [](Sitting& sitting, const std::string&) { sitting.reload(); }},
        {"exit", [](Sitting& sitting, const std::string&) { sitting.leave(0); }},
    }};
    for (const auto& [name, handler] : kHandlers) {
        if (name == command.name) return handler(*this, command.argument);
    }
    const auto meant = nearest_slash_command(command.name, skills_);
    print("There is no command /" + visible(command.name) + "; " +
          (meant ? "did you mean /" + visible(*meant) + "?" : "/help lists them."));
}

SessionThread::Command Sitting::then_print(LinesOfSession command) {
    return [this, command = std::move(command)](session::OpenSession& session,
                                                const std::stop_token& stop) {
        post([this, lines = command(session, stop)] { print_words(lines); });
    };
}

/// Runs on the session's thread between turns; then prints the returned lines.
void Sitting::in_session(LinesOfSession command) {
    if (status_.working_since_ms != 0) print("This is done after the turn.");
    thread_->run(then_print(std::move(command)));
}

/// The same for a command that changes nothing.
void Sitting::show_from_session(LinesOfSession command) {
    if (status_.working_since_ms != 0) print("This is shown after the turn.");
    thread_->show(then_print(std::move(command)));
}

void Sitting::clear() {
    in_session([this](session::OpenSession& session, const std::stop_token&) -> Lines {
        if (auto cleared = session.clear(); !cleared)
            return {sentence(visible(cleared.error().message))};
        post([this] {
            tally_.forget_conversation();
            unfinished_.conversation_cleared();
            refresh_status();
            refresh_waiting();
        });
        return {"The conversation begins anew."};
    });
}

/// Shown as a turn, since it can be stopped and can fail like one; but not counted.
void Sitting::compact(const std::string& focus) {
    const std::string line = focus.empty() ? "/compact" : "/compact " + focus;
    const bool at_once = thread_->run(
        [this, focus, line](session::OpenSession& session, const std::stop_token& stop) {
            if (screen_.escapes) post([this, line] { echo_command("> " + line); });
            work_began();
            agent::RunResult result = session.compact(focus, stop);
            result.prompt_recorded = true;  // it has none
            turn_ended(result);
        },
        line);
    if (!at_once) note_queued(line);
}

/// Shown as a turn too. During a turn it waits for its end: the conversation has one writer.
void Sitting::run_own_command(const std::string& line, const std::string& command) {
    if (command.empty()) {
        if (screen_.escapes) echo_command(line);
        return print(kOwnCommandHint);
    }
    const bool at_once = thread_->run(
        [this, command, line](session::OpenSession& session, const std::stop_token& stop) {
            if (screen_.escapes) post([this, line] { echo_command(line); });
            work_began();
            turn_ended(session.run_own_command(command, stop));
        },
        line);
    if (!at_once) note_queued(line);
}

void Sitting::show_tasks() {
    auto found = cli::read_workspace_tasks(setup_.settings);
    if (!found) return print(sentence(visible(found.error().message)));
    for (cli::Task& task : found->tasks)
        task.subject = setup_.secrets.redact(std::move(task.subject));
    for (const std::string& problem : found->problems)
        print("Left out: " + with_full_stop(visible(problem)));
    if (found->tasks.empty()) return print("No tasks.");
    print(cli::drawn(found->tasks, width()));
}

void Sitting::show_plugins() {
    show_from_session([](session::OpenSession& session, const std::stop_token&) {
        return plugin_lines(session);
    });
}

void Sitting::reload() {
    in_session([this](session::OpenSession& session, const std::stop_token&) -> Lines {
        const auto done = session.reload();
        post([this, skills = session.skills()] { set_skills(skills); });
        note_plugins(session);
        if (!done) return {sentence(visible(done.error().message))};
        Lines lines;
        for (const std::string& line : *done)
            lines.push_back(visible(line));
        return lines;
    });
}

/// Lists earlier sessions of the workspace, newest first; the next line may be a number of the
/// list.
void Sitting::list_sessions_to_resume() {
    const config::Settings& settings = setup_.settings;
    resumable_.clear();
    std::vector<std::string> lines;
    for (const auto& session :
         journal::list_sessions(settings.state_dir / "sessions", settings.workspace)) {
        if (session.id == session_id_ || session.first_prompt.empty()) continue;
        resumable_.push_back(session.id);
        const std::string age = cli::in_words_ago(wall_clock_ms() - session.last_ms);
        const std::string head = std::to_string(resumable_.size()) + "  " + age +
                                 (session.held ? ", open elsewhere" : "");
        const std::string prompt = visible(session.first_prompt);
        if (width_of(head) + kLeastForFirstPrompt <= width()) {
            lines.push_back(cut(head + "  " + prompt, width()));
        } else {
            lines.push_back(cut(head, width()));
            lines.push_back(cut("   " + prompt, width()));
        }
        if (resumable_.size() == kMostListed) break;
    }
    if (lines.empty()) return print("There is no other session of this workspace.");
    print(lines);
    print("Enter a number, or /resume ID.");
}

bool Sitting::choose_session(const std::string& line) {
    const auto listed = std::exchange(resumable_, {});
    const auto number = number_in(line);
    if (listed.empty() || !number) return false;
    if (*number == 0 || *number > listed.size()) {
        print("There is no number " + visible(line) + " in the list.");
        resumable_ = listed;
    } else {
        go_to_session(listed[*number - 1]);
    }
    return true;
}

void Sitting::resume(const std::string& argument) {
    if (argument.empty()) return list_sessions_to_resume();
    const auto number = number_in(argument);
    if (number && !resumable_.empty()) {
        choose_session(argument);
        return;
    }
    if (!is_session_id(argument)) return print(visible(argument) + " is no session's id.");
    const config::Settings& settings = setup_.settings;
    const auto session = journal::summarise_session(settings.state_dir / "sessions", argument);
    if (!session) return print(sentence(visible(session.error().message)));
    if (argument == session_id_) return print("This is session " + session_id_ + ".");
    if (session->workspace != settings.workspace.string()) {
        return print("Session " + argument + " belongs to the workspace " +
                     visible(session->workspace) + ".");
    }
    go_to_session(argument);
}

/// Leaves this session as /exit does, then opens the other one. All sessions of a run have one
/// provider; one of another provider would be changed.
void Sitting::go_to_session(const std::string& id) {
    const config::Settings& settings = setup_.settings;
    const auto model = journal::model_of_session(settings.state_dir / "sessions" / (id + ".jsonl"));
    const bool is_played =
        settings.model.provider == "replay" || (model && model->provider == "replay");
    if (model && model->provider != settings.model.provider && !is_played &&
        !setup_.changes_providers) {
        return print(wrap("Session " + id + " has the provider " + visible(model->provider) +
                              ", this one " + settings.model.provider +
                              ". To open it as it is: tenon --session " + id,
                          width()));
    }
    next_session_ = id;
    leave(0);
}

}  // namespace tenon::sitting
