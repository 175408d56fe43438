#include "host/sandbox/plugin_confinement.h"

#include <algorithm>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/base/path_text.h"
#include "host/sandbox/capabilities.h"
#include "host/sandbox/filter.h"
#include "host/sandbox/filter_program.h"
#include "host/sandbox/landlock.h"
#include "host/sandbox/plugin_filter.h"

namespace tenon::sandbox {
namespace {

/// What every library may need: other libraries, how to find them, texts, time zones, and what the
/// C library asks the kernel about the machine.
constexpr const char* kLibraries[] = {
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/share",
    "/usr/local/share",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/timezone",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/kernel/mm/transparent_hugepage",
};

/// Name resolution and certificates. The directories are those that /etc/resolv.conf leads to.
/// /etc/ssl as a whole would include private keys.
constexpr const char* kNetworkFiles[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/networks",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust/extracted/pem",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
};

/// Programs with what belongs to them, and what they ask about users. No secrets of root's.
constexpr const char* kPrograms[] = {
    "/usr",
    "/bin",
    "/sbin",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/gitconfig",
    "/etc/mime.types",
    "/etc/os-release",
};

/// A workspace may be as large as `/`. These are not files of the user's.
constexpr const char* kNeverInside[] = {"/proc", "/sys", "/dev", "/run"};

class FileRules {
public:
    FileRules(Landlock& landlock, const PluginPolicy& policy)
        : landlock_(landlock),
          policy_(policy),
          reading_(policy.exec ? Access::kRunTree : Access::kReadTree) {}

    Result<void> add() {
        allow_each(kLibraries);
        if (policy_.network) allow_each(kNetworkFiles);
        if (policy_.exec) allow_each(kPrograms);
        allow("/dev/null", Access::kDevice);
        allow(policy_.library, reading_);
        read_own_folder();
        read_around_hidden(policy_.workspace);
        for (const std::string& path : policy_.read)
            read_around_hidden(path);
        for (const std::string& path : policy_.write)
            allow_real(path, Access::kWrite);
        allow_real(policy_.state_dir, reading_);
        allow_real(policy_.state_dir, Access::kWrite);
        return std::move(result_);
    }

private:
    void allow(const std::string& path, Access access) {
        if (path.empty() || !result_) return;
        result_ = landlock_.allow(path, access);
    }
    /// For what may be inside of what the plugin may write, where it could put a link.
    void allow_real(const std::string& path, Access access) {
        if (path.empty() || !result_) return;
        result_ = landlock_.allow_real(path, access);
    }
    void allow_each(std::span<const char* const> paths) {
        for (const char* path : paths)
            allow(path, reading_);
    }
    /// The plugin's folder may be inside of what is hidden, but is no way to what is hidden in it.
    void read_own_folder() {
        const std::string& own = policy_.plugin_dir;
        if (own.empty() || !result_) return;
        std::vector<std::string> hidden(std::begin(kNeverInside), std::end(kNeverInside));
        hidden.insert(hidden.end(), policy_.hidden.begin(), policy_.hidden.end());
        std::erase_if(hidden,
                      [&](const std::string& one) { return one != own && is_beneath(own, one); });
        result_ = landlock_.allow_reading_around(own, hidden, reading_);
    }
    /// Names can be listed also where contents are hidden: a rule for a directory holds for
    /// everything beneath it.
    void read_around_hidden(const std::string& path) {
        if (path.empty() || !result_) return;
        std::vector<std::string> hidden(std::begin(kNeverInside), std::end(kNeverInside));
        hidden.insert(hidden.end(), policy_.hidden.begin(), policy_.hidden.end());
        std::erase_if(hidden, [&](const std::string& one) { return is_beneath(path, one); });
        const bool inside = std::any_of(hidden.begin(), hidden.end(), [&](const std::string& one) {
            return is_beneath(one, path);
        });
        if (inside) allow_real(path, Access::kList);
        if (result_) result_ = landlock_.allow_reading_around(path, hidden, reading_);
    }

    Landlock& landlock_;
    const PluginPolicy& policy_;
    Access reading_;
    Result<void> result_;
};

Result<void> enforce_landlock(const PluginPolicy& policy, int abi) {
    auto landlock = Landlock::create(abi, !policy.network);
    if (!landlock) return landlock.error();
    if (auto added = FileRules(*landlock, policy).add(); !added) return added;
    return landlock->enforce();
}

Result<void> confine(const PluginPolicy& policy, const ConfinementSupport& support) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error::from_errno("set no_new_privs");
    if (support.landlock_abi > 0) {
        if (auto done = enforce_landlock(policy, support.landlock_abi); !done) return done;
    }
    if (auto done = drop_capabilities_of_plugin(); !done) return done;
    if (!support.seccomp) return {};
    return enforce_filter_alone(
        plugin_filter({policy.network, policy.exec, support.landlock_abi, ::getpid()}));
}

}  // namespace

ConfinementSupport confinement_support() {
    return {landlock_abi(), has_seccomp()};
}

Result<void> check_plugin_confinement(const ConfinementSupport& support) {
    if (support.landlock_abi > 0 && support.seccomp) return {};
    std::string missing;
    if (support.landlock_abi == 0) missing = "Landlock (Linux 5.13 and later)";
    if (!support.seccomp)
        missing += (missing.empty() ? "" : " and ") + std::string("seccomp filters");
    return Error{"this kernel lacks " + missing};
}

Result<void> confine_plugin(const PluginPolicy& policy, const ConfinementSupport& support) {
    if (!policy.unconfined) {
        if (auto able = check_plugin_confinement(support); !able) return able;
    }
    const auto confined = confine(policy, support);
    if (confined) return {};
    return confined.error().while_doing("confine the plugin");
}

}  // namespace tenon::sandbox
