#include "host/sitting/sitting.h"

#include "host/base/clock.h"
#include "host/base/untrusted.h"
#include "host/config/rule_file.h"
#include "host/ui/tool_line.h"

namespace tenon::sitting {
namespace {

constexpr std::chrono::seconds kTwice{2};  // between two Ctrl-C that leave
constexpr std::size_t kHowToLeave = 0;     // as the number of a question; the others begin at 1
constexpr int kAfterInterrupt = 130;
constexpr int kAfterHangup = 129;
constexpr int kAfterTerminate = 143;

std::string counted(std::size_t number, const std::string& one) {
    return std::to_string(number) + " " + one + (number == 1 ? "" : "s");
}

std::int64_t turns_of(const agent::Session& session) {
    const auto messages = session.conversation().messages();
    return std::count_if(messages.begin(), messages.end(), [](const agent::Message& message) {
        return message.role == agent::Role::kAssistant;
    });
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Only deltas: nothing that the status line tells.
bool are_deltas(const std::vector<agent::AgentEvent>& events) {
    return std::all_of(events.begin(), events.end(), [](const agent::AgentEvent& event) {
        return std::holds_alternative<agent::TextDelta>(event) ||
               std::holds_alternative<agent::ThinkingDelta>(event);
    });
}

agent::Usage usage_of(const Json& message) {
    const auto usage = message.find("usage");
    if (usage == message.end()) return {};
    return {integer_or(*usage, "input_tokens", 0), integer_or(*usage, "output_tokens", 0),
            integer_or(*usage, "cache_read_input_tokens", 0),
            integer_or(*usage, "cache_creation_input_tokens", 0)};
}

}  // namespace

Sitting::Sitting(Surroundings surroundings)
    : at_(std::move(surroundings)),
      style_(at_.screen.colour ? ui::Style::kColour : ui::Style::kPlain),
      transcript_(style_),
      questions_(
          [this](std::size_t number, const permission::Question& question) {
              post([this, number, question] { put_question(number, question); });
          },
          [this](std::size_t number) { post([this, number] { withdraw_question(number); }); },
          at_.setup.secrets),
      relay_([this](std::function<void()> work) { post(std::move(work)); },
             [this](const std::vector<agent::AgentEvent>& events) { show(events); }),
      sink_(at_.setup.secrets),
      ticker_([this] {
          post([this] {
              refresh_tail();
              refresh_status();
          });
      }) {
    sink_.add(relay_);
    at_.terminal.on_resize = [this] {
        refresh_tail();
        refresh_status();
        if (!question_) return;
        write_question();
        show_question();
    };
}

Sitting::End Sitting::run() {
    open_session(at_.setup.session_id);
    while (!finished_)
        std::visit([this](const auto& input) { handle(input); }, at_.terminal.next());
    return end_;
}

// ---------------------------------------------------------------- sessions

void Sitting::open_session(const std::string& id) {
    phase_ = Phase::kOpening;
    session_id_ = id;
    status_ = {};
    session::OpenOptions options{at_.setup, sink_, id};
    options.wait_for_jobs = false;
    options.asker = &questions_;
    thread_ = std::make_unique<SessionThread>(SessionThread::Parts{std::move(options), *this});
}

void Sitting::opened(session::OpenSession& host) {
    const agent::SessionHead& head = host.session().head();
    std::string line = "tenon " TENON_VERSION " · " + head.model + " · " + head.workspace +
                       " · session " + head.id;
    if (host.session().resumed())
        line += ", resumed after " +
                counted(static_cast<std::size_t>(turns_of(host.session())), "turn");
    post([this, &host, line, model = head.model] {
        if (phase_ != Phase::kOpening) return;
        phase_ = Phase::kOpen;
        host_ = &host;
        previous_session_ = session_id_;
        status_.model = model;
        print(visible(line));
        print("/help lists commands and keys.");
        refresh_status();
    });
}

void Sitting::failed(const session::StartFailure& failure) {
    post([this, failure] { on_failed(failure); });
}

void Sitting::on_failed(const session::StartFailure& failure) {
    thread_.reset();
    host_ = nullptr;
    if (phase_ == Phase::kOpening && !previous_session_.empty() &&
        previous_session_ != session_id_) {
        print(visible(failure.message));
        return open_session(previous_session_);
    }
    finish({failure.exit_code, failure.message});
}

void Sitting::turn_began(const std::string& prompt) {
    sink_.forget_unfinished();  // of a turn that was stopped
    post([this, prompt] {
        // A dumb terminal has shown what was typed.
        if (!prompt.empty() && (at_.screen.escapes || status_.queued_prompts > 0))
            print(transcript_.prompt(prompt, width()));
        if (!prompt.empty() && status_.queued_prompts > 0) --status_.queued_prompts;
        status_.working_since_ms = wall_clock_ms();
        if (at_.screen.escapes) ticker_.set(true);
        refresh_status();
    });
}

void Sitting::turn_ended(const agent::RunResult& result) {
    post([this, result] { on_turn_ended(result); });
}

void Sitting::on_turn_ended(const agent::RunResult& result) {
    status_.working_since_ms = 0;
    ticker_.set(false);
    answered_in_a_row_ = 0;
    if (!result.prompt_recorded) ++status_.queued_prompts;  // it is kept
    if (result.outcome == agent::Outcome::kInterrupted) {
        print(transcript_.interrupted(width()));
    } else if (result.outcome != agent::Outcome::kDone) {
        print("Error: " + visible(result.error, true));
    }
    refresh_tail();
    refresh_status();
}

void Sitting::idle() {
    post([this] { leave_if_nothing_is_left(); });
}

void Sitting::news() {
    post([this] { leave_if_nothing_is_left(); });
}

void Sitting::closed(std::size_t unfinished) {
    post([this, unfinished] { on_closed(unfinished); });
}

void Sitting::on_closed(std::size_t unfinished) {
    thread_.reset();
    if (unfinished > 0) print(counted(unfinished, "job") + " could not be ended in time.");
    if (next_session_) return open_session(*std::exchange(next_session_, std::nullopt));
    print("To go on: tenon --session " + session_id_);
    finish(end_);
}

void Sitting::show(const std::vector<agent::AgentEvent>& events) {
    for (const agent::AgentEvent& event : events) {
        if (const auto* answered = std::get_if<agent::Answered>(&event)) {
            ++status_.turns;
            status_.last = usage_of(answered->message);
        }
        // The sitting greets with more.
        if (std::holds_alternative<agent::SessionOpened>(event)) continue;
        print(transcript_.on_event(event, width(), std::chrono::steady_clock::now()));
        // Where there is no live area what has begun would not be seen before its end.
        const auto* started = std::get_if<agent::ToolStarted>(&event);
        if (started != nullptr && !at_.screen.escapes)
            print(ui::running_tool_line(*started, {}, {}, width(), style_));
    }
    refresh_tail();
    if (!are_deltas(events)) refresh_status();
}

void Sitting::say(const std::string& prompt) {
    if (thread_->say(prompt)) return;
    ++status_.queued_prompts;
    print("Queued: " + visible(prompt, true));
    refresh_status();
}

// ---------------------------------------------------------------- what a person did

void Sitting::handle(const terminal::Line& line) {
    if (phase_ == Phase::kClosing || is_blank(line.text)) return;
    if (phase_ == Phase::kWaitingToLeave) stay();
    if (phase_ == Phase::kAskingHowToLeave && slash_command(line.text))
        return print("Answer the question first.");
    if (const auto command = slash_command(line.text)) {
        if (at_.screen.escapes) print(ui::paint(style_, ui::kDim, "> " + visible(line.text)));
        return run_command(*command);
    }
    if (!takes_as_choice(line.text)) say(line.text);
}

void Sitting::handle(const terminal::Interrupt& interrupt) {
    const auto now = std::chrono::steady_clock::now();
    if (last_interrupt_ && now - *last_interrupt_ <= kTwice)
        return leave_without_asking(kAfterInterrupt);
    last_interrupt_ = now;
    if (phase_ == Phase::kClosing) return;
    if (phase_ == Phase::kAskingHowToLeave || phase_ == Phase::kWaitingToLeave) return stay();
    const std::size_t forgotten = thread_->interrupt();
    status_.queued_prompts -= std::min(forgotten, status_.queued_prompts);
    if (forgotten > 0) print(counted(forgotten, "queued prompt") + " dropped.");
    if (status_.working_since_ms == 0 && !interrupt.had_text)
        print("Ctrl-C again leaves; so do Ctrl-D and /exit.");
    refresh_status();
}

void Sitting::handle(const terminal::EndOfInput&) {
    if (phase_ == Phase::kAskingHowToLeave || phase_ == Phase::kWaitingToLeave)
        return leave_without_asking(0);
    if (phase_ != Phase::kClosing) return leave(0);
    // Nothing more is to come from a closed input: `next` would return again and again.
    thread_.reset();
    finish(end_);
}

void Sitting::handle(const terminal::ToBackground&) {
    if (host_ == nullptr) return;
    const std::size_t moved = host_->move_to_background();
    print(moved == 0 ? "No command runs in the foreground."
                     : counted(moved, "command") + " moved to the background.");
}

void Sitting::handle(const terminal::Answer& answer) {
    if (answer.number == kHowToLeave) {
        if (phase_ == Phase::kAskingHowToLeave) answer_how_to_leave(answer.key);
    } else if (question_ && question_->number == answer.number) {
        answer_question(answer);
    }
}

void Sitting::handle(const terminal::Hangup&) {
    if (thread_) thread_->close(unasked());
    thread_.reset();
    finish({kAfterHangup, {}});
}

void Sitting::handle(const terminal::Terminate&) {
    leave_without_asking(kAfterTerminate);
}

// ---------------------------------------------------------------- questions

void Sitting::put_question(std::size_t number, const permission::Question& question) {
    const std::size_t place = answered_in_a_row_ + 1;
    question_ = {number, question, {}, place, place + question.waiting};
    write_question();
    show_question();
    refresh_status();
}

void Sitting::withdraw_question(std::size_t number) {
    if (!question_ || question_->number != number) return;
    question_.reset();
    show_question();
}

/// Its texts, for the screen and the files as they are now.
void Sitting::write_question() {
    question_->text =
        question_text(question_->question, question_->place, question_->total, question_view());
    question_->text.shown.number = question_->number;
}

QuestionView Sitting::question_view() const {
    const config::Settings& settings = at_.setup.settings;
    return {settings.config_dir, settings.workspace, width(), style_};
}

/// More may have come since it was put.
void Sitting::count_questions() {
    if (!question_) return;
    const std::size_t total = question_->place + questions_behind();
    if (total == question_->total) return;
    question_->total = total;
    question_->text.shown.title =
        question_title(question_->question, question_->place, total, question_view());
    show_question();
}

std::size_t Sitting::questions_behind() const {
    return host_ != nullptr ? host_->waiting_questions() : 0;
}

void Sitting::answer_question(const terminal::Answer& given) {
    using permission::Consent;
    const auto& offers = question_->question.offers;
    permission::UserAnswer answer;
    std::string words = "no";
    if (given.key == 'y') {
        answer.consent = Consent::kYes;
        words = "yes";
    } else if (given.key == 'a') {
        answer = {Consent::kAlways, offers[given.variant], {}};
        words = "always for this session";
    } else if (given.key == 'p') {
        if (!keep_rules(given.variant)) {
            write_question();
            return show_question();
        }
        answer = {Consent::kAlways, offers[question_->text.kept[given.variant].offer], {}};
        words = "permanently";
    } else {
        answer.instead = at_.setup.secrets.redact(given.words);
        if (!answer.instead.empty()) words += ": " + visible(answer.instead);
    }
    for (const std::string& rule : answer.rules)
        words += (&rule == &answer.rules.front() ? ": " : ", ") + visible(rule);
    answered_in_a_row_ = questions_behind() > 0 ? answered_in_a_row_ + 1 : 0;
    print(question_->text.shown.title + ": " + words);
    questions_.answer(question_->number, std::move(answer));
    question_.reset();
    show_question();
}

/// Beside the user's configuration. False: it could not be, and the question stands.
bool Sitting::keep_rules(std::size_t variant) {
    const auto& folder = at_.setup.settings.config_dir;
    const QuestionText::Kept& kept = question_->text.kept[variant];
    if (auto added =
            config::add_rule_lines(folder, question_->question.offers[kept.offer], kept.lines);
        !added) {
        print("The rule was not written: " + visible(added.error().message));
        return false;
    }
    for (const std::string& line : kept.lines.lines)
        print("Added to " + visible(kept.lines.file.string()) + ": " + visible(line));
    return true;
}

void Sitting::show_question() {
    if (phase_ == Phase::kAskingHowToLeave) {
        at_.terminal.set_question(how_to_leave());
    } else if (question_) {
        at_.terminal.set_question(question_->text.shown);
    } else {
        at_.terminal.set_question(std::nullopt);
    }
}

// ---------------------------------------------------------------- leaving

Leaving Sitting::unasked() const {
    return at_.setup.leave_jobs ? Leaving::kLeaveJobs : Leaving::kCancelJobs;
}

/// --no-wait has answered for them.
std::size_t Sitting::jobs_to_ask_about() const {
    return at_.setup.leave_jobs ? 0 : host_->load().session_jobs;
}

/// "the turn and 2 jobs"
std::string Sitting::what_is_unfinished() const {
    std::string what = thread_->is_quiet() ? "" : "the turn";
    const std::size_t jobs = jobs_to_ask_about();
    if (jobs > 0) what += (what.empty() ? "" : " and ") + counted(jobs, "job");
    return what.empty() ? "nothing" : what;
}

terminal::Question Sitting::how_to_leave() const {
    const std::size_t jobs = jobs_to_ask_about();
    const bool turn = !thread_->is_quiet();
    std::vector<std::string> subject;
    if (turn) subject.emplace_back("A turn is in progress.");
    if (jobs > 0)
        subject.push_back(counted(jobs, "job") + " of this session " +
                          (jobs == 1 ? "has" : "have") + " not ended.");
    if (subject.empty()) subject.emplace_back("Nothing is in progress any more.");
    std::string leave = "leave";
    if (jobs > 0) leave += turn ? ", the jobs run on" : ", they run on";
    if (turn) leave += ", the turn is stopped";
    return {kHowToLeave,
            "How to leave",
            std::move(subject),
            "",
            {{'w', "wait", "wait, then leave", "wait"},
             {'l', "leave", std::move(leave), "leave"},
             {'c', "cancel", turn && jobs == 0 ? "cancel it" : "cancel them", "cancel"}},
            {}};
}

/// Asks first when a turn or jobs would be lost.
void Sitting::leave(int exit_code) {
    end_.exit_code = exit_code;
    if (host_ == nullptr || (thread_->is_quiet() && jobs_to_ask_about() == 0))
        return close(unasked());
    phase_ = Phase::kAskingHowToLeave;
    asked_about_jobs_ = jobs_to_ask_about() > 0;
    show_question();
}

void Sitting::leave_without_asking(int exit_code) {
    end_.exit_code = exit_code;
    next_session_.reset();
    if (phase_ != Phase::kClosing) close(unasked());
}

void Sitting::answer_how_to_leave(char key) {
    if (key == 'l') return close(Leaving::kLeaveJobs);
    if (key == 'c') return close(Leaving::kCancelJobs);
    phase_ = Phase::kWaitingToLeave;
    show_question();
    print("Waiting for " + what_is_unfinished() + "; Ctrl-C goes back to the prompt.");
    leave_if_nothing_is_left();
}

void Sitting::stay() {
    phase_ = Phase::kOpen;
    next_session_.reset();
    show_question();
}

/// As it was wanted; also when the turn, which was all that there was to ask about, has ended.
void Sitting::leave_if_nothing_is_left() {
    refresh_status();
    if (host_ == nullptr) return;
    const bool asking = phase_ == Phase::kAskingHowToLeave;
    const bool leaving = phase_ == Phase::kWaitingToLeave || (asking && !asked_about_jobs_);
    if (leaving && thread_->is_quiet() && jobs_to_ask_about() == 0) return close(unasked());
    if (asking) show_question();
}

void Sitting::close(Leaving leaving) {
    phase_ = Phase::kClosing;
    host_ = nullptr;
    question_.reset();
    show_question();
    thread_->close(leaving);
}

void Sitting::finish(End end) {
    end_ = std::move(end);
    finished_ = true;
    at_.terminal.wake();
}

// ---------------------------------------------------------------- showing

void Sitting::print(const std::string& line) {
    at_.terminal.print(line);
}

void Sitting::print(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    if (!text.empty()) at_.terminal.print(text);
}

std::size_t Sitting::width() const {
    return static_cast<std::size_t>(std::max(at_.terminal.width(), 1));
}

void Sitting::refresh_tail() {
    const auto rows = static_cast<std::size_t>(std::max(at_.terminal.height(), 2)) / 2;
    at_.terminal.set_tail(transcript_.tail(width(), rows, std::chrono::steady_clock::now()));
}

void Sitting::refresh_status() {
    if (host_ != nullptr) {
        status_.jobs = host_->load();
        status_.waiting_questions = host_->waiting_questions();
    }
    count_questions();
    at_.terminal.set_status(phase_ == Phase::kClosing ? std::string("leaving")
                                                      : status_line(status_, wall_clock_ms()));
}

}  // namespace tenon::sitting
