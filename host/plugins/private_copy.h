#pragma once

#include <filesystem>

#include "host/base/result.h"
#include "host/plugin/note.h"

namespace tenon::plugins {

/// Copies the open file into `folder` (made, 0700) as `<id>.<12 digits of its
/// SHA-256>.<generation>.so`, written, then renamed, and reads its note again, from the copy: what
/// is loaded from there is what was judged, whatever happens to the original. The copy stays.
Result<std::filesystem::path, plugin::Refusal> private_copy(int fd, const plugin::Note& note,
                                                            const std::filesystem::path& folder,
                                                            unsigned generation);

}  // namespace tenon::plugins
