#pragma once

#include <cstdint>
#include <linux/seccomp.h>
#include <string>
#include <sys/types.h>
#include <vector>

#include "host/base/unique_fd.h"
#include "host/sandbox/policy.h"

/// Decides, outside the sandbox, what a filter inside cannot see: where a socket is to be connected
/// (the address is in memory), and which sockets stay on this machine. See seccomp_unotify(2).
namespace tenon::sandbox {

/// The calls of one sandbox that wait for an answer. Lives in the supervisor, which polls it; does
/// nothing that blocks, but for helpers: child processes which waitpid(2) does not see without
/// __WCLONE, and which send no signal. Whatever it cannot judge is refused; when it is gone, the
/// kernel refuses.
class Broker {
public:
    /// `reachable`: the directories whose sockets may be connected to.
    Broker(UniqueFd listener, Network network, std::vector<std::string> reachable)
        : listener_(std::move(listener)), network_(network), reachable_(std::move(reachable)) {}

    /// Readable when a call waits; -1 once nobody is left who could call.
    [[nodiscard]] int descriptor() const { return listener_.get(); }
    /// Answers one call, when `descriptor` is readable or has hung up.
    void serve();
    /// Reaps helpers, and ends those whose caller waits no more.
    void tend();
    /// They are no part of what the command started.
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
