#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

namespace tenon::shim {

/// What the descendants of one process use.
struct Usage {
    std::uint64_t processes = 0;       ///< with those that are not yet reaped
    std::uint64_t memory_at_most = 0;  ///< resident bytes; shared pages count for each process
    std::chrono::milliseconds cpu{};   ///< also of ended processes, as far as it can be known
};

/// Reads the usage of a process tree from /proc. The cost grows with the tree, not with the
/// machine, since it follows the kernel's lists of children. Except for `memory_at_most`, the
/// figures are never too high; if the tree changes meanwhile, they may be a little too low.
class UsageMeter {
public:
    /// `root` itself is not counted, only the time of its children that it has reaped.
    explicit UsageMeter(pid_t root);

    /// When there are more than `enough` processes, only their number is set. The processes in
    /// `excluded` are not counted.
    Usage look(std::uint64_t enough, const std::vector<pid_t>& excluded = {});
    /// The resident bytes of the processes that `look` saw last; shared pages count once. The
    /// kernel walks over all their pages for this.
    [[nodiscard]] std::uint64_t memory() const;

private:
    struct Seen {
        std::uint64_t start_time = 0;
        std::uint64_t ticks = 0;  // its own, without its children's
        bool is_alive = false;
    };
    std::uint64_t ticks_of_vanished();

    pid_t root_;
    std::vector<pid_t> tree_;
    std::unordered_map<pid_t, Seen> seen_;
    std::uint64_t vanished_ = 0;  // ticks of processes that were seen and have ended
};

}  // namespace tenon::shim
