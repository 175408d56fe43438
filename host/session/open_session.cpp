#include "host/session/open_session.h"

#include <sys/eventfd.h>
#include <sys/stat.h>

#include <Poco/Exception.h>
#include <spdlog/spdlog.h>

#include "host/agent/compact_tool.h"
#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/base/limits.h"
#include "host/base/private_dirs.h"
#include "host/base/utf8.h"
#include "host/config/state_dir.h"
#include "host/jobs/watch.h"
#include "host/journal/session_list.h"
#include "host/plugins/loader.h"
#include "host/plugins/redact_service.h"
#include "host/session/containment.h"
#include "host/session/delivered_jobs.h"
#include "host/session/instructions.h"
#include "host/session/plugin_options.h"
#include "host/session/system_prompt.h"
#include "host/session/tool_list.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

spdlog::level::level_enum log_level(int level) {
    switch (level) {
        case TENON_LOG_DEBUG:
            return spdlog::level::debug;
        case TENON_LOG_INFO:
            return spdlog::level::info;
        case TENON_LOG_WARNING:
            return spdlog::level::warn;
        default:
            return spdlog::level::err;
    }
}

std::vector<std::string> names_of(const plugins::Registry& registry) {
    std::vector<std::string> names;
    for (const agent::ToolSpec* spec : registry.specs())
        names.push_back(spec->name);
    return names;
}

std::vector<std::string> names_in(const std::string& tools) {
    std::vector<std::string> names;
    const auto list = parse_json(tools);
    if (!list || !list->is_array()) return names;
    for (const Json& tool : *list)
        names.push_back(string_or(tool, "name"));
    return names;
}

std::string list_of(const std::vector<jobs::JobId>& ids) {
    constexpr std::size_t kShown = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i)
        text += (i == 0 ? "" : " ") + ids[i];
    return text + (ids.size() > kShown ? " ..." : "");
}

/// Whether its supervisor has taken the job, or it has ended without one.
bool has_begun(const jobs::Store& store, const jobs::JobId& id) {
    if (store.started(id)) return true;
    const auto job = store.load(id);
    return !job || jobs::is_terminal(job->status);
}

std::string jobs_of_session(std::size_t number) {
    return std::to_string(number) + (number == 1 ? " job" : " jobs") + " of the session ";
}

}  // namespace

std::string to_text(const EndedJobs& ended) {
    std::string text;
    if (const std::size_t n = ended.cancelled.size(); n > 0) {
        text = jobs_of_session(n) + (n == 1 ? "was" : "were") +
               " cancelled: " + list_of(ended.cancelled);
    }
    if (const std::size_t n = ended.left.size(); n > 0) {
        text += (text.empty() ? "" : "; ") + jobs_of_session(n) +
                "could not be ended in time: " + list_of(ended.left) +
                " (`tenon jobs cancel ID` tries again)";
    }
    return text;
}

// ---------------------------------------------------------------- tools

Result<std::unique_ptr<OpenTools>, StartFailure> OpenTools::create(OpenOptions options) {
    std::unique_ptr<OpenTools> tools(new OpenTools(std::move(options)));
    if (auto prepared = tools->prepare(); !prepared) return prepared.error();
    if (auto loaded = tools->load_plugins(); !loaded) return loaded.error();
    tools->registry_->begin_session({}, "new");
    return tools;
}

Result<void, StartFailure> OpenTools::prepare() {
    if (auto made = make_folders(); !made) return made;
    if (auto made = make_gate(); !made) return made;
    if (auto made = make_queue(); !made) return made;
    make_services();
    return {};
}

agent::CallOutcome OpenTools::call(agent::Tool& tool, const agent::ToolCall& call,
                                   std::stop_token stop) {
    const auto verdict = gate_->judge(tool.spec(), call, stop);
    if (!verdict.allowed) return {{secrets_.redact(verdict.reason), true, {}}, true, {}};
    agent::CallContext context({{}, {}, call.name}, call.id, std::move(stop),
                               [this, &call](std::string note) {
                                   sink_.on_event(agent::ToolProgressed{call.id, std::move(note)});
                               });
    agent::CallOutcome outcome{tool.call(call, context), false, {}};
    outcome.result.text = agent::text_without_keys(outcome.result, secrets_);
    return outcome;
}

