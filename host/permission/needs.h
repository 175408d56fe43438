#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/permission/rules.h"
#include "host/permission/shell.h"

/// What a tool call would do, in the terms that rules speak of.
namespace tenon::permission {

/// Where file tools may go, symlinks resolved.
struct Roots {
    std::vector<std::filesystem::path> write;  ///< the workspace first
    std::vector<std::filesystem::path> read;   ///< these and more
};

/// One thing that must be allowed.
struct Need {
    enum class Kind { kCommand, kEdit, kRead, kTool };

    Kind kind = Kind::kTool;
    std::string tool;  ///< empty: a redirection
    Part part;         ///< kCommand
    bool opaque = false;
    bool covered = false;  ///< another need stands for this one; only deny and ask rules look at it
    std::filesystem::path
        path;  ///< kEdit, kRead: absolute, as written; empty: only the shell knows
    std::filesystem::path real;  ///< symlinks resolved
    bool certain = true;         ///< false: the path may be another one, or is not known
    bool inside = false;         ///< certain, and beneath the roots for its purpose
    std::string name;            ///< kTool: what Agent(name) and Skill(name) look at

    [[nodiscard]] bool matched_by_deny(const Rule& rule) const;
    [[nodiscard]] bool matched_by_ask(const Rule& rule) const;
    [[nodiscard]] bool matched_by_allow(const Rule& rule) const;

    /// "run `npm test`", "write src/a.c"
    [[nodiscard]] std::string description(const std::filesystem::path& workspace) const;
    /// The narrowest rule that allows it.
    [[nodiscard]] std::string rule(const std::filesystem::path& workspace) const;
};

/// The parts of a command and the files they write by redirection. `cwd` is absolute.
std::vector<Need> needs_of_command(std::string_view tool, std::string_view command,
                                   const std::filesystem::path& cwd, const Places& places,
                                   const Roots& roots);

/// What one of the file tools would read or write.
std::vector<Need> needs_of_path(std::string_view tool, Need::Kind kind, std::string_view path,
                                const Places& places, const Roots& roots);

/// Whether a command only makes, moves, copies or removes files strictly beneath `roots`: one of a
/// few plain commands, every word literal, only well-known options. Relative paths start at `cwd`.
bool is_file_command(const Part& part, const std::filesystem::path& cwd,
                     const std::vector<std::filesystem::path>& roots);

/// The paths that such a command names, symlinks resolved.
std::vector<std::filesystem::path> operands_of(const Part& part, const std::filesystem::path& cwd);

}  // namespace tenon::permission
