#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/mutex.h"

namespace tenon::plugins {

/// Where somebody looks for plugins.
struct WatchedFolder {
    std::filesystem::path path;  ///< need not exist
    bool libraries = true;       ///< its *.so files are plugins; else only directories in it are
};

/// Detects plugin files that appear, change or are removed, so that they can be reported: *.so
/// files of folders, and the manifests and native libraries of directories in the Agent Plugins
/// form. Hidden files do not count. It does not load them: they may have been written by a command
/// that an attacker made the model run.
///
/// Whoever waits for `descriptor` and calls `take_events` learns of changes soon, and is not woken
/// without a reason. A folder may appear later, be replaced, or be reached through symbolic links.
/// A file that is written slowly is reported when it is closed. Thread-safe; reads folders, which
/// takes microseconds.
class FolderWatch {
public:
    using Clock = std::chrono::steady_clock;
    enum class Kind { kAppeared, kChanged, kRemoved };
    struct Change {
        std::filesystem::path file;  ///< as TrustedFile::path: its folder is without links
        Kind kind = Kind::kChanged;
        bool operator==(const Change&) const = default;
    };

    /// The files that are in the folders now count as known.
    explicit FolderWatch(std::vector<WatchedFolder> folders);
    ~FolderWatch();
    FolderWatch(const FolderWatch&) = delete;
    FolderWatch& operator=(const FolderWatch&) = delete;

    /// Readable when `take_events` has something to do; -1 when the kernel refuses to watch.
    [[nodiscard]] int descriptor() const;
    /// Whether the kernel watches all folders. Otherwise only `look` finds every change.
    [[nodiscard]] bool sees_everything() const;

    struct News {
        std::vector<Change> changes;  ///< in the order of their paths
        std::optional<Clock::time_point>
            again;  ///< when to call again although nothing is readable
    };
    /// Takes what the kernel reports. What belongs together is reported together, a moment later.
    News take_events();

    /// Reads the folders: the files that have changed since they were last reported.
    std::vector<Change> look();

    /// The files that were reported since the last call.
    std::set<std::filesystem::path> take_reported();
    /// Puts such files back, since they could not be loaded.
    void keep_reported(const std::set<std::filesystem::path>& files);

private:
    class Files;
    mutable Mutex mutex_;
    const std::unique_ptr<Files> files_;  // used with the mutex held, but for its descriptor
};

}  // namespace tenon::plugins
