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

constexpr std::chrono::milliseconds kLookEvery{500};  // at what cannot be watched
// Every record is renamed into place. IN_CREATE would also report the lock files that readers make.
constexpr std::uint32_t kOfJob = IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kOfStore = IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kNewJobs = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kCancelledJobs =
    IN_ATTRIB;  // Store::cancel sets the times of the directory

// An ended process stays readable: once is enough.
constexpr std::uint32_t kProcessEnds = EPOLLIN | EPOLLONESHOT;

bool add_to_epoll(const UniqueFd& epoll, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return epoll && fd >= 0 && ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Watch::Watch(const Store& store, std::function<bool()> may_open)
    : store_(store), may_open_(std::move(may_open)) {
    open_descriptors();
}

/// Where this fails, each look tries it again.
void Watch::open_descriptors() {
    if (!ready_) ready_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (events_) return;
    events_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!add_to_epoll(ready_, events_.get(), EPOLLIN)) events_.reset();
}

void Watch::add(const JobId& id) {
    watch_job(id, jobs_[id]);
}

UniqueFd Watch::remove(const JobId& id) {
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return {};
    Watched job = std::move(it->second);
    if (job.folder >= 0) {
        ::inotify_rm_watch(events_.get(), job.folder);
        by_folder_.erase(job.folder);
    }
    if (job.shim) {
        ::epoll_ctl(ready_.get(), EPOLL_CTL_DEL, job.shim.get(), nullptr);
        by_shim_.erase(job.shim.get());
    }
    unwatched_.erase(id);
    jobs_.erase(it);
    return std::move(job.shim);
}

void Watch::add_process(const JobId& id, const UniqueFd& process) {
    processes_[process.get()] = id;
    if (!add_to_epoll(ready_, process.get(), kProcessEnds))
        unwatched_processes_.insert(process.get());
}

void Watch::remove_process(const UniqueFd& process) {
    ::epoll_ctl(ready_.get(), EPOLL_CTL_DEL, process.get(), nullptr);
    processes_.erase(process.get());
    unwatched_processes_.erase(process.get());
}

void Watch::add_descriptor(int descriptor) {
    descriptors_.insert(descriptor);
    if (!add_to_epoll(ready_, descriptor, EPOLLIN)) unwatched_descriptors_.insert(descriptor);
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
    if (!events_) return;
    const std::uint32_t events =
        kOfStore | (wants_new_jobs_ ? kNewJobs : 0) | (wants_cancelled_jobs_ ? kCancelledJobs : 0);
    store_folder_ = ::inotify_add_watch(events_.get(), store_.folder().c_str(), events);
    if (store_folder_ >= 0 && wants_new_jobs_) watch_half_made_jobs();
}

/// Their directories were there before the watch, and their records come later: no event of the
/// store's directory will report them.
void Watch::watch_half_made_jobs() {
    for (const JobId& id : store_.ids()) {
        if (!store_.is_recorded(id)) add(id);
    }
}

/// Watches what there is of the job by now.
void Watch::watch_job(const JobId& id, Watched& job) {
    const bool folder = watch_folder(id, job);
    if (watch_shim(id, job) && folder) {
        unwatched_.erase(id);
    } else {
        unwatched_.insert(id);
    }
}

bool Watch::watch_folder(const JobId& id, Watched& job) {
    if (job.folder >= 0) return true;
    if (!events_) return false;
    job.folder = ::inotify_add_watch(events_.get(), store_.folder_of(id).c_str(), kOfJob);
    if (job.folder < 0) return errno == ENOENT;  // the job was removed: nothing will change
    by_folder_[job.folder] = id;
    return true;
}

/// A killed shim writes no record: only its end shows that the job is lost.
bool Watch::watch_shim(const JobId& id, Watched& job) {
    if (job.shim || !store_.has_begun(id)) return true;
    if (may_open_ && !may_open_()) return false;
    const auto started = store_.started(id);
    if (started) job.shim = open_process(started->shim);
    if (!add_to_epoll(ready_, job.shim.get(), kProcessEnds)) {
        job.shim.reset();  // it has ended, or cannot be watched
        return false;
    }
    by_shim_[job.shim.get()] = id;
    return true;
}