void OpenTools::leave_jobs_running(const std::stop_token& stop) {
    const UniqueFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const std::stop_callback wake(stop, [&stopped] { ::eventfd_write(stopped.get(), 1); });
    jobs::Watch watch(*store_);
    for (const auto& job : queue_->background_jobs()) {
        watch.add(job.id);
        while (!has_begun(*store_, job.id)) {
            if (stop.stop_requested()) {
                std::ignore = queue_->cancel(job.id, "interrupt");
                break;
            }
            watch.wait({}, stopped.get());
        }
        watch.remove(job.id);
    }
    queue_->leave();
}

// ---------------------------------------------------------------- session

Result<std::unique_ptr<OpenSession>, StartFailure> OpenSession::create(OpenOptions options) {
    std::unique_ptr<OpenSession> host(new OpenSession(std::move(options)));
    if (auto prepared = host->prepare(); !prepared) return prepared.error();
    host->add_services();
    host->registry_->add(std::make_unique<agent::CompactTool>());
    if (auto loaded = host->load_plugins(); !loaded) return loaded.error();
    host->report_unknown_rules();
    if (auto opened = host->open_session(); !opened) return opened.error();

    host->make_windows();
    host->make_subagents();
    host->inbox_ = std::make_unique<JobInbox>(*host->store_, *host->queue_, host->deliveries_,
                                              host->session_folder(), secrets);
    host->loop_ = std::make_unique<agent::Loop>(
        agent::Loop::Parts{*host->session_, *host->options_.run.provider, *host->registry_,
                           *host->gate_, *host->inbox_, host->sink_, host->secrets_,
                           *host->registry_},
        host->loop_options());
    host->take_over_jobs();
    if (auto settled = host->settle_conversation(); !settled) {
        host->end_early();
        return StartFailure{settled.error().message, 1};
    }
    return host;
}

/// The session is ours and will not be used.
void OpenSession::end_early() {
    if (options_.run.leave_jobs) return leave_jobs();
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
    ended.unfinished = queue_->cancel_session_jobs(by);
    for (const jobs::JobId& id : unfinished) {
        const auto job = queue_->find(id);
        const bool over = job && jobs::is_terminal(job->status);
        (over ? ended.cancelled : ended.left).push_back(id);
    }
    return ended;
}

agent::RunResult OpenSession::run(std::string_view prompt, std::stop_token stop) {
    if (auto ready = prepare_conversation(); !ready) {
        agent::RunResult failed;
        failed.outcome = agent::Outcome::kFailed;
        failed.error = secrets_.redact(ready.error().message);
        return failed;
    }
    return with_subagents(loop_->run(prompt, std::move(stop)));
}

/// What the first message begins with may be missing where the host ended, or the disk was full,
/// before it was journalled.
Result<void> OpenSession::prepare_conversation() {
    if (auto recovered = loop_->recover(); !recovered) return recovered;
    if (scene_is_set_) return {};
    const agent::Conversation& conversation = session_->conversation();
    const bool only_begun = conversation.messages().size() <= 1 && !conversation.awaits_answer();
    const std::size_t there = session_->front_texts();
    if (there == 0 || (there == 1 && only_begun)) {
        if (auto set = set_the_scene(); !set) return set;
    }
    scene_is_set_ = true;
    return {};
}

void OpenSession::make_subagents() {
    agent::LoopOptions limits = loop_options();
    limits.max_turns = settings_.agent.subagent_max_turns;
    limits.wait_for_jobs = false;  // they have none
    subagents_ = std::make_unique<Subagents>(
        Subagents::Parts{*session_, *registry_, *gate_, sink_, secrets_, options_.run.providers,
                         session_folder(), limits, prompts_of_plugins_});
}

/// What a run used, and what it was not allowed, is its subagents' too.
agent::RunResult OpenSession::with_subagents(agent::RunResult result) {
    Subagents::Totals totals = subagents_->take_totals();
    result.usage += totals.usage;
    for (agent::ToolCall& denied : totals.denied)
        result.denied.push_back(std::move(denied));
    return result;
}

Result<void, StartFailure> OpenTools::make_folders() {
    if (auto made = config::make_state_dir(settings_.state_dir); !made)
        return StartFailure{made.error().message};
    for (const char* name : {"sessions", "jobs"}) {
        if (auto made = make_private_dirs(settings_.state_dir / name); !made)
            return StartFailure{made.error().message};
    }
    return {};
}

