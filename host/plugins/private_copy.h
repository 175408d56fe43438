#pragma once

#include <filesystem>
#include <string>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/plugin/note.h"

namespace tenon::plugins {

/// A copy of a plugin's file from which it is loaded, so that a change of the file changes no
/// running code.
struct PrivateCopy {
    std::filesystem::path path;
    std::string sha256;  ///< of its bytes, as hexadecimal digits
    /// While it is open, the copy is not removed. Keep it for as long as a process has the library
    /// loaded or may load it again from this copy. A library in the host stays mapped until the
    /// host ends.
    UniqueFd in_use;
};

/// Copies the open file into `folder`, which is created with mode 0700, as `<id>.<12 digits of its
/// SHA-256>.<number>.so`: written under another name, then renamed. The note is read again from
/// the copy, so that the file that is loaded is the file that was checked, whatever happens to the
/// original. Refused when `sha256` is not empty and is not the hash of these bytes. The number is
/// `generation` or the next for which there is no file yet: each copy has a new name, since dlopen
/// returns the library that is already loaded under a name. Several processes may do so at once.
Result<PrivateCopy, plugin::Refusal> make_private_copy(int fd, const plugin::Note& note,
                                                       const std::filesystem::path& folder,
                                                       unsigned generation,
                                                       const std::string& sha256 = {});

/// The same for a library that is used until this process ends, such as one that is loaded in it.
Result<std::filesystem::path, plugin::Refusal> private_copy(int fd, const plugin::Note& note,
                                                            const std::filesystem::path& folder,
                                                            unsigned generation,
                                                            const std::string& sha256 = {});

/// Removes the copies in `folder` that no process uses, also unfinished ones that a killed process
/// has left. What cannot be removed stays. Without such a folder, and for a relative path, nothing
/// happens.
void remove_unused_copies(const std::filesystem::path& folder);

}  // namespace tenon::plugins
