#pragma once

#include <linux/filter.h>
#include <sys/types.h>
#include <vector>

/// The seccomp filter of a plugin's process.
namespace tenon::sandbox {

/// What the filter depends on.
struct PluginCalls {
    bool network = false;
    bool exec = false;
    int landlock_abi = 0;  ///< 0: none; the filter then refuses more, since Landlock refuses less
    pid_t self = 0;        ///< the process that the filter is for
};

/// The program:
/// - calls that change modes, owners, times, attributes or flags of files fail with EPERM, also
///   for the plugin's own files: a filter cannot see what a path or a descriptor leads to;
/// - without `exec`, starting programs and processes fails with EPERM; threads can be started;
/// - without `network`, every socket fails with EACCES; with it there are sockets of the internet
///   protocols, of NETLINK_ROUTE (which lists the addresses of the machine), and pairs of streams;
/// - signals reach the process itself. With `exec` and Landlock's scope of signals (ABI 6) that
///   scope decides: they reach every process that the plugin has started;
/// - tracing, mounts, namespaces, keys, message queues and shared memory of System V and POSIX,
///   watching of files, and settings of other processes and of the machine fail with EPERM;
/// - of ioctl, fcntl and prctl, only known harmless requests are allowed, or none of the known
///   harmful ones;
/// - calls of another architecture, and calls newer than those known here, fail with ENOSYS;
/// - before ABI 3 of Landlock, truncating by a path, or by opening without writing, fails with
///   EACCES;
/// - all other calls are allowed.
std::vector<sock_filter> plugin_filter(const PluginCalls& calls);

}  // namespace tenon::sandbox
