#include "host/verify/file.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/plugin/link_facts.h"

namespace tenon::verify {
namespace {

namespace fs = std::filesystem;
using Outcome = Verdict::Outcome;
using plugin::LinkFacts;
using plugin::Refusal;
using plugins::TrustedFile;

constexpr const char* kBuildWell =
    "build it with tenon_add_plugin(), or with the flags of `pkg-config --libs tenon`";

void say_ok(const VerdictSink& tell, const char* check, std::string text) {
    tell({check, Outcome::kOk, std::move(text), {}});
}

/// A symbol as its maker has written it, cut where that is long.
std::string readable(const std::string& symbol) {
    constexpr std::size_t kLongest = 80;
    int failed = 0;
    const std::unique_ptr<char, void (*)(void*)> demangled(
        abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &failed), std::free);
    const std::string whole = visible(failed == 0 && demangled ? demangled.get() : symbol);
    const std::string shown(utf8::first_bytes(whole, kLongest));
    return shown + (shown.size() < whole.size() ? "…" : "");
}

/// "a, b and 3 more", as a person may read it.
std::string some_of(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 5;
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
        out += (i > 0 ? ", " : "") + readable(names[i]);
    if (names.size() > kShown) out += " and " + std::to_string(names.size() - kShown) + " more";
    return out;
}

Result<TrustedFile, Refusal> open_file(const fs::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
        return Refusal{"a directory, not a file", "name the library (*.so) in it"};
    return plugins::open_trusted(file);
}

std::string abi_of(const plugin::Note& note) {
    return std::to_string(note.abi_major) + "." + std::to_string(note.abi_minor);
}

bool verify_note(const plugin::Note& note, const VerdictSink& tell) {
    if (plugin::is_supported_abi(note.abi_major, note.abi_minor)) {
        say_ok(tell, "note", "the id " + note.id + ", for the ABI " + abi_of(note));
        return true;
    }
    tell({"note", Outcome::kFailed,
          "the id " + note.id + ", for the ABI " + abi_of(note) +
              "; this host takes 1.1 and later "
              "minor versions of 1",
          "build it with the SDK of Tenon " TENON_VERSION});
    return false;
}

void verify_needs(const plugin::Note& note, const VerdictSink& tell) {
    if (note.needs.empty()) return;
    const std::string summary = visible(first_line(note.summary));
    if (!summary.empty()) {
        say_ok(tell, "needs", some_of(note.needs) + ": " + summary);
        return;
    }
    tell({"needs", Outcome::kRemark, some_of(note.needs) + ", without a word what for",
          "say it in \"summary\" of TENON_PLUGIN_NEEDS: a person decides by it what to grant"});
}

void verify_symbols(const LinkFacts& facts, const VerdictSink& tell) {
    if (!facts.has_symbol_table) {
        tell({"exports", Outcome::kRemark,
              "the file has no section headers, so its exports are not known",
              "keep the section headers (strip -g removes only what debuggers need)"});
        return;
    }
    constexpr const char* kEntry = "tenon_plugin_v1";
    std::vector<std::string> others;
    std::copy_if(facts.exports.begin(), facts.exports.end(), std::back_inserter(others),
                 [](const std::string& name) { return name != kEntry; });
    if (others.size() == facts.exports.size()) {
        tell({"exports", Outcome::kFailed, "it does not export tenon_plugin_v1",
              "put TENON_EXPORT in front of the function, and extern \"C\" in C++"});
    } else if (!others.empty()) {
        tell({"exports", Outcome::kRemark,
              "it also exports " + some_of(others) +
                  "; other libraries in the process may bind to "
                  "them",
              kBuildWell});
    } else {
        say_ok(tell, "exports", "tenon_plugin_v1 and nothing else");
    }
    if (facts.unique.empty()) {
        say_ok(tell, "unique symbols", "none");
    } else {
        tell({"unique symbols", Outcome::kFailed,
              "GNU_UNIQUE symbols (" + some_of(facts.unique) +
                  "): two copies or versions of it in one process would share their static "
                  "variables",
              "compile with -fno-gnu-unique, and link with a version script; "
              "tenon_add_plugin() does both"});
    }
}

void verify_code(const LinkFacts& facts, const VerdictSink& tell) {
    if (facts.text_relocations) {
        tell({"text relocations", Outcome::kFailed,
              "its code has to be changed when it is loaded, which hardened systems forbid",
              "compile every object with -fPIC, and link with -Wl,-z,text to find the culprit"});
    } else {
        say_ok(tell, "text relocations", "none");
    }
    if (facts.executable_stack) {
        tell({"stack", Outcome::kRemark,
              "it asks for an executable stack, which newer systems refuse to give",
              "link with -Wl,-z,noexecstack; assembler files need a section .note.GNU-stack"});
    } else {
        say_ok(tell, "stack", "not executable");
    }
}

/// Whether the dynamic loader finds a library by its own cache and folders. The cache is read as
/// text: each name in it ends with a NUL, and a NUL or the slash of its folder is before it.
bool is_system_library(const std::string& name) {
    static const std::string cache = read_whole_file("/etc/ld.so.cache", 16U << 20U).value_or("");
    const std::string ended = name + '\0';
    for (auto at = cache.find(ended); at != std::string::npos; at = cache.find(ended, at + 1))
        if (at > 0 && (cache[at - 1] == '\0' || cache[at - 1] == '/')) return true;
    constexpr std::array kFolders = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};
    std::error_code error;
    return std::any_of(kFolders.begin(), kFolders.end(), [&](const char* folder) {
        return fs::exists(fs::path(folder) / name, error);
    });
}

