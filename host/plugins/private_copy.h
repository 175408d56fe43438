#pragma once

#include <filesystem>

#include "host/base/result.h"
#include "host/plugin/note.h"

namespace tenon::plugins {

/// Copies the open file into `folder`, which is created with mode 0700, as `<id>.<12 digits of its
/// SHA-256>.<generation>.so`: written under another name, then renamed. The note is read again from
/// the copy, so that the file that is loaded is the file that was checked, whatever happens to the
/// original. The generation makes the name new for each load: dlopen returns the library that is
/// already loaded under a name. Nothing removes the copy.
Result<std::filesystem::path, plugin::Refusal> private_copy(int fd, const plugin::Note& note,
                                                            const std::filesystem::path& folder,
                                                            unsigned generation);

}  // namespace tenon::plugins
