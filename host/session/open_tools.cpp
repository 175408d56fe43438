#include "host/session/open_tools.h"

#include <sys/eventfd.h>

#include <Poco/Exception.h>
#include <spdlog/spdlog.h>

#include "host/agent/compact_tool.h"
#include "host/base/limits.h"
#include "host/base/nearest.h"
#include "host/base/private_dirs.h"
#include "host/config/sandbox_settings.h"
#include "host/config/state_dir.h"
#include "host/jobs/watch.h"
#include "host/permission/refusal_text.h"
#include "host/plugins/image_service.h"
#include "host/plugins/manifest.h"
#include "host/plugins/outlook.h"
#include "host/plugins/redact_service.h"
#include "host/session/containment.h"
#include "host/session/subagent_task.h"

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

/// Whether the job's supervisor has started it, or it has ended without one.
bool has_started_or_ended(const jobs::Store& store, const jobs::JobId& id) {
    if (store.started(id)) return true;
    const auto job = store.load(id);
    return !job || jobs::is_terminal(job->status);
}

/// With its origin; empty: there is no rule.
std::string name_of(const permission::Rule* rule) {
    return rule == nullptr ? std::string() : permission::named(*rule);
}

}  // namespace

std::string failure_text(const std::exception& failure) {
    const auto* poco = dynamic_cast<const Poco::Exception*>(&failure);
    return poco != nullptr ? poco->displayText() : failure.what();
}

Result<std::unique_ptr<OpenTools>, StartFailure> OpenTools::create(OpenOptions options) {
    std::unique_ptr<OpenTools> tools(new OpenTools(std::move(options)));
    if (auto prepared = tools->prepare(); !prepared) return prepared.error();
    if (auto loaded = tools->load_plugins(); !loaded) return loaded.error();
    tools->report_unknown_rules_of_options();
    tools->registry_->begin_session({}, "new");
    return tools;
}

Result<void, StartFailure> OpenTools::prepare() {
    if (auto made = make_folders(); !made) return made;
    agent_plugins_ = find_agent_plugins(settings_);
    if (auto made = make_gate(); !made) return made;
    if (auto made = make_queue(); !made) return made;
    make_services();
    return {};
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

/// What file tools may read besides the workspace: outputs of jobs, transcripts of this session,
/// skills.
std::vector<fs::path> OpenTools::readable_folders() const {
    std::vector<fs::path> folders = folders_of_skills().readable;
    for (fs::path& root : agent_plugins_.roots())
        folders.push_back(std::move(root));
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
    config.allow_lock = settings_.permissions.allow_lock;
    config.yes_is_locked =
        !settings_.permissions.mode_lock.empty() || !settings_.permissions.ask_lock.empty();
    config.workspace = settings_.workspace;
    config.home = settings_.home;
    config.add_dirs = settings_.add_dirs;
    config.read_dirs = readable_folders();
    gate_ = std::make_unique<permission::RuleGate>(
        std::move(config), settings_.permissions.may_ask ? options_.asker : nullptr);
    if (!gate_->errors().empty()) {
        StartFailure failure;
        for (const Error& error : gate_->errors())
            failure.message += (failure.message.empty() ? "" : "\n") + error.message;
        return failure;
    }
    if (options_.permissions) gate_->restore(*options_.permissions);
    gate_->remember(options_.added_rules);
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
    // A pidfd and a pipe for each running job, and some for the rest of the host. Not more, since a
    // shim that is started from this process closes that many.
    set_descriptor_limit(static_cast<rlim_t>(512 + 4 * settings_.jobs.max_running));
    options.shim.launcher = options_.run.launcher;
    options.on_change = [this](const jobs::JobRecord& job) {
        sink_.on_event(agent::JobChanged{
            job.id, std::string(jobs::to_string(job.status)), secrets_.redact(job.spec.command),
            job.end.exit_code, secrets_.redact(job.spec.name), jobs::start_by_this_clock(job),
            std::chrono::milliseconds(job.end.duration_ms)});
    };
    options.on_no_pid_namespace = [this](const std::string& why) {
        if (!reported_no_namespace_.exchange(true))
            notice("jobs.pidNamespace: no PID namespace can be made here (" + why +
                   "); commands run without one");
    };
    options.on_notification = options_.on_notification;
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
    containments_ = std::make_unique<Containments>(
        settings_, [this](std::string text) { notice(std::move(text)); });
    // The mode plan is about what the model does.
    const auto containment = [this] {
        return containments_->policy(!own_command_runs_ &&
                                     gate_->stance().mode == permission::PermissionMode::kPlan);
    };
    (void)containment();  // for its notice
    CommandSettings commands;
    commands.workspace = settings_.workspace;
    commands.home = settings_.home;
    commands.timeout = settings_.jobs.timeout;
    commands.foreground_timeout = settings_.jobs.foreground_timeout;
    commands.max_timeout = settings_.jobs.max_timeout;
    commands.output_limit = settings_.jobs.output_limit;
    commands.limits = job_limits_of(settings_.jobs);
    commands.pid_namespace = settings_.jobs.pid_namespace;
    commands.containment = containment;
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
        [this](const fs::path& path) { return name_of(gate_->denied_read(path)); },
        [this](const fs::path& path) { return name_of(gate_->denied_edit(path)); },
        folders_of_skills().search,
        [this](const plugins::ServiceRequest& request, const fs::path& path) {
            const auto verdict = gate_->judge_edit(request.plugin, path, request.call->stop());
            return verdict.allowed ? std::string() : verdict.reason;
        },
        agent_plugins_.skills());
    paths_->hide_from_third_parties(config::hidden_from_plugins(settings_));
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
    plugins::add_image_service(services_);
    services_.add("agent.run/1", subagent_parameters(), [](const plugins::ServiceRequest&) {
        return plugins::ServiceReply::failed(
            "a subagent needs a model, and this call belongs to no session", TENON_UNSUPPORTED);
    });
    services_.add("agent.tools/1", {}, [this](const plugins::ServiceRequest&) {
        return plugins::ServiceReply::ok({{"tools", tool_names()}});
    });
    services_.add("permission.ask/1", {{"question", plugins::Parameter::Type::kText, true}},
                  [this](const plugins::ServiceRequest& request) {
                      // Without a call, nothing could end the wait for an answer.
                      if (request.call == nullptr)
                          return plugins::ServiceReply::failed(
                              "a question belongs to a call; none is under way", TENON_UNSUPPORTED);
                      const auto verdict =
                          gate_->ask(request.plugin, string_or(request.params, "question"),
                                     request.call->stop());
                      return plugins::ServiceReply::ok({{"allowed", verdict.allowed}});
                  });
    // Without a conversation there is no next request that could carry the new list.
    services_.add("tools.changed/1", {}, [](const plugins::ServiceRequest&) {
        return plugins::ServiceReply::ok(Json::object());
    });
}

