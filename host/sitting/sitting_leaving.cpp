// How a session is left.
#include "host/base/counted.h"
#include "host/sitting/sitting.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {

JobsAtClose Sitting::default_jobs_at_close() const {
    return setup_.leave_jobs ? JobsAtClose::kLeave : JobsAtClose::kCancel;
}

/// None with --no-wait, which leaves all jobs.
std::size_t Sitting::jobs_to_ask_about() const {
    return setup_.leave_jobs ? 0 : session_->load().session_jobs;
}

/// "the turn and 2 jobs"
std::string Sitting::unfinished_text() const {
    std::string what = thread_->is_quiet() ? "" : "the turn";
    const std::size_t jobs = jobs_to_ask_about();
    if (jobs > 0) what += (what.empty() ? "" : " and ") + counted(jobs, "job");
    return what.empty() ? "nothing" : what;
}

terminal::ShownQuestion Sitting::leave_question() const {
    const std::size_t jobs = jobs_to_ask_about();
    const bool turn = !thread_->is_quiet();
    std::vector<std::string> subject;
    if (turn) subject.emplace_back("A turn is in progress.");
    if (jobs > 0)
        subject.push_back(counted(jobs, "job") + " of this session " +
                          (jobs == 1 ? "has" : "have") + " not ended.");
    const std::size_t prompts = thread_->queued_lines().size();
    if (prompts > 0)
        subject.push_back(counted(prompts, "prompt") + (prompts == 1 ? " waits." : " wait."));
    if (subject.empty()) subject.emplace_back("Nothing is in progress any more.");
    std::string leave = "leave";
    if (jobs > 0) leave += turn ? ", the jobs run on" : ", they run on";
    if (turn) leave += ", the turn is stopped";
    terminal::ShownQuestion question{
        kLeaveQuestion,
        "How to leave",
        std::move(subject),
        "",
        {{'w', "wait", "wait, then leave", "wait"},
         {'l', "leave", std::move(leave), "leave"},
         {'c', "cancel", turn && jobs == 0 ? "cancel it" : "cancel them", "cancel"}},
        {}};
    question.subject_is_prose = true;
    return question;
}

/// Asks first when a turn is under way or jobs have not ended.
void Sitting::leave(int exit_code) {
    end_.exit_code = exit_code;
    if (session_ == nullptr || (thread_->is_quiet() && jobs_to_ask_about() == 0))
        return close(default_jobs_at_close());
    phase_ = Phase::kAskingHowToLeave;
    asked_about_jobs_ = jobs_to_ask_about() > 0;
    show_question();
}

void Sitting::leave_without_asking(int exit_code) {
    end_.exit_code = exit_code;
    next_session_.reset();
    if (phase_ != Phase::kClosing) close(default_jobs_at_close());
}

void Sitting::answer_leave_question(char key) {
    if (key == 'l') return close(JobsAtClose::kLeave);
    if (key == 'c') return close(JobsAtClose::kCancel);
    phase_ = Phase::kWaitingToLeave;
    show_question();
    print("Waiting for " + unfinished_text() + "; Ctrl-C goes back to the prompt.");
    leave_when_quiet();
}

void Sitting::stay() {
    const bool waited = std::exchange(phase_, Phase::kOpen) == Phase::kWaitingToLeave;
    if (waited) print("Not leaving.");
    next_session_.reset();
    show_question();
}

/// Closes when the wait is over, or when the turn that the question was about has ended.
void Sitting::leave_when_quiet() {
    refresh_status();
    if (session_ == nullptr) return;
    const bool asking = phase_ == Phase::kAskingHowToLeave;
    const bool leaving = phase_ == Phase::kWaitingToLeave || (asking && !asked_about_jobs_);
    if (leaving && thread_->is_quiet() && jobs_to_ask_about() == 0)
        return close(default_jobs_at_close());
    if (asking) show_question();
}

void Sitting::close(JobsAtClose jobs) {
    phase_ = Phase::kClosing;
    if (session_ != nullptr)
        left_permissions_.insert_or_assign(session_id_, session_->gate().of_session());
    session_ = nullptr;
    question_.reset();
    show_question();
    print_unsent(thread_->close(jobs));
}

void Sitting::finish(End end) {
    end_ = std::move(end);
    finished_ = true;
    terminal_.wake();
}

}  // namespace tenon::sitting
