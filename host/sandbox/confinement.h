#pragma once

#include <filesystem>
#include <linux/filter.h>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/sandbox/broker.h"
#include "host/sandbox/handover.h"
#include "host/sandbox/landlock.h"
#include "host/sandbox/mounts.h"
#include "host/sandbox/placeholders.h"
#include "host/sandbox/policy.h"

namespace tenon::sandbox {

/// What this kernel, this machine's configuration and this user's rights cannot enforce. Tries in a
/// child process whether a mount namespace can be made, which takes about a millisecond.
std::vector<Gap> find_gaps();

/// The sandbox of one command. The supervisor makes it and forks; the child enters it right before
/// it becomes the command. The supervisor destroys it when all that the command started has ended.
/// For a process with one thread.
class Confinement {
public:
    /// Makes what must exist before: a temporary directory for `name`, placeholders for protected
    /// paths that are missing, the rules of Landlock and seccomp. `records` is a directory of
    /// Tenon's own for locks. Error also if something cannot be enforced that the policy does not
    /// tolerate. With a policy that is off, neither this nor `enter` does anything.
    static Result<Confinement> prepare(Policy policy, const std::string& name,
                                       const std::filesystem::path& records);
    /// For a command without a sandbox.
    static Confinement none() { return Confinement(Policy{}); }
    Confinement(Confinement&& other) noexcept;
    Confinement& operator=(Confinement&&) = delete;
    /// Removes the temporary directory with all that is in it.
    ~Confinement();

    /// In the child. Also sets TMPDIR and GIT_TEMPLATE_DIR. After an Error the process must not
    /// become the command, since its state is not known.
    Result<void> enter();

    /// In the supervisor, when the child has become the command: from then on the supervisor
    /// decides about some system calls (see Broker). It polls `descriptor` for reading and calls
    /// `serve` when it is readable. -1: there is nothing to decide.
    void attend();
    [[nodiscard]] int descriptor() const { return broker_ ? broker_->descriptor() : -1; }
    void serve() { broker_->serve(); }
    /// Call it from time to time while there are `helpers`: processes that make a connection for
    /// the command.
    void tend() {
        if (broker_) broker_->tend();
    }
    [[nodiscard]] std::vector<pid_t> helpers() const {
        return broker_ ? broker_->helpers() : std::vector<pid_t>{};
    }

private:
    explicit Confinement(Policy policy) : policy_(std::move(policy)) {}
    [[nodiscard]] bool uses(Gap gap) const;
    Result<void> make_temporary(const std::string& name);
    [[nodiscard]] std::vector<std::string> writable() const;
    [[nodiscard]] bool can_be_hidden(const std::string& path) const;
    Result<void> plan_mounts(const std::filesystem::path& records);
    Result<void> plan_landlock();

    Policy policy_;
    Placeholders placeholders_;
    std::filesystem::path temporary_;  // the job's own
    MountPlan mounts_;
    std::optional<Landlock> landlock_;
    std::vector<sock_filter> filter_;  // empty: the kernel has no seccomp
    Handover handover_;
    // Keeps the mount namespace. Otherwise the last process in it would have to take it apart when
    // it ends, which takes longer than a short command, and its parent would wait for that.
    std::vector<UniqueFd> handed_over_;
    std::optional<Broker> broker_;
};

}  // namespace tenon::sandbox
