#pragma once

#include <cstdint>
#include <string>

#include "host/base/fixed_text.h"

/// Which code of plugins this process runs now, for messages about a process that ends suddenly.
/// Everything here that reads is async-signal-safe.
namespace tenon::plugin {

/// The code of a plugin that a thread runs. NUL-terminated texts; null: not known.
struct RunningCode {
    const char* plugin = nullptr;    ///< id; null: no code of a plugin
    const char* function = nullptr;  ///< "its function create"; null for a tool
    const char* tool = nullptr;
    const char* session = nullptr;
};

/// What the calling thread runs.
RunningCode running_code() noexcept;
/// The id of the plugin whose code the calling thread runs, or null.
const char* running_plugin() noexcept;
/// Whether the calling thread has ever run code of a plugin for the host. A plugin's own thread
/// never has.
bool has_run_plugins() noexcept;

/// "the plugin x, tool y, session z"
void add_to(FixedText& text, const RunningCode& code) noexcept;
/// Adds all code of plugins that some thread runs, in the same form. False: there is none. The
/// first five are named.
bool add_all_running(FixedText& text) noexcept;
/// Calls `visit` with the id of each plugin that some thread runs code of; an id may come twice.
void for_each_running(void (*visit)(void* context, const char* plugin), void* context) noexcept;

/// A scope in which a thread waits for code of a plugin, in whichever process that runs: an entry
/// in the table of all threads. Without a free place it is not in the table.
class WaitingForPlugin {
public:
    explicit WaitingForPlugin(const RunningCode& code) noexcept;
    ~WaitingForPlugin();
    WaitingForPlugin(const WaitingForPlugin&) = delete;
    WaitingForPlugin& operator=(const WaitingForPlugin&) = delete;

private:
    const int place_;
};

/// Marks a scope in which this thread runs code of the plugin `id`. May be nested. All arguments
/// outlive the object.
class RunningPlugin {
public:
    /// `function` is what runs, as RunningCode::function.
    explicit RunningPlugin(const std::string& id, const char* function = "its code",
                           const std::string* session = nullptr) noexcept;
    /// A call of a tool.
    RunningPlugin(const std::string& id, const std::string& tool,
                  const std::string* session) noexcept;
    ~RunningPlugin();
    RunningPlugin(const RunningPlugin&) = delete;
    RunningPlugin& operator=(const RunningPlugin&) = delete;

private:
    explicit RunningPlugin(const RunningCode& code) noexcept;

    friend RunningCode running_code() noexcept;
    friend class RunningHost;

    const RunningCode code_;
    const WaitingForPlugin in_table_;
    const RunningPlugin* const before_;  // of this thread
};

/// Marks a scope in which a plugin has called the host, so that this thread runs code of the host
/// again. What the plugin runs stays in the table of all threads, since it has not returned.
class RunningHost {
public:
    RunningHost() noexcept;
    ~RunningHost();
    RunningHost(const RunningHost&) = delete;
    RunningHost& operator=(const RunningHost&) = delete;

private:
    const RunningPlugin* before_;
};

/// Called on every thread that is about to run code of a plugin; null: nothing.
void set_begin_hook(void (*begin)() noexcept) noexcept;
/// Called with the plugin's id when its code has returned; null: nothing.
void set_end_hook(void (*end)(const char* plugin) noexcept) noexcept;

}  // namespace tenon::plugin
