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

/// What this kernel, with this machine's configuration and this user, cannot enforce. Tries in a
/// short-lived child process whether a mount namespace can be made; about a millisecond.
std::vector<Gap> find_gaps();

/// The wall around one command. The supervisor makes one, forks, and the child enters it right
/// before it becomes the command; the supervisor destroys it when all that the command started has
/// ended. For a process with one thread.
class Confinement {
public:
    /// Makes what must be there before: a temporary directory for `name`, stand-ins for protected
    /// paths that are missing (see Placeholders), the rules of Landlock and seccomp. `records` is a
    /// directory of Tenon's own for locks. Error also where something cannot be enforced that the
    /// policy does not tolerate. With a policy that is off this does nothing, and `enter` neither.
    static Result<Confinement> prepare(Policy policy, const std::string& name,
                                       const std::filesystem::path& records);
    /// For a command without a sandbox.
    static Confinement none() { return Confinement(Policy{}); }
    Confinement(Confinement&& other) noexcept;
    Confinement& operator=(Confinement&&) = delete;
    /// Removes the temporary directory with all that is in it.
    ~Confinement();

    /// In the child. Sets TMPDIR and GIT_TEMPLATE_DIR as well. After an Error the process must not
    /// become the command: it is in no known state.
    Result<void> enter();

    /// In the supervisor, once the child has become the command: takes over what is left to it to
    /// decide (see Broker). From then on `descriptor` is polled for reading, and `serve` called
    /// when something has come; -1: there is nothing to decide.
    void attend();
    [[nodiscard]] int descriptor() const { return broker_ ? broker_->descriptor() : -1; }
    void serve() { broker_->serve(); }
    /// To be called now and then while there are `helpers`: processes that wait for what a call of
    /// the command asked for.
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
    // The mount namespace: taking it apart would take its last process longer than a short command
    // takes, and its parent hears of the end only then.
    std::vector<UniqueFd> handed_over_;
    std::optional<Broker> broker_;
};

}  // namespace tenon::sandbox
