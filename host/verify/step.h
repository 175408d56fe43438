#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::verify {

/// A step of verify that runs in a process of its own; see plugin/verify_protocol.h.
struct VerifyStep {
    std::filesystem::path program;  ///< tenon-plugin-host
    std::string name;               ///< "load"
    std::filesystem::path library;
    std::filesystem::path folder;  ///< the working directory
    Json job;
};

/// How such a process has ended.
struct VerifyStepEnd {
    std::vector<Json> messages;       ///< without those about what comes now
    bool complete = false;            ///< the step came to its end
    std::string doing;                ///< what it did last
    std::string late;                 ///< not empty: it hung, and was killed for this reason
    int status = 0;                   ///< as of waitpid(2)
    std::string printed, complained;  ///< the beginnings of standard output and error; any bytes
    std::size_t left_behind = 0;      ///< processes that were still there at its end
    bool stopped = false;             ///< by the stop token; the rest does not count
};

/// Starts the process, reads what it reports, kills it when it hangs, and waits for its end.
/// Every process that it has started is ended too: for the time of this call the calling process
/// adopts orphans, so no other thread may start processes. Blocks; a stop ends it soon. The Error
/// says why the process could not be started. The environment of the process has no keys.
Result<VerifyStepEnd> run_verify_step(const VerifyStep& step, const std::stop_token& stop);

}  // namespace tenon::verify
