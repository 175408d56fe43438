#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "host/base/mutex.h"
#include "host/session/open_session.h"

namespace tenon::sitting {

/// Hears what a session's thread does; called on that thread, except `news`.
class SessionWatcher {
public:
    virtual ~SessionWatcher() = default;
    /// The session is open. What of `host` any thread may use is there until the session is asked
    /// to close.
    virtual void opened(session::OpenSession& host) = 0;
    /// It could not be opened, or the host failed; then what of `host` any thread may use is there
    /// until the session is asked to close. Nothing else follows.
    virtual void failed(const session::StartFailure& failure) = 0;
    /// `prompt` is empty when ended jobs woke the session.
    virtual void turn_began(const std::string& prompt) = 0;
    virtual void turn_ended(const agent::RunResult& result) = 0;
    /// Nothing is left to do.
    virtual void idle() = 0;
    /// The end of a background job is there to be told; any thread.
    virtual void news() = 0;
    /// It has closed; so many session jobs have not ended.
    virtual void closed(std::size_t unfinished) = 0;
};

/// What becomes of a session's jobs as it closes.
enum class Leaving { kCancelJobs, kLeaveJobs };

/// One session on a thread of its own, `agent`: makes the host, says prompts and does commands in
/// the order they come, and is woken by ended jobs in between. What it is told comes from one other
/// thread; nothing here blocks that one, but the destructor, which closes the session first.
class SessionThread {
public:
    struct Parts {
        session::OpenOptions options;
        SessionWatcher& watcher;
    };
    using Command = std::function<void(session::OpenSession&, std::stop_token)>;

    /// What `parts` refers to outlives the thread.
    explicit SessionThread(Parts parts);
    ~SessionThread();
    SessionThread(const SessionThread&) = delete;
    SessionThread& operator=(const SessionThread&) = delete;

    /// False when something else comes first: the prompt waits. A prompt that could not be
    /// journalled is said again before it.
    bool say(std::string prompt);
    /// Done between turns; may be stopped like one.
    void run(Command command);
    /// Stops what is under way and forgets the prompts that wait; returns how many. Nothing wakes
    /// the session before the next prompt.
    std::size_t interrupt();
    /// Nothing is under way, waits, or is about to wake it.
    [[nodiscard]] bool is_quiet() const;
    /// Stops what is under way and ends the session in order. The first call counts.
    void close(Leaving leaving);

private:
    struct Work {
        std::string prompt;
        Command command;  // or none
    };
    void main();
    void live(session::OpenSession& host);
    void serve(session::OpenSession& host);
    void wait_for_close();
    session::EndedJobs leave(session::OpenSession& host);
    std::optional<Work> next(session::OpenSession& host);
    void do_one(session::OpenSession& host, const Work& work);
    void keep(const Work& prompt);
    [[nodiscard]] std::deque<Work>::const_iterator next_work() const TENON_REQUIRES(mutex_);
    void note_news();
    [[nodiscard]] bool may_wake() const TENON_REQUIRES(mutex_);

    Parts parts_;
    mutable Mutex mutex_;
    Condition changed_;
    std::deque<Work> work_ TENON_GUARDED_BY(mutex_);
    std::stop_source turn_ TENON_GUARDED_BY(mutex_);
    std::optional<Leaving> leaving_ TENON_GUARDED_BY(mutex_);
    bool busy_ TENON_GUARDED_BY(mutex_) = true;  // opening
    bool news_ TENON_GUARDED_BY(mutex_) = false;
    bool held_ TENON_GUARDED_BY(mutex_) = false;  // after an interrupted turn
    // The first prompt in work_ could not be journalled: it waits for the next one.
    bool blocked_ TENON_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tenon::sitting
