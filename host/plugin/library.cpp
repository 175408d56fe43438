#include "host/plugin/library.h"

#include <algorithm>
#include <deque>
#include <system_error>

#include <boost/dll/shared_library.hpp>

#include "host/base/mutex.h"
#include "host/base/utf8.h"
#include "host/plugin/code_of_plugins.h"
#include "host/plugin/note.h"
#include "host/plugin/running.h"
#include "host/plugin/sudden_end.h"

namespace tenon::plugin {
namespace {

namespace fs = std::filesystem;
using boost::dll::shared_library;

/// Unloading code is never safe: threads, thread-locals, exceptions and function pointers may
/// outlive it. So every library is kept here. The list is leaked on purpose and stays reachable.
void keep_mapped(shared_library library) {
    static Mutex mutex;
    static auto* kept = new std::deque<shared_library>;
    const Lock lock(mutex);
    kept->push_back(std::move(library));
}

/// Every member up to invoke is in the first version of the struct.
bool is_complete(const tenon_plugin& library) {
    return TENON_HAS(&library, invoke) && library.create != nullptr && library.destroy != nullptr &&
           library.tools != nullptr && library.invoke != nullptr;
}

/// What dlopen(3) says, without Boost's words around it and without the name of `file`, which is
/// that of a private copy.
std::string reason_of_linker(const std::system_error& failure, const fs::path& file) {
    constexpr std::string_view kBefore = "(dlerror system message: ";
    std::string reason = failure.what();
    const auto begin = reason.find(kBefore);
    if (begin == std::string::npos) return reason;
    reason.erase(0, begin + kBefore.size());
    reason.resize(std::min(reason.size(), reason.rfind("): " + failure.code().message())));
    const std::string own_name = file.string() + ": ";
    if (reason.starts_with(own_name)) reason.erase(0, own_name.size());
    return utf8::repair(reason);
}

std::string remedy_for(const std::string& reason) {
    constexpr struct {
        const char* words;
        const char* remedy;
    } kRemedies[] = {
        {"undefined symbol",
         "link the library that defines this symbol (c++filt makes a name of C++ readable), or "
         "build the plugin against the version of it that is installed here"},
        {"shared object file: No such file or directory",
         "install this library, or link it statically; beside the plugin it is not found, since "
         "the plugin is loaded from a private copy"},
        {"shared object file: Permission denied",
         "put this library into the plugin's directory or among those of the system; from another "
         "directory a confined plugin opens it only with the need read:DIR, granted"},
        {"' not found", "build it on a system whose libraries are no newer than those here"},
        {"static TLS", "build it without -ftls-model=initial-exec"},
        {"failed to map segment", "check that the state directory is not mounted with noexec"},
    };
    for (const auto& known : kRemedies)
        if (reason.find(known.words) != std::string::npos) return known.remedy;
    return "install what it needs (ldd lists it), or build it for this system";
}

Result<shared_library, Refusal> load_library(const fs::path& file) {
    try {
        // The overload with an error_code loses the reason that the dynamic linker gives.
        return shared_library(file,
                              boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    } catch (const std::system_error& e) {
        const std::string reason = reason_of_linker(e, file);
        return Refusal{"the system cannot load it: " + reason, remedy_for(reason)};
    }
}

Result<const tenon_plugin*, Refusal> map_library(const fs::path& file, const std::string& id) {
    try {
        auto loaded = load_library(file);
        if (!loaded) return loaded.error();
        shared_library library = std::move(*loaded);
        const bool exports = library.has("tenon_plugin_v1");
        auto* const entry =
            exports ? &library.get<const tenon_plugin*()>("tenon_plugin_v1") : nullptr;
        keep_mapped(std::move(library));
        if (entry == nullptr)
            return Refusal{
                "it does not export tenon_plugin_v1",
                "build it with tenon_add_plugin(), or with TENON_EXPORT in front of the function"};
        remember_code(id, reinterpret_cast<const void*>(entry));
        return entry();
    } catch (const std::exception& e) {
        return invalid_plugin(std::string("an exception left it while it was loaded: ") +
                              utf8::repair(e.what()));
    } catch (...) {
        return invalid_plugin("an exception of unknown type left it while it was loaded");
    }
}

}  // namespace

Result<const tenon_plugin*, Refusal> open_library(const fs::path& file, const std::string& id) {
    const RunningPlugin running(id, "the loading of its library");
    const auto mapped = map_library(file, id);
    watch_exit_before_new_handlers();
    if (!mapped) return mapped.error();
    const tenon_plugin* const plugin = *mapped;
    if (plugin == nullptr) return invalid_plugin("tenon_plugin_v1 returned null");
    if (!TENON_HAS(plugin, abi_minor)) return invalid_plugin("tenon_plugin_v1 returned no plugin");
    if (!is_supported_abi(plugin->abi_major, plugin->abi_minor))
        return invalid_plugin("its note and its code name different ABIs");
    if (!is_complete(*plugin))
        return invalid_plugin(
            "its tenon_plugin is incomplete: too short, or a function is missing");
    const std::string_view code_id(plugin->id.p, plugin->id.n);
    if (code_id != id)
        return invalid_plugin("its note says " + id + ", its code " + utf8::repair(code_id));
    return plugin;
}

}  // namespace tenon::plugin
