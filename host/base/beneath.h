#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon {

/// Opens paths beneath a few root folders and nowhere else. The kernel resolves each path
/// (openat2(2) with RESOLVE_BENEATH, Linux 5.6). So it does not help an attacker to replace a
/// folder by a link between a check and the use: the use is the check.
///
/// A path is relative to the workspace, or absolute and begins with a root as it was given or as it
/// is after symlinks. `..` and links are followed while they stay inside; a link that is absolute,
/// or leads from one root into another, is resolved and then opened beneath the root it ends in.
/// `~` is not expanded. A root may be created after the object. Hard links look like any other
/// file, and are opened.
///
/// Thread-safe; may block as long as the file system does, but never on a FIFO or a device.
/// Permission rules are not its business: `Approve` applies them.
class Beneath {
public:
    /// Called with the path after symlinks, before anything is opened for use or made. Its Error is
    /// returned.
    using Approve = std::function<Result<void>(const std::filesystem::path& real)>;

    struct Opened {
        UniqueFd fd;
        std::filesystem::path real;  ///< absolute, symlinks resolved
    };
    /// A name in an open folder. It may exist or not; if it exists, it was not a symlink when it
    /// was checked.
    struct FolderEntry {
        UniqueFd folder;
        std::string name;
        std::filesystem::path real;
    };

    /// All paths must be absolute. The workspace and the `writable` roots may be written. A
    /// `readable` root may be a single file.
    Beneath(const std::filesystem::path& workspace,
            const std::vector<std::filesystem::path>& writable,
            const std::vector<std::filesystem::path>& readable);

    /// A regular file or a folder, open for reading. Other kinds are an Error that says which.
    [[nodiscard]] Result<Opened> open(std::string_view path, const Approve& approve) const;
    /// A folder, open for reading.
    [[nodiscard]] Result<Opened> open_folder(std::string_view path, const Approve& approve) const;
    /// Where a file can be made or replaced: the folder is made with its parents when missing. On
    /// Error no folder stays that this call has made.
    [[nodiscard]] Result<FolderEntry> open_entry(std::string_view path,
                                                 const Approve& approve) const;

    /// After symlinks. The workspace comes first; readable ones include the writable ones.
    [[nodiscard]] const std::filesystem::path& workspace() const { return roots_.front().real; }
    [[nodiscard]] std::vector<std::filesystem::path> writable() const;
    [[nodiscard]] std::vector<std::filesystem::path> readable() const;

private:
    enum class Use { kRead, kWrite };
    struct Root {
        std::filesystem::path given, real;
        bool writable;
    };
    /// A path as the kernel gets it: relative to a root, never empty.
    struct Place {
        const Root* root;
        std::filesystem::path rest;
    };

    [[nodiscard]] std::optional<Place> inside(const std::filesystem::path& absolute, Use use) const;
    [[nodiscard]] Result<Place> place(const std::filesystem::path& path, Use use,
                                      std::string_view asked) const;
    [[nodiscard]] Error outside(std::string_view asked, Use use) const;
    [[nodiscard]] Result<Opened> find(std::string_view asked, const Approve& approve) const;
    [[nodiscard]] Result<std::filesystem::path> open_deepest_folder(
        const Place& at, std::string_view asked, UniqueFd& folder,
        std::vector<std::string>& missing) const;

    std::vector<Root> roots_;
};

/// Where an open descriptor's file is now. An Error when it has been removed since.
Result<std::filesystem::path> real_path_of(int fd);

}  // namespace tenon
