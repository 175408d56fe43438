#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

namespace tenon::plugins {

/// Detects plugin files (*.so, not hidden) that appear, change or are removed, so that they can be
/// reported. It does not load them: they may have been written by a command that an attacker made
/// the model run. Used by one thread at a time; `look` reads the folders, which takes microseconds.
class FolderWatch {
public:
    /// The files that are in the folders now count as known.
    explicit FolderWatch(std::vector<std::filesystem::path> folders);

    /// The files that have changed since the last call. They count as known from now on. Each path
    /// is that of TrustedFile: its folder is without symbolic links.
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
