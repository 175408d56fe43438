#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon::jobs {

/// The output of a job that is on the disk at one moment: its files as if they were one. It stays
/// consistent when the supervisor rotates the files. It may contain any bytes.
class KeptOutput {
public:
    /// Empty for a folder without output.
    explicit KeptOutput(const std::filesystem::path& job_folder);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The size of the first file. If bytes are missing, they are missing after it.
    [[nodiscard]] std::uint64_t head() const { return files_.front().size; }
    /// How many bytes are missing there while the job runs; for an ended job see its terminal
    /// record. None: this is not known.
    [[nodiscard]] std::optional<std::uint64_t> omitted() const { return omitted_; }

    /// The bytes from `begin` to `end`; fewer when a file became shorter.
    [[nodiscard]] std::string read(std::uint64_t begin, std::uint64_t end) const;

private:
    struct File {
        UniqueFd fd;
        ino_t inode = 0;
        std::uint64_t size = 0;
    };
    bool open(const std::filesystem::path& job_folder);
    std::vector<File> files_;
    std::uint64_t size_ = 0;
    std::optional<std::uint64_t> omitted_;
};

}  // namespace tenon::jobs