Watch::Changes Watch::wait(std::optional<Clock::time_point> deadline, int other) {
    Changes changes;
    pollfd entries[] = {{ready_.get(), POLLIN, 0}, {other, POLLIN, 0}};
    if (::poll(entries, 2, timeout_until(deadline)) < 0) return changes;
    changes.other = entries[1].revents != 0;
    if (entries[0].revents != 0) {
        take_ended_processes(changes);
        take_events(changes);
    }
    if (next_look_ && Clock::now() >= *next_look_) {
        next_look_.reset();
        look_at_unwatched(changes);
    }
    return changes;
}

/// Milliseconds until the deadline or the next look; -1: neither.
int Watch::timeout_until(std::optional<Clock::time_point> deadline) {
    if (!polls()) {
        next_look_.reset();
    } else if (!next_look_) {
        next_look_ = Clock::now() + kLookEvery;
    }
    if (next_look_ && (!deadline || *next_look_ < *deadline)) deadline = next_look_;
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 86'400'000));
}

bool Watch::polls() const {
    return !unwatched_.empty() || !unwatched_processes_.empty() ||
           !unwatched_descriptors_.empty() || (wants_store() && store_folder_ < 0);
}

void Watch::look_at_unwatched(Changes& changes) {
    open_descriptors();
    for (const JobId& id : std::set<JobId>(unwatched_)) {
        changes.jobs.insert(id);
        watch_job(id, jobs_[id]);
    }
    for (const int process : std::set<int>(unwatched_processes_)) {
        changes.jobs.insert(processes_[process]);
        if (add_to_epoll(ready_, process, kProcessEnds)) unwatched_processes_.erase(process);
    }
    for (const int descriptor : std::set<int>(unwatched_descriptors_)) {
        changes.added = true;
        if (add_to_epoll(ready_, descriptor, EPOLLIN)) unwatched_descriptors_.erase(descriptor);
    }
    if (wants_store() && store_folder_ < 0) {
        watch_store();
        changes.list_again = true;
    }
}

void Watch::take_ended_processes(Changes& changes) {
    epoll_event ended[64];
    const int count = ::epoll_wait(ready_.get(), ended, 64, 0);
    for (int i = 0; i < count; ++i) {
        const int fd = ended[i].data.fd;
        changes.added = changes.added || descriptors_.count(fd) > 0;
        if (const auto process = processes_.find(fd); process != processes_.end())
            changes.jobs.insert(process->second);
        const auto shim = by_shim_.find(fd);
        if (shim == by_shim_.end()) continue;
        const JobId id = std::move(shim->second);
        by_shim_.erase(shim);
        jobs_[id].shim.reset();
        // A command that it was just starting may hold its lock for another moment.
        unwatched_.insert(id);
        changes.jobs.insert(id);
    }
}

void Watch::take_events(Changes& changes) {
    alignas(inotify_event) char buffer[16384];
    while (true) {
        const ssize_t n = ::read(events_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        for (ssize_t at = 0; at < n;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            at += static_cast<ssize_t>(sizeof *event + event->len);
            if ((event->mask & IN_Q_OVERFLOW) != 0) {
                take_overflow(changes);
            } else if (event->wd == store_folder_) {
                take_store_event(event->mask, event->len > 0 ? event->name : "", changes);
            } else if (const auto job = by_folder_.find(event->wd); job != by_folder_.end()) {
                watch_job(job->second, jobs_[job->second]);
                changes.jobs.insert(job->second);
            }
        }
    }
}

void Watch::take_store_event(std::uint32_t mask, const char* name, Changes& changes) {
    if ((mask & IN_MOVE_SELF) != 0) ::inotify_rm_watch(events_.get(), store_folder_);
    if ((mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) store_folder_ = -1;
    if (!is_job_id(name)) return;
    if ((mask & kNewJobs) != 0) add(name);
    changes.jobs.insert(name);
}

/// The kernel has dropped events.
void Watch::take_overflow(Changes& changes) {
    for (auto& [id, job] : jobs_) {
        watch_job(id, job);
        changes.jobs.insert(id);
    }
    changes.list_again = true;
    if (wants_new_jobs_) watch_half_made_jobs();
}

}  // namespace tenon::jobs
