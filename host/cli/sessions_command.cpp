#include <array>

#include "host/agent/recorded_usage.h"
#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/path_text.h"
#include "host/base/secrets.h"
#include "host/base/untrusted.h"
#include "host/cli/commands.h"
#include "host/cli/session_markdown.h"
#include "host/cli/session_words.h"
#include "host/config/state_dir.h"
#include "host/jobs/store.h"
#include "host/session/run_setup.h"

namespace tenon::cli {
namespace {

// clang-format off
constexpr std::array kSessionsOptions = {
    OptionSpec{0, "json", "", "list, show: one JSON document instead of text"},
    OptionSpec{0, "markdown", "", "export: a Markdown document for people"},
    OptionSpec{0, "all", "", "list: the sessions of every workspace"},
};
// clang-format on

// clang-format off
constexpr std::array kSessionsVerbs = {
    VerbSpec{"list", {"json", "all"}, 0, 0, {}, "the sessions of the workspace"},
    VerbSpec{"show", {"json"}, 1, 1, {}, "a conversation and its jobs", Takes::kSession},
    VerbSpec{"export", {"markdown"}, 1, 1, {}, "a whole conversation, for other programs or as Markdown", Takes::kSession},
};
// clang-format on

class SessionsCall {
public:
    SessionsCall(const config::Settings& settings, const Secrets& secrets, const Console& console,
                 const Arguments& arguments, const Screen& screen)
        : settings_(settings),
          folder_(settings.state_dir / "sessions"),
          secrets_(secrets),
          console_(console),
          arguments_(arguments),
          screen_(screen) {}

    int list() const {
        std::vector<std::string> problems;
        const bool all = arguments_.has("all");
        const auto sessions =
            journal::list_sessions(folder_, all ? "" : settings_.workspace, &problems);
        for (const std::string& problem : problems)
            complain(console_, secrets_.redact(problem), 0);
        if (arguments_.has("json")) {
            Json array = Json::array();
            for (const journal::SessionSummary& session : sessions)
                array.push_back(to_json(session));
            print_json(console_, secrets_.redact(dump_json(array)));
            return 0;
        }
        if (sessions.empty() && screen_.terminal) {
            complain(console_,
                     all ? "there are no sessions"
                         : "there are no sessions of this workspace; --all lists every one",
                     0);
        }
        for (const std::string& line : sessions_table(sessions, all, screen_, wall_clock_ms()))
            print(line + "\n");
        return 0;
    }

    int show() const {
        const auto session = journal::summarise_session(folder_, id());
        if (!session) return complain(console_, session.error().message, 1);
        const auto used = figures();
        if (!used) return complain(console_, used.error().message, 1);
        const std::vector<jobs::JobRecord> jobs = jobs_of_session();
        if (arguments_.has("json")) return show_json(*session, *used, jobs);
        print(describe(*session, *used, jobs, wall_clock_ms()));
        ConversationWords words(screen_);
        auto read = journal::read_entries(
            journal(), [&](const journal::SessionEntry& entry) { print(words.of(entry)); });
        print(words.end());
        return read ? 0 : complain(console_, read.error().message, 1);
    }

    int print_all() const {
        if (arguments_.has("markdown")) return print_markdown();
        const auto session = journal::summarise_session(folder_, id());
        if (!session) return complain(console_, session.error().message, 1);
        const auto messages = journal::read_messages(journal());
        if (!messages) return complain(console_, messages.error().message, 1);
        print_line({{"v", 1},
                    {"type", "session"},
                    {"id", session->id},
                    {"workspace", path_to_text(session->workspace)},
                    {"provider", session->provider},
                    {"model", session->model},
                    {"created", rfc3339(session->created_ms)},
                    {"turns", session->turns},
                    {"system", session->system}});
        for (const OrderedJson& message : *messages)
            print_line(message);
        return 0;
    }

    int print_markdown() const {
        auto written = write_markdown(folder_, id(), secrets_,
                                      [this](const std::string& text) -> Result<void> {
                                          console_.out << text;
                                          return {};
                                      });
        return written ? 0 : complain(console_, written.error().message, 1);
    }

private:
    [[nodiscard]] const std::string& id() const { return arguments_.words[1]; }
    [[nodiscard]] std::filesystem::path journal() const { return folder_ / (id() + ".jsonl"); }

    void print(const std::string& text) const { console_.out << secrets_.redact(text); }
    void print_line(const OrderedJson& document) const {
        print_json(console_, secrets_.redact(dump_ordered_json(document)));
    }

