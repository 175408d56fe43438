#include "host/session/open_session.h"

#include <spdlog/spdlog.h>

#include "host/agent/answer_tool.h"
#include "host/agent/compact_tool.h"
#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/base/private_dirs.h"
#include "host/base/utf8.h"
#include "host/jobs/report.h"
#include "host/journal/session_list.h"
#include "host/session/delivered_jobs.h"
#include "host/session/instructions.h"
#include "host/session/system_prompt.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> tool_names_in(const std::string& tools) {
    std::vector<std::string> names;
    const auto list = parse_json(tools);
    if (!list || !list->is_array()) return names;
    for (const Json& tool : *list)
        names.push_back(string_or(tool, "name"));
    return names;
}

Result<void> put_mark(const fs::path& mark) {
    if (auto made = make_private_dirs(mark.parent_path()); !made) return made;
    return write_file_atomically(mark, "", Sync::kNo);
}

/// The answer tool in a list of tools; null: it has none. Its schema is of one run.
Json answer_tool_in(const std::string& tools) {
    const auto list = parse_json(tools);
    if (!list || !list->is_array()) return nullptr;
    for (const Json& tool : *list)
        if (string_or(tool, "name") == agent::AnswerTool::kName) return tool;
    return nullptr;
}

std::string first_ids(const std::vector<jobs::JobId>& ids) {
    constexpr std::size_t kShown = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i)
        text += (i == 0 ? "" : " ") + ids[i];
    return text + (ids.size() > kShown ? " ..." : "");
}

std::string count_of_jobs(std::size_t number) {
    return std::to_string(number) + (number == 1 ? " job" : " jobs") + " of the session ";
}

}  // namespace

std::string to_text(const EndedJobs& ended) {
    std::string text;
    if (const std::size_t n = ended.cancelled.size(); n > 0) {
        text = count_of_jobs(n) + (n == 1 ? "was" : "were") +
               " cancelled: " + first_ids(ended.cancelled);
    }
    if (const std::size_t n = ended.not_ended.size(); n > 0) {
        text += (text.empty() ? "" : "; ") + count_of_jobs(n) +
                "could not be ended in time: " + first_ids(ended.not_ended) +
                " (`tenon jobs cancel ID` tries again)";
    }
    return text;
}

Result<std::unique_ptr<OpenSession>, StartFailure> OpenSession::create(OpenOptions options) {
    std::unique_ptr<OpenSession> created(new OpenSession(std::move(options)));
    if (auto prepared = created->prepare(); !prepared) return prepared.error();
    created->add_services();
    created->registry_->add(std::make_unique<agent::CompactTool>());
    if (created->options_.run.answer_form != nullptr)
        created->registry_->add(
            std::make_unique<agent::AnswerTool>(*created->options_.run.answer_form));
    if (auto loaded = created->load_plugins(); !loaded) return loaded.error();
    created->report_unknown_rules(created->gate_->rules());
    if (auto opened = created->open_session(); !opened) return opened.error();

    created->make_windows();
    created->make_provider();
    created->make_subagents();
    created->inbox_ =
        std::make_unique<JobInbox>(*created->store_, *created->queue_, created->deliveries_,
                                   created->session_folder(), created->secrets_);
    created->reminders_ =
        std::make_unique<ModeReminders>(*created->registry_, *created->session_, *created->gate_);
    created->loop_ = std::make_unique<agent::Loop>(
        agent::Loop::Ports{*created->session_, *created->provider_, *created->registry_,
                           *created->gate_, *created->inbox_, created->sink_, created->secrets_,
                           *created->reminders_,
                           [session = created.get()] { return session->take_up_changed_tools(); },
                           created->options_.prompts, created->options_.run.spending.get(),
                           created->options_.run.answer_form.get()},
        created->loop_options());
    created->watch_plugin_files();
    created->adopt_jobs();
    if (auto settled = created->update_conversation(); !settled) {
        created->end_after_failure();
        return StartFailure{settled.error().message, 1};
    }
    created->fixed_tokens_ = created->session_->fixed_tokens();
    created->report_small_window(created->session_->head().model);
    return created;
}

/// The session was opened but cannot be used.
void OpenSession::end_after_failure() {
    if (options_.run.leave_jobs) return keep_jobs_running();
    const std::string said = to_text(end_jobs("session end"));
    if (!said.empty()) notice(said);
}

