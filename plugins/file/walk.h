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
    /// Whether a folder is one that somebody names, so that it is looked into even where it is a
    /// symlink. May be empty: none is.
    std::function<bool(std::string_view path)> named;
    /// With `folders`: whether a symlink to a folder counts as one. May be empty: none does.
    std::function<bool(std::string_view path)> wanted_link;
    bool folders = false;
    std::chrono::steady_clock::time_point deadline;
};

/// What a walk has not looked at although the order would have had it so.
struct LeftOut {
    static constexpr std::size_t kMostLinks = 16;
    std::vector<std::string> links;  ///< symlinks to folders, absolute; the first ones only
};

/// One thing found; valid during the visit.
class Found {
public:
    Found(int root, std::string_view in_root, std::string_view shown)
        : root_(root), in_root_(in_root), shown_(shown) {}
    /// Relative to the workspace where it lies inside, else absolute.
    [[nodiscard]] std::string_view shown() const { return shown_; }
    /// Opens the file, never over a symlink; an Fd that is none, with errno, for whatever
    /// is no regular file that can be read.
    [[nodiscard]] Fd open() const;

private:
    int root_;
    std::string_view in_root_, shown_;
};

enum class WalkEnd { kDone, kStopped, kTimeOver };

/// Visits what lies below `start` (opened with Access::kFolder) in bytewise order of the paths,
/// until `visit` returns false. Leaves out `.git`, what .gitignore and .git/info/exclude name, and
/// what a rule forbids to read. Ignore files above `start` count too, up to the root it lies in,
/// unless they ignore `start` itself: somebody wants to look there. Of symlinks only those are
/// followed that the order names, as far as the host opens what is behind them; so it cannot run in
/// a circle. Holds one folder at a time in memory for each level. Throws Failure when cancelled or
/// when `start` cannot be read; folders below that cannot be are left out.
WalkEnd walk(const Host& host, const Opened& start, const WalkOrder& order,
             const std::function<bool(const Found&)>& visit, LeftOut& left_out);

/// A hint for an answer without matches: the links among `left_out` that lead out of `start`, so
/// that what is behind them was not searched. Empty when there are none.
std::string hint_on_links(const Host& host, const Opened& start, const LeftOut& left_out);

}  // namespace tenon::file
