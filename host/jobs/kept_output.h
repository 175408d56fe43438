#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon::jobs {

/// What is kept of a job's output at one moment, its files as if they were one. All are opened at
/// once, so that a rotation meanwhile does not tear them. What is missing cannot be seen from here:
/// the terminal record tells it. The bytes may be anything.
class KeptOutput {
public:
    /// A folder without output gives an empty one.
    explicit KeptOutput(const std::filesystem::path& job_folder);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Where the middle is missing, if something is.
    [[nodiscard]] std::uint64_t head() const { return parts_.front().size; }
    /// Whether the tail has begun its second file. Until then nothing can be missing.
    [[nodiscard]] bool may_have_rotated() const { return static_cast<bool>(parts_.back().fd); }

    /// The bytes from `begin` to `end`; fewer when a file became shorter.
    [[nodiscard]] std::string read(std::uint64_t begin, std::uint64_t end) const;

private:
    struct Part {
        UniqueFd fd;
        std::uint64_t size = 0;
    };
    std::vector<Part> parts_;
    std::uint64_t size_ = 0;
};

}  // namespace tenon::jobs
