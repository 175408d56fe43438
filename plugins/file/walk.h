#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/file/host.h"

namespace tenon::file {

/// What a walk is asked to find. Paths are relative to the folder where it began.
struct WalkOrder {
    /// Whether a file (or, with `folders`, a folder) is worth a visit. Symlinks count as files.
    std::function<bool(std::string_view path)> wanted;
    /// Whether to look below a folder.
    std::function<bool(std::string_view path)> descend;
    /// Whether a folder is named in the call, so that it is searched even if it is a symlink. May
    /// be empty: no folder is.
    std::function<bool(std::string_view path)> named;
    /// With `folders`: whether a symlink to a folder counts as one. May be empty: none does.
    std::function<bool(std::string_view path)> wanted_link;
    bool folders = false;
    std::chrono::steady_clock::time_point deadline;
};

/// What a walk has not searched although the order includes it.
struct LeftOut {
    static constexpr std::size_t kMostLinks = 16;
    std::vector<std::string> links;  ///< symlinks to folders, absolute; the first ones only
    std::size_t denied = 0;          ///< what a rule forbids to read
};

/// One thing found; valid during the visit.
class Found {
public:
    Found(int root, std::string_view in_root, std::string_view shown)
        : root_(root), in_root_(in_root), shown_(shown) {}
    /// Relative to the workspace if it is inside, else absolute.
    [[nodiscard]] std::string_view shown() const { return shown_; }
    /// Opens the file without following symlinks. An empty Fd, with errno, when it is not a regular
    /// file or cannot be read.
    [[nodiscard]] Fd open() const;

private:
    int root_;
    std::string_view in_root_, shown_;
};

enum class WalkEnd { kDone, kStopped, kTimeOver };

/// Visits what is below `start` (an open folder) in bytewise order of the paths, until
/// `visit` returns false. Leaves out `.git`, what .gitignore and .git/info/exclude name, and what a
/// rule forbids to read. Ignore files above `start` count too, up to its root, unless they ignore
/// `start` itself, since the call asks for it. Only symlinks that the order names are followed, if
/// the host opens their targets; so the walk cannot run in a circle. Holds one folder for each
/// level in memory. Throws Failure when cancelled or when `start` cannot be read; folders below it
/// that cannot be read are left out.
WalkEnd walk(const Host& host, const File& start, const WalkOrder& order,
             const std::function<bool(const Found&)>& visit, LeftOut& left_out);

/// A hint for an answer without matches: the links in `left_out` that lead out of `start`, so that
/// their targets were not searched. Empty when there are none.
std::string hint_on_links(const Host& host, const File& start, const LeftOut& left_out);

}  // namespace tenon::file
