#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tenon/plugin.h>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugin {

/// The content of the ELF notes `.note.tenon` (layout: tenon_note in tenon/plugin.h).
struct Note {
    std::uint16_t abi_major = 0;
    std::uint16_t abi_minor = 0;
    std::string id;                  ///< a valid plugin id
    std::vector<std::string> needs;  ///< of the second note; each is known (see parse_need)
    std::string summary;             ///< of the second note: why, for a person; any characters
};

/// Whether this host can load a plugin of this ABI version: any minor version from 1 on.
constexpr bool is_supported_abi(std::uint16_t abi_major, std::uint16_t abi_minor) {
    return abi_major == TENON_ABI_MAJOR && abi_minor >= 1;
}

/// Reads the notes of an open regular file without running any of its code. They are found by their
/// section (.note.tenon) or, in a file without section headers, by program header (PT_NOTE). The
/// bytes may be hostile: every offset and count is checked against the size of the file. A file is
/// refused when it is not a complete shared library for this machine, has no note of ABI and id,
/// has two notes of one type, or needs what this host does not know. Notes of other types are
/// ignored. Whether the ABI version fits is not checked here. Blocks on the file. ELF: the generic
/// ABI specification and elf(5).
Result<Note, Refusal> read_note(int fd);

}  // namespace tenon::plugin
