#include <algorithm>
#include <array>

#include "host/base/ids.h"
#include "host/base/untrusted.h"
#include "host/cli/commands.h"
#include "host/cli/jobs_verbs.h"
#include "host/config/state_dir.h"
#include "host/jobs/report.h"

namespace tenon::cli {
namespace {

// clang-format off
constexpr std::array kJobsOptions = {
    OptionSpec{0, "json", "", "one JSON document instead of text"},
    OptionSpec{0, "watch", "", "list: redraw on every change, until Ctrl-C"},
    OptionSpec{'f', "follow", "", "logs: go on until the job has ended"},
    OptionSpec{0, "all", "", "cancel: every background job of the store"},
    OptionSpec{0, "name", "TEXT", "run: a name for people"},
    OptionSpec{0, "timeout", "DURATION", "run: end it after 90, 90s, 5m or 2h; wait: wait no longer; default: no limit"},
    OptionSpec{0, "cwd", "DIR", "run: the directory to run in; default: the workspace", Repeat::kLast, Takes::kFolder},
};
// clang-format on

// clang-format off
constexpr std::array kJobsVerbs = {
    VerbSpec{"list", {"json", "watch"}, 0, 0, {}, "the background jobs of the store"},
    VerbSpec{"show", {"json"}, 1, 1, {}, "what was asked of a job, and how it ended", Takes::kJob},
    VerbSpec{"logs", {"json", "follow"}, 1, 1, {}, "the output of a job", Takes::kJob},
    VerbSpec{"cancel", {"json", "all"}, 0, VerbSpec::kAny, {}, "end the process trees of jobs", Takes::kUnendedJob},
    VerbSpec{"wait", {"json", "timeout"}, 1, VerbSpec::kAny, {}, "wait until jobs have ended", Takes::kUnendedJob},
    VerbSpec{"run", {"json", "name", "timeout", "cwd"}, 0, VerbSpec::kAny, "-- COMMAND", "start a job that belongs to no session"},
};
// clang-format on

/// The ids after the verb, each once.
Result<std::vector<jobs::JobId>> read_ids(const VerbSpec& verb, const Arguments& arguments) {
    std::vector<jobs::JobId> ids;
    for (const std::string& word : std::span(arguments.words).subspan(1)) {
        if (!is_job_id(word)) {
            return Error{in_quotes(word) +
                         " is not a job id: 8 digits of 0-9 and a-f, as `tenon jobs list` shows"};
        }
        if (std::find(ids.begin(), ids.end(), word) == ids.end()) ids.push_back(word);
    }
    if (verb.name != "cancel") return ids;
    const bool all = arguments.has("all");
    if (all && !ids.empty()) return Error{"cancel takes ids or --all, not both"};
    if (!all && ids.empty()) return Error{"usage: tenon jobs cancel ID…, or --all"};
    return ids;
}

Result<void> check_run(const Arguments& arguments) {
    if (!arguments.dashes_at) return Error{"the command must follow --: tenon jobs run -- COMMAND"};
    if (*arguments.dashes_at != 1)
        return Error{
            "only options may stand between run and --: tenon jobs run [OPTIONS] -- COMMAND"};
    if (arguments.words.size() == 1) return Error{"there is no command after --"};
    return {};
}

struct CheckedVerb {
    std::string_view name;
    std::vector<jobs::JobId> ids;  // none for `run`

