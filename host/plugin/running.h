#pragma once

#include <string>

namespace tenon::plugin {

/// The id of the plugin whose code the calling thread is running, or null. Async-signal-safe: a
/// crash handler runs on the thread that crashed, and may tell whose code it was.
const char* running_plugin() noexcept;

/// Says for a scope that this thread runs code of a plugin. `id` outlives it. Nests.
class Running {
public:
    explicit Running(const std::string& id) noexcept;
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    const char* before_;
};

}  // namespace tenon::plugin