std::vector<std::string> OpenTools::tool_names() const {
    std::vector<std::string> names;
    for (const agent::ToolSpec* spec : registry_->specs())
        names.push_back(spec->name);
    return names;
}

/// The name of the first-party tool that runs commands. Rules for this tool also apply to the
/// commands of third-party plugins.
std::string OpenTools::command_tool() const {
    for (const agent::ToolSpec* tool : registry_->specs())
        if (tool->first_party && !tool->facts.command.empty()) return tool->name;
    return {};
}

plugins::LoaderOptions OpenTools::loader_options() const {
    plugins::LoaderOptions options = session::loader_options(
        settings_, agent_plugins_,
        [this](std::string_view plugin, int level, std::string_view message) {
            // A line break would let a plugin write lines in the name of the host.
            std::string text = secrets_.redact(std::string(message));
            std::replace(text.begin(), text.end(), '\n', ' ');
            spdlog::log(log_level(level), "plugin {}: {}", plugin, text);
        });
    if (!options_.plugin_file.empty()) options.files = {options_.plugin_file};
    options.secrets = &secrets_;
    options.workspace_readable = !gate_->denies_any_read();
    if (reread_plugins_) {
        options.by_id = plugin_options(*reread_plugins_);
        options.grants_locks = reread_plugins_->grants_locks;
    }
    return options;
}

/// What first-party plugins run is part of this program and prints nothing. So nothing is changed,
/// and no thread is started, unless another plugin may run inside the host.
Result<void> OpenTools::take_printed_output() {
    std::set<std::string> ids;
    const auto& configured = reread_plugins_ ? *reread_plugins_ : settings_.plugins;
    for (const auto& [id, plugin] : configured.by_id)
        if (plugin.enabled && !plugin.isolated.value_or(true)) ids.insert(id);
    for (const auto& plugin : registry_->plugins())
        if (!plugin->first_party() && !plugin->isolated()) ids.insert(plugin->id());
    if (ids.empty() || (printed_ != nullptr && ids == printing_)) return {};
    printed_.reset();
    printing_ = ids;
    auto started = plugin::PrintedOutput::start(
        std::move(ids), [this](std::string_view plugin, const plugin::PrintedLines::Line& line) {
            spdlog::warn("plugin {}: printed: {}", plugin, line.without(secrets_));
        });
    if (!started) return started.error();
    printed_ = std::move(*started);
    return {};
}

Result<void, StartFailure> OpenTools::load_plugins() {
    if (auto taken = take_printed_output(); !taken) return StartFailure{taken.error().message, 1};
    if (!options_.session_id.empty()) {
        plugin_files_.emplace(watched_folders(settings_, agent_plugins_));
        first_party_files_ = plugins::first_party_files(loader_options().first_party_folder);
    }
    for (std::string& text : agent_plugins_.notices())
        notice(std::move(text));
    list_refused_directories();
    registry_->explain_missing([this](const std::string& name) {
        return plugins::why_tool_is_missing(name, loader_options(), plugin_problems_);
    });
    plugins::Loaded loaded = plugins::load(loader_options(), services_);
    if (auto fine = check_for_shortage(loaded); !fine) return StartFailure{fine.error().message, 1};
    for (const auto& [id, used, replaced] : loaded.replaced)
        notice("the plugin " + id + " is used from " + used.string() + ", not from " +
               replaced.string());
    for (const auto& problem : loaded.problems)
        report_left_out(problem);
    for (auto& plugin : loaded.plugins) {
        report_warnings(*plugin);
        if (auto added = registry_->add(std::move(plugin)); !added) report_left_out(added.error());
    }
    report_missing_plugins(loaded);
    return {};
}

