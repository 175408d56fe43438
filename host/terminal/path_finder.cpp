#include "host/terminal/path_finder.h"

#include <malloc.h>
#include <stdexcept>
#include <utility>

#include "host/base/limits.h"
#include "host/terminal/completion.h"
#include "host/terminal/workspace_walk.h"

namespace tenon::terminal {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kBetweenLooks = 256;  // paths
constexpr std::size_t kLargeList = 1 << 20;

/// `./` means the workspace, as nothing does.
std::string_view without_here(std::string_view typed) {
    while (typed.starts_with("./"))
        typed.remove_prefix(2);
    return typed;
}

}  // namespace

PathFinder::PathFinder(std::filesystem::path workspace, std::function<void(FoundPaths)> deliver)
    : workspace_(std::move(workspace)), deliver_(std::move(deliver)) {}

PathFinder::~PathFinder() {
    {
        const Lock lock(mutex_);
        over_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void PathFinder::find(std::string typed) {
    const Lock lock(mutex_);
    wanted_ = std::move(typed);
    changed_.notify_all();
    if (thread_.joinable()) return;
    try {
        thread_ = start_thread("path-finder", [this] { main(); });
    } catch (const std::runtime_error&) {
        wanted_.reset();  // the system has no more threads: then there are no completions
    }
}

void PathFinder::forget() {
    const Lock lock(mutex_);
    wanted_.reset();
    forget_ = true;
    changed_.notify_all();
}

void PathFinder::main() {
    Lock lock(mutex_);
    while (!over_) {
        if (std::exchange(forget_, false)) {
            lock.unlock();
            drop_list();
            lock.lock();
            continue;
        }
        if (!wanted_) {
            changed_.wait(lock);
            continue;
        }
        std::string typed = *std::exchange(wanted_, std::nullopt);
        lock.unlock();
        answer(std::move(typed));
        lock.lock();
    }
}

void PathFinder::drop_list() {
    const bool is_large = list_.bytes() > kLargeList;
    list_ = {};
    is_made_ = false;
    if (is_large) ::malloc_trim(0);  // else the memory stays with the process
}

void PathFinder::answer(std::string typed) {
    if (is_from_a_folder(typed)) {
        PathList names;
        for (const std::string& path : complete_path(workspace_, typed))
            names.add(path);
        deliver_({typed, matches_in(names, typed)});
        return;
    }
    if (!is_made_ || (means_hidden(without_here(typed)) && !has_hidden_)) make_list(typed);
    if (!has_been_stopped()) deliver_({typed, matches_in(list_, without_here(typed))});
}

/// `typed` becomes what was asked last.
void PathFinder::make_list(std::string& typed) {
    list_ = {};
    has_hidden_ = means_hidden(without_here(typed));
    first_answer_at_ = steady_clock::now() + kFirstAnswer;
    is_made_ = true;
    walk_workspace(workspace_, has_hidden_, [&](std::string_view path) {
        if (list_.count() == kMaxPaths || list_.bytes() + path.size() > kMaxBytes) return false;
        list_.add(path);
        return list_.count() % kBetweenLooks != 0 || goes_on(typed);
    });
}

/// Whether the list is still wanted. Takes what is asked meanwhile, and answers when it is time.
bool PathFinder::goes_on(std::string& typed) {
    {
        const Lock lock(mutex_);
        if (over_ || forget_) return false;
        if (wanted_ && !is_from_a_folder(*wanted_) &&
            (!means_hidden(without_here(*wanted_)) || has_hidden_)) {
            typed = *std::exchange(wanted_, std::nullopt);
            first_answer_at_ = steady_clock::now() + kFirstAnswer;
        }
    }
    if (steady_clock::now() >= first_answer_at_) {
        first_answer_at_ = steady_clock::time_point::max();
        deliver_({typed, matches_in(list_, without_here(typed))});
    }
    return true;
}

bool PathFinder::has_been_stopped() {
    const Lock lock(mutex_);
    return over_ || forget_;
}

}  // namespace tenon::terminal
