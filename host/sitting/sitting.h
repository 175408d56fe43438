#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/cli/screen.h"
#include "host/sitting/attention.h"
#include "host/sitting/event_relay.h"
#include "host/sitting/files_before.h"
#include "host/sitting/model_choice.h"
#include "host/sitting/outputs.h"
#include "host/sitting/question_text.h"
#include "host/sitting/questions.h"
#include "host/sitting/recorded_conversation.h"
#include "host/sitting/session_tally.h"
#include "host/sitting/session_thread.h"
#include "host/sitting/slash_commands.h"
#include "host/sitting/status_line.h"
#include "host/sitting/ticker.h"
#include "host/sitting/unfinished_work.h"
#include "host/terminal/terminal.h"
#include "host/ui/redaction.h"
#include "host/ui/style.h"
#include "host/ui/transcript.h"

namespace tenon::sitting {

/// The interactive session of one person at a terminal: from the first line to the exit, over as
/// many sessions as are opened. All its state belongs to the main thread; the functions of
/// SessionWatcher run on the session's thread and post to the main thread. Not responsible for how
/// events look: see ui::Transcript and terminal::Terminal.
class Sitting final : private SessionWatcher {
public:
    struct End {
        int exit_code = 0;
        std::string message;  ///< for standard error, after the terminal has been closed
    };
    /// `setup` and `terminal` must outlive the object.
    Sitting(const session::RunSetup& setup, terminal::Terminal& terminal, cli::Screen screen);

    /// Blocks until the person leaves, a signal ends the program, or no session can be opened.
    End run();

private:
    using Lines = std::vector<std::string>;
    enum class Phase {
        kOpening,
        kOpen,
        kAskingHowToLeave,
        kWaitingToLeave,  ///< for the turn and the session's jobs
        kClosing,
    };
    /// The number of the question how to leave; those of other questions begin at 1.
    static constexpr std::size_t kLeaveQuestion = 0;
    struct PendingQuestion {
        std::size_t number;
        permission::Question question;
        QuestionText text;
        std::size_t place = 1, total = 1;  ///< among the questions that wait
    };

    // SessionWatcher: called on the session's thread.
    void opened(session::OpenSession& session) override;
    void failed(const session::StartFailure& failure) override;
    void turn_began() override;
    void turn_ended(const agent::RunResult& result) override;
    void idle() override;
    void notification() override;
    void closed(std::size_t unfinished) override;
    void post(std::function<void()> work) { terminal_.post(std::move(work)); }

    // Input of the person.
    void handle(const terminal::EnteredLine& line);
    void handle(const terminal::Interrupt& interrupt);
    void handle(const terminal::EndOfInput&);
    void handle(const terminal::ToBackground&);
    void handle(const terminal::QuestionAnswer& answer);
    void handle(const terminal::Escape& escape);
    void handle(const terminal::TakeBack&);
    void handle(const terminal::ShowFolded&) { outputs_.show_folded(session_); }
    void handle(const terminal::NextMode&);
    void handle(const terminal::Hangup&);
    void handle(const terminal::Terminate&);
    void handle(const terminal::Woken&) {}

    // Sessions.
    void open_session(const std::string& id);
    void on_failed(const session::StartFailure& failure);
    void work_began();
    void on_turn_ended(const agent::RunResult& result);
    void on_closed(std::size_t unfinished);
    void show(const std::vector<agent::AgentEvent>& events);
    void show_prompt(const std::string& prompt);
    [[nodiscard]] bool take_shown_change(const agent::AgentEvent& event);
    void send_prompt(const std::string& prompt);
    void note_queued(const std::string& line);
    void echo_command(const std::string& line);

    // Stopping: sitting_stopping.cpp.
    void request_stop(int signal);
    void stop_turn(bool line_is_empty);
    [[nodiscard]] bool can_join_line(const std::string& line) const;
    bool take_back(bool line_is_empty);
    void print_unsent(const Lines& lines);
    void refresh_waiting();
    void end_thread();

    // Questions: sitting_questions.cpp.
    void put_question(std::size_t number, const permission::Question& question);
    void withdraw_question(std::size_t number);
    void answer_question(const terminal::QuestionAnswer& given);
    void keep_change();
    [[nodiscard]] bool keep_rules(std::size_t variant);
    void update_question_text();
    [[nodiscard]] QuestionView question_view() const;
    void update_question_count();
    void show_question();
    [[nodiscard]] std::size_t further_questions() const;
    [[nodiscard]] std::size_t open_questions() const;

    // Permissions: sitting_permissions.cpp.
    void take_stance(permission::Stance stance);
    void show_permissions(const std::string& argument);
    void remove_rule(const std::string& number);