EndedJobs OpenSession::end_jobs(std::string_view by) {
    EndedJobs ended;
    std::vector<jobs::JobId> unfinished;
    for (const auto& job : queue_->background_jobs()) {
        if (job.spec.lifetime == jobs::Lifetime::kSession && !jobs::is_terminal(job.status))
            unfinished.push_back(job.id);
    }
    jobs::Problems problems;
    ended.unfinished = queue_->cancel_session_jobs(by, &problems);
    for (const std::string& problem : problems)
        spdlog::error("{}", problem);
    for (const jobs::JobId& id : unfinished) {
        const auto job = queue_->find(id);
        const bool over = job && jobs::is_terminal(job->status);
        (over ? ended.cancelled : ended.not_ended).push_back(id);
    }
    return ended;
}

agent::RunResult OpenSession::run(std::string_view prompt, std::stop_token stop) {
    return run_prompt(agent::Prompt{std::string(prompt)}, std::move(stop));
}

agent::RunResult OpenSession::run_prompt(const agent::Prompt& prompt, std::stop_token stop) {
    if (auto ready = prepare_conversation(); !ready) {
        agent::RunResult failed;
        failed.outcome = agent::Outcome::kFailed;
        failed.error = secrets_.redact(ready.error().message);
        return failed;
    }
    return with_subagents(loop_->run(prompt, std::move(stop)));
}

/// A conversation begins with one or two texts: the environment, then the project's instructions.
/// A host that ended, or a full disk, may have kept them out of the journal; then they are added
/// now. One text that a prompt follows is complete: there were no instructions.
Result<void> OpenSession::prepare_conversation() {
    if (auto recovered = loop_->recover(); !recovered) return recovered;
    if (has_environment_) return {};
    const agent::Conversation& conversation = session_->conversation();
    const bool has_no_prompt = conversation.messages().size() <= 1 && !conversation.awaits_answer();
    const std::size_t introductions = session_->introduction_texts();
    if (introductions == 0 || (introductions == 1 && has_no_prompt)) {
        if (auto set = add_environment(); !set) return set;
    }
    has_environment_ = true;
    return {};
}

void OpenSession::make_subagents() {
    agent::LoopOptions limits = loop_options();
    limits.max_turns = settings_.agent.subagent_max_turns;
    limits.wait_for_jobs = false;  // subagents have no background jobs
    subagents_ = std::make_unique<Subagents>(Subagents::Resources{
        *session_, *registry_, *gate_, sink_, secrets_, options_.run.providers, session_folder(),
        limits, prompts_of_plugins_, settings_.model.name_lock, options_.run.spending.get()});
}

/// Adds the usage and the denied calls of the run's subagents to its result.
agent::RunResult OpenSession::with_subagents(agent::RunResult result) {
    Subagents::Totals totals = subagents_->take_totals();
    result.usage += totals.usage;
    for (agent::ToolCall& denied : totals.denied)
        result.denied.push_back(std::move(denied));
    return result;
}

/// Replaces services of OpenTools, which need no conversation. Until the session is open,
/// `subagents_` is null and there are no calls, but a plugin's own thread may send a request
/// without a call.
void OpenSession::add_services() {
    services_.add("agent.run/1", subagent_parameters(),
                  [this](const plugins::ServiceRequest& request) { return run_subagent(request); });
    services_.add("tools.changed/1", {}, [this](const plugins::ServiceRequest& request) {
        const Lock lock(changed_tools_mutex_);
        changed_tools_.insert(std::string(request.plugin));
        return plugins::ServiceReply::ok(Json::object());
    });
}

/// A third-party plugin needs permission for it, as for a call of the tool that starts subagents.
plugins::ServiceReply OpenSession::run_subagent(const plugins::ServiceRequest& request) {
    if (request.call == nullptr)
        return plugins::ServiceReply::failed("a subagent works for a call; there is none under way",
                                             TENON_UNSUPPORTED);
    if (!request.first_party) {
        const agent::ToolSpec* const tool = subagent_tool();
        if (tool == nullptr)
            return plugins::ServiceReply::failed("this installation has no tool for subagents",
                                                 TENON_UNSUPPORTED);
        const auto verdict =
            gate_->judge_subagent(request.plugin, *tool, request.params, request.call->stop());
        if (!verdict.allowed) return plugins::ServiceReply::failed(verdict.reason, TENON_DENIED);
    }
    return subagents_->run(request);
}

/// The first-party tool that starts subagents; null: there is none.
const agent::ToolSpec* OpenSession::subagent_tool() const {
    for (const agent::ToolSpec* tool : registry_->specs())
        if (tool->first_party && tool->facts.rules == agent::NameRules::kAgent) return tool;
    return nullptr;
}

