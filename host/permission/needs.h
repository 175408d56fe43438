#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/permission/rules.h"
#include "host/permission/surroundings.h"
#include "host/shell/script.h"

/// What a tool call would do, in the terms of the rules.
namespace tenon::permission {

/// The directories that file tools may use, symlinks resolved.
struct FileRoots {
    std::vector<std::filesystem::path> write;  ///< the workspace first
    std::vector<std::filesystem::path> read;   ///< the same and more
};

enum class NeedKind { kCommand, kEdit, kRead, kTool };

/// One thing that must be allowed, or that a deny rule may forbid.
struct Need {
    NeedKind kind = NeedKind::kTool;
    std::string tool;           ///< empty: a redirection, or what a command changes
    shell::Part part;           ///< kCommand
    bool opaque = false;        ///< kCommand: `part` is not fully understood
    bool runs_inside = true;    ///< kCommand: it certainly runs beneath the roots
    bool read_only = false;     ///< kCommand: a read-only command (see PartJudge)
    bool file_command = false;  ///< kCommand: a command that acceptEdits allows (see PartJudge)
    /// kEdit, kRead: absolute, `..` removed lexically. Empty: only the shell knows it.
    std::filesystem::path path;
    std::filesystem::path real;  ///< where `path` leads, links followed before `..`
    bool certain = true;         ///< false: the path is not known, or may be another one
    bool inside = false;         ///< certain, and beneath the roots for its purpose
    std::string protected_name;  ///< kEdit: a change asks in every mode but bypassPermissions
    RuleSubject rules = RuleSubject::kTool;  ///< kTool: kAgent or kSkill if those rules apply too
    std::string name;  ///< kTool: the name that Agent(…) and Skill(…) match

    [[nodiscard]] bool matched_by_deny(const Rule& rule) const;
    [[nodiscard]] bool matched_by_ask(const Rule& rule) const;
    /// Only a rule with the name of a protected file allows it: `Edit(.envrc)`, but neither `Edit`
    /// nor `Edit(**)`.
    [[nodiscard]] bool matched_by_allow(const Rule& rule) const;

    /// "run `npm test`", "write src/a.c"
    [[nodiscard]] std::string description(const std::filesystem::path& workspace) const;
    /// The narrowest rule that allows it; empty: no rule does.
    [[nodiscard]] std::string rule(const std::filesystem::path& workspace) const;
};

/// What a command's text needs.
struct CommandNeeds {
    std::vector<Need> possible;  ///< what the text could do, or more: for deny and ask rules
    std::vector<Need> required;  ///< what must be allowed, each
    /// Not empty: why the text could not be parsed. Then `possible` may lack something.
    std::string parse_failure;
    /// The parts of an understood text, and where each runs; empty if the text is not understood.
    std::vector<shell::Part> parts;
    std::vector<RunDirectories> directories;
    /// For each part the index of its need in `required`; equal parts share one need. Part::kNone
    /// for a part that runs nothing.
    std::vector<std::size_t> need_of_part;
    std::vector<bool>
        leaves_links;    ///< for each part, see `may_leave_links`; empty if there is only one
    bool loops = false;  ///< a part may run again and see its own effects
};

struct CommandContext {
    const BaseDirectories& bases;
    const FileRoots& roots;
    const ShellEnvironment& environment;
    bool path_rules = false;  ///< there are deny or ask rules about Read or Edit
};

/// `cwd` is absolute. Touches the file system.
CommandNeeds needs_of_command(std::string_view tool, std::string_view command,
                              const std::filesystem::path& cwd, const CommandContext& context);

/// The needs of a file tool that reads or writes `path`. Links are followed as the tool itself
/// follows them.
std::vector<Need> needs_of_path(std::string_view tool, NeedKind kind, std::string_view path,
                                const BaseDirectories& bases, const FileRoots& roots);

}  // namespace tenon::permission
