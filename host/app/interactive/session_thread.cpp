#include "host/app/interactive/session_thread.h"

#include "host/base/limits.h"

namespace tenon::app {

SessionThread::SessionThread(Parts parts) : parts_(std::move(parts)) {
    parts_.options.on_news = [this] { note_news(); };
    thread_ = start_thread("agent", [this] { main(); });
}

SessionThread::~SessionThread() {
    close(Leaving::kCancelJobs);
    thread_.join();
}

// ---------------------------------------------------------------- told from outside

bool SessionThread::say(std::string prompt) {
    const Lock lock(mutex_);
    const bool at_once = !busy_ && work_.empty();
    work_.push_back({std::move(prompt), nullptr});
    changed_.notify_all();
    return at_once;
}

void SessionThread::run(Command command) {
    const Lock lock(mutex_);
    work_.push_back({{}, std::move(command)});
    changed_.notify_all();
}

std::size_t SessionThread::interrupt() {
    std::stop_source turn(std::nostopstate);
    std::size_t forgotten = 0;
    {
        const Lock lock(mutex_);
        forgotten = std::erase_if(work_, [](const Work& work) { return !work.command; });
        turn = turn_;
    }
    turn.request_stop();  // runs callbacks: not under the lock
    return forgotten;
}

void SessionThread::close(Leaving leaving) {
    std::stop_source turn(std::nostopstate);
    {
        const Lock lock(mutex_);
        if (!leaving_) leaving_ = leaving;
        work_.clear();
        turn = turn_;
        changed_.notify_all();
    }
    turn.request_stop();
}

void SessionThread::note_news() {
    {
        const Lock lock(mutex_);
        news_ = true;
        changed_.notify_all();
    }
    parts_.watcher.news();
}

bool SessionThread::may_wake() const {
    return news_ && !held_ && parts_.settings.agent.wake;
}

bool SessionThread::is_quiet() const {
    const Lock lock(mutex_);
    return !busy_ && work_.empty() && !may_wake();
}

// ---------------------------------------------------------------- the thread

void SessionThread::main() {
    try {
        auto host = Host::create(parts_.settings, parts_.options, parts_.provider, parts_.sink,
                                 parts_.secrets);
        if (!host) return parts_.watcher.failed(host.error());
        serve(**host);
        Leaving leaving = Leaving::kCancelJobs;
        {
            const Lock lock(mutex_);
            leaving = leaving_.value_or(leaving);
        }
        std::size_t unfinished = 0;
        if (leaving == Leaving::kLeaveJobs) {
            (*host)->leave_jobs();
        } else {
            unfinished = (*host)->end_jobs("session end");
        }
        (*host)->clean_up_jobs();
        host->reset();
        parts_.watcher.closed(unfinished);
    } catch (const std::exception& e) {
        parts_.watcher.failed({e.what(), 1});
    }
}

void SessionThread::serve(Host& host) {
    const bool stopped_before =
        host.session().resumed() && host.session().conversation().awaits_answer();
    {
        const Lock lock(mutex_);
        held_ = stopped_before;
        busy_ = false;
    }
    parts_.watcher.opened(host);
    while (const auto work = next(host))
        do_one(host, *work);
}

/// What is to be done now; an empty prompt without a command wakes. None: the session closes.
std::optional<SessionThread::Work> SessionThread::next(Host& host) {
    Lock lock(mutex_);
    busy_ = false;
    for (bool told = false; true;) {
        if (leaving_) return std::nullopt;
        if (!work_.empty() || may_wake()) break;
        if (!std::exchange(told, true)) {
            lock.unlock();
            parts_.watcher.idle();
            lock.lock();
        } else {
            changed_.wait(lock);
        }
    }
    busy_ = true;
    turn_ = std::stop_source();
    if (work_.empty()) {
        news_ = false;
        lock.unlock();
        const bool worth_it = host.has_news();  // a tool call may have told it
        lock.lock();
        return worth_it ? Work{} : Work{{}, [](Host&, const std::stop_token&) {}};
    }
    Work work = std::move(work_.front());
    work_.pop_front();
    if (!work.command) held_ = false;
    return work;
}

void SessionThread::do_one(Host& host, const Work& work) {
    std::stop_token stop;
    {
        const Lock lock(mutex_);
        stop = turn_.get_token();
    }
    if (work.command) return work.command(host, stop);
    parts_.watcher.turn_began(work.prompt);
    const agent::RunResult result =
        work.prompt.empty() ? host.wake(stop) : host.run(work.prompt, stop);
    if (result.outcome == agent::Outcome::kInterrupted) {
        const Lock lock(mutex_);
        held_ = true;
    }
    parts_.watcher.turn_ended(result);
    for (const auto& file : host.changed_plugin_files()) {
        parts_.sink.on_event(agent::Notice{"plugin file " + file.string() +
                                           " has appeared, changed or gone; /reload loads what is "
                                           "there"});
    }
}

}  // namespace tenon::app