/// The name of the first-party tool that starts background jobs; empty: there is none.
std::string OpenSession::background_tool() const {
    for (const agent::ToolSpec* tool : registry_->specs())
        if (tool->first_party && tool->facts.recovered == agent::RecoveredAnswer::kJobStart)
            return tool->name;
    return {};
}

/// The list of tools for requests, without tools that a deny rule removes.
std::string OpenSession::tools_json() const {
    auto tools = registry_->specs();
    std::erase_if(tools, [this](const agent::ToolSpec* tool) { return gate_->removes(*tool); });
    return tool_list(tools);
}

Result<void, StartFailure> OpenSession::open_session() {
    agent::SessionHead fresh;
    fresh.id = options_.session_id;
    fresh.workspace = settings_.workspace.string();
    fresh.provider = settings_.model.provider;
    fresh.model = settings_.model.name;
    fresh.server = server_address(settings_.model);
    prompts_of_plugins_ = registry_->system_prompts();
    fresh.system =
        secrets_.redact(system_prompt(plugins::joined(prompts_of_plugins_), background_tool()));
    fresh.tools = tools_json();
    fresh.created_ms = wall_clock_ms();
    auto opened =
        agent::Session::open(settings_.state_dir / "sessions", std::move(fresh), &deliveries_);
    if (!opened) return StartFailure{opened.error().message, 1};
    session_.emplace(std::move(*opened));

    if (auto checked = check_workspace(); !checked) return checked;
    const agent::SessionHead& head = session_->head();
    registry_->begin_session(head.id, session_->resumed() ? "resumed" : "new");
    for (const std::string& warning : session_->warnings())
        notice(warning);
    sink_.on_event(agent::SessionOpened{head.id, head.workspace, wanted_model().name,
                                        settings_.permissions.mode, tool_names_in(tools_json()),
                                        session_->resumed()});
    return {};
}

Result<void> OpenSession::change_model(const std::string& model) {
    const config::Settings::Model& configured = settings_.model;
    if (!configured.name_lock.empty() && model != configured.name)
        return Error{"model.name is locked by " + configured.name_lock + "; the model stays " +
                     configured.name};
    return record_model({session_->head().provider, model});
}

/// The model that the session is to have from now on. A name that was chosen among the models of
/// one provider says nothing to another one.
agent::ModelName OpenSession::wanted_model() const {
    const agent::SessionHead& head = session_->head();
    const config::Settings::Model& configured = settings_.model;
    if (head.provider != configured.provider) return {configured.provider, configured.name};
    return {head.provider, options_.run.model.value_or(head.model)};
}

fs::path OpenSession::journal_path() const {
    return settings_.state_dir / "sessions" / (session_->head().id + ".jsonl");
}

/// The mark is written first: only with it the whole journal is read for the model.
Result<void> OpenSession::record_model(const agent::ModelName& model) {
    if (auto made = put_mark(journal::switched_mark(journal_path())); !made) return made;
    return session_->change_model(model, server_address(settings_.model));
}

/// Records the wanted model and its server. A person may have another server in mind than the one
/// that is configured now.
Result<void> OpenSession::update_model() {
    const agent::ModelName before = model();
    const agent::ModelName wanted = wanted_model();
    const std::string old_server = session_->head().server;
    const std::string server = server_address(settings_.model);
    if (wanted == before && server == old_server) return {};
    if (wanted.provider != before.provider) {
        notice("the session goes on with the provider " + wanted.provider + " and the model " +
               wanted.name + ", after " + before.provider + " and " + before.name +
               ": text, calls and results are carried over, thinking is left out");
    }
    if (server != old_server && !server.empty() && !old_server.empty())
        notice("the session goes on at " + server + "; until now it was at " + old_server);
    return record_model(wanted);
}

/// A session can be opened only in its own workspace, except for the one that the person has agreed
/// to move (RunSetup::moved_session).
Result<void, StartFailure> OpenSession::check_workspace() {
    const agent::SessionHead& head = session_->head();
    if (head.workspace == settings_.workspace.native()) return {};
    if (options_.run.moved_session != head.id) {
        return StartFailure{"session '" + head.id + "' belongs to the workspace " + head.workspace +
                            ", not to " + settings_.workspace.string() +
                            "; go there, or use --workspace"};
    }
    moved_from_ = head.workspace;
    // The mark is written first: only with it does the list of sessions read the whole journal, and
    // so find the new workspace.
    if (auto made = put_mark(journal::moved_mark(journal_path())); !made)
        return StartFailure{made.error().message, 1};
    if (auto written = session_->change_workspace(settings_.workspace.native()); !written)
        return StartFailure{written.error().message, 1};
    notice("session " + head.id + " was moved from " + moved_from_ + " to " + head.workspace);
    return {};
}

