#pragma once

#include <cstdint>
#include <string>

namespace tenon {

/// Milliseconds since 1970. May jump; only for people and for telling records apart.
std::int64_t wall_clock_ms();
/// Milliseconds since boot, suspend included (CLOCK_BOOTTIME). Compare only with the same boot id.
std::int64_t boot_clock_ms();
/// The same in nanoseconds.
std::int64_t boot_clock_ns();
/// This boot of this kernel: /proc/sys/kernel/random/boot_id, or empty where it cannot be read.
const std::string& boot_id();
/// 2026-11-21T07:54:41Z
std::string rfc3339(std::int64_t wall_ms);
/// 2026-11-21 08:54:41, in the time zone of the process.
std::string local_time(std::int64_t wall_ms);
/// The same in a form of strftime that gives at most 31 bytes.
std::string local_time_as(const char* form, std::int64_t wall_ms);

}  // namespace tenon
