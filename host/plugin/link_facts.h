#pragma once

#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugin {

/// What a shared library states for the dynamic loader. Texts may be any bytes.
struct LinkFacts {
    /// The symbols that other libraries can bind to, without those that the linker itself adds.
    std::vector<std::string> exports;
    std::vector<std::string> unique;  ///< those of them with the binding STB_GNU_UNIQUE
    std::vector<std::string> needed;  ///< DT_NEEDED, in order
    /// The folders of DT_RUNPATH, or else of DT_RPATH, as written.
    std::vector<std::string> search;
    bool has_symbol_table = false;  ///< false: `exports` and `unique` are not known
    bool text_relocations = false;  ///< its code is changed when it is loaded
    bool executable_stack = false;  ///< it asks for one, or does not say that it needs none
};

/// Reads an open regular file that read_note() has accepted, without running any of its code. The
/// bytes may be hostile: every offset and count is checked against the size of the file. A Refusal
/// says what is malformed. Blocks on the file. ELF: the generic ABI specification and elf(5).
Result<LinkFacts, Refusal> read_link_facts(int fd);

}  // namespace tenon::plugin
