#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"
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
    /// Makes what must be there before: a temporary directory for `name` and stand-ins for
    /// protected paths that are missing (see Placeholders; `records` is a directory for their
    /// locks). With a policy that is off this does nothing, and `enter` neither.
    static Result<Confinement> prepare(Policy policy, const std::string& name,
                                       const std::filesystem::path& records);
    /// For a command without a sandbox.
    static Confinement none() { return {Policy{}, Placeholders{}}; }
    Confinement(Confinement&& other) noexcept;
    Confinement& operator=(Confinement&&) = delete;
    /// Removes the temporary directory with all that is in it.
    ~Confinement();

    /// In the child. Sets TMPDIR and GIT_TEMPLATE_DIR as well. After an Error the process must not
    /// become the command: it is in no known state.
    Result<void> enter();

private:
    Confinement(Policy policy, Placeholders placeholders)
        : policy_(std::move(policy)), placeholders_(std::move(placeholders)) {}
    Result<void> make_temporary(const std::string& name);
    [[nodiscard]] std::vector<std::string> writable() const;
    [[nodiscard]] std::vector<std::string> hidden() const;
    [[nodiscard]] MountPlan mount_plan() const;
    [[nodiscard]] Result<void> check(const std::vector<Gap>& gaps) const;
    Result<void> enforce_landlock(int abi, bool has_mounts) const;

    Policy policy_;
    Placeholders placeholders_;
    std::filesystem::path temporary_;  // the job's own; what it may write is beneath it
};

}  // namespace tenon::sandbox
