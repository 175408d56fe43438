#include "host/plugin/running.h"

#include <utility>

namespace tenon::plugin {
namespace {

/// Plain data, without a constructor to run: a signal handler may read it at any moment.
constinit thread_local const char* current = nullptr;

}  // namespace

const char* running_plugin() noexcept {
    return current;
}

Running::Running(const std::string& id) noexcept : before_(std::exchange(current, id.c_str())) {}

Running::~Running() {
    current = before_;
}

}  // namespace tenon::plugin
