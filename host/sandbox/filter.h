#pragma once

#include <linux/filter.h>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/sandbox/policy.h"

/// The seccomp filter: which system calls a sandboxed process may make. A small BPF program
/// (seccomp(2), bpf(4)) for the architecture of this build.
namespace tenon::sandbox {

/// Whether the kernel supports such filters.
bool has_seccomp();

/// The program:
/// - calls that could lead out of the sandbox fail with EPERM;
/// - sockets that the network setting does not allow fail with EACCES;
/// - calls of another architecture (32 bits, x32) fail with ENOSYS;
/// - a Broker decides where a socket may be connected to, and with `loopback` it makes the sockets;
/// - all other calls are allowed.
/// `tracing_is_scoped`: Landlock prevents tracing of processes outside of the sandbox. Then tracing
/// is allowed, since debuggers and LeakSanitizer need it; otherwise it fails with EPERM.
std::vector<sock_filter> filter_for(Network network, bool tracing_is_scoped);

/// Enforces the program for this process and its descendants, for good. Needs no_new_privs. Returns
/// the descriptor by which a Broker answers the calls that are left to it.
Result<UniqueFd> enforce_filter(const std::vector<sock_filter>& program);

}  // namespace tenon::sandbox
