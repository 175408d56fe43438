// What the kernel, and the configuration of this machine, let Tenon do.
#include <algorithm>
#include <cerrno>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/cli/doctor.h"
#include "host/sandbox/confinement.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kMostOfAControlFile = 4096;

bool has_sandbox(const config::Settings& settings) {
    // In plan mode commands only read, whatever sandbox.mode is.
    return settings.sandbox.mode != "off" || settings.permissions.mode == "plan";
}

/// How grave it is when the sandbox cannot be enforced: only with sandbox.require it stops
/// commands.
CheckStatus status_of_gap(const config::Settings& settings) {
    return has_sandbox(settings) && settings.sandbox.require ? CheckStatus::kError
                                                             : CheckStatus::kWarning;
}

bool has_gap(const std::vector<sandbox::Gap>& gaps, sandbox::Gap gap) {
    return std::find(gaps.begin(), gaps.end(), gap) != gaps.end();
}

Check check_pidfd(int failed) {
    if (failed == 0) return {"pidfd", CheckStatus::kOk, "the kernel has them", ""};
    return {"pidfd", CheckStatus::kError,
            Error::from_errno("pidfd_open", failed).message + "; jobs cannot be watched",
            "use Linux 5.3 or later; in a container, allow pidfd_open in its seccomp profile"};
}

Check check_landlock(const config::Settings& settings, const KernelFeatures& kernel) {
    const auto& [abi, pidfd, user_namespace, gaps] = kernel;
    if (abi == 0)
        return {
            "landlock", status_of_gap(settings),
            "the kernel has none: plugins in processes of their own are refused, and a sandbox "
            "lacks " +
                std::string(describe(sandbox::Gap::kLandlock)),
            "use Linux 5.13 or later, with landlock in the kernel's parameter lsm=; for a plugin "
            "that you trust: plugins.ID.grants=unconfined"};
    const std::string found = "ABI " + std::to_string(abi);
    std::vector<sandbox::Gap> missing;
    for (const sandbox::Gap gap : {sandbox::Gap::kTruncate, sandbox::Gap::kSignals})
        if (has_gap(gaps, gap)) missing.push_back(gap);
    if (missing.empty()) return {"landlock", CheckStatus::kOk, found, ""};
    if (!has_sandbox(settings))
        return {"landlock", CheckStatus::kOk, found + "; a sandbox would lack " + describe(missing),
                ""};
    return {"landlock", status_of_gap(settings),
            found + "; the sandbox lacks " + sandbox::describe(missing),
            settings.sandbox.require ? "sandbox.require=false, or a newer kernel"
                                     : "use Linux 6.12 or later"};
}

Check check_seccomp(const config::Settings& settings, const std::vector<sandbox::Gap>& gaps) {
    if (!has_gap(gaps, sandbox::Gap::kSeccomp))
        return {"seccomp", CheckStatus::kOk, "the kernel has filters", ""};
    return {"seccomp", status_of_gap(settings),
            "the kernel has no filters: plugins in processes of their own are refused, and a "
            "sandbox lacks " +
                std::string(describe(sandbox::Gap::kSeccomp)),
            "use a kernel with CONFIG_SECCOMP_FILTER"};
}

/// Why a user namespace cannot be made; 0: it can.
int try_user_namespace() {
    const pid_t child = ::fork();
    if (child < 0) return errno;
    if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

/// The first of the settings of the kernel that forbids namespaces to users.
std::string sysctl_to_set(const std::filesystem::path& proc) {
    struct Forbidding {
        const char* file;
        const char* value;
        const char* remedy;
    };
    constexpr Forbidding kForbidding[] = {
        {"sys/kernel/unprivileged_userns_clone", "0",
         "sysctl -w kernel.unprivileged_userns_clone=1"},
        {"sys/kernel/apparmor_restrict_unprivileged_userns", "1",
         "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
        {"sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"},
    };
    for (const Forbidding& one : kForbidding) {
        const auto text = read_whole_file(proc / one.file, kMostOfAControlFile);
        if (text && utf8::trimmed(*text) == one.value) return one.remedy;
    }
    return "in a container, allow unshare and mount in its seccomp profile";
}

Check check_namespaces(const config::Settings& settings, const KernelFeatures& kernel,
                       const std::filesystem::path& proc) {
    const int failed = kernel.user_namespace;
    if (!has_gap(kernel.gaps, sandbox::Gap::kMountNamespace))
        return {"namespaces", CheckStatus::kOk,
                failed == 0 ? "user and mount namespaces can be made"
                            : "mount namespaces can be made; user namespaces are not needed",
                ""};
    std::string found = "no mount namespace can be made";
    if (failed != 0)
        found += ", " + Error::from_errno("since no user namespace can be made", failed).message;
    found += ": a sandbox lacks " + std::string(describe(sandbox::Gap::kMountNamespace));
    if (settings.jobs.pid_namespace) found += "; jobs.pidNamespace has no effect";
    return {"namespaces", status_of_gap(settings), found, sysctl_to_set(proc)};
}

}  // namespace

KernelFeatures find_kernel_features() {
    KernelFeatures out;
    out.landlock_abi = sandbox::landlock_abi();
    const UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    out.pidfd = self ? 0 : errno;
    out.user_namespace = try_user_namespace();
    out.gaps = sandbox::find_gaps();
    return out;
}

Checks check_kernel(const config::Settings& settings, const KernelFeatures& kernel,
                    const MachinePlaces& places) {
    const auto self = read_whole_file(places.proc / "self/stat", kMostOfAControlFile);
    return {self ? Check{"proc", CheckStatus::kOk, "/proc is mounted", ""}
                 : Check{"proc", CheckStatus::kError,
                         self.error().message + "; processes of jobs cannot be found",
                         "mount -t proc proc /proc"},
            check_pidfd(kernel.pidfd), check_landlock(settings, kernel),
            check_seccomp(settings, kernel.gaps), check_namespaces(settings, kernel, places.proc)};
}

}  // namespace tenon::cli