/// Where file tools may read besides the workspace: outputs of jobs, transcripts of this session,
/// skills.
std::vector<fs::path> OpenTools::readable_folders() const {
    std::vector<fs::path> folders = folders_of_skills().readable;
    if (!options_.session_id.empty()) folders.insert(folders.begin(), session_folder());
    folders.insert(folders.begin(), settings_.state_dir / "jobs");
    return folders;
}

Result<void, StartFailure> OpenTools::make_gate() {
    permission::Config config;
    const auto mode = permission::mode_from(settings_.permissions.mode);
    if (!mode)
        return StartFailure{"permissions.mode: unknown mode '" + settings_.permissions.mode + "'"};
    config.mode = *mode;
    config.yes = settings_.permissions.yes;
    config.read_only_commands = settings_.permissions.read_only_commands;
    config.read_only_sandbox = settings_.sandbox.mode == "read-only";
    config.deny = settings_.permissions.deny;
    config.ask = settings_.permissions.ask;
    config.allow = settings_.permissions.allow;
    config.workspace = settings_.workspace;
    config.home = settings_.home;
    config.add_dirs = settings_.add_dirs;
    config.read_dirs = readable_folders();
    gate_ = std::make_unique<permission::Gate>(std::move(config), options_.asker);
    if (!gate_->errors().empty()) {
        StartFailure failure;
        for (const Error& error : gate_->errors())
            failure.message += (failure.message.empty() ? "" : "\n") + error.message;
        return failure;
    }
    return {};
}

Result<void, StartFailure> OpenTools::make_queue() {
    auto store = jobs::Store::open(settings_.state_dir / "jobs");
    if (!store) return StartFailure{store.error().message};
    store_.emplace(std::move(*store));

    jobs::QueueOptions options;
    options.session = options_.session_id;
    options.max_running = static_cast<std::size_t>(settings_.jobs.max_running);
    options.max_queued = static_cast<std::size_t>(settings_.jobs.max_queued);
    options.total_output_limit = settings_.jobs.total_output_limit;
    options.shim.program = settings_.prefix / "libexec/tenon/tenon-shim";
    options.shim.descriptor_limit = options_.run.descriptor_limit;
    // A pidfd and a pipe for each running job, and what the rest of the host needs. Not more: a
    // shim that is started from this process closes that many.
    set_descriptor_limit(static_cast<rlim_t>(512 + 4 * settings_.jobs.max_running));
    options.shim.launcher = options_.run.launcher;
    options.on_change = [this](const jobs::JobRecord& job) {
        sink_.on_event(agent::JobChanged{job.id, std::string(jobs::to_string(job.status)),
                                         secrets_.redact(job.spec.command), job.end.exit_code});
    };
    options.on_no_pid_namespace = [this](const std::string& why) {
        if (!reported_no_namespace_.exchange(true))
            notice("jobs.pidNamespace: no PID namespace can be made here (" + why +
                   "); commands run without one");
    };
    options.on_news = options_.on_news;
    try {
        queue_ = std::make_unique<jobs::Queue>(*store_, std::move(options));
    } catch (const Poco::Exception& e) {
        return StartFailure{"start the threads of the job queue: the system has no more (" +
                                e.displayText() +
                                "); is the limit of processes (ulimit -u) too low, or reached?",
                            1};
    } catch (const std::exception& e) {
        return StartFailure{e.what(), 1};
    }
    return {};
}

