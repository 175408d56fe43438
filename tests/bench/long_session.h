#pragma once

#include <string>

#include "host/agent/session.h"
#include "tests/bench/program_run.h"

namespace tenon::bench {

/// A session of ten megabytes, created by the real program and then filled with turns of 4 KB.
class LongSession {
public:
    LongSession();
    /// What agent::Session::open needs.
    [[nodiscard]] agent::SessionHead head() const;

    const BenchFolders folders;
    const std::string id = "long";
};

}  // namespace tenon::bench
