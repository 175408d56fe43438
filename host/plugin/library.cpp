#include "host/plugin/library.h"

#include <deque>

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

Result<const tenon_plugin*, Refusal> map_library(const fs::path& file, const std::string& id) {
    try {
        // The overload with an error_code loses the reason that the dynamic loader gives.
        shared_library library(file,
                               boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
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
        return Refusal{std::string("the system cannot load it: ") + e.what(),
                       "install what it needs (ldd lists it), or build it for this system"};
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
