#pragma once

#include <optional>

#include "host/plugins/trusted_file.h"
#include "host/verify/verify.h"

namespace tenon::verify {

/// A file that passed the checks that are needed to run it.
struct CheckedFile {
    plugins::TrustedFile file;
    plugin::Note note;
};

/// The checks of verify that run no code of the plugin: owner and mode, format and machine, notes,
/// exported symbols, text relocations, stack, libraries. None: the file must not be run. Blocks on
/// files.
std::optional<CheckedFile> verify_file(const std::filesystem::path& file, const VerdictSink& tell);

}  // namespace tenon::verify