/// They are among the files that were left out.
void OpenTools::list_refused_directories() {
    for (const plugins::AgentPlugin& plugin : agent_plugins_.all) {
        if (plugin.enabled && !plugin.refusal.empty())
            plugin_problems_.push_back({plugin.folder, plugin.refusal, ""});
    }
}

void OpenTools::report_unknown_rules(const permission::Rules& rules,
                                     std::vector<std::string> tools) {
    permission::ToolsOfPlugins by_plugin;
    for (const agent::ToolSpec* tool : registry_->specs()) {
        tools.push_back(tool->name);
        by_plugin[tool->plugin].push_back(tool->name);
    }
    if (permission::unknown_tools(rules, tools, by_plugin).empty()) return;
    add_missing_tools(rules, tools);
    for (const Error& error : permission::unknown_tools(rules, tools, by_plugin))
        notice(error.message);
}

/// Adds the names of rules that are no mistakes, as far as this is known: a plugin that is left out
/// or switched off has such a tool, or may have it. What is nearly the name of a tool is more
/// likely misspelt than a tool of a plugin whose tools are not known.
void OpenTools::add_missing_tools(const permission::Rules& rules,
                                  std::vector<std::string>& tools) const {
    const std::vector<std::string> known = tools;
    const std::vector<std::string_view> names(known.begin(), known.end());
    const bool all_known =
        plugins::plugins_with_unknown_tools(loader_options(), plugin_problems_).empty();
    for (const auto* list : {&rules.deny, &rules.ask, &rules.allow})
        for (const permission::Rule& rule : *list) {
            if (rule.subject() != permission::RuleSubject::kTool) continue;
            const bool may_be_theirs = !all_known && !nearest(rule.tool(), names);
            if (may_be_theirs || !registry_->why_missing(rule.tool()).empty())
                tools.push_back(rule.tool());
        }
}

/// For a single call, the rules of the configuration are about other calls too. A session has one
/// more tool.
void OpenTools::report_unknown_rules_of_options() {
    const auto of_options = [](std::vector<permission::Rule> rules) {
        std::erase_if(
            rules, [](const permission::Rule& rule) { return !rule.origin().starts_with("--"); });
        return rules;
    };
    const permission::Rules& all = gate_->rules();
    report_unknown_rules({of_options(all.deny), of_options(all.ask), of_options(all.allow)},
                         {std::string(agent::CompactTool::kName)});
}

void OpenTools::report_warnings(const plugins::Plugin& plugin) {
    for (const std::string& warning : plugin.warnings())
        notice(warning);
    const auto& by_id = (reread_plugins_ ? *reread_plugins_ : settings_.plugins).by_id;
    const auto configured = by_id.find(plugin.id());
    if (configured == by_id.end()) return;
    for (std::string& text :
         useless_plugin_keys(plugin.id(), configured->second, plugin.isolated()))
        notice(std::move(text));
}

/// Says what the configuration, or the installation, speaks of and does not have.
void OpenTools::report_missing_plugins(const plugins::Loaded& loaded) {
    if (!loaded.has_first_party_list) {
        notice("this installation has no plugins of its own: " +
               (settings_.prefix / "lib/tenon/plugins/manifest.json").string() +
               " is missing or lists none, so the model has none of Tenon's tools (install Tenon "
               "again)");
    }
    for (const auto& unknown :
         unknown_plugins(settings_, agent_plugins_, loaded.ids, loaded.problems))
        notice(unknown);
}

/// Without some of its tools a model would do something other than what it was asked for.
Result<void> OpenTools::check_for_shortage(const plugins::Loaded& loaded) {
    for (const auto& problem : loaded.problems) {
        if (problem.shortage)
            return Error{"plugin " + problem.file.string() + ": " + problem.reason};
    }
    return {};
}

void OpenTools::report_left_out(const plugins::Problem& problem) {
    notice("plugin " + problem.file.string() + " is left out: " + problem.reason +
           (problem.remedy.empty() ? "" : " (" + problem.remedy + ")"));
    plugin_problems_.push_back(problem);
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

void OpenTools::leave_jobs_after_start(const std::stop_token& stop) {
    const UniqueFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const std::stop_callback wake(stop, [&stopped] { ::eventfd_write(stopped.get(), 1); });
    jobs::Watch watch(*store_);
    for (const auto& job : queue_->background_jobs()) {
        watch.add(job.id);
        while (!has_started_or_ended(*store_, job.id)) {
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

}  // namespace tenon::session
