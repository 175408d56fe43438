#include "host/permission/read_only_git.h"

#include <algorithm>
#include <array>

#include "host/permission/read_only_options.h"

namespace tenon::permission {
namespace {

// clang-format off
/// Options of `git diff`, `git log` and `git show` alike. Not among them: --output, --ext-diff, --textconv, --no-index,
/// --submodule, -O and --show-signature.
constexpr std::string_view kDiffNames =
    "patch no-patch unified= raw patch-with-raw indent-heuristic no-indent-heuristic minimal patience histogram diff-algorithm= "
    "stat? compact-summary numstat shortstat dirstat? summary patch-with-stat name-only name-status color? no-color color-moved? "
    "no-color-moved word-diff? color-words? no-renames check full-index binary abbrev? break-rewrites? find-renames? find-copies? "
    "find-copies-harder diff-filter= pickaxe-all pickaxe-regex text ignore-cr-at-eol ignore-space-at-eol ignore-space-change "
    "ignore-all-space ignore-blank-lines inter-hunk-context= function-context exit-code quiet no-ext-diff no-textconv "
    "src-prefix= dst-prefix= no-prefix relative? no-relative ws-error-highlight= ita-invisible-in-index";
constexpr std::string_view kLogNames =
    "oneline format= pretty? abbrev-commit no-abbrev-commit date= graph no-graph decorate? no-decorate no-mailmap mailmap source "
    "max-count= skip= since= after= until= before= author= committer= grep= all-match invert-grep regexp-ignore-case "
    "extended-regexp fixed-strings perl-regexp merges no-merges first-parent all branches? tags? remotes? reverse follow "
    "topo-order date-order author-date-order no-walk? cherry-mark cherry-pick left-only right-only left-right boundary "
    "simplify-by-decoration full-history no-notes";
constexpr KnownOptions kDiff = {"pusazwbWRc", "UlSG", kDiffNames, true, "MCBDX", "staged cached merge-base", true};
constexpr KnownOptions kLog = {"pusazwbWRcmiEFPgt", "UlSGn", kDiffNames, true, "MCBDX", kLogNames, true};
constexpr KnownOptions kStatus = {"sbz", "", "short branch show-stash porcelain? long untracked-files? ignored? ahead-behind "
    "no-ahead-behind no-renames find-renames?", false, "u", {}, true};
constexpr KnownOptions kBranch = {"arvilq", "", "all remotes verbose list ignore-case contains= no-contains= merged? no-merged? "
    "points-at= sort= color? no-color abbrev= no-abbrev", false, {}, {}, true};
constexpr KnownOptions kRevParse = {"q", "", "show-toplevel show-prefix show-cdup git-dir absolute-git-dir git-common-dir "
    "is-inside-work-tree is-inside-git-dir is-bare-repository is-shallow-repository abbrev-ref? short? verify quiet symbolic "
    "symbolic-full-name all branches? tags? remotes? revs-only no-revs flags no-flags", false, {}, {}, true};
// clang-format on

struct SubCommand {
    std::string_view name;
    const KnownOptions& options;
    bool work_tree, contents;
};

constexpr std::array<SubCommand, 6> kSubCommands = {{
    {"status", kStatus, true, false},
    {"log", kLog, false, false},
    {"diff", kDiff, true, true},
    {"show", kLog, false, true},
    {"branch", kBranch, false, false},
    {"rev-parse", kRevParse, false, false},
}};

/// `%G?` runs a program that checks signatures.
bool checks_signatures(const ParsedOptions& parsed) {
    return std::any_of(parsed.options.begin(), parsed.options.end(), [](const auto& option) {
        return (option.first == "format" || option.first == "pretty" || option.first == "sort") &&
               (option.second.find("%G") != std::string::npos ||
                option.second.find("signature") != std::string::npos);
    });
}

/// Whether `git log` may show contents of files, and not only names, messages and numbers.
bool shows_contents(const ParsedOptions& parsed) {
    constexpr auto kHarmless = std::to_array<std::string_view>(
        {"oneline", "format", "pretty", "n", "number", "max-count", "graph", "decorate", "all",
         "date", "stat", "name-only", "name-status"});
    return std::any_of(parsed.options.begin(), parsed.options.end(), [&](const auto& option) {
        return std::find(kHarmless.begin(), kHarmless.end(), option.first) == kHarmless.end();
    });
}

}  // namespace

ReadOnlyUse use_of_git(const std::vector<Argument>& arguments) {
    const std::size_t at = arguments.size() > 1 && arguments[1].text == "--no-pager" ? 2 : 1;
    if (arguments.size() <= at) return ReadOnlyUse::unlisted("git without a sub-command");
    const std::string& name = arguments[at].text;
    const auto* sub = std::find_if(kSubCommands.begin(), kSubCommands.end(),
                                   [&](const SubCommand& s) { return s.name == name; });
    if (sub == kSubCommands.end() || arguments[at].found)
        return ReadOnlyUse::unlisted("not a git command on the list of read-only ones: git " +
                                     name);
    const ParsedOptions parsed = parse_options(arguments, at + 1, sub->options);
    if (!parsed.unknown.empty())
        return ReadOnlyUse::unlisted("an option that is not on the list of read-only ones: git " +
                                     name + " " + parsed.unknown);
    if (name == "branch" && !parsed.has("list"))
        return ReadOnlyUse::unlisted("git branch without --list");
    if (checks_signatures(parsed))
        return ReadOnlyUse::unlisted("git checks a signature by a program");
    ReadOnlyUse use;
    use.git = {true, sub->work_tree, sub->contents || (name == "log" && shows_contents(parsed))};
    // Values of options too: which words git takes for a path depends on the repository.
    for (std::size_t i = at + 1; i < arguments.size(); ++i)
        if (arguments[i].found || arguments[i].text.substr(0, 1) != "-")
            use.paths.push_back({arguments[i].text});
    for (const Argument& operand : parsed.operands)
        use.paths.push_back({operand.text});
    return use;
}

}  // namespace tenon::permission
