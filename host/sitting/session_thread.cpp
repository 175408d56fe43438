#include "host/sitting/session_thread.h"

#include <algorithm>

#include "host/base/limits.h"

namespace tenon::sitting {

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
    blocked_ = false;
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
        blocked_ = false;
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
    return news_ && !held_ && parts_.options.run.settings.agent.wake;
}

bool SessionThread::is_quiet() const {
    const Lock lock(mutex_);
    return !busy_ && next_work() == work_.end() && !may_wake();
}

/// What is to be done first. Behind a prompt that could not be journalled no other is said.
std::deque<SessionThread::Work>::const_iterator SessionThread::next_work() const {
    if (!blocked_) return work_.begin();
    return std::find_if(work_.begin(), work_.end(),
                        [](const Work& work) { return work.command != nullptr; });
}

// ---------------------------------------------------------------- the thread

void SessionThread::main() {
    try {
        auto host = session::OpenSession::create(parts_.options);
        if (!host) return parts_.watcher.failed(host.error());
        live(**host);
    } catch (const std::exception& e) {
        parts_.watcher.failed({session::failure_text(e), 1});
    }
}

/// Whatever the host throws, others use it until they have asked for its end.
void SessionThread::live(session::OpenSession& host) {
    std::optional<session::StartFailure> failure;
    session::EndedJobs ended;
    try {
        serve(host);
    } catch (const std::exception& e) {
        failure = session::StartFailure{"the host failed inside: " + session::failure_text(e), 1};
        parts_.watcher.failed(*failure);
        wait_for_close();
    }
    try {
        ended = leave(host);
    } catch (const std::exception& e) {
        if (!failure) parts_.watcher.failed({session::failure_text(e), 1});
        return;
    }
    if (!failure) return parts_.watcher.closed(ended.unfinished);
    if (const std::string said = session::to_text(ended); !said.empty())
        parts_.options.sink.on_event(agent::Notice{said});
}

void SessionThread::wait_for_close() {
    Lock lock(mutex_);
    while (!leaving_)
        changed_.wait(lock);
}

/// Returns how many jobs have not ended in time.
session::EndedJobs SessionThread::leave(session::OpenSession& host) {
    Leaving leaving = Leaving::kCancelJobs;
    {
        const Lock lock(mutex_);
        leaving = leaving_.value_or(leaving);
    }
    session::EndedJobs ended;
    if (leaving == Leaving::kLeaveJobs) {
        host.leave_jobs();
    } else {
        ended = host.end_jobs("session end");
    }
    host.clean_up_jobs();
    return ended;
}

void SessionThread::serve(session::OpenSession& host) {
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
std::optional<SessionThread::Work> SessionThread::next(session::OpenSession& host) {
    Lock lock(mutex_);
    busy_ = false;
    for (bool told = false; true;) {
        if (leaving_) return std::nullopt;
        if (next_work() != work_.end() || may_wake()) break;
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
    const auto first = next_work();
    if (first == work_.end()) {
        news_ = false;
        lock.unlock();
        const bool worth_it = host.has_undelivered();  // a tool call may have delivered it
        lock.lock();
        return worth_it ? Work{} : Work{{}, [](session::OpenSession&, const std::stop_token&) {}};
    }
    Work work = *first;
    work_.erase(first);
    if (!work.command) held_ = false;
    return work;
}

/// What a person has typed is not lost because the disk is full.
void SessionThread::keep(const Work& prompt) {
    {
        const Lock lock(mutex_);
        work_.push_front(prompt);
        blocked_ = true;
    }
    parts_.options.sink.on_event(agent::Notice{
        "the prompt could not be recorded and is kept: it is said before the next one"});
}

void SessionThread::do_one(session::OpenSession& host, const Work& work) {
    std::stop_token stop;
    {
        const Lock lock(mutex_);
        stop = turn_.get_token();
    }
    if (work.command) return work.command(host, stop);
    parts_.watcher.turn_began(work.prompt);
    agent::RunResult result = work.prompt.empty() ? host.wake(stop) : host.run(work.prompt, stop);
    if (result.outcome == agent::Outcome::kInterrupted) {
        const Lock lock(mutex_);
        held_ = true;
    }
    result.prompt_recorded = result.prompt_recorded || work.prompt.empty();
    if (!result.prompt_recorded) keep(work);
    parts_.watcher.turn_ended(result);
    for (const auto& file : host.changed_plugin_files()) {
        parts_.options.sink.on_event(
            agent::Notice{"plugin file " + file.string() +
                          " has appeared, changed or gone; /reload loads what is "
                          "there"});
    }
}

}  // namespace tenon::sitting
