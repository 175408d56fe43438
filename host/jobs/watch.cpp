#include "host/jobs/watch.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "host/base/ids.h"

namespace tenon::jobs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{500};
// Every record is renamed into place. IN_CREATE would tell of the locks that looking makes.
constexpr std::uint32_t kOfJob = IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kOfStore = IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kNewJobs = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kCancelledJobs = IN_ATTRIB;  // Store::cancel sets the times of the directory

int milliseconds_until(Clock::time_point when) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 86'400'000));
}

}  // namespace

Watch::Watch(const Store& store, std::function<bool()> may_open)
    : store_(store),
      may_open_(std::move(may_open)),
      events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      ready_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = events_.get();
    if (events_ && ready_ && ::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, events_.get(), &event) != 0) {
        events_.reset();
    }
}

void Watch::add(const JobId& id) {
    Entry& entry = entries_[id];
    if (entry.folder < 0 && events_ && ready_) {
        entry.folder = ::inotify_add_watch(events_.get(), store_.folder_of(id).c_str(), kOfJob);
    }
    if (entry.folder >= 0) by_folder_[entry.folder] = id;
    entry.look = entry.folder < 0;
    find_shim(id, entry);
}

void Watch::remove(const JobId& id) {
    const auto it = entries_.find(id);
    if (it == entries_.end()) return;
    if (it->second.folder >= 0) {
        ::inotify_rm_watch(events_.get(), it->second.folder);
        by_folder_.erase(it->second.folder);
    }
    entries_.erase(it);
}

void Watch::add_new_jobs() {
    wants_new_jobs_ = true;
    watch_store();
}

void Watch::add_cancelled_jobs() {
    wants_cancelled_jobs_ = true;
    watch_store();
}

void Watch::watch_store() {
    if (!events_ || !ready_) return;
    const std::uint32_t events = kOfStore | (wants_new_jobs_ ? kNewJobs : 0) |
                                 (wants_cancelled_jobs_ ? kCancelledJobs : 0);
    store_folder_ = ::inotify_add_watch(events_.get(), store_.folder().c_str(), events);
    if (store_folder_ >= 0 && wants_new_jobs_) add_half_made();
}

/// The folder stood before we looked, its record comes after: no event of the store's folder tells
/// of that.
void Watch::add_half_made() {
    for (const JobId& id : store_.ids()) {
        if (!store_.is_recorded(id)) add(id);
    }
}

/// Only its shim's end tells that a job is lost.
void Watch::find_shim(const JobId& id, Entry& entry) {
    if (entry.shim || entry.look) return;
    const auto started = store_.started(id);
    if (!started) return;
    if (may_open_ && !may_open_()) {
        entry.look = true;
        return;
    }
    entry.shim = open_process(started->shim);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = entry.shim.get();
    // Not there any more, or not to be watched.
    entry.look =
        !entry.shim || ::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, entry.shim.get(), &event) != 0;
}

Watch::News Watch::wait(std::optional<Clock::time_point> deadline, int other) {
    return wait(deadline, std::span(&other, 1));
}

Watch::News Watch::wait(std::optional<Clock::time_point> deadline, std::span<const int> others) {
    News news;
    if (!must_look()) {
        next_look_.reset();
    } else if (!next_look_) {
        next_look_ = Clock::now() + kLook;
    }
    int timeout = deadline ? milliseconds_until(*deadline) : -1;
    if (next_look_ && (!deadline || *next_look_ < *deadline))
        timeout = milliseconds_until(*next_look_);
    std::vector<pollfd> entries{{ready_.get(), POLLIN, 0}};
    for (const int other : others)
        entries.push_back({other, POLLIN, 0});
    const int ready = ::poll(entries.data(), entries.size(), timeout);
    if (ready < 0) return news;
    news.other = std::any_of(entries.begin() + 1, entries.end(),
                             [](const pollfd& other) { return other.revents != 0; });
    if (entries[0].revents != 0) {
        take_ended_shims(news);
        take_events(news);
    }
    if (next_look_ && Clock::now() >= *next_look_) {
        next_look_.reset();
        look_around(news);
    }
    return news;
}

bool Watch::must_look() const {
    return (wants_store() && store_folder_ < 0) ||
           std::any_of(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry.second.look; });
}

void Watch::look_around(News& news) {
    for (const auto& [id, entry] : entries_) {
        if (entry.look) news.jobs.insert(id);
    }
    if (wants_store() && store_folder_ < 0) {
        watch_store();
        news.list = true;
    }
}

void Watch::take_ended_shims(News& news) {
    epoll_event ended[64];
    const int count = ::epoll_wait(ready_.get(), ended, 64, 0);
    for (int i = 0; i < count; ++i) {
        const int fd = ended[i].data.fd;
        const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
            return entry.second.shim && entry.second.shim.get() == fd;
        });
        if (it == entries_.end()) continue;
        it->second.shim.reset();
        // A command that it was just starting may hold its lock for another moment.
        it->second.look = true;
        news.jobs.insert(it->first);
    }
}

void Watch::take_events(News& news) {
    alignas(inotify_event) char buffer[16384];
    while (true) {
        const ssize_t n = ::read(events_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        for (ssize_t at = 0; at < n;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            at += static_cast<ssize_t>(sizeof *event + event->len);
            if ((event->mask & IN_Q_OVERFLOW) != 0) {
                for (const auto& entry : entries_)
                    news.jobs.insert(entry.first);
                news.list = true;
                if (wants_new_jobs_) add_half_made();
            } else if (event->wd == store_folder_) {
                if ((event->mask & IN_MOVE_SELF) != 0)
                    ::inotify_rm_watch(events_.get(), store_folder_);
                if ((event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) store_folder_ = -1;
                if (event->len == 0 || !is_job_id(event->name)) continue;
                if ((event->mask & kNewJobs) != 0) add(event->name);
                news.jobs.insert(event->name);
            } else if (const auto job = by_folder_.find(event->wd); job != by_folder_.end()) {
                find_shim(job->second, entries_[job->second]);
                news.jobs.insert(job->second);
            }
        }
    }
}

}  // namespace tenon::jobs
