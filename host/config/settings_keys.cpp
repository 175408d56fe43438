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
constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::int64_t kHighestPrice = 1'000'000 * kBillion;
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
void context_window(Settings& s, const SettingValue& v) {
    s.model.context_window = v.number;
}
template <auto Kind>
void price(Settings& s, const SettingValue& v) {
    s.model.price.*Kind = static_cast<double>(v.number) / static_cast<double>(kBillion);
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
    KeySpec{"model.provider",                 kChoice,   "anthropic",  "", "anthropic, openai, openai-responses, replay", 0, 0, kNothing, kFixed, text<kModel, &M::provider>,
            "The wire format in which the model is asked: anthropic (Messages), openai (Chat Completions) or openai-responses (Responses). Many servers of others speak one of them. replay plays a recorded run."},
    KeySpec{"model.name",                     kText,     "",           "none", "",                  0, 0,         kAnything, kFixed,   text<kModel, &M::name>,
            "The model to ask. A run needs one."},
    KeySpec{"model.baseUrl",                  kUrl,      "",           "the provider's", "",        0, 0,         kNothing,  kFixed,   text<kModel, &M::base_url>,
            "The address of the server. The path of a request at its end, such as /v1/chat/completions, is cut off."},
    KeySpec{"model.auth",                     kChoice,   "",           "x-api-key for anthropic, else bearer", "x-api-key, bearer, none", 0, 0, kNothing, kFixed, text<kModel, &M::auth>,
            "How a request carries the key: in the header field x-api-key, as Authorization: Bearer, or not at all."},
    KeySpec{"model.maxTokens",                kInteger,  "8192",       "", "",                      1, kMany,     kNothing,  kSmaller, number<kModel, &M::max_tokens>,
            "The most tokens that one answer may have."},
    KeySpec{"model.apiVersion",               kText,     "2023-06-01", "", "",                      0, 0,         kNothing,  kFixed,   text<kModel, &M::api_version>,
            "The version of the Messages API that requests state."},
    KeySpec{"model.contextWindow",            kInteger,  "",           "known or learned", "",      256, kMany,   kNothing,  kFixed,   context_window,
            "The context window of the models at model.baseUrl, in tokens. A smaller one that the server states when it refuses a request is used for the rest of the run."},
    KeySpec{"model.maxTokensField",           kChoice,   "",           "by server", "max_tokens, max_completion_tokens", 0, 0, kNothing, kFixed, text<kModel, &M::max_tokens_field>,
            "The field of a Chat Completions request that holds model.maxTokens."},
    KeySpec{"model.reasoningEffort",          kText,     "",           "the server's", "",          0, 0,         kNothing,  kFixed,   text<kModel, &M::reasoning_effort>,
            "How much a model of the formats openai and openai-responses reasons, such as low, medium or high; what is allowed depends on the model."},
    KeySpec{"model.threads",                  kBoolean,  "false",      "", "",                      0, 1,         kNothing,  kFixed,   number<kModel, &M::threads>,
            "Whether only new messages are sent to Anthropic's own address, which then keeps the conversation."},
    KeySpec{"model.price.input",              kDecimal,  "",           "none", "",                  0, kHighestPrice, kNothing, kFixed, price<&M::Price::input>,
            "What a million tokens of input cost, in US dollars. With prices, Tenon says what a run has cost. They count for every model of a run."},
    KeySpec{"model.price.output",             kDecimal,  "",           "none", "",                  0, kHighestPrice, kNothing, kFixed, price<&M::Price::output>,
            "The same for tokens of answers."},
    KeySpec{"model.price.cacheRead",          kDecimal,  "",           "none", "",                  0, kHighestPrice, kNothing, kFixed, price<&M::Price::cache_read>,
            "The same for tokens of input that are read from the server's cache; by default, the price of input."},
    KeySpec{"model.price.cacheWrite",         kDecimal,  "",           "none", "",                  0, kHighestPrice, kNothing, kFixed, price<&M::Price::cache_write>,
            "The same for tokens of input that are written to the server's cache; by default, the price of input."},
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

constexpr std::array kFamilyKeys = {
    KeySpec{"model.headers.NAME",             kHeader,   "",           "none", "",                  0, 0,         kNothing,  kFixed,   nullptr,
            "One more header field for each request, such as model.headers.X-Team. It takes the place of Tenon's own of that name. Upper and lower case of NAME are the same."},
    KeySpec{"model.fallback.N.provider",      kChoice,   "",           "model.provider", "anthropic, openai, openai-responses", 0, 0, kNothing, kFixed, nullptr,
            "The wire format of a model that is asked while those before it stay overloaded or unreachable: that of number 1 first."},
    KeySpec{"model.fallback.N.baseUrl",       kUrl,      "",           "the provider's", "",        0, 0,         kNothing,  kFixed,   nullptr,
            "The address of its server. Without it: that of the first model if model.fallback.N.provider is model.provider, else the provider's own."},
    KeySpec{"model.fallback.N.name",          kText,     "",           "none", "",                  0, 0,         kNothing,  kFixed,   nullptr,
            "The name of that model. Each number needs one."},
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

bool holds_any(const std::string& text, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&text](std::string_view word) {
        return text.find(word) != std::string::npos;
    });
}

/// `name` is in lower case.
bool is_credential_word(const std::string& name) {
    return holds_any(name, {"key", "token", "secret", "password", "passwd", "credential"});
}

bool names_credential(std::string_view name) {
    return is_credential_word(lower(name.substr(name.rfind('.') + 1)));  // npos + 1 is 0
}

constexpr std::string_view kHeaders = "model.headers";
constexpr std::string_view kFallback = "model.fallback";

