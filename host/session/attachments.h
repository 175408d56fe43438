#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"
#include "host/base/secrets.h"

namespace tenon::session {

/// Bounds of what is attached to one prompt.
constexpr std::size_t kMaxAttachedFile = 256U << 10U;   ///< of the text of one file
constexpr std::size_t kMaxAttachedText = 1U << 20U;     ///< of all texts
constexpr std::size_t kMaxAttachedImages = 16U << 20U;  ///< of all images, in base64
constexpr std::size_t kMostListedNames = 1'000;         ///< of a directory

struct AttachOptions {
    std::filesystem::path workspace;  ///< absolute; relative names begin here
    std::filesystem::path home;       ///< for `~`; may be empty
    const Secrets& secrets;
    /// The deny rule that forbids reading this path, in words; empty: none does. The path is
    /// absolute, without symbolic links.
    std::function<std::string(const std::filesystem::path&)> denied;
};

/// What the files that a prompt names give.
struct AttachedFiles {
    std::vector<agent::Attachment> attachments;
    std::vector<std::string> shown;    ///< for each: "a.txt (12 lines)"
    std::vector<std::string> notices;  ///< what is not attached, or was cut, and why
};

/// Reads the files that the prompt names (see named_files.h): texts, images, and the names in a
/// directory. Names outside the roots of the file tools count too, since the person has written
/// them. Blocks on files, but not on pipes and devices. Texts of the result may hold anything that
/// is valid UTF-8, without known secrets.
AttachedFiles attach_files(std::string_view prompt, const AttachOptions& options);

}  // namespace tenon::session
