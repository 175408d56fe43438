#include "host/permission/needs.h"

#include <algorithm>
#include <map>
#include <set>

#include "host/base/path_text.h"
#include "host/base/utf8.h"
#include "host/permission/arguments.h"
#include "host/permission/file_commands.h"
#include "host/permission/protected_paths.h"
#include "host/shell/grammar.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

/// A rule for a longer command would be unreadable in a message.
constexpr std::size_t kLongestRule = 1'000;
/// Pairs of redirection and directory in one command that are judged one by one.
constexpr std::size_t kMostRedirections = 1'000;
constexpr std::size_t kMostStartDirectories = 16;
/// The commands of a text with more of them are not judged one by one.
constexpr std::size_t kMostParts = 1'000;

Need path_need(std::string_view tool, NeedKind kind, const fs::path& path, const FileRoots& roots) {
    Need need;
    need.tool = tool;
    need.kind = kind;
    need.path = normalised(path, "/");
    need.real = resolved(path);
    need.inside = is_beneath(need.real, kind == NeedKind::kEdit ? roots.write : roots.read);
    if (kind != NeedKind::kEdit) return need;
    auto name = protected_target(need.real, roots.write);
    if (!name) name = protected_name(need.path, roots.write);
    need.protected_name = name.value_or("");
    return need;
}

bool is_input(const shell::Redirection& redirection) {
    return redirection.op == "<" || redirection.op == "<>";
}

/// One for each way in which the file is opened: `<>` is both.
std::vector<NeedKind> kinds_of(const shell::Redirection& redirection) {
    std::vector<NeedKind> kinds;
    if (redirection.writes_file()) kinds.push_back(NeedKind::kEdit);
    if (is_input(redirection) && redirection.target.decoded != "/dev/null")
        kinds.push_back(NeedKind::kRead);
    return kinds;
}

Need unknown_file(NeedKind kind) {
    Need need;
    need.kind = kind;
    need.certain = false;
    return need;
}

/// The needs of redirections, each once.
class Redirections {
public:
    Redirections(const CommandContext& context, std::vector<Need>& out)
        : context_(context), out_(out) {}

    /// For allow rules: every file that it may be, in every directory where the part may run. A
    /// pattern counts as unknown. `stale`: another part may change where a path leads.
    void add_required(const shell::Redirection& redirection, const RunDirectories& where,
                      bool stale) {
        for (const NeedKind kind : kinds_of(redirection)) {
            const auto target = value_of(redirection.target, context_.bases.home);
            if (!target || stale || target->empty() || too_many()) {
                add_unknown(kind);
            } else if ((*target)[0] == '/') {
                add(kind, *target);
            } else if (!where.known) {
                add_unknown(kind);
            } else {
                for (const fs::path& directory : where.paths)
                    add(kind, directory / *target);
            }
        }
    }

    /// For deny rules: every file that it could be. False: there are too many.
    bool add_possible(const shell::Redirection& redirection,
                      const std::vector<fs::path>& directories) {
        for (const NeedKind kind : kinds_of(redirection)) {
            const shell::Word& word = redirection.target;
            bool known = false;
            for (const fs::path& directory : directories) {
                if (too_many()) return false;
                if (const auto names = arguments_of(word, directory, context_.bases.home)) {
                    known = true;
                    for (const Argument& name : *names)
                        add(kind, !name.text.empty() && name.text[0] == '/'
                                      ? fs::path(name.text)
                                      : directory / name.text);
                }
            }
            if (!known) add_unknown(kind);
        }
        return true;
    }

private:
    [[nodiscard]] bool too_many() const { return seen_.size() > kMostRedirections; }

    void add(NeedKind kind, const fs::path& path) {
        if (!seen_.insert({kind, path.native()}).second) return;
        Need need = path_need({}, kind, path, context_.roots);
        need.certain = locate(path).sure;
        need.inside = need.inside && need.certain;
        out_.push_back(std::move(need));
    }
    void add_unknown(NeedKind kind) {
        if (seen_.insert({kind, {}}).second) out_.push_back(unknown_file(kind));
    }

    const CommandContext& context_;
    std::vector<Need>& out_;
    std::set<std::pair<NeedKind, std::string>> seen_;
};

/// The directories where a relative path of the text could start: `cwd`, and each directory that
/// its `cd` and `pushd` could lead to from there. Nothing if there are too many.
std::optional<std::vector<fs::path>> start_directories(const shell::Script& script,
                                                       const fs::path& cwd, const fs::path& home) {
    std::vector<fs::path> out = {cwd};
    std::set<std::string> known = {cwd.native()};
    for (const shell::Part& part : script.parts) {
        if (part.words.size() < 2) continue;
        const std::string_view name = part.words[0].decoded;
        if (name != "cd" && name != "pushd") continue;
        for (std::size_t i = 1; i < part.words.size(); ++i) {
            const auto target = value_of(part.words[i], home);
            if (!target || target->empty() || (*target)[0] == '-') continue;
            for (std::size_t at = 0, size = out.size(); at < size; ++at) {
                fs::path there = (*target)[0] == '/' ? fs::path(*target) : out[at] / *target;
                if (known.insert(there.native()).second) out.push_back(std::move(there));
                if (out.size() > kMostStartDirectories) return std::nullopt;
            }
        }
    }
    return out;
}

