#include "host/permission/needs.h"

#include <algorithm>
#include <array>

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

/// Longer commands would drown the message that names their rule.
constexpr std::size_t kLongestRule = 1'000;

struct FileCommand {
    std::string_view name;
    std::string_view flags;  ///< short options without a value
    std::string_view last;   ///< short ones whose value is the next word
};

constexpr std::array<FileCommand, 6> kFileCommands = {{
    {"mkdir", "pv", "m"},
    {"touch", "acmh", "dtr"},
    {"rm", "rRfivId", ""},
    {"rmdir", "pv", ""},
    {"mv", "finuvT", "t"},
    {"cp", "aRrfinpuvdLPHTslx", "t"},
}};

constexpr std::string_view kLongOptions =
    " --parents --verbose --no-create --recursive --force --dir --no-clobber --update --archive "
    "--no-target-directory --link "
    "--symbolic-link --no-dereference --dereference ";

const FileCommand* file_command(std::string_view name) {
    const auto* found = std::find_if(kFileCommands.begin(), kFileCommands.end(),
                                     [&](const FileCommand& c) { return c.name == name; });
    return found == kFileCommands.end() ? nullptr : found;
}

bool is_harmless_option(std::string_view option, const FileCommand& command) {
    if (option.substr(0, 2) == "--")
        return kLongOptions.find(" " + std::string(option) + " ") != std::string_view::npos;
    for (std::size_t i = 1; i < option.size(); ++i) {
        if (command.flags.find(option[i]) != std::string_view::npos) continue;
        if (i + 1 != option.size() || command.last.find(option[i]) == std::string_view::npos)
            return false;
    }
    return true;
}

/// A pattern may name many files, but all of them in one folder.
bool is_plain_operand(const Word& word) {
    if (word.expands || (word.tilde && word.decoded.size() > 1 && word.decoded[1] != '/'))
        return false;
    if (word.tilde) return false;
    if (!word.pattern) return true;
    const auto slash = word.decoded.rfind('/');
    const std::string_view folder =
        std::string_view(word.decoded).substr(0, slash == std::string::npos ? 0 : slash);
    const std::string_view last =
        std::string_view(word.decoded).substr(slash == std::string::npos ? 0 : slash + 1);
    // .* could be .. for old shells, and {a,../b} leaves the folder.
    return word.decoded.find('{') == std::string::npos &&
           folder.find_first_of("*?[") == std::string_view::npos && last.substr(0, 1) != ".";
}

std::vector<const Word*> operand_words(const Part& part) {
    std::vector<const Word*> operands;
    bool options = true;
    for (std::size_t i = 1; i < part.words.size(); ++i) {
        const Word& word = part.words[i];
        if (options && word.decoded == "--") {
            options = false;
        } else if (!options || word.decoded.size() < 2 || word.decoded[0] != '-') {
            operands.push_back(&word);
        }
    }
    return operands;
}

bool changes_folder(const Part& part) {
    if (part.words.empty()) return false;
    const std::string_view name = command_name(part.words[0]);
    return name == "cd" || name == "pushd" || name == "popd";
}

Need path_need(std::string_view tool, Need::Kind kind, const fs::path& path, const Roots& roots) {
    Need need;
    need.tool = tool;
    need.kind = kind;
    need.path = path;
    need.real = resolved(path);
    need.inside = is_beneath(need.real, kind == Need::Kind::kEdit ? roots.write : roots.read);
    return need;
}

/// Where ~ and relative paths lead; nothing when only the shell knows.
std::optional<fs::path> target_path(const Word& word, const fs::path& cwd, const Places& places) {
    if (!word.literal()) return std::nullopt;
    if (!word.tilde) return normalised(word.decoded, cwd);
    const bool own = word.decoded.size() == 1 || word.decoded[1] == '/';
    if (!own || places.home.empty()) return std::nullopt;
    return normalised(places.home.string() + word.decoded.substr(1), "/");
}

Need redirection_need(const Redirection& redirection, bool moved, const fs::path& cwd,
                      const Places& places, const Roots& roots) {
    Need need;
    need.kind = Need::Kind::kEdit;
    if (const auto path = target_path(redirection.target, cwd, places))
        need = path_need({}, Need::Kind::kEdit, *path, roots);
    // After a cd a relative target is somewhere else; deny rules still look at where it would have
    // been.
    const bool relative = redirection.target.decoded.empty() ||
                          (redirection.target.decoded[0] != '/' && !redirection.target.tilde);
    need.certain = !need.path.empty() && !(moved && relative);
    need.inside = need.inside && need.certain;
    return need;
}

