#include "host/cli/jobs_command.h"

#include <algorithm>
#include <array>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/nearest.h"
#include "host/base/untrusted.h"
#include "host/cli/jobs_verbs.h"
#include "host/cli/verbs.h"
#include "host/config/state_dir.h"
#include "host/jobs/report.h"

namespace tenon::cli {
namespace {

// clang-format off
constexpr std::array kOptions = {
    OptionSpec{0, "json", "", "one JSON document instead of text"},
    OptionSpec{0, "watch", "", "list: redraw on every change, until Ctrl-C"},
    OptionSpec{'f', "follow", "", "logs: go on until the job has ended"},
    OptionSpec{0, "all", "", "cancel: every background job of the store"},
    OptionSpec{0, "name", "TEXT", "run: a name for people"},
    OptionSpec{0, "timeout", "DURATION", "run: end it after 90, 90s, 5m or 2h; wait: wait no longer; default: no limit"},
    OptionSpec{0, "cwd", "DIR", "run: the directory to run in; default: the workspace"},
};
// clang-format on

constexpr CommandSpec kCommand{
    "tenon jobs",
    "list [--json] [--watch]\nshow ID\nlogs ID [-f]\ncancel ID…\ncancel --all\nwait [--timeout "
    "DURATION] ID…\n"
    "run [--name TEXT] [--timeout DURATION] [--cwd DIR] -- COMMAND",
    "The jobs of every session, also of hosts that run right now: lists the background ones, shows "
    "one, prints its output, ends some, waits for some, and starts one that belongs to no session.",
    kOptions,
    "run: one word is bash text (run -- 'make | tail'), several are run as they are\n"
    "(run -- make -j4). It prints the job's id; the job goes on by itself.\n"
    "\n"
    "Exit: 0 done; 1 a job is unknown, could not be cancelled or started, or (wait)\n"
    "has not completed, not in time, or is queued while no host has its session\n"
    "open; 2 usage; 130 after Ctrl-C.\n"};

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// What may stand behind a verb.
struct Verb {
    std::string_view name;
    std::size_t least, most;                   // ids
    std::array<std::string_view, 3> own = {};  // options, besides --json
    int (*act)(const JobsCall&) = nullptr;
};

constexpr std::size_t kAny = SIZE_MAX;

int list_or_watch(const JobsCall& call) {
    return call.arguments.has("watch") ? watch_jobs(call) : list_jobs(call);
}

constexpr std::array kVerbs = {
    Verb{"list", 0, 0, {"watch"}, list_or_watch},
    Verb{"show", 1, 1, {}, show_job},
    Verb{"logs", 1, 1, {"follow"}, show_output},
    Verb{"cancel", 1, kAny, {"all"}, cancel_jobs},
    Verb{"wait", 1, kAny, {"timeout"}, wait_for_jobs},
    Verb{"run", 0, 0, {"name", "timeout", "cwd"}, nullptr},
};

Error unknown_verb(const std::string& word) {
    std::vector<std::string_view> names;
    for (const Verb& verb : kVerbs)
        names.push_back(verb.name);
    const auto meant = nearest(word, names);
    return {"unknown: tenon jobs " + visible(word) +
            (meant ? "; did you mean " + std::string(*meant) + "?"
                   : "; it is list, show, logs, cancel, wait or run")};
}

Result<void> check_options(const Verb& verb, const Arguments& arguments) {
    for (const Arguments::Given& given : arguments.options) {
        const auto named = [&](const OptionSpec& spec) { return spec.long_name == given.name; };
        const bool shared = std::none_of(kOptions.begin(), kOptions.end(), named);
        if (shared || given.name == "json") continue;
        if (std::find(verb.own.begin(), verb.own.end(), given.name) != verb.own.end()) continue;
        return Error{"--" + std::string(given.name) + " does not go with 'tenon jobs " +
                     std::string(verb.name) + "'"};
    }
    if (arguments.has("watch") && arguments.has("json"))
        return Error{"--json is one document; it does not go with --watch"};
    return {};
}

/// The ids behind the verb, each once.
Result<std::vector<jobs::JobId>> ids_of(const Verb& verb, const Arguments& arguments) {
    const std::string usage = "usage: tenon jobs " + std::string(verb.name);
    std::vector<jobs::JobId> ids;
    for (const std::string& word : std::span(arguments.words).subspan(1)) {
        if (verb.most == 0) return Error{usage + "; unexpected argument " + in_quotes(word)};
        if (!is_job_id(word)) {
            return Error{in_quotes(word) +
                         " is not a job id: 8 digits of 0-9 and a-f, as `tenon jobs list` shows"};
        }
        if (std::find(ids.begin(), ids.end(), word) == ids.end()) ids.push_back(word);
    }
    if (arguments.has("all")) {
        if (!ids.empty()) return Error{"cancel takes ids or --all, not both"};
        return ids;
    }
    if (ids.size() < verb.least)
        return Error{usage + (verb.most == 1 ? " ID" : " ID…") +
                     (verb.name == "cancel" ? ", or --all" : "")};
    if (ids.size() > verb.most) return Error{usage + " takes one ID"};
    return ids;
}

Result<void> check_run(const Arguments& arguments) {
    if (!arguments.dashes_at)
        return Error{"the command stands behind --: tenon jobs run -- COMMAND"};
    if (*arguments.dashes_at != 1)
        return Error{"only options stand between run and --: tenon jobs run [OPTIONS] -- COMMAND"};
    if (arguments.words.size() == 1) return Error{"there is no command behind --"};
    return {};
}

struct Checked {
    const Verb* verb = nullptr;
    std::vector<jobs::JobId> ids;
};

Result<Checked> check(const Arguments& arguments) {
    if (arguments.words.empty() || arguments.dashes_at == 0)
        return Error{"usage: tenon jobs list | show | logs | cancel | wait | run; see --help"};
    const auto* const verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& known) {
        return known.name == arguments.words.front();
    });
    if (verb == kVerbs.end()) return unknown_verb(arguments.words.front());
    if (auto checked = check_options(*verb, arguments); !checked) return checked.error();
    if (verb->name == "run") {
        if (auto checked = check_run(arguments); !checked) return checked.error();
        return Checked{verb, {}};
    }
    auto ids = ids_of(*verb, arguments);
    if (!ids) return ids.error();
    return Checked{verb, *std::move(ids)};
}

