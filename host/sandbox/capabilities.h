#pragma once

#include "host/base/result.h"

namespace tenon::sandbox {

/// What root keeps, in addition to the capabilities about files and users.
struct KeptCapabilities {
    bool raw_sockets = false;
    bool signals = false;  ///< to processes of other users, if Landlock limits them to the sandbox
};

/// Drops, for good, the capabilities that root could use against the machine or the sandbox. Those
/// about files and users stay: owning, reading and changing files, changing to another user, low
/// ports. A process without capabilities does not change. For another user than root, all are
/// dropped.
Result<void> drop_capabilities(KeptCapabilities keep);

/// Drops, for good, all capabilities. Root keeps only that of reading and writing files of other
/// users, as it needs for a workspace that belongs to somebody else; Landlock decides which files.
Result<void> drop_capabilities_of_plugin();

}  // namespace tenon::sandbox