std::string escaped(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (std::string_view("*?[\\").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string shown(const fs::path& path, const fs::path& workspace) {
    if (path == workspace) return ".";
    return is_beneath(path, {workspace}) ? path.lexically_relative(workspace).string()
                                         : path.string();
}

std::string path_pattern(const fs::path& real, const fs::path& workspace) {
    if (!is_beneath(real, {workspace})) return "/" + escaped(real.string());
    const std::string below = escaped(shown(real, workspace));
    const bool anchored =
        below.find('/') != std::string::npos && below[0] != '~' && below[0] != '!';
    return anchored || below == "." ? below : "./" + below;
}

bool is_for_path(const Rule& rule, const Need& need) {
    return rule.kind() == (need.kind == Need::Kind::kEdit ? Rule::Kind::kEdit : Rule::Kind::kRead);
}

}  // namespace

bool Need::matched_by_deny(const Rule& rule) const {
    if (rule.kind() == Rule::Kind::kTool) return rule.covers(tool);
    if (kind == Kind::kCommand) return rule.kind() == Rule::Kind::kBash && rule.denies(part);
    if (kind == Kind::kTool) return rule.covers(tool) && (rule.bare() || rule.matches_name(name));
    if (!is_for_path(rule, *this)) return false;
    return rule.bare() ||
           (!path.empty() && (rule.matches_path(path, true) || rule.matches_path(real, true)));
}

bool Need::matched_by_ask(const Rule& rule) const {
    return matched_by_deny(rule) ||
           (kind == Kind::kCommand && rule.kind() == Rule::Kind::kBash && rule.allows(part, false));
}

bool Need::matched_by_allow(const Rule& rule) const {
    if (rule.kind() == Rule::Kind::kTool) return rule.covers(tool);
    if (kind == Kind::kCommand)
        return rule.kind() == Rule::Kind::kBash && rule.allows(part, opaque);
    if (kind == Kind::kTool) return rule.covers(tool) && (rule.bare() || rule.matches_name(name));
    return is_for_path(rule, *this) && (rule.bare() || (certain && rule.matches_path(real, false)));
}

std::string Need::description(const fs::path& workspace) const {
    switch (kind) {
        case Kind::kCommand: {
            std::string text = "run `" + (part.written.empty() ? part.whole : part.written) + "`";
            if (opaque && !part.opaque.empty())
                text += " (not wholly understood: " + part.opaque + ")";
            return text;
        }
        case Kind::kEdit:
            return certain ? "write " + shown(real, workspace)
                           : "write a file that only the shell knows";
        case Kind::kRead:
            return "read " + shown(real, workspace);
        case Kind::kTool:
            break;
    }
    return "be used";
}

std::string Need::rule(const fs::path& workspace) const {
    switch (kind) {
        case Kind::kCommand:
            if (opaque || part.written.empty()) return "Bash";
            if (part.written.size() > kLongestRule && !part.words.empty() &&
                part.assignments.empty())
                return "Bash(" + TextPattern::quote(part.words[0].written) + " *)";
            return "Bash(" + TextPattern::quote(part.written) + ")";
        case Kind::kEdit:
            return certain ? "Edit(" + path_pattern(real, workspace) + ")" : "Edit";
        case Kind::kRead:
            return "Read(" + path_pattern(real, workspace) + ")";
        case Kind::kTool:
            break;
    }
    return tool;
}

std::vector<Need> needs_of_command(std::string_view tool, std::string_view command,
                                   const fs::path& cwd, const Places& places, const Roots& roots) {
    Script script = parse_script(command);
    if (script.parts.empty()) {
        Part nothing;
        nothing.written = nothing.whole = command;
        script.parts.push_back(std::move(nothing));
    }
    const bool moved = std::any_of(script.parts.begin(), script.parts.end(), changes_folder);
    const bool alone = std::all_of(script.parts.begin(), script.parts.end(),
                                   [](const Part& part) { return part.nested; });
    std::vector<Need> needs;
    for (Part& part : script.parts) {
        for (const Redirection& redirection : part.redirections)
            if (redirection.writes_file())
                needs.push_back(redirection_need(redirection, moved, cwd, places, roots));
        Need need;
        need.kind = Need::Kind::kCommand;
        need.tool = tool;
        if (part.opaque.empty()) part.opaque = script.opaque;
        need.opaque = !part.opaque.empty();
        // A redirection alone runs nothing.
        need.covered = (part.nested && !alone) || (part.words.empty() && part.assignments.empty() &&
                                                   !part.redirections.empty() && !need.opaque);
        need.part = std::move(part);
        needs.push_back(std::move(need));
    }
    return needs;
}

std::vector<Need> needs_of_path(std::string_view tool, Need::Kind kind, std::string_view path,
                                const Places& places, const Roots& roots) {
    return {path_need(tool, kind, normalised(fs::path(path), places.workspace), roots)};
}

bool is_file_command(const Part& part, const fs::path& cwd, const std::vector<fs::path>& roots) {
    if (!part.opaque.empty() || part.words.empty() || !part.assignments.empty()) return false;
    const FileCommand* command = file_command(part.words[0].decoded);
    if (command == nullptr) return false;
    bool options = true;
    for (std::size_t i = 1; i < part.words.size(); ++i) {
        const Word& word = part.words[i];
        if (options && word.decoded == "--") options = false;
        const bool option = options && word.decoded.size() > 1 && word.decoded[0] == '-';
        if (option && !is_harmless_option(word.decoded, *command)) return false;
        if (!is_plain_operand(word)) return false;
    }
    const std::vector<fs::path> paths = operands_of(part, cwd);
    return !paths.empty() && std::all_of(paths.begin(), paths.end(), [&](const fs::path& path) {
        return is_beneath(path, roots) &&
               std::find(roots.begin(), roots.end(), path) == roots.end();
    });
}

std::vector<fs::path> operands_of(const Part& part, const fs::path& cwd) {
    std::vector<fs::path> paths;
    for (const Word* word : operand_words(part)) {
        const fs::path path(word->decoded);
        // Unlike `normalised` this follows a symlink before the .. behind it, as the command will.
        paths.push_back(resolved(path.is_absolute() ? path : cwd / path));
    }
    return paths;
}

}  // namespace tenon::permission