void OpenTools::make_services() {
    Containment containment = containment_of(settings_);
    if (!containment.notice.empty()) notice(containment.notice);
    CommandSettings commands;
    commands.workspace = settings_.workspace;
    commands.home = settings_.home;
    commands.timeout = settings_.jobs.timeout;
    commands.foreground_timeout = settings_.jobs.foreground_timeout;
    commands.max_timeout = settings_.jobs.max_timeout;
    commands.output_limit = settings_.jobs.output_limit;
    commands.limits = job_limits_of(settings_.jobs);
    commands.pid_namespace = settings_.jobs.pid_namespace;
    commands.containment = std::move(containment.policy);
    session_jobs_ = std::make_unique<SessionJobs>(
        *store_, *queue_, deliveries_, std::move(commands),
        [this](const plugins::ServiceRequest& request, const std::string& command) {
            const auto verdict =
                gate_->judge_command(request.plugin, command, string_or(request.params, "cwd"),
                                     request.call->stop(), command_tool());
            return verdict.allowed ? std::string() : verdict.reason;
        },
        secrets_);
    session_jobs_->add_to(services_);
    paths_ = std::make_unique<plugins::PathService>(
        Beneath(settings_.workspace, settings_.add_dirs, readable_folders()),
        [this](const fs::path& path) { return gate_->denied_read(path); },
        [this](const fs::path& path) { return gate_->denied_edit(path); },
        folders_of_skills().search);
    paths_->add_to(services_);
    agent_files_ = std::make_unique<AgentFileService>(
        config::agent_folders(settings_.workspace, settings_.home, settings_.config_dir),
        settings_.state_dir, [this](std::string text) { notice(std::move(text)); });
    agent_files_->add_to(services_);
    state_ = std::make_unique<plugins::StateService>(
        settings_.state_dir / "plugin-state",
        options_.session_id.empty() ? fs::path() : session_folder() / "plugin-state", &secrets_);
    state_->add_to(services_);
    plugins::add_redact_service(services_, secrets_);
    services_.add("agent.run/1", [](const plugins::ServiceRequest&) {
        return plugins::ServiceReply::failed(
            "a subagent needs a model, and this call belongs to no session", TENON_UNSUPPORTED);
    });
    services_.add("agent.tools/1", [this](const plugins::ServiceRequest&) {
        return plugins::ServiceReply::ok({{"tools", names_of(*registry_)}});
    });
    services_.add("permission.ask/1", [this](const plugins::ServiceRequest& request) {
        const auto stop = request.call != nullptr ? request.call->stop() : std::stop_token();
        const auto verdict =
            gate_->ask(request.plugin, string_or(request.params, "question"), stop);
        return plugins::ServiceReply::ok({{"allowed", verdict.allowed}});
    });
}

plugins::LoaderOptions OpenTools::loader_options() const {
    return session::loader_options(
        settings_, [this](std::string_view plugin, int level, std::string_view message) {
            spdlog::log(log_level(level), "plugin {}: {}", plugin,
                        secrets_.redact(std::string(message)));
        });
}

/// In place of the answer that there are no subagents. Plugins are loaded before the session is
/// known; no call is under way until then.
void OpenSession::add_services() {
    services_.add("agent.run/1", [this](const plugins::ServiceRequest& request) {
        return subagents_ == nullptr
                   ? plugins::ServiceReply::failed("no session is open yet", TENON_UNSUPPORTED)
                   : subagents_->run(request);
    });
}

Result<void, StartFailure> OpenTools::load_plugins() {
    plugin_files_.emplace(settings_.plugins.path);
    plugins::Loaded loaded = plugins::load(loader_options(), services_);
    if (auto fine = check_for_shortage(loaded); !fine) return StartFailure{fine.error().message, 1};
    for (const auto& problem : loaded.problems)
        leave_out(problem);
    for (auto& plugin : loaded.plugins) {
        if (auto added = registry_->add(std::move(plugin)); !added) leave_out(added.error());
    }
    return {};
}

/// Without some of its tools a model would do something else than it was asked for.
Result<void> OpenTools::check_for_shortage(const plugins::Loaded& loaded) {
    for (const auto& problem : loaded.problems) {
        if (problem.shortage)
            return Error{"plugin " + problem.file.string() + ": " + problem.reason};
    }
    return {};
}

void OpenTools::leave_out(const plugins::Problem& problem) {
    notice("plugin " + problem.file.string() + " is left out: " + problem.reason +
           (problem.remedy.empty() ? "" : " (" + problem.remedy + ")"));
    plugin_problems_.push_back(problem);
}

void OpenSession::report_unknown_rules() {
    for (const Error& error : permission::unknown_tools(gate_->rules(), names_of(*registry_)))
        notice(error.message);
}

/// The name of our own tool that runs commands: a rule that names this tool also judges the
/// commands of third-party plugins.
std::string OpenTools::command_tool() const {
    for (const agent::ToolSpec* tool : registry_->specs())
        if (tool->first_party && !tool->facts.command.empty()) return tool->name;
    return {};
}

/// The name of our own tool that starts background jobs; empty: there is none.
std::string OpenSession::background_tool() const {
    for (const agent::ToolSpec* tool : registry_->specs())
        if (tool->first_party && tool->facts.recovered == agent::RecoveredAnswer::kJobStart)
            return tool->name;
    return {};
}

