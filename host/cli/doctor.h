#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "host/config/configuration.h"
#include "host/sandbox/policy.h"

/// The checks of `tenon doctor`, one group a file. They change nothing that lasts, run no code of
/// third-party plugins, and connect to nothing, except `check_server`. Each works with a
/// configuration that has errors.
namespace tenon::cli {

/// An error would stop a run.
enum class CheckStatus { kOk, kWarning, kError };

struct Check {
    std::string name;
    CheckStatus status = CheckStatus::kOk;
    std::string found;
    std::string remedy;  ///< lines that can be pasted, or a sentence; empty when the status is ok
};
using Checks = std::vector<Check>;

/// Where the machine says about itself what the checks ask.
struct MachinePlaces {
    std::filesystem::path proc = "/proc";
    std::filesystem::path cgroups = "/sys/fs/cgroup";
    std::filesystem::path systemd = "/run/systemd/system";  ///< exists where systemd runs
    /// Each may have logind.conf and logind.conf.d, the strongest first (logind.conf(5)).
    std::vector<std::filesystem::path> logind = {"/etc/systemd", "/run/systemd",
                                                 "/usr/local/lib/systemd", "/usr/lib/systemd"};
    std::filesystem::path linger = "/var/lib/systemd/linger";
    std::string systemctl = "systemctl";
    std::chrono::milliseconds systemctl_patience{2000};
};

/// Whether the baseUrl of this section, "model" or "model.fallback.1", has a bad value. Then its
/// default is in the settings, the address of another server: nothing is to be said of that.
bool has_wrong_address(const config::Configuration& found, const std::string& section = "model");

/// "model" and "key".
Checks check_model(const config::Configuration& found);
/// One for each error and warning of the configuration.
Checks check_configuration(const config::Configuration& found);
/// One for the number of usable plugins, one for each that is left out, and the helper programs.
Checks check_plugins(const config::Configuration& found);
/// "shell": the bash of jobs, in the PATH of `environment`.
Checks check_bash(const config::Environment& environment);

/// The state directory, its space and its locks, the directory for temporary files, and the file of
/// the log. Makes a file in the state directory, or where that would be made, and removes the file.
Checks check_storage(const config::Configuration& found, const config::Environment& environment);

/// What this kernel does for this user.
struct KernelFeatures {
    int landlock_abi = 0;  ///< 0: no Landlock
    int pidfd = 0;         ///< 0, or the errno of opening one
    int user_namespace = 0;
    std::vector<sandbox::Gap> gaps;  ///< of the sandbox
};
/// Tries them, in child processes where needed; for a process with one thread.
KernelFeatures find_kernel_features();
/// /proc, pidfds, Landlock, seccomp and namespaces.
Checks check_kernel(const config::Settings& settings, const KernelFeatures& kernel,
                    const MachinePlaces& places);

/// Whether a logout, or the end of a service, would end jobs. `user` is a name.
Checks check_logout(const std::string& user, const MachinePlaces& places);

/// Limits of this process and its control groups.
Checks check_limits(const config::Settings& settings, const MachinePlaces& places);
/// `now`: seconds since 1970.
Checks check_clock(std::int64_t now);

/// The address of the server, the proxy and the certificates of authorities.
Checks check_network(const config::Configuration& found);
/// Connects to the server once, for ten seconds at most.
Checks check_server(const config::Configuration& found);

}  // namespace tenon::cli
