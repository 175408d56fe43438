#pragma once

#include "host/base/result.h"

namespace tenon::sandbox {

struct Keep {
    bool raw_sockets = false;
    bool signals = false;  ///< to processes of other users, where Landlock bounds them
};

/// Takes away, for good, what root could use against the machine or the sandbox. What remains is
/// about files and users: owning, reading and changing files, changing to another user, low ports.
/// Of a process without capabilities nothing changes; in a user namespace of its own all go.
Result<void> drop_capabilities(Keep keep);

}  // namespace tenon::sandbox
