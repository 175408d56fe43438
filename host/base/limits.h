#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <thread>

#include "host/base/result.h"

/// What this process may still open and start. Every answer is true only at that moment: another
/// thread or process may take what is left.
namespace tenon {

/// Whether an errno value says that descriptors, processes or memory have run out, so that another
/// attempt may succeed later.
bool is_shortage(int code);

/// "open /x: Too many open files; is the limit of descriptors (ulimit -n) too low, or reached?":
/// the error of a shortage, with what to raise.
Error shortage_error(std::string_view doing, int code);

/// 0 when `wanted` more descriptors can be opened now; else the errno of the failure.
int descriptor_shortage(unsigned wanted);

/// The soft limit of descriptors (RLIMIT_NOFILE).
rlim_t descriptor_limit();
/// Sets the soft limit to `wanted`, or to the hard limit where that is lower. Call it once, before
/// threads start. Descriptors above a lower limit stay open.
void set_descriptor_limit(rlim_t wanted);
/// How many descriptors this process may still open. It reads a directory of /proc.
std::size_t descriptors_left();

/// How many processes and threads this user may still start (RLIMIT_NPROC counts both); none where
/// nothing is limited, or the limit is too high to matter. With a low limit it reads all of /proc.
std::optional<std::size_t> processes_left();

/// A thread with this name, of 15 characters at most. Throws std::runtime_error, which says what
/// could not be started and why, when the system has no more.
std::thread start_thread(const std::string& name, std::function<void()> function);

}  // namespace tenon
