#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

namespace tenon::shim {

/// What the descendants of one process use.
struct Usage {
    std::uint64_t processes = 0;       ///< those that wait to be reaped included
    std::uint64_t memory_at_most = 0;  ///< bytes resident, shared ones counted for each process
    std::chrono::milliseconds cpu{};   ///< of all that there ever were, as far as it can be known
};

/// Reads the usage of a process tree from /proc. Its cost grows with the tree, not with the
/// machine: it follows the kernel's lists of children. Figures are never more than the truth, but
/// for `memory_at_most`; of a tree that changes while it is read they may be a little less.
class UsageMeter {
public:
    /// `root` itself is not counted, only the time of its children that it has reaped.
    explicit UsageMeter(pid_t root);

    /// Where there are more than `enough` processes, that is all it says. Those `left_out`, and
    /// what they use, are not counted.
    Usage look(std::uint64_t enough, const std::vector<pid_t>& left_out = {});
    /// Bytes resident, shared pages counted once, of the processes that `look` saw last. Costs the
    /// kernel a walk over all their pages.
    [[nodiscard]] std::uint64_t memory() const;

private:
    struct Seen {
        std::uint64_t start_time = 0;
        std::uint64_t ticks = 0;  // its own
        bool is_alive = false;
    };
    std::uint64_t ticks_of_vanished();

    pid_t root_;
    std::vector<pid_t> tree_;
    std::unordered_map<pid_t, Seen> seen_;
    std::uint64_t vanished_ = 0;  // ticks of those that were seen and are gone
};

}  // namespace tenon::shim