    // Leaving: sitting_leaving.cpp.
    void leave(int exit_code);
    void leave_without_asking(int exit_code);
    void answer_leave_question(char key);
    void stay();
    void leave_when_quiet();
    [[nodiscard]] std::size_t jobs_to_ask_about() const;
    [[nodiscard]] std::string unfinished_text() const;
    [[nodiscard]] terminal::ShownQuestion leave_question() const;
    void close(JobsAtClose jobs);
    void finish(End end);
    [[nodiscard]] JobsAtClose default_jobs_at_close() const;

    // Slash commands: sitting_commands.cpp.
    void set_skills(Skills skills);
    void run_command(const SlashCommand& command);
    void clear();
    void compact(const std::string& focus);
    void run_own_command(const std::string& line, const std::string& command);
    void show_tasks();
    void show_plugins();

    // The recorded conversation: sitting_records.cpp.
    void show_last_turns();
    void show_history();
    void export_to(const std::string& file);

    void reload();
    using LinesOfSession = std::function<Lines(session::OpenSession&, std::stop_token)>;
    void in_session(LinesOfSession command);
    void show_from_session(LinesOfSession command);
    [[nodiscard]] SessionThread::Command then_print(LinesOfSession command);

    // /status, /cost and /todos: sitting_facts.cpp.
    void show_status();
    void show_cost();
    void show_todos();
    [[nodiscard]] std::string advice_for(const agent::RunResult& result) const;
    void note_plugins(const session::OpenSession& session);
    [[nodiscard]] std::filesystem::path journal() const;
    [[nodiscard]] std::string sandbox_words() const;
    [[nodiscard]] std::vector<std::string> fallback_words() const;

    // /model: sitting_models.cpp.
    void show_model(const std::string& name);
    void list_models();
    void ask_for_models(std::function<void(const std::string& failure)> then);
    void change_model(const std::string& name);
    void model_changed(const std::string& name);

    // /resume: sitting_commands.cpp.
    void resume(const std::string& argument);
    void list_sessions_to_resume();
    bool choose_session(const std::string& line);
    void go_to_session(const std::string& id);

    void print(const std::string& words);
    void print(const std::vector<std::string>& lines);
    void print_words(const std::vector<std::string>& lines);
    void print_or_hold(const std::vector<std::string>& lines);
    void refresh_tail();
    void refresh_status();
    void draw_status();
    void refresh_busy();
    [[nodiscard]] std::size_t width() const;

    const session::RunSetup& setup_;
    terminal::Terminal& terminal_;
    const cli::Screen screen_;
    Skills skills_;  ///< of the open session
    const ui::Style style_;
    ui::Transcript transcript_;
    Attention attention_;
    RecordedConversation recorded_;
    Outputs outputs_;
    SessionStatus status_;
    SessionTally tally_;
    ModelChoice models_;
    std::vector<std::string> plugins_;  ///< ids of those that are loaded
    Phase phase_ = Phase::kOpening;
    session::OpenSession* session_ = nullptr;  ///< while a session is open
    std::string session_id_;
    /// Of sessions that were open before. The rules that a person adds are valid until the end.
    std::map<std::string, permission::SessionPermissions> left_permissions_;
    std::vector<std::string> permanent_rules_;  ///< that were added in this run
    std::string previous_session_;              ///< opened again if the next cannot be opened
    std::optional<std::string> next_session_;   ///< to be opened when this one has closed
    /// Entered while this session closed: they are for the next one.
    std::vector<terminal::EnteredLine> typed_ahead_;
    std::vector<std::string> resumable_;  ///< the ids that /resume has just listed
    std::optional<PendingQuestion> question_;
    std::vector<std::string> held_lines_;  ///< to be printed after `question_`
    std::size_t answered_in_a_row_ = 0;
    /// The tools and arguments of allowed calls whose diff a question has shown.
    std::vector<std::pair<std::string, Json>> shown_changes_;
    bool asked_about_jobs_ = false;     ///< by the open question how to leave
    bool interrupt_may_leave_ = false;  ///< the last Ctrl-C came at an empty, idle prompt
    bool prompt_is_echoed_ = false;  ///< a dumb terminal has shown the line that is delivered next
    UnfinishedWork unfinished_;
    std::size_t waiting_rows_ = 0;  ///< of the waiting area
    bool finished_ = false;
    End end_;

    Questions questions_;
    EventRelay relay_;
    FilesBefore files_before_;
    ui::FanOut sink_;
    Ticker ticker_;
    std::unique_ptr<SessionThread> thread_;  // last: it uses all the others
};

}  // namespace tenon::sitting
