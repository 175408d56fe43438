#pragma once

#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::sandbox {

/// Passes descriptors from a child to its parent, before the child becomes another program. The
/// parent makes this before the fork; then each side uses its own copy.
class Handover {
public:
    Handover() = default;
    static Result<Handover> make();

    /// In the child.
    void put(UniqueFd fd) { fds_.push_back(std::move(fd)); }
    Result<void> send();
    /// In the parent, when the child has become the program: what was sent, in that order. Does not
    /// block.
    std::vector<UniqueFd> receive();

private:
    UniqueFd child_, parent_;
    std::vector<UniqueFd> fds_;
};

}  // namespace tenon::sandbox
