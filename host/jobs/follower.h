#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "host/base/unique_fd.h"

namespace tenon::jobs {

/// Follows the output of one job while it grows, across its files. Does not notice the job's end.
/// Not thread-safe.
class OutputFollower {
public:
    explicit OutputFollower(std::filesystem::path job_folder);

    struct Piece {
        std::string bytes;          ///< never empty
        std::uint64_t omitted = 0;  ///< bytes before it that were dropped before they could be read
    };
    /// The next piece, from the beginning on; none when there is nothing more now. Never blocks.
    std::optional<Piece> next();

    /// Readable when `next` may have more. -1: the kernel has refused the watch for that.
    [[nodiscard]] int fd() const { return events_.get(); }

private:
    std::string read_more();
    bool move_on();
    void find_successor();
    void forget_events() const;

    std::filesystem::path folder_;
    UniqueFd events_;     // inotify
    UniqueFd file_;       // being read
    UniqueFd successor_;  // follows when `file_` has been read to its end once more
    bool in_head_ = false;
    std::uint64_t position_ = 0;  // of the next byte of `file_` in the whole output
    std::uint64_t successor_at_ = 0;
    std::uint64_t omitted_ = 0;
};

}  // namespace tenon::jobs
