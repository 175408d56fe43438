#include "host/sitting/sitting.h"

#include <csignal>

#include "host/agent/wire.h"
#include "host/base/clock.h"
#include "host/base/counted.h"
#include "host/base/forced_end.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/sitting/own_command.h"
#include "host/sitting/sentence.h"
#include "host/sitting/session_words.h"
#include "host/ui/status_line.h"
#include "host/ui/tool_line.h"

namespace tenon::sitting {
namespace {

constexpr int kAfterHangup = 129;
constexpr int kAfterTerminate = 143;

/// The exchanges of the conversation: each ends with an answer without tool calls.
std::int64_t turns_of(const agent::Session& session) {
    const auto messages = session.conversation().messages();
    return std::count_if(messages.begin(), messages.end(), [](const agent::Message& message) {
        return message.role == agent::Role::kAssistant && agent::call_blocks(message).empty();
    });
}

std::vector<Unfinished::Todo> open_todos(session::OpenSession& session) {
    return open_checklist(session.session().conversation().messages(),
                          [&session](const std::string& name) {
                              const agent::Tool* tool = session.registry().find(name);
                              return tool == nullptr ? agent::ToolFacts{} : tool->spec().facts;
                          });
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Deltas do not change the status line.
bool are_deltas(const std::vector<agent::AgentEvent>& events) {
    return std::all_of(events.begin(), events.end(), [](const agent::AgentEvent& event) {
        return std::holds_alternative<agent::TextDelta>(event) ||
               std::holds_alternative<agent::ThinkingDelta>(event);
    });
}

}  // namespace

Sitting::Sitting(const session::RunSetup& setup, terminal::Terminal& terminal, cli::Screen screen)
    : setup_(setup),
      terminal_(terminal),
      screen_(screen),
      style_(screen_.colour ? ui::Style::kColour : ui::Style::kPlain),
      transcript_(style_, screen_.escapes ? "Ctrl-O" : "Ctrl-O, Enter",
                  screen_.escapes ? ui::RetryLines::kCountDown : ui::RetryLines::kEach),
      attention_(terminal_, setup_.settings.workspace),
      outputs_(terminal_, screen_, setup_.secrets, transcript_),
      questions_(
          [this](std::size_t number, const permission::Question& question) {
              post([this, number, question] { put_question(number, question); });
          },
          [this](std::size_t number) { post([this, number] { withdraw_question(number); }); },
          setup_.secrets),
      relay_([this](std::function<void()> work) { post(std::move(work)); },
             [this](const std::vector<agent::AgentEvent>& events) { show(events); }),
      files_before_(setup_.settings.workspace, setup_.secrets),
      sink_(setup_.secrets),
      ticker_([this] {
          post([this] {
              outputs_.read_running(session_);
              refresh_tail();
              refresh_status();
              refresh_waiting();
          });
      }) {
    sink_.add(files_before_);
    sink_.add(relay_);
    set_skills({});
    terminal_.on_resize = [this] {
        refresh_tail();
        refresh_status();
        refresh_waiting();
        if (!question_) return;
        update_question_text();
        show_question();
    };
}

Sitting::End Sitting::run() {
    open_session(setup_.session_id);
    while (!finished_) {
        refresh_busy();
        std::visit([this](const auto& input) { handle(input); }, terminal_.next());
    }
    return end_;
}

// ---------------------------------------------------------------- sessions

void Sitting::open_session(const std::string& id) {
    phase_ = Phase::kOpening;
    session_id_ = id;
    status_ = {};
    tally_ = {};
    transcript_ = ui::Transcript(style_, transcript_.fold_key(), transcript_.retry_lines());
    unfinished_ = {};
    session::OpenOptions options{setup_, sink_, id};
    options.wait_for_jobs = false;
    options.asker = &questions_;
    if (const auto left = left_permissions_.find(id); left != left_permissions_.end())
        options.permissions = left->second;
    options.added_rules = permanent_rules_;
    thread_ =
        std::make_unique<SessionThread>(std::move(options), static_cast<SessionWatcher&>(*this));
    for (const terminal::EnteredLine& line : std::exchange(typed_ahead_, {}))
        handle(line);
}

void Sitting::opened(session::OpenSession& session) {
    const agent::SessionHead& head = session.session().head();
    std::string line = "tenon " TENON_VERSION " · " + head.model + " · " + head.workspace +
                       " · session " + head.id;
    if (session.session().resumed())
        line += ", resumed after " +
                counted(static_cast<std::size_t>(turns_of(session.session())), "turn");
    note_plugins(session);
    RecordedConversation recorded(session, setup_.secrets);
    post([this, &session, line, model = head.model, usage = session.session().last_usage(),
          skills = session.skills(), recorded = std::move(recorded), todos = open_todos(session),
          jobs = session.background_jobs()]() mutable {
        if (phase_ != Phase::kOpening) return;
        const bool goes_back = previous_session_ == session_id_;  // the next could not be opened
        set_skills(skills);
        unfinished_.begin(todos, jobs);
        phase_ = Phase::kOpen;
        session_ = &session;
        previous_session_ = session_id_;
        status_.model = model;
        tally_.goes_on_after(usage);
        status_.mode = mode_part(session.gate().stance());
        models_.begin(model, setup_.settings.model.name);
        print(visible(line));
        print("/help lists commands and keys.");
        recorded_ = std::move(recorded);
        if (!goes_back) show_last_turns();
        refresh_status();
        refresh_waiting();
    });
}

void Sitting::failed(const session::StartFailure& failure) {
    post([this, failure] { on_failed(failure); });
}

void Sitting::on_failed(const session::StartFailure& failure) {
    if (thread_) print_unsent(thread_->interrupt());
    end_thread();
    session_ = nullptr;
    if (phase_ == Phase::kOpening && !previous_session_.empty() &&
        previous_session_ != session_id_) {
        print(sentence(visible(failure.message)));
        return open_session(previous_session_);
    }
    finish({failure.exit_code, failure.message});
}

void Sitting::turn_began() {
    post([this] { tally_.turn_began(); });
    work_began();
}

void Sitting::work_began() {
    sink_.forget_unfinished();  // the rest of a turn that was stopped
    post([this] {
        interrupt_may_leave_ = false;
        status_.working_since_ms = wall_clock_ms();
        if (screen_.escapes) ticker_.set(true);
        refresh_waiting();
        refresh_status();
    });
}

void Sitting::turn_ended(const agent::RunResult& result) {
    sink_.show_unfinished();
    post([this, result] { on_turn_ended(result); });
}

void Sitting::on_turn_ended(const agent::RunResult& result) {
    if (phase_ != Phase::kClosing) stop_completed();
    const std::chrono::milliseconds took(wall_clock_ms() - status_.working_since_ms);
    attention_.turn_ended(took, result.outcome);
    status_.working_since_ms = 0;
    ticker_.set(false);
    answered_in_a_row_ = 0;
    files_before_.clear();
    shown_changes_.clear();
    unfinished_.turn_ended();
    if (!result.prompt_recorded) tally_.turn_was_not_recorded();  // the prompt is queued again
    if (result.prompt_recorded) prompt_is_echoed_ = false;
    tally_.add(result);
    if (result.outcome == agent::Outcome::kInterrupted) {
        print(transcript_.interrupted(width()));
    } else if (result.outcome != agent::Outcome::kDone) {
        print(transcript_.failed(result.error, advice_for(result), width()));
    } else if (result.turns > 0 && is_blank(result.text)) {
        print(transcript_.answered_nothing(width()));
    }
    refresh_tail();
    refresh_waiting();
    refresh_status();
}

void Sitting::idle() {
    post([this] {
        if (phase_ != Phase::kClosing) stop_completed();
        leave_when_quiet();
    });
}

void Sitting::notification() {
    post([this] { leave_when_quiet(); });
}

void Sitting::closed(std::size_t unfinished) {
    post([this, unfinished] { on_closed(unfinished); });
}

void Sitting::on_closed(std::size_t unfinished) {
    end_thread();
    if (unfinished > 0) print(counted(unfinished, "job") + " could not be ended in time.");
    if (next_session_) stop_completed();
    if (next_session_) return open_session(*std::exchange(next_session_, std::nullopt));
    terminal_.print("To go on: tenon --session " + session_id_);  // not broken: to be copied
    finish(end_);
}

void Sitting::show(const std::vector<agent::AgentEvent>& events) {
    for (const agent::AgentEvent& event : events) {
        tally_.add(event);
        if (const auto* job = std::get_if<agent::JobChanged>(&event)) attention_.job_changed(*job);
        // `opened` prints more about it.
        if (std::holds_alternative<agent::SessionOpened>(event)) continue;
        if (const auto* prompt = std::get_if<agent::PromptDelivered>(&event))
            show_prompt(prompt->typed);
        unfinished_.on_event(event, wall_clock_ms());
        print_or_hold(transcript_.on_event(event, width(), std::chrono::steady_clock::now(),
                                           {files_before_.take(event), take_shown_change(event),
                                            screen_.escapes && leaves_open_checklist(event)},
                                           outputs_.of_ended_job(session_, event)));
        // Without a live area a running call would not be seen before its end. The start of a job
        // has a line of its own.
        const auto* started = std::get_if<agent::ToolStarted>(&event);
        if (started != nullptr) recorded_.learn(*started);
        const bool is_shown =
            started != nullptr && started->facts.recovered != agent::RecoveredAnswer::kJobStart;
        if (is_shown && !screen_.escapes)
            print_or_hold({ui::running_tool_line(*started, {}, {}, width(), style_)});
    }
    refresh_tail();
    if (are_deltas(events)) return;
    refresh_status();
    refresh_waiting();
}

void Sitting::show_prompt(const std::string& prompt) {
    if (std::exchange(prompt_is_echoed_, false)) return;
    const std::string shown = terminal_.echo_of(prompt);
    print_or_hold(transcript_.prompt(shown, width()));
    outputs_.keep_long_prompt(prompt, shown);
}

/// Whether a question has shown what the call that has ended changed.
bool Sitting::take_shown_change(const agent::AgentEvent& event) {
    const auto* finished = std::get_if<agent::ToolFinished>(&event);
    if (finished == nullptr) return false;
    const auto shown = std::find(shown_changes_.begin(), shown_changes_.end(),
                                 std::pair(finished->call.name, finished->call.input));
    if (shown == shown_changes_.end()) return false;
    shown_changes_.erase(shown);
    return true;
}

void Sitting::send_prompt(const std::string& prompt) {
    const bool at_once = thread_->send_prompt(prompt);
    if (!screen_.escapes && at_once) prompt_is_echoed_ = true;
    if (at_once) return;  // it is printed when its turn begins
    note_queued(prompt);
}

void Sitting::echo_command(const std::string& line) {
    print(ui::paint(style_, ui::kDim, visible(terminal_.echo_of(line), true)));
}

/// A dumb terminal has no area that shows what waits.
void Sitting::note_queued(const std::string& line) {
    if (!screen_.escapes) print("Queued: " + visible(terminal_.echo_of(line), true));
    refresh_waiting();
    refresh_status();
}

// ---------------------------------------------------------------- what a person did

void Sitting::handle(const terminal::EnteredLine& line) {
    if (is_blank(line.text)) return;
    if (phase_ == Phase::kClosing) {
        if (next_session_) typed_ahead_.push_back(line);
        return;
    }
    if (phase_ == Phase::kWaitingToLeave) stay();
    const bool is_command = slash_command(line.text) || own_command(line.text);
    if (phase_ == Phase::kAskingHowToLeave && is_command)
        return print("Answer the question first.");
    if (const auto command = slash_command(line.text)) {
        if (is_skill(command->name, skills_)) return send_prompt(line.text);
        if (screen_.escapes && !is_like_prompt(*command)) echo_command("> " + line.text);
        return run_command(*command);
    }
    if (const auto command = own_command(line.text)) return run_own_command(line.text, *command);
    if (!choose_session(line.text)) send_prompt(line.text);
}

void Sitting::handle(const terminal::EndOfInput&) {
    if (phase_ == Phase::kAskingHowToLeave || phase_ == Phase::kWaitingToLeave)
        return leave_without_asking(0);
    if (phase_ != Phase::kClosing) return leave(0);
    // A closed input gives no more lines, and `next` would return EndOfInput for ever.
    end_thread();
    finish(end_);
}

void Sitting::handle(const terminal::ToBackground&) {
    if (session_ == nullptr) return;
    const std::size_t moved = session_->move_to_background();
    print(moved == 0 ? "No command runs in the foreground."
                     : counted(moved, "command") + " moved to the background.");
}

void Sitting::handle(const terminal::QuestionAnswer& answer) {
    if (answer.number == kLeaveQuestion) {
        if (phase_ == Phase::kAskingHowToLeave) answer_leave_question(answer.key);
    } else if (question_ && question_->number == answer.number) {
        answer_question(answer);
    }
}

void Sitting::handle(const terminal::Hangup&) {
    request_stop(SIGHUP);
    if (thread_) thread_->close(default_jobs_at_close());
    end_thread();
    finish({kAfterHangup, {}});
}

void Sitting::handle(const terminal::Terminate&) {
    request_stop(SIGTERM);
    leave_without_asking(kAfterTerminate);
}

/// Waits for the session's thread. It may hang in a plugin, so Ctrl-C and signals must not wait for
/// this thread to read them.
void Sitting::end_thread() {
    terminal_.let_keys_signal(true);
    {
        const StopRequestsBySignal watching;
        thread_.reset();
    }
    terminal_.let_keys_signal(false);
}

// ---------------------------------------------------------------- showing

/// Words of Tenon's own.
void Sitting::print(const std::string& words) {
    if (!screen_.escapes) return terminal_.print(words);
    print(wrap(words, width(), LongWords::kWhole));
}

void Sitting::print(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    if (!text.empty()) terminal_.print(text);
}

void Sitting::print_words(const std::vector<std::string>& lines) {
    for (const std::string& line : lines)
        print(line);
}

/// What parallel calls do is not printed between the command that a question is about and the
/// person's answer.
void Sitting::print_or_hold(const std::vector<std::string>& lines) {
    if (!question_) return print(lines);
    held_lines_.insert(held_lines_.end(), lines.begin(), lines.end());
}

std::size_t Sitting::width() const {
    return static_cast<std::size_t>(std::max(terminal_.width(), 1));
}

/// Half of the screen, and on a low one what a running command needs, as far as there is room above
/// the waiting area, the input and the status.
void Sitting::refresh_tail() {
    constexpr int kRowsOfCommand = 7;  // the call, five lines and the key
    constexpr int kRowsBelow = 2, kLeastRows = 2;
    const int height = terminal_.height();
    const int room = height - kRowsBelow - static_cast<int>(waiting_rows_);
    const int rows = std::max(std::min(std::max(height / 2, kRowsOfCommand), room), kLeastRows);
    terminal_.set_tail(transcript_.tail(width(), static_cast<std::size_t>(rows),
                                        std::chrono::steady_clock::now()));
}

void Sitting::refresh_busy() {
    terminal_.set_busy(phase_ == Phase::kOpening || phase_ == Phase::kClosing ||
                       (thread_ && !thread_->is_quiet()));
}

void Sitting::refresh_status() {
    refresh_busy();
    if (session_ != nullptr) {
        status_.jobs = session_->load();
        const std::size_t place = tally_.place();
        status_.window = session_->context_window({status_.model, place});
        status_.instead =
            place == 0 ? std::string() : setup_.settings.model.fallbacks[place - 1].name;
    }
    update_question_count();
    draw_status();
}

void Sitting::draw_status() {
    status_.questions = open_questions();
    status_.context_tokens = tally_.context_tokens();
    attention_.show(status_.questions > 0 || phase_ == Phase::kAskingHowToLeave ? TitleState::kAsks
                    : status_.working_since_ms != 0 ? TitleState::kWorking
                                                    : TitleState::kIdle);
    terminal_.set_status(phase_ == Phase::kClosing
                             ? std::string("leaving")
                             : status_line(status_, wall_clock_ms(), width()));
}

}  // namespace tenon::sitting
