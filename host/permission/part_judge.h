#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/permission/file_commands.h"
#include "host/permission/needs.h"
#include "host/permission/read_only_commands.h"
#include "host/permission/surroundings.h"

namespace tenon::permission {

/// What the rules of the user keep from being read or changed.
struct Restrictions {
    using Test = std::function<bool(const std::filesystem::path&)>;
    Test no_read;       ///< a deny or ask rule on reading it
    Test no_edit;       ///< a deny or ask rule on changing it
    Test read_beneath;  ///< whether a rule on reading could name something in this directory
};

/// Judges the parts of one understood command by what they name on the disk: whether they only
/// read, whether they only change files beneath the roots, and which protected files they change.
/// Everything is judged as it is now: what changes between the judgement and the run of the command
/// (another process, a program that a rule allows) is not seen. What the parts of the command do to
/// each other is. Not thread-safe; the references outlive it.
class PartJudge {
public:
    PartJudge(const CommandNeeds& command, const BaseDirectories& around, const FileRoots& roots,
              const ShellEnvironment& environment, const Restrictions& restrictions);

    /// Empty: the part is a read-only command of the list, and all it looks at is beneath the roots
    /// and not restricted. Else why not.
    [[nodiscard]] std::string why_not_read_only(std::size_t i) const;
    /// Empty: the part only makes, moves, copies or removes files strictly beneath the roots. Else
    /// why not. Protected files are not its business.
    [[nodiscard]] std::string why_not_file_command(std::size_t i) const;
    /// The protected files that the part is seen to change, each once: as NeedKind::kEdit.
    [[nodiscard]] std::vector<Need> protected_changes(std::size_t i) const;

private:
    struct Effects {
        bool shell = false, names = false, links = false;
    };

    [[nodiscard]] std::string why_not_plain(std::size_t i) const;
    [[nodiscard]] std::string why_program_is_not_plain(std::size_t i) const;
    [[nodiscard]] std::string why_not_readable(const ReadPath& path,
                                               const std::filesystem::path& directory) const;
    [[nodiscard]] std::string why_git_is_not_read_only(
        const GitUse& use, const std::filesystem::path& directory) const;
    [[nodiscard]] std::string why_not_judged(const FileChange& change) const;
    [[nodiscard]] std::string why_not_changed(const ChangedPath& target) const;

    const std::vector<shell::Part>& parts_;
    const std::vector<RunDirectories>& directories_;
    const BaseDirectories& around_;
    const FileRoots& roots_;
    const ShellEnvironment& environment_;
    const Restrictions& restrictions_;
    std::vector<Effects> effects_;  ///< of the other parts, for each part
};

}  // namespace tenon::permission