std::string escaped(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (std::string_view("*?[\\").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string shown_path(const fs::path& path, const fs::path& workspace) {
    if (path == workspace) return ".";
    return is_beneath(path, {workspace}) ? path.lexically_relative(workspace).string()
                                         : path.string();
}

std::string path_pattern(const fs::path& real, const fs::path& workspace) {
    if (!is_beneath(real, {workspace})) return "/" + escaped(real.string());
    const std::string below = escaped(shown_path(real, workspace));
    const bool anchored =
        below.find('/') != std::string::npos && below[0] != '~' && below[0] != '!';
    return anchored || below == "." ? below : "./" + below;
}

bool is_for_path(const Rule& rule, const Need& need) {
    return rule.subject() ==
           (need.kind == NeedKind::kEdit ? RuleSubject::kEdit : RuleSubject::kRead);
}

Need command_need(std::string_view tool, shell::Part part) {
    Need need;
    need.kind = NeedKind::kCommand;
    need.tool = tool;
    need.opaque = !part.opaque.empty();
    need.part = std::move(part);
    return need;
}

bool leaves_directory(const shell::Part& part) {
    if (part.words.empty()) return false;
    const std::string_view name = shell::command_name(part.words[0]);
    return name == "cd" || name == "pushd" || name == "popd";
}

/// One need for the whole text.
Need need_of_whole_text(std::string_view tool, std::string_view command, std::string why) {
    shell::Part part;
    part.written = part.whole = command;
    part.opaque = std::move(why);
    return command_need(tool, std::move(part));
}

void add_possible_needs(CommandNeeds& needs, std::string_view tool, shell::Script script,
                        const fs::path& cwd, const CommandContext& context) {
    needs.parse_failure = std::move(script.failed);
    if (context.path_rules) {
        const auto directories = start_directories(script, cwd, context.bases.home);
        Redirections redirections(context, needs.possible);
        for (const shell::Part& part : script.parts)
            for (const shell::Redirection& redirection : part.redirections)
                if (!directories || !redirections.add_possible(redirection, *directories))
                    needs.parse_failure = "too many redirections and directories to look at";
    }
    std::set<std::string> known;
    for (shell::Part& part : script.parts)
        if (known.insert(part.whole + '\1' + part.written + '\1' + part.opaque).second)
            needs.possible.push_back(command_need(tool, std::move(part)));
}

/// Two parts with the same identity get the same verdict.
std::string identity(const shell::Part& part, const RunDirectories& where) {
    std::string out = part.whole + '\1' + part.written + '\1' + part.opaque;
    for (const fs::path& directory : where.paths)
        out.append("\1").append(directory.native());
    return out + (where.known ? "" : "\1?") + (part.given_input ? "\1<" : "");
}

bool runs_inside(const RunDirectories& where, const FileRoots& roots) {
    return where.known &&
           std::all_of(where.paths.begin(), where.paths.end(), [&](const fs::path& directory) {
               return is_beneath(resolved(directory), roots.write);
           });
}

void add_required_needs(CommandNeeds& needs, std::string_view tool, const CommandContext& context) {
    std::map<std::string, bool> leaves;
    const bool several = needs.parts.size() > 1;
    std::vector<std::string> identities;
    for (std::size_t i = 0; i < needs.parts.size(); ++i) {
        identities.push_back(identity(needs.parts[i], needs.directories[i]));
        if (!several) break;
        const auto [entry, is_new] = leaves.try_emplace(identities.back(), false);
        if (is_new)
            entry->second =
                may_leave_links(needs.parts[i], needs.directories[i], context.bases.home);
        needs.leaves_links.push_back(entry->second);
    }
    const auto links = std::count(needs.leaves_links.begin(), needs.leaves_links.end(), true);
    Redirections redirections(context, needs.required);
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < needs.parts.size(); ++i) {
        const shell::Part& part = needs.parts[i];
        // The redirection would follow a link that another part makes.
        const bool own = several && needs.leaves_links[i] && !needs.loops;
        const bool stale = links > (own ? 1 : 0);
        for (const shell::Redirection& redirection : part.redirections)
            redirections.add_required(redirection, needs.directories[i], stale);
        // A redirection alone runs nothing.
        const bool nothing = part.words.empty() && part.assignments.empty() &&
                             !part.redirections.empty() && part.opaque.empty();
        const auto [entry, is_new] = known.try_emplace(identities[i], needs.required.size());
        needs.need_of_part.push_back(nothing ? shell::Part::kNone : entry->second);
        if (nothing || !is_new) continue;
        Need need = command_need(tool, part);
        need.runs_inside = runs_inside(needs.directories[i], context.roots);
        needs.required.push_back(std::move(need));
    }
}

}  // namespace