    [[nodiscard]] std::vector<jobs::JobRecord> jobs_of_session() const {
        std::vector<jobs::JobRecord> found;
        const auto store = jobs::Store::open_existing(settings_.state_dir / "jobs");
        if (!store) return found;
        for (jobs::JobRecord& job : store->list()) {
            if (job.spec.session == id() && job.spec.kind == jobs::JobKind::kBackground)
                found.push_back(std::move(job));
        }
        return found;
    }

    /// With the prices that are configured now.
    [[nodiscard]] Result<SessionFigures> figures() const {
        const auto usage = agent::usage_of_session(journal());
        if (!usage) return usage.error();
        const agent::Prices prices = session::prices_of(settings_.model);
        SessionFigures figures{*usage, std::nullopt};
        if (prices.known()) figures.cost = prices.cost(usage->tokens);
        return figures;
    }

    [[nodiscard]] int show_json(const journal::SessionSummary& session, const SessionFigures& used,
                                const std::vector<jobs::JobRecord>& jobs) const {
        const auto messages = journal::read_messages(journal());
        if (!messages) return complain(console_, messages.error().message, 1);
        OrderedJson document = to_json(session);
        add_figures(document, used);
        OrderedJson listed = OrderedJson::array();
        for (const jobs::JobRecord& job : jobs) {
            listed.push_back({{"id", job.id},
                              {"status", jobs::to_string(job.status)},
                              {"command", job.spec.command}});
        }
        document["jobs"] = std::move(listed);
        document["messages"] = *messages;
        print_line(document);
        return 0;
    }

    const config::Settings& settings_;
    std::filesystem::path folder_;
    const Secrets& secrets_;
    const Console& console_;
    const Arguments& arguments_;
    Screen screen_;
};

int call_sessions_verb(const VerbSpec& verb, const SessionsCall& call) {
    if (verb.name == "list") return call.list();
    return verb.name == "show" ? call.show() : call.print_all();
}

}  // namespace

constinit const CommandSpec kSessionsCommand{
    "tenon sessions",
    "list [--all] [--json]\nshow ID [--json]\nexport ID [--markdown]",
    "Lists the sessions of the workspace, the one written last first, also those that a host has "
    "open; shows a conversation; or prints the whole conversation, for other "
    "programs or as Markdown.",
    kSessionsOptions,
    "export: JSON lines. The first has \"type\":\"session\", id, workspace, provider, model, "
    "created, turns and the system prompt; each that follows is one message, "
    "{\"role\":\"user\" or \"assistant\",\"content\":[blocks]} as in the Messages API. Where the "
    "conversation was cleared or summarised stands \"type\":\"clear\" or \"compaction\".\n"
    "export --markdown: the same as a document for people, with prompts, answers, calls and "
    "results.\n"
    "\n"
    "Exit: 0 done; 1 the session is unknown or cannot be read; 2 usage.\n",
    "list, show and export conversations",
    kSessionsVerbs};

int run_sessions(Options options, const config::Sources& sources, const Console& console) {
    const auto arguments = parse_command(kSessionsCommand, options);
    if (!arguments) return complain(console, arguments.error().message, 2);
    if (options.help) {
        console.out << command_help(kSessionsCommand);
        return 0;
    }
    const auto verb = find_verb(kSessionsCommand, *arguments);
    if (!verb) return complain(console, verb.error().message, 2);
    if ((*verb)->max_ids > 0 && !is_session_id(arguments->words[1])) {
        return complain(console,
                        in_quotes(arguments->words[1]) +
                            " is not a session id: 1 to 64 letters, digits, '.', '_' and '-', the "
                            "first a letter or digit",
                        2);
    }
    const config::Configuration found = config::examine(sources, overrides_of(options));
    const config::Settings& settings = found.settings;
    // A mistake in a configuration file must not prevent anybody from reading.
    const bool strict = options.config || options.workspace || !options.defines.empty() ||
                        settings.state_dir.empty();
    for (const std::string& error : found.errors)
        if (strict) complain(console, error, 2);
    if (strict && !found.errors.empty()) return 2;
    const bool of_workspace = (*verb)->name == "list" && !arguments->has("all");
    if (of_workspace && settings.workspace.empty())
        return complain(console, found.no_workspace + "; --all lists every session", 2);
    if (auto fine = config::check_state_dir(settings.state_dir); !fine)
        return complain(console, fine.error().message, 2);
    Secrets secrets;
    found.credentials.add_to(secrets);
    const SessionsCall call(settings, secrets, console, *arguments,
                            screen_of(console.output, sources.environment));
    return finish(console, call_sessions_verb(**verb, call));
}

}  // namespace tenon::cli