    [[nodiscard]] bool runs() const { return name == "run"; }
};

Result<CheckedVerb> check_verb(const Arguments& arguments) {
    const auto verb = find_verb(kJobsCommand, arguments);
    if (!verb) return verb.error();
    if (arguments.has("watch") && arguments.has("json"))
        return Error{"--json is one document; it does not go with --watch"};
    CheckedVerb checked{(*verb)->name, {}};
    if (checked.runs()) {
        if (auto fine = check_run(arguments); !fine) return fine.error();
        return checked;
    }
    auto ids = read_ids(**verb, arguments);
    if (!ids) return ids.error();
    checked.ids = *std::move(ids);
    return checked;
}

int call_verb(std::string_view verb, const JobsCall& call) {
    if (verb == "list") return call.arguments.has("watch") ? watch_jobs(call) : list_jobs(call);
    if (verb == "show") return show_job(call);
    if (verb == "logs") return show_output(call);
    return verb == "cancel" ? cancel_jobs(call) : wait_for_jobs(call);
}

int open_store_and_call(const CheckedVerb& checked, const Arguments& arguments,
                        const config::Configuration& found, const config::Sources& sources,
                        const Console& console) {
    Secrets secrets;
    found.credentials.add_to(secrets);
    const bool runs = checked.runs();
    const auto& state_dir = found.settings.state_dir;
    if (auto fine = runs ? config::make_state_dir(state_dir) : config::check_state_dir(state_dir);
        !fine)
        return complain(console, fine.error().message, kExitUsage);
    const auto folder = state_dir / "jobs";
    auto store = runs ? jobs::Store::open(folder) : jobs::Store::open_existing(folder);
    if (!store) return complain(console, store.error().message, kExitFailed);
    const JobsCall call{*store, secrets, console, sources.environment, arguments, checked.ids};
    return runs ? run_job(call, found.settings, sources) : call_verb(checked.name, call);
}

}  // namespace

constinit const CommandSpec kJobsCommand{
    "tenon jobs",
    "list [--json] [--watch]\nshow ID\nlogs ID [-f]\ncancel ID…\ncancel --all\nwait [--timeout "
    "DURATION] ID…\n"
    "run [--name TEXT] [--timeout DURATION] [--cwd DIR] -- COMMAND",
    "Works with the jobs of every session, also of running hosts: lists background jobs, shows a "
    "job, prints its output, cancels jobs, waits for jobs, and starts a job that belongs to no "
    "session.",
    kJobsOptions,
    "run: one word is bash text (run -- 'make | tail'), several are run as they are "
    "(run -- make -j4). It prints the job's id; the job goes on by itself.\n"
    "\n"
    "Exit: 0 done; 1 a job is unknown, could not be cancelled or started, or (wait) "
    "has not completed, not in time, or is queued while no host has its session "
    "open; 2 usage; 130 after Ctrl-C.\n",
    "list, show, follow, cancel and start jobs",
    kJobsVerbs};

void JobsCall::complain(const std::string& message) const {
    console.err << "tenon: " << visible(secrets.redact(message)) << '\n';
}

void JobsCall::complain_each(const std::vector<std::string>& messages) const {
    for (const std::string& message : messages)
        complain(message);
}

void JobsCall::print(const Json& document) const {
    print_json(console, dump_json(document));
}

Result<jobs::JobRecord> JobsCall::load(const jobs::JobId& id) const {
    auto job = store.load(id);
    if (!job) return job;
    return redacted(*std::move(job), secrets);
}

int run_jobs(Options options, const config::Sources& sources, const Console& console) {
    const auto arguments = parse_command(kJobsCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kExitUsage);
    if (options.help) {
        console.out << command_help(kJobsCommand);
        return 0;
    }
    const auto checked = check_verb(*arguments);
    if (!checked) return complain(console, checked.error().message, kExitUsage);
    const config::Configuration found = config::examine(sources, overrides_of(options));
    // A mistake in a configuration file must not prevent anybody from ending a job.
    const bool strict = checked->runs() || options.config || !options.defines.empty() ||
                        found.settings.state_dir.empty();
    if (strict && !found.errors.empty()) {
        for (const std::string& error : found.errors)
            complain(console, error, kExitUsage);
        return kExitUsage;
    }
    if (checked->runs()) {
        if (!found.no_workspace.empty()) return complain(console, found.no_workspace, kExitUsage);
        if (!found.unsafe_workspace.empty())
            return complain(console, config::refusal_to_run(found), kExitUsage);
        for (const std::string& warning : found.warnings)
            complain(console, "warning: " + warning, 0);
    }
    return finish(console, open_store_and_call(*checked, *arguments, found, sources, console));
}

}  // namespace tenon::cli
