#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "host/base/mutex.h"
#include "host/session/open_session.h"
#include "host/sitting/work_queue.h"

namespace tenon::sitting {

/// Receives the events of a SessionThread. All functions are called on that thread, except
/// `notification`, and must not block.
class SessionWatcher {
public:
    virtual ~SessionWatcher() = default;
    /// The session is open. The functions of `session` that any thread may call can be called until
    /// SessionThread::close.
    virtual void opened(session::OpenSession& session) = 0;
    /// The session could not be opened, or it failed. If it was open, its functions can still be
    /// called until SessionThread::close. No other event follows.
    virtual void failed(const session::StartFailure& failure) = 0;
    virtual void turn_began() = 0;
    virtual void turn_ended(const agent::RunResult& result) = 0;
    /// The thread has nothing to do.
    virtual void idle() = 0;
    /// A notification of a background job can be delivered; any thread.
    virtual void notification() = 0;
    /// The session has closed; `unfinished` jobs of it have not ended.
    virtual void closed(std::size_t unfinished) = 0;
};

/// What happens to a session's jobs when it closes.
enum class JobsAtClose { kCancel, kLeave };

/// One session on a thread of its own, `agent`: opens it, runs prompts and commands in the order of
/// the calls, and in between delivers the ends of jobs. With `agent.queue=tools`, prompts that wait
/// are delivered with the tool results of the turn that runs. A prompt either waits, or its text is
/// (or is about to be) in the journal: it cannot be taken back then. One other thread calls the
/// public functions. None of them blocks, except the destructor, which closes the session and waits
/// for it.
class SessionThread : private agent::WaitingPrompts {
public:
    using Command = WorkQueue::Command;

    /// `watcher`, and what `options` refers to, must outlive the thread.
    SessionThread(session::OpenOptions options, SessionWatcher& watcher);
    ~SessionThread() override;
    SessionThread(const SessionThread&) = delete;
    SessionThread& operator=(const SessionThread&) = delete;

    /// Queues a prompt. Returns false when it has to wait for other work. A prompt that could not
    /// be written to the journal is sent again before it.
    bool send_prompt(std::string prompt);
    /// Queues a command, which runs between turns. It can be stopped like a turn. With the line
    /// that was entered for it, it waits and is taken back like a prompt. Returns false when it has
    /// to wait for other work.
    bool run(Command command, std::string line = {});
    /// The same for a command that only shows something: prompts need not wait for it.
    void show(Command command);
    /// Stops the present work, takes out what waits and returns it. Until the next prompt no end of
    /// a job begins a turn.
    std::vector<std::string> interrupt();
    /// The prompts, and the lines of commands, that wait.
    [[nodiscard]] std::vector<std::string> queued_lines() const;
    /// Takes out the line that was queued last. None: all of them are delivered or done.
    std::optional<std::string> take_back_line();
    /// Whether no work runs or is queued, and no notification is about to begin a turn.
    [[nodiscard]] bool is_quiet() const;
    /// Stops the present work and closes the session. Only the first call has an effect. Returns
    /// the lines that waited.
    std::vector<std::string> close(JobsAtClose jobs);

private:
    using Work = WorkQueue::Work;
    // WaitingPrompts: called on the session's thread.
    std::vector<agent::Prompt> take() override;
    void put_back(const std::vector<agent::Prompt>& prompts) override;

    void main();
    void run_session(session::OpenSession& session);
    void run_work(session::OpenSession& session);
    void wait_for_close();
    session::EndedJobs end_jobs(session::OpenSession& session);
    std::optional<Work> wait_for_work(session::OpenSession& session);
    void do_work(session::OpenSession& session, const Work& work);
    void keep(std::vector<std::string> prompts);
    void show_notice(std::string text);
    void note_notification();
    [[nodiscard]] bool may_wake() const TENON_REQUIRES(mutex_);

    session::OpenOptions options_;
    SessionWatcher& watcher_;
    mutable Mutex mutex_;
    Condition changed_;
    WorkQueue work_ TENON_GUARDED_BY(mutex_);
    std::stop_source turn_ TENON_GUARDED_BY(mutex_);
    std::optional<JobsAtClose> closing_ TENON_GUARDED_BY(mutex_);
    bool busy_ TENON_GUARDED_BY(mutex_) = true;  // opening the session
    bool notified_ TENON_GUARDED_BY(mutex_) = false;
    bool interrupted_ TENON_GUARDED_BY(mutex_) = false;  // the last work was
    session::OpenSession* session_ = nullptr;  // on the session's thread, while it is open
    std::thread thread_;
};

}  // namespace tenon::sitting
