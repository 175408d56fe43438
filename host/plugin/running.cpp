#include "host/plugin/running.h"

#include <utility>

namespace tenon::plugin {
namespace {

/// No constructor runs for it, so a signal handler may read it at any moment.
constinit thread_local const char* current = nullptr;

}  // namespace

const char* running_plugin() noexcept {
    return current;
}

RunningPlugin::RunningPlugin(const std::string& id) noexcept
    : before_(std::exchange(current, id.c_str())) {}

RunningPlugin::~RunningPlugin() {
    current = before_;
}

}  // namespace tenon::plugin
