#include "host/sandbox/plugin_confinement.h"

#include <sys/prctl.h>

namespace tenon::sandbox {

ConfinementSupport confinement_support() {
    return {};
}

Result<void> check_plugin_confinement(const ConfinementSupport&) {
    return {};
}

Result<void> confine_plugin(const PluginPolicy&, const ConfinementSupport&) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return Error::from_errno("give up new privileges");
    return {};
}

}  // namespace tenon::sandbox
