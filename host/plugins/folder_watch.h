#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

namespace tenon::plugins {

/// Notices plugin files that appear, change or go, so that a person can be told. Nothing is loaded
/// here: a command that a model was talked into could have written them. One thread at a time;
/// `look` reads folders and costs microseconds.
class FolderWatch {
public:
    /// What stands in the folders now counts as known.
    explicit FolderWatch(std::vector<std::filesystem::path> folders);

    /// The files that are different from the last look; they are known from now on.
    std::vector<std::filesystem::path> look();

private:
    struct Stamp {
        std::uint64_t device = 0, inode = 0;
        std::int64_t size = 0, seconds = 0, nanoseconds = 0;
        bool operator==(const Stamp&) const = default;
    };
    using Stamps = std::map<std::filesystem::path, Stamp>;
    [[nodiscard]] Stamps stamps() const;

    std::vector<std::filesystem::path> folders_;
    Stamps known_;
};

}  // namespace tenon::plugins