bool Need::matched_by_deny(const Rule& rule) const {
    if (rule.subject() == RuleSubject::kTool) return rule.names_tool(tool);
    if (kind == NeedKind::kCommand)
        return rule.subject() == RuleSubject::kBash && rule.denies(part);
    if (kind == NeedKind::kTool) return rule.subject() == rules && rule.matches_name(name);
    if (!is_for_path(rule, *this)) return false;
    return rule.bare() ||
           (!path.empty() && (rule.matches_path(path, true) || rule.matches_path(real, true)));
}

bool Need::matched_by_ask(const Rule& rule) const {
    return matched_by_deny(rule) ||
           (kind == NeedKind::kCommand && rule.subject() == RuleSubject::kBash && rule.asks(part));
}

bool Need::matched_by_allow(const Rule& rule) const {
    if (rule.subject() == RuleSubject::kTool)
        return protected_name.empty() && rule.names_tool(tool);
    if (kind == NeedKind::kCommand)
        return rule.subject() == RuleSubject::kBash &&
               (rule.bare() || (runs_inside && rule.allows(part, opaque)));
    if (kind == NeedKind::kTool) return rule.subject() == rules && rule.matches_name(name);
    if (!is_for_path(rule, *this)) return false;
    if (!protected_name.empty() && !rule.names(protected_name)) return false;
    return rule.bare() || (certain && rule.matches_path(real, false));
}

std::string Need::description(const fs::path& workspace) const {
    switch (kind) {
        case NeedKind::kCommand: {
            std::string text = "run `" + (part.written.empty() ? part.whole : part.written) + "`";
            if (opaque && !part.opaque.empty())
                text += " (not wholly understood: " + part.opaque + ")";
            return text;
        }
        case NeedKind::kEdit:
            return certain ? "write " + shown_path(real, workspace)
                           : "write a file that only the shell knows";
        case NeedKind::kRead:
            return certain ? "read " + shown_path(real, workspace)
                           : "read a file that only the shell knows";
        case NeedKind::kTool:
            break;
    }
    return "be used";
}

std::string Need::rule(const fs::path& workspace) const {
    switch (kind) {
        case NeedKind::kCommand: {
            if (opaque || !runs_inside || part.written.empty() ||
                part.written.size() > kLongestRule)
                return "Bash";
            return "Bash(" + TextPattern::quote(part.written) + ")";
        }
        case NeedKind::kEdit: {
            if (!certain) return "Edit";
            // A link with a protected name: the rule for its target does not hold that name.
            if (!protected_name.empty() &&
                std::none_of(real.begin(), real.end(), [&](const fs::path& one) {
                    return equal_letters(one.native(), protected_name);
                }))
                return {};
            return "Edit(" + path_pattern(real, workspace) + ")";
        }
        case NeedKind::kRead:
            return certain ? "Read(" + path_pattern(real, workspace) + ")" : "Read";
        case NeedKind::kTool:
            break;
    }
    return tool;
}

CommandNeeds needs_of_command(std::string_view tool, std::string_view command, const fs::path& cwd,
                              const CommandContext& context) {
    CommandNeeds needs;
    shell::Script script = shell::parse_script(command);
    shell::Understood understood = shell::understand(command);
    if (understood.parts.size() > kMostParts)
        understood = {{}, "more than " + std::to_string(kMostParts) + " commands"};
    if (!understood.unclear.empty() || understood.parts.empty()) {
        // The redirections are known nevertheless, and count one by one.
        Redirections redirections(context, needs.required);
        const RunDirectories where{
            std::none_of(script.parts.begin(), script.parts.end(), leaves_directory), {cwd}};
        for (const shell::Part& part : script.parts)
            for (const shell::Redirection& redirection : part.redirections)
                redirections.add_required(redirection, where, false);
        needs.required.push_back(need_of_whole_text(tool, command, std::move(understood.unclear)));
        add_possible_needs(needs, tool, std::move(script), cwd, context);
        return needs;
    }
    add_possible_needs(needs, tool, std::move(script), cwd, context);
    needs.directories =
        run_directories_of(command, understood.parts, cwd, context.bases.home, context.environment);
    needs.parts = std::move(understood.parts);
    needs.loops = command.find("done") != std::string_view::npos;
    add_required_needs(needs, tool, context);
    return needs;
}

std::vector<Need> needs_of_path(std::string_view tool, NeedKind kind, std::string_view path,
                                const BaseDirectories& bases, const FileRoots& roots) {
    // As path.open/1 reads it: text that it gave for a path that is not UTF-8 is that path.
    const std::string bytes = path_from_text(path);
    const fs::path asked(utf8::is_valid(bytes) ? std::string(path) : bytes);
    return {path_need(tool, kind, asked.is_absolute() ? asked : bases.workspace / asked, roots)};
}

}  // namespace tenon::permission
