#pragma once

#include <string>

namespace tenon::plugin {

/// The id of the plugin whose code the calling thread runs, or null. Async-signal-safe, so that a
/// crash handler, which runs on the thread that crashed, can name the plugin.
const char* running_plugin() noexcept;

/// Marks a scope in which this thread runs code of the plugin `id`, which outlives the object. May
/// be nested.
class RunningPlugin {
public:
    explicit RunningPlugin(const std::string& id) noexcept;
    ~RunningPlugin();
    RunningPlugin(const RunningPlugin&) = delete;
    RunningPlugin& operator=(const RunningPlugin&) = delete;

private:
    const char* before_;
};

}  // namespace tenon::plugin
