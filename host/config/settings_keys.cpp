#include "host/config/settings_keys.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "host/base/ids.h"
#include "host/base/nearest.h"
#include "host/base/quantity.h"

namespace tenon::config {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMany = 1'000'000'000;
constexpr std::int64_t kLongest = kLongestDuration.count();
constexpr std::int64_t kLeastMemory = std::int64_t{1} << 20U;
constexpr std::int64_t kAnySize = std::int64_t{1} << 50U;
using enum ValueType;
constexpr auto kNothing = FromWorkspace::kNothing;
constexpr auto kAnything = FromWorkspace::kAnything;
constexpr auto kStricter = FromWorkspace::kStricter;
using enum Strictness;

template <auto Part, auto Member>
void text(Settings& s, const SettingValue& v) {
    s.*Part.*Member = v.text;
}
template <auto Part, auto Member>
void number(Settings& s, const SettingValue& v) {
    using T = std::remove_reference_t<decltype(s.*Part.*Member)>;
    s.*Part.*Member = static_cast<T>(v.number);
}
template <auto Part, auto Member>
void duration(Settings& s, const SettingValue& v) {
    s.*Part.*Member = milliseconds(v.number);
}
void max_turns(Settings& s, const SettingValue& v) {
    s.agent.max_turns = v.number == kUnlimited ? std::nullopt : std::optional(v.number);
}
std::optional<std::uint64_t> unless_unlimited(const SettingValue& v) {
    if (v.number == kUnlimited) return std::nullopt;
    return static_cast<std::uint64_t>(v.number);
}
void memory_limit(Settings& s, const SettingValue& v) {
    s.jobs.memory_limit = unless_unlimited(v);
}
void process_limit(Settings& s, const SettingValue& v) {
    s.jobs.process_limit = unless_unlimited(v);
}
void cpu_limit(Settings& s, const SettingValue& v) {
    s.jobs.cpu_limit =
        v.number == kUnlimited ? std::nullopt : std::optional(milliseconds(v.number));
}
void token_threshold(Settings& s, const SettingValue& v) {
    s.agent.token_threshold = v.number;
}

using M = Settings::Model;
using A = Settings::Agent;
using J = Settings::Jobs;
using P = Settings::Permissions;
using S = Settings::Sandbox;
using L = Settings::Log;
using Pl = Settings::Plugins;
constexpr auto kModel = &Settings::model;
constexpr auto kAgent = &Settings::agent;
constexpr auto kJobs = &Settings::jobs;
constexpr auto kPermissions = &Settings::permissions;
constexpr auto kSandbox = &Settings::sandbox;
constexpr auto kLog = &Settings::log;
constexpr auto kPlugins = &Settings::plugins;

// clang-format off
constexpr std::array kKeys = {
    //      key                               type        default       otherwise                    choices  least most from an untrusted workspace, what is stricter
    //      what it is for
    KeySpec{"model.provider",                 kChoice,   "anthropic",  "", "anthropic, replay",     0, 0,         kNothing,  kFixed,   text<kModel, &M::provider>,
            "How the model is reached: the name of a wire format, or replay for a recorded run."},
    KeySpec{"model.name",                     kText,     "",           "none", "",                  0, 0,         kAnything, kFixed,   text<kModel, &M::name>,
            "The model to ask. A run needs one."},
    KeySpec{"model.baseUrl",                  kUrl,      "",           "the provider's", "",        0, 0,         kNothing,  kFixed,   text<kModel, &M::base_url>,
            "The address of the server. A path of requests at its end is cut off."},
    KeySpec{"model.maxTokens",                kInteger,  "8192",       "", "",                      1, kMany,     kNothing,  kSmaller, number<kModel, &M::max_tokens>,
            "The most tokens that one answer may have."},
    KeySpec{"model.apiVersion",               kText,     "2023-06-01", "", "",                      0, 0,         kNothing,  kFixed,   text<kModel, &M::api_version>,
            "The version of the Messages API that requests state."},
    KeySpec{"model.retry.maxAttempts",        kInteger,  "10",         "", "",                      1, 1000,      kNothing,  kSmaller, number<kModel, &M::retry_max_attempts>,
            "How often a request is sent at most."},
    KeySpec{"model.retry.baseDelayMs",        kInteger,  "500",        "", "",                      0, 3'600'000, kNothing,  kGreater, duration<kModel, &M::retry_base_delay>,
            "The first delay before a retry, in milliseconds. It doubles with each further one, and is varied at random. A server's retry-after is obeyed."},
    KeySpec{"model.retry.maxElapsed",         kDuration, "1h",         "", "",                      1, kLongest,  kNothing,  kSmaller, duration<kModel, &M::retry_max_elapsed>,
            "When this time has passed since the first attempt, there is no further retry."},
    KeySpec{"model.idleTimeout",              kDuration, "90s",        "", "",                      1, kLongest,  kNothing,  kFixed,   duration<kModel, &M::idle_timeout>,
            "When the server sends no byte for this time, the attempt is given up and retried. The wait for the headers counts."},
    KeySpec{"model.caFile",                   kPath,     "",           "the system's", "system",    0, 0,         kNothing,  kFixed,   text<kModel, &M::ca_file>,
            "A file with the certificates (PEM) of the authorities that a server's certificate is checked against, in place of the system's, or a directory that openssl rehash has prepared."},
    KeySpec{"model.proxy",                    kProxy,    "",           "the environment's", "",     0, 0,         kNothing,  kFixed,   nullptr,
            "The address of an HTTP proxy, with user and password if it needs them; none: no proxy, whatever the environment says."},
    KeySpec{"agent.maxTurns",                 kInteger,  "unlimited",  "", "unlimited",             1, kMany,     kStricter, kSmaller, max_turns,
            "A run stops after this number of turns."},
    KeySpec{"agent.subagent.maxTurns",        kInteger,  "30",         "", "",                      1, kMany,     kStricter, kSmaller, number<kAgent, &A::subagent_max_turns>,
            "The same for a subagent."},
    KeySpec{"agent.compaction.tokenThreshold", kInteger, "",           "from the model's window, else 50000", "", 1, kMany, kNothing, kFixed,   token_threshold,
            "The conversation is made shorter when it has more tokens than this."},
    KeySpec{"agent.compaction.keepRecent",    kInteger,  "3",          "", "",                      0, kMany,     kNothing,  kFixed,   number<kAgent, &A::keep_recent>,
            "How many of the newest tool results stay in the conversation when it is made shorter."},
    KeySpec{"agent.wake",                     kBoolean,  "true",       "", "",                      0, 1,         kNothing,  kSmaller, number<kAgent, &A::wake>,
            "Whether the end of a background job wakes an idle interactive session."},
    KeySpec{"agent.queue",                    kChoice,   "tools",      "", "tools, turn",           0, 0,         kNothing,  kFixed,   text<kAgent, &A::queue>,
            "When a prompt that is entered during a turn is delivered: with the next tool results, or after the turn."},
    KeySpec{"jobs.maxRunning",                kInteger,  "",           "max(4, 2 x cores)", "",     1, 100'000,   kStricter, kSmaller, number<kJobs, &J::max_running>,
            "How many background jobs of one host run at a time. Further ones are queued."},
    KeySpec{"jobs.maxQueued",                 kInteger,  "10000",      "", "",                      1, kMany,     kNothing,  kSmaller, number<kJobs, &J::max_queued>,
            "When this number of jobs is queued, a further job is refused."},
    KeySpec{"jobs.timeout",                   kDuration, "1h",         "", "",                      1, kLongest,  kStricter, kSmaller, duration<kJobs, &J::timeout>,
            "A job that asks for no time of its own is ended when this time has passed since its start. Persistent jobs are not."},
    KeySpec{"jobs.maxTimeout",                kDuration, "24h",        "", "",                      1, kLongest,  kStricter, kSmaller, duration<kJobs, &J::max_timeout>,
            "The longest time that a call may ask for."},
    KeySpec{"jobs.foregroundTimeout",         kDuration, "120s",       "", "",                      1, kLongest,  kStricter, kSmaller, duration<kJobs, &J::foreground_timeout>,
            "A foreground command that runs longer becomes a background job."},
    KeySpec{"jobs.outputLimit",               kSize,     "64 MiB",     "", "",                      4, kAnySize,  kStricter, kSmaller, number<kJobs, &J::output_limit>,
            "How much of the output of one job is kept on disk: its beginning and its end."},
    KeySpec{"jobs.totalOutputLimit",          kSize,     "4 GiB",      "", "",                      4, kAnySize,  kNothing,  kSmaller, number<kJobs, &J::total_output_limit>,
            "How much of the output of all jobs is kept on disk."},
    KeySpec{"jobs.keepDays",                  kInteger,  "30",         "", "",                      0, 36'500,    kNothing,  kFixed,   number<kJobs, &J::keep_days>,
            "A job that ended this number of days ago, and whose end was delivered, is removed."},
    KeySpec{"jobs.memoryLimit",               kSize,     "none",       "", "none",                  kLeastMemory, kAnySize, kStricter, kSmaller, memory_limit,
            "The resident memory that a job may have with its process tree. Memory that processes share is counted once."},
    KeySpec{"jobs.processLimit",              kInteger,  "none",       "", "none",                  1, kMany,     kStricter, kSmaller, process_limit,
            "How many processes a job may have at one time."},
    KeySpec{"jobs.cpuLimit",                  kDuration, "none",       "", "none",                  1, kLongest,  kStricter, kSmaller, cpu_limit,
            "The processor time that a job may use with its process tree."},
    KeySpec{"jobs.pidNamespace",              kBoolean,  "false",      "", "",                      0, 1,         kNothing,  kGreater, number<kJobs, &J::pid_namespace>,
            "Whether each job gets a PID namespace of its own, where one can be made."},
    KeySpec{"plugins.path",                   kPaths,    "",           "", "",                      0, 0,         kNothing,  kFewer,   nullptr,
            "Directories that are searched for plugins in addition to the built-in ones."},
    KeySpec{"plugins.require",                kChoice,   "any",        "", "any, known",            0, 0,         kNothing,  kSmaller, text<kPlugins, &Pl::require>,
            "known: only first-party plugins are loaded, and files whose SHA-256 is listed in /etc/tenon/plugins.allow."},
    KeySpec{"permissions.mode",               kChoice,   "ask",        "", "ask, acceptEdits, plan, dontAsk, bypassPermissions", 0, 0, kNothing, kByMode,  text<kPermissions, &P::mode>,
            "What happens to a call that no rule names: ask asks; acceptEdits also lets files of the workspace be changed; plan refuses whatever is not read-only; dontAsk refuses instead of asking; bypassPermissions allows."},
    KeySpec{"permissions.readOnlyCommands",   kBoolean,  "true",       "", "",                      0, 1,         kStricter, kSmaller, number<kPermissions, &P::read_only_commands>,
            "Whether the commands of a fixed list, which only read inside the workspace, need no question."},
    KeySpec{"permissions.allow",              kRules,    "",           "none", "",                  0, 0,         kNothing,  kFewer,   nullptr,
            "Rules for what needs no question, such as Bash(make *)."},
    KeySpec{"permissions.ask",                kRules,    "",           "none", "",                  0, 0,         kAnything, kMore,    nullptr,
            "Rules for what asks, even where an allow rule matches."},
    KeySpec{"permissions.deny",               kRules,    "",           "none", "",                  0, 0,         kAnything, kMore,    nullptr,
            "Rules for what is refused. They come before all others."},
    KeySpec{"sandbox.mode",                   kChoice,   "off",        "", "off, workspace, read-only", 0, 0,     kStricter, kSmaller, text<kSandbox, &S::mode>,
            "What shell commands may do: off (everything that the user may), workspace (write only there), read-only."},
    KeySpec{"sandbox.write",                  kPaths,    "",           "none", "",                  0, 0,         kNothing,  kFewer,   nullptr,
            "Directories that commands may also write in the mode workspace."},
    KeySpec{"sandbox.denyRead",               kPaths,    "",           "~/.ssh ~/.aws ~/.gnupg ~/.config/gcloud ~/.kube ~/.docker ~/.netrc, Tenon's state and configuration", "", 0, 0, kNothing, kMore,    nullptr,
            "What commands may not read in the sandbox. A list of your own replaces the default."},
    KeySpec{"sandbox.network",                kChoice,   "none",       "", "none, loopback, full",  0, 0,         kNothing,  kGreater, text<kSandbox, &S::network>,
            "What commands in the sandbox reach: nothing (none), this machine (loopback), everything (full)."},
    KeySpec{"sandbox.require",                kBoolean,  "false",      "", "",                      0, 1,         kNothing,  kGreater, number<kSandbox, &S::require>,
            "Whether commands are refused when the system cannot enforce the whole sandbox."},
    KeySpec{"terminal.notify",                kChoices,  "bell, osc9", "", "bell, osc9",            0, 0,         kNothing,  kFixed,   nullptr,
            "How the interactive session calls you at a question, at the end of a turn of more than 10 s and at the end of a job, while the terminal does not have the focus: by its bell (bell), by a desktop notification (osc9). An empty value turns both off."},
    KeySpec{"log.level",                      kChoice,   "warning",    "", "trace, debug, info, warning, error, critical, off", 0, 0, kAnything, kFixed,   text<kLog, &L::level>,
            "From which level on messages are logged."},
    KeySpec{"log.file",                       kPath,     "",           "stderr", "stderr",          0, 0,         kNothing,  kFixed,   text<kLog, &L::file>,
            "Where messages go."},
    KeySpec{"log.format",                     kChoice,   "text",       "", "text, json",            0, 0,         kNothing,  kFixed,   text<kLog, &L::format>,
            "The form of messages; json is for machines."},
};

/// plugins.<id>.<key>
constexpr std::array kPluginKeys = {
    KeySpec{"enabled",                        kBoolean,  "true",       "", "",                      0, 1,         kNothing,  kSmaller, nullptr,
            "Whether the plugin is loaded."},
    KeySpec{"isolated",                       kBoolean,  "",           "by origin", "",             0, 1,         kNothing,  kGreater, nullptr,
            "Whether the plugin runs in a process of its own. First-party plugins do not, all others do."},
    KeySpec{"callTimeout",                    kDuration, "10m",        "", "",                      1, kLongest,  kNothing,  kSmaller, nullptr,
            "The longest time that one call of a tool of the plugin may take."},
    KeySpec{"grants",                         kGrants,   "",           "none", "",                  0, 0,         kNothing,  kFewer,   nullptr,
            "What the plugin may do beyond the default: network, exec, read:DIR, write:DIR, unconfined. Only what the plugin states as a need has an effect."},
};
// clang-format on

std::vector<std::string_view> names_of_plugin_keys() {
    std::vector<std::string_view> names;
    for (const KeySpec& spec : kPluginKeys)
        names.push_back(spec.key);
    return names;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return out;
}

bool names_credential(std::string_view name) {
    const std::string last = lower(name.substr(name.rfind('.') + 1));  // npos + 1 is 0
    for (const std::string_view word :
         {"key", "token", "secret", "password", "passwd", "credential"}) {
        if (last.find(word) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

std::span<const KeySpec> setting_keys() {
    return kKeys;
}

std::span<const KeySpec> plugin_setting_keys() {
    return kPluginKeys;
}

const KeySpec* find_key(std::string_view key) {
    const auto* const spec =
        std::find_if(kKeys.begin(), kKeys.end(), [key](const KeySpec& s) { return s.key == key; });
    return spec == kKeys.end() ? nullptr : &*spec;
}

const KeySpec* find_plugin_key(std::string_view name) {
    const auto* const spec = std::find_if(kPluginKeys.begin(), kPluginKeys.end(),
                                          [name](const KeySpec& s) { return s.key == name; });
    return spec == kPluginKeys.end() ? nullptr : &*spec;
}

const KeySpec* find_any_key(std::string_view key) {
    if (const KeySpec* spec = find_key(key)) return spec;
    const auto plugin = plugin_key(key);
    return plugin ? find_plugin_key(plugin->name) : nullptr;
}

bool is_section(const std::string& key) {
    const auto keys = setting_keys();
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KeySpec& s) { return s.key.starts_with(key + "."); }) ||
           (plugin_key(key + ".x") && find_any_key(key) == nullptr);
}

bool is_list(const KeySpec& spec) {
    return spec.type == ValueType::kPaths || spec.type == ValueType::kRules ||
           spec.type == ValueType::kGrants || spec.type == ValueType::kChoices;
}

NumberedKey numbered_key(const std::string& key) {
    constexpr std::size_t kMaxDigits = 9;
    const auto dot = key.rfind('.');
    if (dot == std::string::npos) return {key};
    const std::string number = key.substr(dot + 1);
    if (number.empty() || number.size() > kMaxDigits ||
        number.find_first_not_of("0123456789") != std::string::npos) {
        return {key};
    }
    return {key.substr(0, dot), std::stol(number)};
}

std::optional<PluginKey> plugin_key(std::string_view key) {
    constexpr std::string_view kPrefix = "plugins.";
    if (!key.starts_with(kPrefix)) return std::nullopt;
    key.remove_prefix(kPrefix.size());
    const auto dot = key.find('.');
    if (dot == std::string_view::npos || dot + 1 == key.size()) return std::nullopt;
    const std::string_view id = key.substr(0, dot);
    // `plugins.path` is the list of folders.
    if (id == "path") return std::nullopt;
    if (is_plugin_id(id)) return PluginKey{std::string(id), std::string(key.substr(dot + 1))};
    // A directory in the Agent Plugins form may have a name that no plugin's file has.
    const auto last = key.rfind('.');
    if (key.substr(last + 1) != "enabled" || !is_agent_plugin_name(key.substr(0, last)))
        return std::nullopt;
    return PluginKey{std::string(key.substr(0, last)), "enabled"};
}

std::optional<std::string_view> misspelt_plugin_key(std::string_view name) {
    return nearest(numbered_key(std::string(name)).key, names_of_plugin_keys());
}

std::string hint_for_unknown(std::string_view key) {
    std::vector<std::string_view> names;
    std::string siblings;
    const std::string_view section = key.substr(0, key.find('.'));
    for (const KeySpec& spec : kKeys) {
        names.push_back(spec.key);
        if (spec.key.substr(0, spec.key.find('.')) != section) continue;
        siblings += (siblings.empty() ? "" : ", ") + std::string(spec.key);
    }
    if (lower(key).ends_with("apikey")) {
        return "credentials come from the environment: ANTHROPIC_API_KEY, OPENAI_API_KEY";
    }
    if (const auto meant = nearest(key, names)) return "did you mean " + std::string(*meant) + "?";
    if (section == "plugins") {
        for (const std::string_view name : names_of_plugin_keys())
            siblings += ", plugins.ID." + std::string(name);
        siblings += ", plugins.ID.<its own keys>";
    }
    if (!siblings.empty()) return "allowed: " + siblings;
    return "allowed: keys of model, agent, jobs, plugins, permissions, sandbox, terminal and log";
}

std::string shown_value(std::string_view key, std::string_view value) {
    if (const auto plugin = plugin_key(key); plugin && names_credential(plugin->name))
        return "[redacted]";
    if (key != "model.baseUrl" && key != "model.proxy") return std::string(value);
    const auto scheme = value.find("://");
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    // A proxy has no path: a '/' before the '@' is part of a password that was not percent-encoded.
    const auto end = key == "model.proxy" ? value.size() : value.find('/', begin);
    const auto at = value.substr(0, end).rfind('@');
    if (at == std::string_view::npos || at < begin) return std::string(value);
    return std::string(value.substr(0, begin)) + "[redacted]" + std::string(value.substr(at));
}

}  // namespace tenon::config
