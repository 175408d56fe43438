#include "host/app/commands/run.h"

#include <iostream>
#include <unistd.h>

#include "host/app/host.h"
#include "host/app/prompt_input.h"
#include "host/app/provider.h"
#include "host/app/session_choice.h"
#include "host/app/signals.h"
#include "host/jobs/launcher.h"
#include "host/ui/jsonl.h"
#include "host/ui/notices.h"
#include "host/ui/output.h"
#include "host/ui/report.h"

namespace tenon::app {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int complain(const std::string& message, int exit_code) {
    std::cerr << "tenon: " << message << "\n";
    return exit_code;
}

Result<std::string> choose_session(const Options& options, const Settings& settings) {
    if (options.session) return *options.session;
    if (options.continue_last)
        return latest_session(settings.state_dir / "sessions", settings.workspace);
    return new_session_id();
}

std::string subtype_of(const agent::RunResult& result) {
    switch (result.outcome) {
        case agent::Outcome::kDone:
            return "success";
        case agent::Outcome::kMaxTurns:
            return "error_max_turns";
        case agent::Outcome::kInterrupted:
            return "error_interrupted";
        case agent::Outcome::kFailed:
            break;
    }
    return "error_api";
}

/// Ends the session's jobs, or leaves them, and says what is to be said of the run.
ui::Report finish(Host& host, const agent::RunResult& result, bool wait) {
    ui::Report report;
    report.subtype = subtype_of(result);
    report.text = result.outcome == agent::Outcome::kDone ? result.text : result.error;
    report.session_id = host.session().head().id;
    report.turns = result.turns;
    report.usage = result.usage;
    if (wait) {
        host.end_jobs("session end");
    } else {
        host.leave_jobs();
    }
    std::size_t unfinished = 0;
    for (const auto& job : host.jobs_of_this_run()) {
        if (!jobs::is_terminal(job.status) && job.spec.lifetime == jobs::Lifetime::kSession)
            ++unfinished;
        report.jobs.push_back(
            {job.id, std::string(jobs::to_string(job.status)), job.end.exit_code});
    }
    if (wait && unfinished > 0 && !report.is_error()) {
        report.subtype = "error_jobs";
        report.text = std::to_string(unfinished) + " jobs of the session have not ended";
    }
    for (const auto& call : result.denied)
        report.denials.push_back({call.name, call.input});
    return report;
}

/// False when the result could not be written.
bool print(const ui::Report& report, OutputFormat format, ui::Output& output, ui::JsonLines& lines,
           const agent::RunResult& result) {
    if (report.is_error()) std::cerr << "tenon: " << report.text << "\n";
    switch (format) {
        case OutputFormat::kStreamJson:
            return lines.result(report);
        case OutputFormat::kJson:
            return output.write(dump_json(ui::to_json(report)) + "\n");
        case OutputFormat::kText:
            break;
    }
    if (result.text.empty()) return true;
    return output.write(result.text + (result.text.ends_with('\n') ? "" : "\n"));
}

/// A folder that somebody named is expected to be there.
std::optional<std::string> missing_plugin_folder(const Options& options) {
    for (const auto& folder : options.plugin_dirs) {
        std::error_code ignored;
        if (!std::filesystem::is_directory(folder, ignored))
            return "--plugin-dir " + folder.string() + ": no such folder";
    }
    return std::nullopt;
}

}  // namespace

int run_headless(const Options& options, const Loaded& loaded, const Sources& sources) {
    const auto begin = std::chrono::steady_clock::now();
    Settings settings = loaded.settings;
    if (settings.model.provider == "replay" && settings.model.name.empty())
        settings.model.name = "replay";
    if (settings.model.name.empty()) {
        return complain(
            "no model is named: use --model NAME, model.name in the configuration, or TENON_MODEL",
            kUsage);
    }
    if (const auto missing = missing_plugin_folder(options)) return complain(*missing, kUsage);
    Secrets secrets;
    loaded.credentials.add_to(secrets);
    const auto providers = make_provider_source(settings.model, loaded.credentials, secrets);
    if (!providers) return complain(providers.error().message, kUsage);
    const auto provider = (*providers)();
    if (!provider) return complain(provider.error().message, kUsage);
    const auto session = choose_session(options, settings);
    if (!session) return complain(session.error().message, kUsage);
    auto input = read_prompt(options.prompt, STDIN_FILENO);
    if (!input) return complain(input.error().message, kUsage);
    if (!*input) return complain("no prompt: use -p TEXT, or pipe one in", kUsage);

    const OutputFormat format = options.output_format.value_or(OutputFormat::kText);
    // Both before any thread starts; the launcher also before memory grows.
    auto launcher = jobs::Launcher::start();
    if (!launcher) return complain(launcher.error().message, kFailed);
    Signals signals;
    ui::Notices notices;
    ui::Output output(STDOUT_FILENO, signals.stop_token());
    ui::JsonLines lines(output);
    ui::FanOut watchers(secrets);
    watchers.add(notices);
    if (format == OutputFormat::kStreamJson) watchers.add(lines);
    for (const std::string& text : (*input)->notices)
        watchers.on_event(agent::Notice{text});

    HostOptions host_options;
    host_options.prefix = sources.prefix;
    host_options.home = places_of(sources.environment, sources.cwd).home;
    host_options.session_id = *session;
    host_options.launcher = launcher->get();
    host_options.model = options.model;
    host_options.wait_for_jobs = !options.no_wait;
    host_options.providers = *providers;
    auto host = Host::create(settings, std::move(host_options), **provider, watchers, secrets);
    if (!host) return complain(host.error().message, host.error().exit_code);

    const agent::RunResult result = (*host)->run((*input)->text, signals.stop_token());
    ui::Report report = finish(**host, result, !options.no_wait);
    report.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    const bool printed = print(report, format, output, lines, result);
    if (!printed) complain("the result could not be written to standard output", kFailed);
    (*host)->clean_up_jobs();
    if (signals.received() != 0 && result.outcome == agent::Outcome::kInterrupted)
        return 128 + signals.received();
    return report.is_error() || !printed ? kFailed : 0;
}

}  // namespace tenon::app
