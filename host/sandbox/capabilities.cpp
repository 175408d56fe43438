#include "host/sandbox/capabilities.h"

#include <cerrno>
#include <cstdint>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenon::sandbox {
namespace {

constexpr int kHighestCapability = 63;

constexpr std::uint64_t capability_bit(int capability) {
    return std::uint64_t{1} << static_cast<unsigned>(capability);
}

std::uint64_t kept(KeptCapabilities keep) {
    std::uint64_t out = capability_bit(CAP_CHOWN) | capability_bit(CAP_DAC_OVERRIDE) |
                        capability_bit(CAP_FOWNER) | capability_bit(CAP_FSETID) |
                        capability_bit(CAP_SETGID) | capability_bit(CAP_SETUID) |
                        capability_bit(CAP_NET_BIND_SERVICE);
    if (keep.raw_sockets) out |= capability_bit(CAP_NET_RAW);
    if (keep.signals) out |= capability_bit(CAP_KILL);
    return out;
}

Result<void> drop_all_but(std::uint64_t wanted) {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int capability = 0; capability <= kHighestCapability; ++capability) {
        if ((wanted & capability_bit(capability)) != 0) continue;
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        // EINVAL: this kernel has no more. EPERM: the process may not drop them; with no_new_privs
        // it cannot get any either.
        if (errno == EINVAL || errno == EPERM) break;
        return Error::from_errno("drop a capability");
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) != 0) return Error::from_errno("read capabilities");
    for (int half = 0; half < 2; ++half) {
        const auto mask = static_cast<std::uint32_t>(wanted >> (32U * static_cast<unsigned>(half)));
        data[half].permitted &= mask;
        data[half].effective &= mask;
        data[half].inheritable = 0;
    }
    if (::syscall(SYS_capset, &header, data) != 0) return Error::from_errno("drop capabilities");
    return {};
}

}  // namespace

Result<void> drop_capabilities(KeptCapabilities keep) {
    return drop_all_but(::geteuid() == 0 ? kept(keep) : 0);
}

Result<void> drop_capabilities_of_plugin() {
    return drop_all_but(::geteuid() == 0 ? capability_bit(CAP_DAC_OVERRIDE) : 0);
}

}  // namespace tenon::sandbox