/// The list of a request, in its final form. What a bare deny rule removes is not offered.
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
    prompts_of_plugins_ = registry_->system_prompts();
    fresh.system =
        secrets_.redact(system_prompt(plugins::joined(prompts_of_plugins_), background_tool()));
    fresh.tools = tools_json();
    fresh.created_ms = wall_clock_ms();
    auto opened =
        agent::Session::open(settings_.state_dir / "sessions", std::move(fresh), &deliveries_);
    if (!opened) return StartFailure{opened.error().message, 1};
    session_.emplace(std::move(*opened));

    if (auto taken = take_workspace(); !taken) return taken;
    const agent::SessionHead& head = session_->head();
    registry_->begin_session(head.id, session_->resumed() ? "resumed" : "new");
    for (const std::string& warning : session_->warnings())
        notice(warning);
    sink_.on_event(agent::SessionOpened{
        head.id, head.workspace, options_.run.model.value_or(head.model),
        settings_.permissions.mode, names_in(tools_json()), session_->resumed()});
    return {};
}

/// A session stays with its workspace, unless that is gone and somebody wants it moved.
Result<void, StartFailure> OpenSession::take_workspace() {
    const agent::SessionHead& head = session_->head();
    if (head.workspace == settings_.workspace.native()) return {};
    if (options_.run.moved_session != head.id) {
        return StartFailure{"session '" + head.id + "' belongs to the workspace " + head.workspace +
                            ", not to " + settings_.workspace.string() +
                            "; go there, or use --workspace"};
    }
    moved_from_ = head.workspace;
    // The mark first: without it nobody would look for the record.
    const fs::path mark =
        journal::moved_mark(settings_.state_dir / "sessions" / (head.id + ".jsonl"));
    if (auto made = make_private_dirs(mark.parent_path()); !made)
        return StartFailure{made.error().message, 1};
    if (auto made = write_file_atomically(mark, "", Sync::kNo); !made)
        return StartFailure{made.error().message, 1};
    if (auto written = session_->change_workspace(settings_.workspace.native()); !written)
        return StartFailure{written.error().message, 1};
    notice("session " + head.id + " was moved from " + moved_from_ + " to " + head.workspace);
    return {};
}

/// Makes the conversation ready for a prompt: open calls answered, the model and the tools of
/// today, the environment in front.
Result<void> OpenSession::settle_conversation() {
    if (auto recovered = loop_->recover(); !recovered) return recovered;
    const agent::SessionHead& head = session_->head();
    if (options_.run.model && *options_.run.model != head.model) {
        if (auto written = session_->change_model(*options_.run.model); !written) return written;
    }
    const std::string tools = tools_json();
    if (names_in(tools) != names_in(head.tools)) {
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

/// The environment and what the project says to agents, in front of the first prompt; without what
/// is there already.
Result<void> OpenSession::set_the_scene() {
    std::size_t there = session_->front_texts();
    Instructions instructions = project_instructions(settings_.workspace);
    for (std::string& warning : instructions.warnings)
        notice(std::move(warning));
    for (const std::string& text : {environment_text(settings_.workspace), instructions.text}) {
        if (text.empty()) continue;
        if (there > 0) {
            --there;
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
    scene_is_set_ = false;
    return prepare_conversation();
}

void OpenSession::take_over_jobs() {
    if (!session_->resumed()) return;  // it has none, and looking for them reads the whole store
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
    // A stamp from the future is of a clock that was set back.
    if (!missing && age >= std::chrono::hours(0) && age < std::chrono::hours(24)) return;
    if (!write_file_atomically(stamp, "", Sync::kNo))
        return;  // a state folder that cannot be written is left as it is

    DeliveredJobs delivered(settings_.state_dir / "sessions");
    store_->clean_up(static_cast<int>(settings_.jobs.keep_days),
                     [&delivered](const jobs::JobRecord& job) { return delivered.contains(job); });
}

std::vector<jobs::JobRecord> OpenSession::background_jobs() const {
    std::vector<jobs::JobRecord> jobs;
    for (auto& job : queue_->background_jobs())
        jobs.push_back(jobs::redacted(std::move(job), secrets_));
    return jobs;
}

std::vector<jobs::JobRecord> OpenSession::jobs_of_this_run() const {
    std::vector<jobs::JobRecord> jobs;
    for (auto& job : queue_->background_jobs()) {
        if (jobs_of_earlier_runs_.count(job.id) == 0) jobs.push_back(std::move(job));
    }
    return jobs;
}

}  // namespace tenon::session
