#pragma once

#include <linux/filter.h>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/sandbox/policy.h"

/// The seccomp filter: which system calls a sandboxed process may make at all. A small BPF program
/// of our own (seccomp(2), bpf(4)), for the architecture that this is built for.
namespace tenon::sandbox {

/// Whether the kernel takes such filters.
bool has_seccomp();

/// The program. Calls that it knows to be harmless are allowed, what could lead out answers EPERM,
/// sockets that the network setting does not allow answer EACCES. Calls of another architecture
/// (32 bits, x32) answer ENOSYS. Where a
/// socket is connected to is left to a Broker, and with `loopback` also how it is made.
/// `tracing_is_scoped`: Landlock keeps a process from tracing others than those of its sandbox.
/// Then tracing is allowed, which debuggers and LeakSanitizer need; else it answers EPERM.
std::vector<sock_filter> filter_for(Network network, bool tracing_is_scoped);

/// For this process and its descendants, for good. Needs no_new_privs. By the descriptor a Broker
/// answers the calls that the filter leaves to it.
Result<UniqueFd> enforce_filter(const std::vector<sock_filter>& program);

}  // namespace tenon::sandbox