/// What follows `section.`; empty: the key is not in the section.
std::string_view in_section(std::string_view key, std::string_view section) {
    if (!key.starts_with(section) || key.size() < section.size() + 2 || key[section.size()] != '.')
        return {};
    return key.substr(section.size() + 1);
}

/// A name as RFC 9110 allows it (a token), and none of the fields that are HTTP's own business.
bool is_free_header_name(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    constexpr std::array<std::string_view, 14> kOwn = {"host",
                                                       "content-length",
                                                       "content-type",
                                                       "content-encoding",
                                                       "transfer-encoding",
                                                       "connection",
                                                       "keep-alive",
                                                       "proxy-connection",
                                                       "te",
                                                       "trailer",
                                                       "upgrade",
                                                       "expect",
                                                       "accept",
                                                       "accept-encoding"};
    const auto is_token = [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != kMarks.npos;
    };
    return name.size() <= 100 && std::all_of(name.begin(), name.end(), is_token) &&
           std::find(kOwn.begin(), kOwn.end(), lower(name)) == kOwn.end();
}

/// From 1 to 999, without zeros before it; 0: the text is no such number.
long fallback_number(std::string_view text) {
    if (text.empty() || text.size() > 3 || text.front() == '0' ||
        text.find_first_not_of("0123456789") != text.npos)
        return 0;
    return std::stol(std::string(text));
}

/// Of a key of a family; null: it is none.
const KeySpec* find_family_key(std::string_view key) {
    std::string pattern;
    if (header_of_key(key)) pattern = std::string(kHeaders) + ".NAME";
    if (const auto fallback = fallback_key(key))
        pattern = std::string(kFallback) + ".N." + std::string(fallback->member);
    const auto* const spec =
        std::find_if(kFamilyKeys.begin(), kFamilyKeys.end(),
                     [&pattern](const KeySpec& s) { return s.key == pattern; });
    return spec == kFamilyKeys.end() ? nullptr : &*spec;
}

}  // namespace

std::span<const KeySpec> setting_keys() {
    return kKeys;
}

std::span<const KeySpec> plugin_setting_keys() {
    return kPluginKeys;
}

std::span<const KeySpec> family_keys() {
    return kFamilyKeys;
}

const KeySpec* find_key(std::string_view key) {
    const auto* const spec =
        std::find_if(kKeys.begin(), kKeys.end(), [key](const KeySpec& s) { return s.key == key; });
    return spec == kKeys.end() ? find_family_key(key) : &*spec;
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
           key == kHeaders || key == kFallback || fallback_number(in_section(key, kFallback)) > 0 ||
           (plugin_key(key + ".x") && find_any_key(key) == nullptr);
}

std::optional<std::string_view> header_of_key(std::string_view key) {
    const std::string_view name = in_section(key, kHeaders);
    if (name.empty() || !is_free_header_name(name)) return std::nullopt;
    return name;
}

bool is_credential_header(std::string_view name) {
    const std::string text = "-" + lower(name) + "-";
    return is_credential_word(text) ||
           holds_any(text, {"authoriz", "authentic", "-auth-", "cookie"});
}

bool carries_key(std::string_view name) {
    const std::string text = lower(name);
    return text == "authorization" || text == "x-api-key" || text == "api-key";
}

std::optional<FallbackKey> fallback_key(std::string_view key) {
    const std::string_view rest = in_section(key, kFallback);
    const auto dot = rest.find('.');
    if (dot == rest.npos) return std::nullopt;
    const FallbackKey out{fallback_number(rest.substr(0, dot)), rest.substr(dot + 1)};
    const bool known = out.member == "provider" || out.member == "baseUrl" || out.member == "name";
    if (out.number == 0 || !known) return std::nullopt;
    return out;
}

std::string section_of_fallback(long number) {
    return std::string(kFallback) + "." + std::to_string(number);
}

std::string name_of_fallback(long number) {
    return section_of_fallback(number) + ".name";
}

bool is_numbered_section(std::string_view key) {
    return key == kFallback;
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
    for (const KeySpec& spec : kFamilyKeys) {
        names.push_back(spec.key);
        if (section == "model") siblings += ", " + std::string(spec.key);
    }
    if (key.starts_with(kHeaders))
        return "allowed: model.headers.NAME, where NAME is the name of an HTTP header field that "
               "Tenon does not set itself";
    if (key.starts_with(kFallback))
        return "allowed: model.fallback.N.provider, model.fallback.N.baseUrl, "
               "model.fallback.N.name, where N is 1, 2, …";
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
    const auto header = header_of_key(key);
    // NAME: whatever the field is.
    if (header && (*header == "NAME" || is_credential_header(*header))) return "[redacted]";
    if (!is_address(key)) return std::string(value);
    const UserOfAddress user = user_of_address(key, value);
    // No address may have a query, but where one is written it is often a key.
    const auto query = key == "model.proxy" ? value.npos : value.find('?', user.end);
    const std::string_view before = value.substr(0, query);
    std::string shown(before);
    if (user.begin < user.end)
        shown = std::string(before.substr(0, user.begin)) + "[redacted]" +
                std::string(before.substr(user.end));
    return query == value.npos ? shown : shown + "?[redacted]";
}

bool is_address(std::string_view key) {
    return key.ends_with(".baseUrl") || key == "model.proxy";
}

UserOfAddress user_of_address(std::string_view key, std::string_view value) {
    const auto scheme = value.find("://");
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    // A proxy has no path: a '/' before the '@' is part of a password that was not percent-encoded.
    const auto end = key == "model.proxy" ? value.size() : value.find('/', begin);
    const auto at = value.substr(0, end).rfind('@');
    return {begin, at == std::string_view::npos || at < begin ? begin : at};
}

}  // namespace tenon::config
