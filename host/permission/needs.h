#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/permission/rules.h"
#include "host/permission/surroundings.h"
#include "host/shell/script.h"

/// What a tool call would do, in the terms that rules speak of.
namespace tenon::permission {

/// Where file tools may go, symlinks resolved.
struct FileRoots {
    std::vector<std::filesystem::path> write;  ///< the workspace first
    std::vector<std::filesystem::path> read;   ///< these and more
};

enum class NeedKind { kCommand, kEdit, kRead, kTool };

/// One thing that must be allowed, or that a deny rule may forbid.
struct Need {
    NeedKind kind = NeedKind::kTool;
    std::string tool;  ///< empty: a redirection, or what a command changes
    shell::Part part;  ///< kCommand
    bool opaque = false;
    bool runs_inside = true;    ///< kCommand: it is known to run beneath the roots
    bool read_only = false;     ///< kCommand: judged as one of the list (see PartJudge)
    bool file_command = false;  ///< kCommand: likewise, one that acceptEdits lets through
    std::filesystem::path
        path;  ///< kEdit, kRead: absolute, `..` removed by the letters; empty: only the shell knows
    std::filesystem::path real;  ///< where it leads, links followed before `..`
    bool certain = true;         ///< false: the path may be another one, or is not known
    bool inside = false;         ///< certain, and beneath the roots for its purpose
    std::string protected_name;  ///< kEdit: a change of it asks in every mode but bypassPermissions
    RuleSubject rules = RuleSubject::kTool;  ///< kTool: kAgent or kSkill when those judge it too
    std::string name;                        ///< kTool: what Agent(name) and Skill(name) look at

    [[nodiscard]] bool matched_by_deny(const Rule& rule) const;
    [[nodiscard]] bool matched_by_ask(const Rule& rule) const;
    /// A protected file is allowed only by a rule that holds its name: `Edit(.envrc)`, not `Edit`
    /// or `Edit(**)`.
    [[nodiscard]] bool matched_by_allow(const Rule& rule) const;

    /// "run `npm test`", "write src/a.c"
    [[nodiscard]] std::string description(const std::filesystem::path& workspace) const;
    /// The narrowest rule that allows it; empty: none does.
    [[nodiscard]] std::string rule(const std::filesystem::path& workspace) const;
};

/// What a command text means to the rules.
struct CommandNeeds {
    std::vector<Need> seen;  ///< what deny rules and ask rules look at: more than what happens
    std::vector<Need> open;  ///< what must be allowed, each
    /// Not empty: the text could not be taken apart, so that `seen` may lack something.
    std::string failed;
    /// The understood parts, with where they run; empty when the text is not understood.
    std::vector<shell::Part> parts;
    std::vector<RunDirectories> directories;
    /// For each part the place of its command in `open`, which equal parts share.
    std::vector<std::size_t> need_of_part;
    std::vector<bool> leaves_links;  ///< for each part, see `may_leave_links`; empty: one part
    bool loops = false;              ///< parts may run again, after what they did themselves
};

struct CommandContext {
    const BaseDirectories& places;
    const FileRoots& roots;
    const ShellEnvironment& environment;
    bool path_rules = false;  ///< deny or ask rules on Read and Edit are in force
};

/// `cwd` is absolute. Touches the file system.
CommandNeeds needs_of_command(std::string_view tool, std::string_view command,
                              const std::filesystem::path& cwd, const CommandContext& context);

/// What one of the file tools would read or write: links followed as the tool itself follows them.
std::vector<Need> needs_of_path(std::string_view tool, NeedKind kind, std::string_view path,
                                const BaseDirectories& places, const FileRoots& roots);

}  // namespace tenon::permission
