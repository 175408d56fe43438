#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::plugin {

/// Remembers where the code of the plugin `id` is mapped. `inside` is an address in it. The library
/// stays mapped. Only the first 128 libraries are remembered.
void remember_code(const std::string& id, const void* inside);

/// The id of the plugin whose code `address` is in, or null. Async-signal-safe.
const char* plugin_at(std::uintptr_t address) noexcept;

/// The id of a plugin that has code on the stack from `stack_pointer` on, or null: for a thread
/// that a plugin has started itself. It looks at every word, so it may find what an earlier call
/// has left. Async-signal-safe; uses some kilobytes of the caller's stack.
const char* plugin_on_stack(std::uintptr_t stack_pointer) noexcept;

}  // namespace tenon::plugin
