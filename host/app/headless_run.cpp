
#include <unistd.h>

#include "host/app/prompt_input.h"
#include "host/app/runs.h"
#include "host/base/fixed_text.h"
#include "host/base/output.h"
#include "host/base/signals.h"
#include "host/cli/console.h"
#include "host/jobs/launcher.h"
#include "host/plugin/running.h"
#include "host/session/open_session.h"
#include "host/ui/headless.h"
#include "host/ui/redaction.h"

namespace tenon::app {
namespace {

std::string subtype_of(const agent::RunResult& result) {
    switch (result.outcome) {
        case agent::Outcome::kDone:
            return "success";
        case agent::Outcome::kMaxTurns:
            return "error_max_turns";
        case agent::Outcome::kMaxBudget:
            return "error_max_budget";
        case agent::Outcome::kInterrupted:
            return "error_interrupted";
        case agent::Outcome::kUnfitAnswer:
            return "error_structured_output";
        case agent::Outcome::kFailed:
            break;
    }
    return "error_api";
}

std::optional<double> cost_in_dollars(const agent::Spending& spending) {
    const auto cost = spending.cost();
    return cost ? std::optional(cost->dollars()) : std::nullopt;
}

agent::ModelName configured_model(const session::RunSetup& setup) {
    return {setup.settings.model.provider, setup.settings.model.name};
}

/// Ends the session's jobs, or leaves them running, and returns the report of the run.
ui::RunReport finish_run(session::OpenSession& host, const agent::RunResult& result, bool wait) {
    ui::RunReport report;
    report.subtype = subtype_of(result);
    report.text = result.outcome == agent::Outcome::kDone ? result.text : result.error;
    report.session_id = host.session().head().id;
    report.turns = result.turns;
    report.usage = result.usage;
    report.model = result.answered_by.empty() ? host.model() : result.answered_by;
    if (wait) {
        const std::string said = session::to_text(host.end_jobs("session end"));
        if (!said.empty()) complain(said, 0);
    } else {
        host.keep_jobs_running();
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
    if (!report.is_error()) report.document = result.document;
    for (const auto& call : result.denied)
        report.denials.push_back({call.name, call.input});
    return report;
}

/// Runs the prompt. An exception makes the run a failed one, which ends like any other.
agent::RunResult run_prompt(session::OpenSession& host, const PromptInput& input,
                            const std::stop_token& stop) {
    try {
        const std::string_view prompt = input.text;
        // What is piped in may come from anybody, so it names no files.
        return host.run_typed(prompt.substr(0, input.typed), stop, prompt.substr(input.typed));
    } catch (const std::exception& e) {
        agent::RunResult failed;
        failed.outcome = agent::Outcome::kFailed;
        failed.error = "the host failed inside: " + session::failure_text(e);
        return failed;
    }
}

/// How the result of a run is printed.
struct Printed {
    cli::OutputFormat format = cli::OutputFormat::kText;
    bool is_document = false;  ///< --json-schema: the text is a document, or there is none

    explicit Printed(const cli::Options& options)
        : format(options.output_format.value_or(cli::OutputFormat::kText)),
          is_document(options.json_schema.has_value()) {}
};

/// False when the result could not be written.
bool print_result(const ui::RunReport& report, const Printed& printed, Output& output,
                  ui::JsonLines& lines, const agent::RunResult& result) {
    if (report.is_error()) {
        say(report.text);
    } else if (result.text.find_first_not_of(" \t\r\n") == std::string::npos) {
        say("the model's last answer has no text");
    }
    switch (printed.format) {
        case cli::OutputFormat::kStreamJson:
            return lines.result(report);
        case cli::OutputFormat::kJson:
            return output.write_json(ui::result_object(report));
        case cli::OutputFormat::kText:
            break;
    }
    if (result.text.empty() || (printed.is_document && !report.document)) return true;
    return output.write_text(result.text + (result.text.ends_with('\n') ? "" : "\n"));
}

/// What is known of a run from its events, for the result object of a run that is ended while
/// something hangs. Thread-safe.
class Interrupted : public agent::EventSink {
public:
    /// `spending` outlives the object.
    Interrupted(std::chrono::steady_clock::time_point begin, const session::RunSetup& setup,
                const agent::Spending& spending)
        : begin_(begin), spending_(spending) {
        report_.subtype = "error_interrupted";
        report_.session_id = setup.session_id;
        report_.model = configured_model(setup);
    }
    /// Opens the output of the run, which this object owns: another thread may print the result
    /// until the end. Call it once.
    void open_output(std::stop_token stop) {
        output_.emplace(output_descriptor(), std::move(stop));
        is_open_ = true;
    }
    Output& output() { return *output_; }
    ui::JsonLines& lines() { return lines_; }

    void on_event(const agent::AgentEvent& event) override {
        const Lock lock(mutex_);
        if (const auto* answered = std::get_if<agent::Answered>(&event)) {
            ++report_.turns;
            report_.usage += ui::usage_of(answered->message);
            if (!answered->by.empty()) report_.model = answered->by;
        } else if (const auto* job = std::get_if<agent::JobChanged>(&event)) {
            note_job(*job);
        }
    }

    /// For the formats with a result object. Does not block for long: see Output.
    void print_result(cli::OutputFormat format) {
        if (!is_open_ || format == cli::OutputFormat::kText) return;
        ui::RunReport report;
        {
            const Lock lock(mutex_);
            report = report_;
        }
        report.cost_usd = cost_in_dollars(spending_);
        FixedText hanging;
        if (!plugin::add_all_running(hanging)) hanging << "a part of tenon itself";
        report.text = "interrupted; not stopped: " + std::string(hanging.view());
        report.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begin_);
        (void)(format == cli::OutputFormat::kStreamJson
                   ? lines_.result(report)
                   : output_->write_json(ui::result_object(report)));
    }

private:
    void note_job(const agent::JobChanged& job) TENON_REQUIRES(mutex_) {
        const auto known =
            std::find_if(report_.jobs.begin(), report_.jobs.end(),
                         [&](const ui::RunReport::Job& one) { return one.id == job.id; });
        if (known == report_.jobs.end()) {
            report_.jobs.push_back({job.id, job.status, job.exit_code});
        } else {
            *known = {job.id, job.status, job.exit_code};
        }
    }

    const std::chrono::steady_clock::time_point begin_;
    const agent::Spending& spending_;
    Mutex mutex_;
    ui::RunReport report_ TENON_GUARDED_BY(mutex_);
    std::optional<Output> output_;  // set before is_open_
    std::atomic<bool> is_open_{false};
    ui::JsonLines lines_{[this](std::string_view json) { return output_->write_json(json); }};
};

int run_and_report(const cli::Options& options, const config::Configuration& configuration) {
    const auto begin = std::chrono::steady_clock::now();
    auto setup = session::prepare_run(configuration, run_request_of(options));
    if (!setup) return complain(setup.error().message, cli::kExitUsage);
    const Secrets& secrets = (*setup)->secrets;
    auto input = read_prompt(options.prompt, STDIN_FILENO);
    if (!input) return complain(input.error().message, cli::kExitUsage);
    if (!*input) return complain("no prompt: use -p TEXT, or pipe one in", cli::kExitUsage);

    const Printed printed(options);
    // The launcher and the signals come before any thread; the launcher also before memory grows.
    const auto launcher = jobs::Launcher::start("/proc/self/exe");
    (*setup)->launcher = launcher.get();
    const agent::Spending& spending = *(*setup)->spending;
    Interrupted interrupted(begin, **setup, spending);
    Signals signals([&](int) { interrupted.print_result(printed.format); });
    ui::Notices notices(say);
    interrupted.open_output(signals.stop_token());
    Output& output = interrupted.output();
    ui::JsonLines& lines = interrupted.lines();
    ui::FanOut watchers(secrets);
    watchers.add(notices);
    watchers.add(interrupted);
    if (printed.format == cli::OutputFormat::kStreamJson) watchers.add(lines);
    for (const std::string& text : (*input)->notices)
        watchers.on_event(agent::Notice{text});

    session::OpenOptions open_options{**setup, watchers, (*setup)->session_id};
    open_options.wait_for_jobs = !options.no_wait;
    auto host = session::OpenSession::create(std::move(open_options));
    const auto duration = [begin] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begin);
    };
    if (!host) {
        ui::RunReport report;
        report.subtype = "error_api";
        report.text = secrets.redact(host.error().message);
        report.model = configured_model(**setup);
        report.session_id = (*setup)->session_id;
        report.cost_usd = cost_in_dollars(spending);
        report.duration = duration();
        (void)print_result(report, printed, output, lines, {});
        return host.error().exit_code;
    }

    const agent::RunResult result = run_prompt(**host, **input, signals.stop_token());
    ui::RunReport report = finish_run(**host, result, !options.no_wait);
    report.cost_usd = cost_in_dollars(spending);
    report.duration = duration();
    const bool written = print_result(report, printed, output, lines, result);
    if (!written) complain("the result could not be written to standard output", cli::kExitFailed);
    (*host)->clean_up_jobs();
    if (signals.received() != 0 && result.outcome == agent::Outcome::kInterrupted)
        return 128 + signals.received();
    return report.is_error() || !written ? cli::kExitFailed : 0;
}

}  // namespace

/// An exception here means that a thread or a descriptor could not be created.
int run_headless(const cli::Options& options, const config::Configuration& configuration) {
    try {
        return run_and_report(options, configuration);
    } catch (const std::exception& e) {
        ui::RunReport report;
        report.subtype = "error_api";
        report.text = session::failure_text(e);
        report.model = {configuration.settings.model.provider, configuration.settings.model.name};
        Output output(output_descriptor(), {});
        ui::JsonLines lines([&](std::string_view json) { return output.write_json(json); });
        (void)print_result(report, Printed(options), output, lines, {});
        return cli::kExitFailed;
    }
}

}  // namespace tenon::app
