#include "host/sitting/session_thread.h"

#include "host/base/limits.h"

namespace tenon::sitting {

SessionThread::SessionThread(session::OpenOptions options, SessionWatcher& watcher)
    : options_(std::move(options)), watcher_(watcher) {
    options_.on_notification = [this] { note_notification(); };
    if (options_.run.settings.agent.queue == "tools") options_.prompts = this;
    thread_ = start_thread("agent", [this] { main(); });
}

SessionThread::~SessionThread() {
    close(JobsAtClose::kCancel);
    thread_.join();
}

// ---------------------------------------------------------------- called by the other thread

bool SessionThread::send_prompt(std::string prompt) {
    const Lock lock(mutex_);
    const bool at_once = !busy_ && work_.empty();
    work_.add_prompt(std::move(prompt));
    changed_.notify_all();
    return at_once;
}

bool SessionThread::run(Command command, std::string line) {
    const Lock lock(mutex_);
    const bool at_once = !busy_ && work_.empty();
    work_.add_command(std::move(command), std::move(line));
    changed_.notify_all();
    return at_once;
}

void SessionThread::show(Command command) {
    const Lock lock(mutex_);
    work_.add_view(std::move(command));
    changed_.notify_all();
}

std::vector<std::string> SessionThread::interrupt() {
    std::stop_source turn(std::nostopstate);
    std::vector<std::string> lines;
    {
        const Lock lock(mutex_);
        lines = work_.take_lines();
        turn = turn_;
        interrupted_ = true;
    }
    turn.request_stop();  // runs callbacks: not under the lock
    return lines;
}

std::vector<std::string> SessionThread::queued_lines() const {
    const Lock lock(mutex_);
    return work_.lines();
}

std::optional<std::string> SessionThread::take_back_line() {
    const Lock lock(mutex_);
    return work_.take_last_line();
}

std::vector<std::string> SessionThread::close(JobsAtClose jobs) {
    std::stop_source turn(std::nostopstate);
    std::vector<std::string> lines;
    {
        const Lock lock(mutex_);
        if (!closing_) closing_ = jobs;
        lines = work_.take_lines();
        work_.clear();
        turn = turn_;
        changed_.notify_all();
    }
    turn.request_stop();
    return lines;
}

void SessionThread::note_notification() {
    {
        const Lock lock(mutex_);
        notified_ = true;
        changed_.notify_all();
    }
    watcher_.notification();
}

bool SessionThread::may_wake() const {
    return notified_ && !interrupted_ && options_.run.settings.agent.wake;
}

bool SessionThread::is_quiet() const {
    const Lock lock(mutex_);
    return !busy_ && !work_.has_next() && !may_wake();
}

// ---------------------------------------------------------------- on the session thread

void SessionThread::main() {
    try {
        auto session = session::OpenSession::create(options_);
        if (!session) return watcher_.failed(session.error());
        run_session(**session);
    } catch (const std::exception& e) {
        watcher_.failed({session::failure_text(e), 1});
    }
}

/// Also after an exception the session lives until `close`, since the other thread may use it.
void SessionThread::run_session(session::OpenSession& session) {
    std::optional<session::StartFailure> failure;
    session::EndedJobs ended;
    try {
        run_work(session);
    } catch (const std::exception& e) {
        failure = session::StartFailure{"the host failed inside: " + session::failure_text(e), 1};
        watcher_.failed(*failure);
        wait_for_close();
    }
    try {
        ended = end_jobs(session);
    } catch (const std::exception& e) {
        if (!failure) watcher_.failed({session::failure_text(e), 1});
        return;
    }
    if (!failure) return watcher_.closed(ended.unfinished);
    if (std::string text = session::to_text(ended); !text.empty()) show_notice(std::move(text));
}

void SessionThread::wait_for_close() {
    Lock lock(mutex_);
    while (!closing_)
        changed_.wait(lock);
}

session::EndedJobs SessionThread::end_jobs(session::OpenSession& session) {
    JobsAtClose jobs = JobsAtClose::kCancel;
    {
        const Lock lock(mutex_);
        jobs = closing_.value_or(jobs);
    }
    session::EndedJobs ended;
    if (jobs == JobsAtClose::kLeave) {
        session.keep_jobs_running();
    } else {
        ended = session.end_jobs("session end");
    }
    session.clean_up_jobs();
    return ended;
}

void SessionThread::run_work(session::OpenSession& session) {
    session_ = &session;
    const bool stopped_before =
        session.session().resumed() && session.session().conversation().awaits_answer();
    {
        const Lock lock(mutex_);
        interrupted_ = stopped_before;
        busy_ = false;
    }
    watcher_.opened(session);
    while (const auto work = wait_for_work(session))
        do_work(session, *work);
}

/// Blocks until there is work. An empty prompt without a command delivers ends of jobs. None: the
/// session closes.
std::optional<SessionThread::Work> SessionThread::wait_for_work(session::OpenSession& session) {
    Lock lock(mutex_);
    busy_ = false;
    for (bool idle_reported = false; true;) {
        if (closing_) return std::nullopt;
        if (work_.has_next() || may_wake()) break;
        if (!std::exchange(idle_reported, true)) {
            lock.unlock();
            watcher_.idle();
            lock.lock();
        } else {
            changed_.wait(lock);
        }
    }
    busy_ = true;
    turn_ = std::stop_source();
    auto work = work_.take_next();
    if (!work) {
        notified_ = false;
        lock.unlock();
        const bool undelivered = session.has_undelivered();  // or a tool call has delivered it
        lock.lock();
        return undelivered ? Work{}
                           : Work{{}, [](session::OpenSession&, const std::stop_token&) {}};
    }
    if (!work->command) interrupted_ = false;
    return work;
}

std::vector<agent::Prompt> SessionThread::take() {
    std::vector<std::string> lines;
    {
        const Lock lock(mutex_);
        lines = work_.take_deliverable();
    }
    std::vector<agent::Prompt> prompts;
    for (const std::string& line : lines) {
        auto prompt = session_->prompt_from(line);
        if (prompt)
            prompts.push_back(std::move(*prompt));
        else
            show_notice(prompt.error().message);
    }
    return prompts;
}

void SessionThread::put_back(const std::vector<agent::Prompt>& prompts) {
    std::vector<std::string> lines;
    for (const agent::Prompt& prompt : prompts)
        lines.push_back(prompt.typed.empty() ? prompt.text : prompt.typed);
    keep(std::move(lines));
}

/// Keeps prompts that could not be written to the journal, because the disk is full for example.
void SessionThread::keep(std::vector<std::string> prompts) {
    {
        const Lock lock(mutex_);
        work_.put_back(std::move(prompts));
    }
    show_notice("the prompt could not be recorded and is kept: it is sent before the next one");
}

void SessionThread::show_notice(std::string text) {
    options_.sink.on_event(agent::Notice{std::move(text)});
}

void SessionThread::do_work(session::OpenSession& session, const Work& work) {
    std::stop_token stop;
    {
        const Lock lock(mutex_);
        stop = turn_.get_token();
    }
    if (work.command) return work.command(session, stop);
    watcher_.turn_began();
    agent::RunResult result =
        work.line.empty() ? session.wake(stop) : session.run_typed(work.line, stop);
    if (result.outcome == agent::Outcome::kInterrupted) {
        const Lock lock(mutex_);
        interrupted_ = true;
    }
    result.prompt_recorded = result.prompt_recorded || work.line.empty();
    if (!result.prompt_recorded) keep({work.line});
    {
        const Lock lock(mutex_);
        busy_ = false;  // a person who sees that the turn has ended finds the session idle
    }
    watcher_.turn_ended(result);
    session.report_plugin_files();
}

}  // namespace tenon::sitting