/// Prepares the conversation for a prompt: answers the calls without a result, records the present
/// model and tools, and adds the environment.
Result<void> OpenSession::update_conversation() {
    if (auto recovered = loop_->recover(); !recovered) return recovered;
    if (auto written = update_model(); !written) return written;
    const agent::SessionHead& head = session_->head();
    const std::string tools = tools_json();
    // With the same names the recorded list is sent unchanged, although texts may differ, so that
    // the history is not rewritten and the server's cache stays valid.
    if (tool_names_in(tools) != tool_names_in(head.tools) ||
        answer_tool_in(tools) != answer_tool_in(head.tools)) {
        notice("other tools are loaded than this session had; its history is rewritten for them");
        if (auto written = session_->change_tools(tools); !written) return written;
    }
    if (auto ready = prepare_conversation(); !ready || moved_from_.empty()) return ready;
    return session_->add_text(
        secrets_.redact("<environment>\nThe workspace of this session was moved. It was: " +
                        utf8::repair(moved_from_) + "\nIt is now: " +
                        utf8::repair(settings_.workspace.native()) + "\n</environment>"),
        "reminder");
}

/// Adds the environment and the instructions of the project before the first prompt, except for
/// texts that the conversation already has.
Result<void> OpenSession::add_environment() {
    std::size_t present = session_->introduction_texts();
    Instructions instructions = project_instructions(settings_.workspace);
    for (std::string& warning : instructions.warnings)
        notice(std::move(warning));
    for (const std::string& text : {environment_text(settings_.workspace), instructions.text}) {
        if (text.empty()) continue;
        if (present > 0) {
            --present;
            continue;
        }
        if (auto written = session_->add_text(secrets_.redact(text), "environment"); !written)
            return written;
    }
    return {};
}

Result<void> OpenSession::clear() {
    if (auto cleared = session_->clear(); !cleared) return cleared;
    registry_->begin_session(session_->head().id, "cleared");
    has_environment_ = false;
    return prepare_conversation();
}

void OpenSession::adopt_jobs() {
    if (!session_->resumed()) return;  // a new session has no jobs; a search reads the whole store
    const auto problems = queue_->adopt(
        [this](const jobs::JobRecord& job) { return deliveries_.is_delivered(job.id); });
    for (const std::string& problem : problems)
        notice(problem);
    for (const auto& job : queue_->background_jobs()) {
        if (jobs::is_terminal(job.status) && deliveries_.is_delivered(job.id))
            jobs_of_earlier_runs_.insert(job.id);
    }
}

void OpenSession::clean_up_jobs() const {
    const fs::path stamp = settings_.state_dir / "last-clean-up";
    std::error_code missing;
    const auto last = fs::last_write_time(stamp, missing);
    const auto age = fs::file_time_type::clock::now() - last;
    // A stamp in the future means that the clock was set back.
    if (!missing && age >= std::chrono::hours(0) && age < std::chrono::hours(24)) return;
    if (!write_file_atomically(stamp, "", Sync::kNo))
        return;  // the state directory cannot be written

    DeliveredJobs delivered(settings_.state_dir / "sessions");
    store_->clean_up(static_cast<int>(settings_.jobs.keep_days),
                     [&delivered](const jobs::JobRecord& job) { return delivered.contains(job); });
}

permission::StanceLimits OpenSession::stance_limits() const {
    const config::Settings::Permissions& configured = settings_.permissions;
    const auto mode = permission::mode_from(configured.mode);
    return {{mode.value_or(permission::PermissionMode::kAsk), configured.yes},
            permission::mode_from(configured.locked_mode),
            configured.mode_lock};
}

std::vector<jobs::JobRecord> OpenSession::background_jobs() const {
    std::vector<jobs::JobRecord> jobs;
    for (auto& job : queue_->background_jobs())
        jobs.push_back(jobs::redacted(std::move(job), secrets_));
    return jobs;
}

std::optional<jobs::JobRecord> OpenSession::background_job(const jobs::JobId& id) const {
    auto job = queue_->find(id);
    if (!job || job->spec.kind != jobs::JobKind::kBackground) return std::nullopt;
    return jobs::redacted(std::move(*job), secrets_);
}

std::vector<jobs::JobRecord> OpenSession::jobs_of_this_run() const {
    std::vector<jobs::JobRecord> jobs;
    for (auto& job : queue_->background_jobs()) {
        if (jobs_of_earlier_runs_.count(job.id) == 0) jobs.push_back(std::move(job));
    }
    return jobs;
}

}  // namespace tenon::session
