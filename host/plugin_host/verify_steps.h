#pragma once

#include "host/plugin_host/verify_calls.h"

/// The steps of `tenon plugin verify` that run code of the plugin. Each gets a plugin that is open,
/// and reports.
namespace tenon::plugin_host::verify {

using VerifyStep = void (*)(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report);

/// The step of this name, or null: load, create, broken, two, repeat, hooks, call, cancel, shorter,
/// newer, threads.
VerifyStep find_verify_step(const char* name);

}  // namespace tenon::plugin_host::verify
