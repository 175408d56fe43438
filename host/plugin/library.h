#pragma once

#include <filesystem>

#include <tenon/plugin.h>

#include "host/base/result.h"
#include "host/plugin/note.h"

namespace tenon::plugin {

/// Maps a library into this process, for ever, and asks it for its plugin. Its constructors run in
/// here: whoever calls has checked the file. The result is static data of the library, not null.
Result<const tenon_plugin*, Refusal> open_library(const std::filesystem::path& file);

/// Copies the open file into `folder` (made, 0700) as `<id>.<12 digits of its
/// SHA-256>.<generation>.so`, written, then renamed, and reads its note again, from the copy: what
/// is loaded from there is what was judged, whatever happens to the original. The copy stays.
Result<std::filesystem::path, Refusal> private_copy(int fd, const Note& note,
                                                    const std::filesystem::path& folder,
                                                    unsigned generation);

}  // namespace tenon::plugin