int act(const Checked& checked, const Arguments& arguments, const config::Configuration& found,
        const config::Sources& sources, const Console& console) {
    Secrets secrets;
    found.credentials.add_to(secrets);
    const bool runs = checked.verb->act == nullptr;
    const auto& state_dir = found.settings.state_dir;
    if (auto fine = runs ? config::make_state_dir(state_dir) : config::check_state_dir(state_dir);
        !fine)
        return complain(console, fine.error().message, kUsage);
    const auto folder = state_dir / "jobs";
    auto store = runs ? jobs::Store::open(folder) : jobs::Store::open_existing(folder);
    if (!store) return complain(console, store.error().message, kFailed);
    const JobsCall call{*store, secrets, console, sources.environment, arguments, checked.ids};
    return runs ? run_job(call, found.settings, sources) : checked.verb->act(call);
}

}  // namespace

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
    const auto arguments = parse_command(kCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kUsage);
    if (options.help) {
        console.out << command_help(kCommand);
        return 0;
    }
    const auto checked = check(*arguments);
    if (!checked) return complain(console, checked.error().message, kUsage);
    const config::Configuration found = config::examine(sources, overrides_of(options));
    // A slip in some file must not keep anybody from ending a job.
    const bool strict = checked->verb->act == nullptr || options.config ||
                        !options.defines.empty() || found.settings.state_dir.empty();
    if (strict && !found.errors.empty()) {
        for (const std::string& error : found.errors)
            complain(console, error, kUsage);
        return kUsage;
    }
    if (checked->verb->act == nullptr) {
        if (!found.no_workspace.empty()) return complain(console, found.no_workspace, kUsage);
        for (const std::string& warning : found.warnings)
            complain(console, "warning: " + warning, 0);
    }
    return finish(console, act(*checked, *arguments, found, sources, console));
}

}  // namespace tenon::cli
