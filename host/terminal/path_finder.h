#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "host/base/mutex.h"
#include "host/terminal/path_match.h"

namespace tenon::terminal {

struct FoundPaths {
    std::string typed;  ///< what `find` was called with
    PathMatches matches;
};

/// Finds the paths of a workspace that a person means, on a thread of its own, so that typing never
/// waits for a file system. The thread starts at the first `find` and then sleeps without a timer.
/// Not responsible for what is shown.
class PathFinder {
public:
    /// A list of paths is no longer than this.
    static constexpr std::size_t kMaxPaths = 200'000;
    static constexpr std::size_t kMaxBytes = 16 << 20;
    /// While a large workspace is read, the paths read until then are delivered after this time.
    static constexpr std::chrono::milliseconds kFirstAnswer{80};

    /// `deliver` is called on the finder's thread and must not block.
    PathFinder(std::filesystem::path workspace, std::function<void(FoundPaths)> deliver);
    /// Waits for the thread.
    ~PathFinder();
    PathFinder(const PathFinder&) = delete;
    PathFinder& operator=(const PathFinder&) = delete;

    /// Delivers the matches of `typed`: once, or twice while the workspace is still being read. A
    /// later call replaces this one if that is not answered. A path that is absolute or begins with
    /// `~/` or `../` is completed from its folder alone. Does not block.
    void find(std::string typed);
    /// The next `find` reads the workspace again; until then the list takes no memory. Nothing that
    /// was asked before is delivered, but what is being delivered now. Does not block.
    void forget();

private:
    void main();
    void drop_list();
    void answer(std::string typed);
    void make_list(std::string& typed);
    [[nodiscard]] bool goes_on(std::string& typed);
    [[nodiscard]] bool has_been_stopped();

    const std::filesystem::path workspace_;
    const std::function<void(FoundPaths)> deliver_;
    // Of the finder's thread.
    PathList list_;
    bool is_made_ = false;
    bool has_hidden_ = false;
    std::chrono::steady_clock::time_point first_answer_at_{};

    Mutex mutex_;
    Condition changed_;
    std::optional<std::string> wanted_ TENON_GUARDED_BY(mutex_);
    bool forget_ TENON_GUARDED_BY(mutex_) = false;
    bool over_ TENON_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tenon::terminal
