#include "host/permission/rule_offer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "host/base/is_among.h"

namespace tenon::permission {
namespace {

/// Nobody would read an offer with more rules.
constexpr std::size_t kMostRules = 12;

/// A program and its sub-commands whose prefix is offered. Empty `sub_commands`: any name.
struct CommandFamily {
    std::string_view program;
    std::string_view sub_commands;
    std::string_view with_name;  ///< sub-commands that take one more name: `npm run build`
};

/// Not on the list, since an argument of theirs names a program or is code: `git
/// rebase|bisect|submodule|filter-branch|difftool|grep| config|fetch|pull|clone|log|diff`, `cargo
/// run|install`, `go run|test|build`, `npm exec|install`, `yarn NAME`, `mvn` and `gradle`.
constexpr auto kCommandFamilies = std::to_array<CommandFamily>({
    {"git", "push add commit checkout switch branch tag stash restore reset rm mv", ""},
    {"make", "", ""},
    {"ninja", "", ""},
    {"npm", "test start ci", "run run-script"},
    {"pnpm", "test", "run"},
    {"yarn", "test", "run"},
    {"bun", "test", "run"},
    {"cargo", "build test check clippy fmt doc bench clean", ""},
    {"go", "fmt mod", ""},
});

bool list_holds(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const auto end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == name) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// A word that can be the name of a sub-command, written without quotes.
bool is_name(const shell::Word& word) {
    const std::string& text = word.written;
    if (text != word.decoded || !word.literal() || text.empty() || text.size() > 64) return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':';
           });
}

/// Programs that run their input if they get nothing but options.
constexpr auto kInterpreters = std::to_array<std::string_view>(
    {"python", "pypy",  "node", "nodejs", "ts-node", "perl", "ruby", "php", "lua", "deno",
     "bun",    "tclsh", "R",    "julia",  "guile",   "ghci", "bc",   "irb", "iex", "swift"});
/// Programs that run their input with any arguments.
constexpr auto kAlwaysInterpreters = std::to_array<std::string_view>(
    {"xargs", "parallel", "psql", "mysql", "sqlite3", "gdb", "ed", "ex", "at", "batch"});
/// Programs that pass their input to another program.
constexpr auto kRunners = std::to_array<std::string_view>(
    {"docker", "podman", "kubectl", "ssh", "env", "uv", "sh", "bash", "dash", "zsh", "crontab"});
/// Programs that only copy, filter, count or compare their input.
constexpr auto kFilters = std::to_array<std::string_view>(
    {"cat",  "tee",  "head",   "tail",   "wc",       "grep",  "egrep", "fgrep",  "rg",
     "sort", "uniq", "cut",    "tr",     "diff",     "cmp",   "comm",  "column", "nl",
     "rev",  "fold", "fmt",    "join",   "jq",       "less",  "more",  "base64", "od",
     "xxd",  "gzip", "gunzip", "zcat",   "xz",       "paste", "file",  "stat",   "true",
     "echo", "test", "cksum",  "md5sum", "sha256sum"});

/// A file name without its version: python3.11 is python.
std::string_view without_version(std::string_view name) {
    const auto last = name.find_last_not_of("0123456789.");
    return last == std::string_view::npos ? name : name.substr(0, last + 1);
}

bool is_option(const shell::Word& word) {
    return word.decoded.starts_with("-");
}

bool is_standard_input(const shell::Word& word) {
    return word.decoded == "-" || word.decoded.starts_with("/dev/") ||
           word.decoded.starts_with("/proc/");
}

/// Why no rule is offered for this need; empty: its rule can be offered.
std::string why_no_offer(const Need& need, const std::string& rule) {
    if (need.opaque)
        return "It is not wholly understood" +
               (need.part.opaque.empty() ? "" : " (" + need.part.opaque + ")");
    if (need.kind == NeedKind::kCommand && may_run_its_input(need.part))
        return "A rule would hold for any other input too";
    if (!need.runs_inside) return "It runs outside the workspace, where such a rule does not hold";
    if (!need.certain) return "It uses a file that only the shell knows";
    if (rule.empty()) return "No rule covers a link to what is protected";
    if (rule == "Bash") return "It is too long for a rule";
    return {};
}

void add_rule_once(std::vector<std::string>& list, std::string text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

}  // namespace

bool may_run_its_input(const shell::Part& part) {
    if (part.words.empty()) return false;
    const std::string_view name = shell::command_name(part.words[0]);
    const auto first = part.words.begin() + 1;
    const bool has_text =
        std::any_of(part.redirections.begin(), part.redirections.end(),
                    [](const shell::Redirection& r) { return r.op.starts_with("<<"); });
    // An unknown program may run the text of a here-document.
    if (has_text && !is_among(kFilters, name) && !prefix_rule(part)) return true;
    if (is_among(kAlwaysInterpreters, name) || (part.given_input && is_among(kRunners, name)))
        return true;
    const bool names_input = std::any_of(first, part.words.end(), is_standard_input);
    if (is_among(kInterpreters, without_version(name)))
        return names_input || std::all_of(first, part.words.end(), is_option);
    const bool applies = name == "git" && part.words.size() > 1 && first->decoded == "apply";
    return part.given_input && ((names_input && !is_among(kFilters, name)) || applies);
}

std::optional<std::string> prefix_rule(const shell::Part& part) {
    if (!part.assignments.empty() || part.words.size() < 2 || !part.opaque.empty())
        return std::nullopt;
    const shell::Word& program = part.words[0];
    const auto* family =
        std::find_if(kCommandFamilies.begin(), kCommandFamilies.end(),
                     [&](const CommandFamily& f) { return f.program == program.written; });
    if (family == kCommandFamilies.end() || !is_name(part.words[1])) return std::nullopt;
    const std::string& sub = part.words[1].written;
    std::string prefix = program.written + " " + sub;
    if (list_holds(family->with_name, sub)) {
        if (part.words.size() < 3 || !is_name(part.words[2])) return std::nullopt;
        prefix += " " + part.words[2].written;
    } else if (!family->sub_commands.empty() && !list_holds(family->sub_commands, sub)) {
        return std::nullopt;
    }
    return "Bash(" + prefix + " *)";
}

RuleOffer offer_for(const std::vector<const Need*>& unmet, const std::filesystem::path& workspace) {
    std::vector<std::string> exact;
    std::vector<std::string> wider;
    for (const Need* need : unmet) {
        std::string rule = need->rule(workspace);
        if (auto why = why_no_offer(*need, rule); !why.empty())
            return {{}, why + ", so only yes and no are offered."};
        const auto prefix =
            need->kind == NeedKind::kCommand ? prefix_rule(need->part) : std::nullopt;
        add_rule_once(wider, prefix.value_or(rule));
        add_rule_once(exact, std::move(rule));
        if (exact.size() > kMostRules)
            return {{}, "It needs too many rules at once, so only yes and no are offered."};
    }
    RuleOffer offer;
    if (!exact.empty()) offer.choices.push_back(exact);
    if (wider != exact) offer.choices.push_back(std::move(wider));
    return offer;
}

}  // namespace tenon::permission
