#pragma once

#include <cstdint>
#include <string>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugin {

/// What the ELF note `.note.tenon` says (layout: tenon_note in tenon/plugin.h).
struct Note {
    std::uint16_t abi_major = 0;
    std::uint16_t abi_minor = 0;
    std::string id;  ///< a valid plugin id
};

/// Reads the note of an open regular file without running any of its code; found by section
/// (.note.tenon) or, in a file whose section headers are gone, by program header (PT_NOTE). The
/// bytes may be hostile: every offset and count is checked against the file's size. Refuses what is
/// no shared library for this machine and what has no note; whether the ABI fits is the caller's
/// question. Blocks on the file. ELF: the generic ABI specification and elf(5).
Result<Note, Refusal> read_note(int fd);

}  // namespace tenon::plugin
