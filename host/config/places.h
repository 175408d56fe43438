#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/base/tilde.h"

/// The environment of the process and the user's directories, as values: tests need no setenv.
namespace tenon::config {

using Environment = std::map<std::string, std::string, std::less<>>;

/// The environment of this process as it is now.
Environment process_environment();

/// The home directory of this process's user according to the password file, absolute; empty: there
/// is none. No variable changes it.
std::filesystem::path home_of_account();

/// An empty variable counts as unset.
std::string variable(const Environment& environment, std::string_view name);

/// `path`, which begins at `base` where it is relative, without `.`, `..` and a slash at the end.
/// Symlinks are not resolved.
std::filesystem::path absolute_path(const std::filesystem::path& base,
                                    const std::filesystem::path& path);

/// A path as a person gave it, absolute: `~` is expanded, a relative one begins at `cwd`. Error: it
/// is relative, and `cwd` is empty, since the current directory no longer exists.
Result<std::filesystem::path> given_path(const std::filesystem::path& path,
                                         const std::filesystem::path& home,
                                         const std::filesystem::path& cwd);

/// `path` with symlinks resolved. The Error says only what is wrong: it does not exist, or is no
/// directory.
Result<std::filesystem::path> real_directory(const std::filesystem::path& path);

/// The folders of the XDG base directory specification (0.8), where a relative path counts as
/// unset, each with `tenon` appended. Empty where neither the variable nor a home folder is known.
struct Places {
    std::filesystem::path home;
    /// Of the password file, else the same. What `~` of the machine's files stands for.
    std::filesystem::path account_home;
    std::filesystem::path config;  ///< $XDG_CONFIG_HOME/tenon
    std::filesystem::path data;    ///< $XDG_DATA_HOME/tenon
    std::filesystem::path state;   ///< $TENON_STATE_DIR, else $XDG_STATE_HOME/tenon; absolute
};

/// `cwd` is what a relative TENON_STATE_DIR is relative to; there is no state directory when that
/// is empty, too. The home folder is $HOME, else `account_home`, which may be empty.
Places places_of(const Environment& environment, const std::filesystem::path& account_home,
                 const std::filesystem::path& cwd);

}  // namespace tenon::config