bool names_its_own_place(const std::string& folder) {
    return folder.find("$ORIGIN") != std::string::npos ||
           folder.find("${ORIGIN}") != std::string::npos || !folder.starts_with('/');
}

/// Whether the plugin's file finds a library in a folder that it names.
bool is_in_named_folders(const LinkFacts& facts, const std::string& name) {
    std::error_code error;
    return std::any_of(facts.search.begin(), facts.search.end(), [&](const std::string& folder) {
        return !names_its_own_place(folder) && fs::exists(fs::path(folder) / name, error);
    });
}

void verify_libraries(const LinkFacts& facts, const VerdictSink& tell) {
    const bool own_place =
        std::any_of(facts.search.begin(), facts.search.end(), names_its_own_place);
    std::vector<std::string> missing;
    for (const std::string& name : facts.needed) {
        const bool found = name.find('/') != std::string::npos
                               ? name.starts_with('/') && fs::exists(name)
                               : is_system_library(name) || is_in_named_folders(facts, name);
        if (!found) missing.push_back(name);
    }
    if (!missing.empty()) {
        tell(
            {"libraries", Outcome::kFailed,
             "these are not found from the private copy that is loaded: " + some_of(missing) +
                 (own_place ? "; $ORIGIN and relative directories in RUNPATH mean the place of the "
                              "copy, where they are not"
                            : ""),
             "link them statically, install them where the system looks (ldconfig), or name an "
             "absolute directory in RUNPATH"});
        return;
    }
    if (own_place) {
        tell({"libraries", Outcome::kRemark,
              "RUNPATH (" + some_of(facts.search) +
                  ") names a directory beside the file; a plugin is loaded from a private copy "
                  "elsewhere",
              "remove it, or name an absolute directory"});
        return;
    }
    say_ok(tell, "libraries",
           facts.needed.empty() ? "it needs none" : "found: " + some_of(facts.needed));
}

}  // namespace

std::optional<CheckedFile> verify_file(const fs::path& path, const VerdictSink& tell) {
    auto file = open_file(path);
    if (!file) {
        tell({"file", Outcome::kFailed, visible(file.error().reason),
              visible(plugin::remedy_for_author(file.error()))});
        return std::nullopt;
    }
    say_ok(tell, "file", "a regular file that nobody else can change");
    auto note = plugin::read_note(file->fd.get());
    if (!note) {
        tell({"format", Outcome::kFailed, visible(note.error().reason),
              visible(plugin::remedy_for_author(note.error()))});
        return std::nullopt;
    }
    say_ok(tell, "format", "a shared library for this machine");
    const bool fits = verify_note(*note, tell);
    verify_needs(*note, tell);
    const auto facts = plugin::read_link_facts(file->fd.get());
    if (!facts) {
        tell({"format", Outcome::kFailed, visible(facts.error().reason),
              visible(plugin::remedy_for_author(facts.error()))});
        return std::nullopt;
    }
    verify_symbols(*facts, tell);
    verify_code(*facts, tell);
    verify_libraries(*facts, tell);
    if (!fits) return std::nullopt;
    return CheckedFile{std::move(*file), std::move(*note)};
}

}  // namespace tenon::verify
