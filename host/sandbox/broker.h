#pragma once

#include <cstdint>
#include <linux/seccomp.h>
#include <string>
#include <sys/types.h>
#include <vector>

#include "host/base/unique_fd.h"
#include "host/sandbox/policy.h"

/// Decides outside the sandbox what the filter inside cannot decide: where a socket may be
/// connected to (the filter cannot read the address, which is in memory), and how to make a socket
/// that reaches only this machine. See seccomp_unotify(2).
namespace tenon::sandbox {

/// Answers the system calls that the filter of one sandbox leaves to it. The supervisor has one and
/// polls it. Work that may block is done by helpers: child processes that waitpid(2) does not
/// report without __WCLONE and that send no signal when they end. A call that cannot be judged is
/// refused. Without a broker the kernel refuses these calls. For a process with one thread; does
/// not block.
class Broker {
public:
    /// `reachable`: sockets in and beneath these directories may be connected to.
    Broker(UniqueFd listener, Network network, std::vector<std::string> reachable)
        : listener_(std::move(listener)), network_(network), reachable_(std::move(reachable)) {}

    /// Readable when a call waits; -1 when no process is left that could make one.
    [[nodiscard]] int descriptor() const { return listener_.get(); }
    /// Answers one call, when `descriptor` is readable or has hung up.
    void serve();
    /// Reaps helpers, and ends those with a caller that no longer waits.
    void tend();
    /// These processes do not belong to the command.
    [[nodiscard]] std::vector<pid_t> helpers() const;

private:
    struct Helper {
        pid_t pid;
        std::uint64_t call;
    };
    void connect_by_helper(const seccomp_notif& request);
    [[noreturn]] void connect_alone(const seccomp_notif& request, int parent) const;

    UniqueFd listener_;
    Network network_;
    std::vector<std::string> reachable_;
    std::vector<Helper> helpers_;
};

}  // namespace tenon::sandbox
