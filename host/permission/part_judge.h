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

/// The paths that the user's rules restrict. The functions may be called from any thread.
struct Restrictions {
    using Test = std::function<bool(const std::filesystem::path&)>;
    Test no_read;       ///< a deny or ask rule is about reading the path
    Test no_edit;       ///< a deny or ask rule is about changing the path
    Test read_beneath;  ///< such a rule about reading may match beneath the directory
};

/// Judges the parts of one understood command by the files that they name: whether a part only
/// reads, whether it only changes files beneath the roots, and which protected files it changes.
/// Considers what the parts of the command do to each other. Judges the file system as it is now:
/// not responsible for what other processes change before the command runs. Touches the file
/// system. Not thread-safe; the references outlive it.
class PartJudge {
public:
    PartJudge(const CommandNeeds& command, const std::filesystem::path& home,
              const FileRoots& roots, const ShellEnvironment& environment,
              const Restrictions& restrictions);

    /// Empty: the part is a command of the read-only list, and all that it reads is beneath the
    /// roots and not restricted. Else why not.
    [[nodiscard]] std::string why_not_read_only(std::size_t i) const;
    /// Empty: the part only makes, moves, copies or removes files strictly beneath the roots. Else
    /// why not. Does not look at protected files.
    [[nodiscard]] std::string why_not_file_command(std::size_t i) const;
    /// The protected files that the part could change, each once, as NeedKind::kEdit.
    [[nodiscard]] std::vector<Need> protected_changes(std::size_t i) const;

private:
    /// What other parts of the command may do before a part runs.
    struct OtherEffects {
        bool shell = false;  ///< change how the shell runs it
        bool names = false;  ///< make files
        bool links = false;  ///< make or move links
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
    const std::filesystem::path& home_;
    const FileRoots& roots_;
    const ShellEnvironment& environment_;
    const Restrictions& restrictions_;
    std::vector<OtherEffects> effects_;  ///< for each part
};

}  // namespace tenon::permission
