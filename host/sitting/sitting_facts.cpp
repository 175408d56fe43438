// /status, /cost, /todos, and what to do about a failed request.
#include "host/agent/recorded_usage.h"
#include "host/base/untrusted.h"
#include "host/session/provider.h"
#include "host/sitting/failure_advice.h"
#include "host/sitting/journal_facts.h"
#include "host/sitting/sentence.h"
#include "host/sitting/session_words.h"
#include "host/sitting/sitting.h"
#include "host/ui/tool_line.h"

namespace tenon::sitting {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::string> plugin_ids(const session::OpenSession& session) {
    std::vector<std::string> ids;
    for (const auto& plugin : session.registry().plugins())
        ids.push_back(plugin->id());
    return ids;
}

/// On the session's thread.
Result<JournalFacts> facts_in_journal(session::OpenSession& session,
                                      const std::filesystem::path& journal) {
    return read_journal_facts(journal, [&session](std::string_view name) {
        const agent::Tool* tool = session.registry().find(std::string(name));
        return tool == nullptr ? agent::ToolFacts{} : tool->spec().facts;
    });
}

Lines todo_lines(const std::optional<Json>& items, std::size_t width, ui::Style style) {
    const auto lines = items ? ui::checklist_lines(*items, width, style) : Lines{};
    return lines.empty() ? Lines{"No todos."} : lines;
}

}  // namespace

std::filesystem::path Sitting::journal() const {
    return setup_.settings.state_dir / "sessions" / (session_id_ + ".jsonl");
}

/// The plugins do not change during a turn, so their names are taken on the session's thread.
void Sitting::note_plugins(const session::OpenSession& session) {
    post([this, ids = plugin_ids(session)] { plugins_ = ids; });
}

std::string Sitting::sandbox_words() const {
    const config::Settings::Sandbox& sandbox = setup_.settings.sandbox;
    const bool plan = session_->gate().stance().mode == permission::PermissionMode::kPlan;
    if (plan && sandbox.mode != "read-only") return "read-only, since the mode is plan";
    return sandbox.mode == "off" ? sandbox.mode : sandbox.mode + ", network " + sandbox.network;
}

std::string Sitting::advice_for(const agent::RunResult& result) const {
    if (!result.failed_request) return {};
    const config::Settings::Model& model = setup_.settings.model;
    return failure_advice(*result.failed_request,
                          {models_.present(), models_.before(), session::server_words(model),
                           !model.key_origin.empty(), config::base_url_variable(model.provider)});
}

/// The configured fallback models, each with its provider and server.
std::vector<std::string> Sitting::fallback_words() const {
    const config::Settings::Model& first = setup_.settings.model;
    std::vector<std::string> words;
    if (first.provider == "replay") return words;
    for (const auto& one : first.fallbacks)
        words.push_back(one.name + " (" + one.provider + ", " +
                        session::server_words(session::fallback_model(first, one)) + ")");
    return words;
}

void Sitting::show_status() {
    if (session_ == nullptr) return print("The session is not open yet.");
    const config::Settings& settings = setup_.settings;
    const std::int64_t sent = sent_tokens(tally_.last_answer());
    StatusFacts facts;
    facts.session = session_id_;
    facts.workspace = settings.workspace.string();
    facts.model = status_.model;
    facts.provider = settings.model.provider;
    facts.server = session::server_words(settings.model);
    facts.fallbacks = fallback_words();
    if (const std::size_t place = tally_.place(); place > 0 && place <= facts.fallbacks.size())
        facts.answered_by = facts.fallbacks[place - 1];
    facts.stance = session_->gate().stance();
    facts.context_tokens = tally_.context_tokens();
    facts.window = session_->context_window({status_.model, tally_.place()});
    facts.cached_percent = percent(tally_.last_answer().cache_read_input_tokens, sent);
    facts.turns = tally_.turns();
    facts.jobs = session_->load();
    facts.plugins = plugins_;
    facts.sandbox = sandbox_words();
    facts.journal = journal().string();
    print(status_lines(facts, width()));
}

/// The journal is read between turns.
void Sitting::show_cost() {
    if (session_ == nullptr) return print("The session is not open yet.");
    CostFacts facts{tally_.usage(),
                    tally_.turns(),
                    std::nullopt,
                    tally_.last_answer(),
                    session::prices_of(setup_.settings.model),
                    setup_.spending->budget_words(),
                    setup_.spending->has_estimates()};
    if (status_.working_since_ms != 0) return print(cost_lines(facts, width()));
    show_from_session([facts, path = journal(), columns = width()](session::OpenSession&,
                                                                   const std::stop_token&) mutable {
        const auto recorded = agent::usage_of_session(path);
        if (recorded) facts.in_all = *recorded;
        Lines lines = cost_lines(facts, columns);
        if (!recorded) lines.push_back(sentence(visible(recorded.error().message)));
        return lines;
    });
}

/// Until a call of this host has shown the list, it is that of the journal.
void Sitting::show_todos() {
    if (session_ == nullptr) return print("The session is not open yet.");
    if (tally_.checklist()) return print(todo_lines(tally_.checklist(), width(), style_));
    show_from_session([path = journal(), columns = width(), style = style_](
                          session::OpenSession& session, const std::stop_token&) -> Lines {
        auto recorded = facts_in_journal(session, path);
        if (!recorded) return {sentence(visible(recorded.error().message))};
        return todo_lines(recorded->checklist, columns, style);
    });
}

}  // namespace tenon::sitting
