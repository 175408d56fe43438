#pragma once

#include <fstream>
#include <string>
#include <sys/types.h>

#include "host/jobs/process.h"

namespace tenon::testing {

/// The process that starts the shims of this host; 0: there is none.
inline pid_t launcher_of(pid_t host) {
    for (const auto& process : jobs::all_processes()) {
        if (process.stat.parent != host) continue;
        std::string name;
        std::ifstream("/proc/" + std::to_string(process.pid) + "/comm") >> name;
        if (name == "tenon-launcher") return process.pid;
    }
    return 0;
}

}  // namespace tenon::testing
