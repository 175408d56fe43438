#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon::jobs {

/// What is kept of a job's output at one moment, its files as if they were one. A rotation
/// meanwhile does not tear them. The bytes may be anything.
class KeptOutput {
public:
    /// A folder without output gives an empty one.
    explicit KeptOutput(const std::filesystem::path& job_folder);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Where the middle is missing, if something is.
    [[nodiscard]] std::uint64_t head() const { return parts_.front().size; }
    /// How many bytes are missing there, while the job runs; of an ended one the terminal record
    /// tells it. None: it is not known.
    [[nodiscard]] std::optional<std::uint64_t> omitted() const { return omitted_; }

    /// The bytes from `begin` to `end`; fewer when a file became shorter.
    [[nodiscard]] std::string read(std::uint64_t begin, std::uint64_t end) const;

private:
    struct Part {
        UniqueFd fd;
        ino_t inode = 0;
        std::uint64_t size = 0;
    };
    bool open(const std::filesystem::path& job_folder);
    std::vector<Part> parts_;
    std::uint64_t size_ = 0;
    std::optional<std::uint64_t> omitted_;
};

}  // namespace tenon::jobs
