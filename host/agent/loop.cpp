#include "host/agent/loop.h"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "host/agent/answer_tool.h"
#include "host/agent/compact_tool.h"
#include "host/agent/notification.h"
#include "host/agent/repair.h"
#include "host/agent/tool_batch.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr int kMostCutAnswers = 3;
constexpr int kMostRefusals = 2;
constexpr std::string_view kGoOn =
    "Your answer is not complete. Continue exactly where it stopped.";

/// The journal cannot be written, so nothing that relies on it may go on.
class JournalFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

void must(const Result<void>& written) {
    if (!written) throw JournalFailed(written.error().message);
}

/// The refusal, if the conversation does not, or may not, fit into the model's window.
std::optional<RefusedRequest> refusal_in(const Result<Answer, ModelFailure>& answer) {
    if (!answer) {
        const ModelFailure& failure = answer.error();
        if (failure.length == Length::kFits) return std::nullopt;
        return RefusedRequest{failure.message, failure.length == Length::kTooLong, failure.window};
    }
    if (answer->stop_reason != "model_context_window_exceeded") return std::nullopt;
    return RefusedRequest{"the answer did not fit into the model's context window"};
}

/// Whether a word of `text` begins so.
bool has_word(std::string_view text, std::string_view beginning) {
    for (auto at = text.find(beginning); at != text.npos; at = text.find(beginning, at + 1))
        if (at == 0 || text[at - 1] < 'a' || text[at - 1] > 'z') return true;
    return false;
}

/// Servers say in many ways that a model takes no images, or not this one; all name them.
bool may_be_about_images(const ModelFailure& failure) {
    constexpr std::array kOtherReasons = {401, 403, 429, 529};
    if (failure.http_status < 400 || failure.length == Length::kTooLong) return false;
    if (std::count(kOtherReasons.begin(), kOtherReasons.end(), failure.http_status) > 0)
        return false;
    std::string message = failure.message;
    std::transform(message.begin(), message.end(), message.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return has_word(message, "image") || has_word(message, "multimodal") ||
           has_word(message, "vision");
}

/// What the model, or a filter of its server, said in place of an answer.
std::string refusal_words(const Answer& answer) {
    constexpr std::size_t kLongest = 2000;  // bytes
    std::string words = "the model refused to answer this request (stop reason: refusal)";
    if (!answer.refusal.empty())
        words += "; the server says: " + std::string(utf8::first_bytes(answer.refusal, kLongest));
    if (!is_blank(answer.text))
        words += "; the answer so far: " + std::string(utf8::first_bytes(answer.text, kLongest));
    return words;
}

bool is_cut_off(const Answer& answer) {
    return answer.stop_reason == "max_tokens" ||
           answer.stop_reason == "model_context_window_exceeded";
}

bool is_cut_before_a_call_ran(const Answer& answer) {
    return is_cut_off(answer) &&
           std::all_of(answer.calls.begin(), answer.calls.end(),
                       [](const ToolCall& call) { return !call.input_error.empty(); });
}

std::string hint_for_cut_answer(const Answer& answer) {
    return " (stop reason: " + answer.stop_reason + "); " +
           (answer.stop_reason == "max_tokens"
                ? "a higher model.maxTokens may help"
                : "the model's context window is full: go on in a new session");
}

}  // namespace

Loop::Loop(const Ports& ports, LoopOptions options)
    : ports_(ports),
      options_(std::move(options)),
      provider_(ports.provider, ports.spending),
      compaction_({ports.session, provider_, ports.inbox, ports.sink, ports.secrets, ports.context},
                  options_.compaction, options_.max_tokens),
      structured_(ports.answer_form) {}

Result<void> Loop::recover() {
    for (const ToolCall& call : ports_.session.conversation().unanswered()) {
        const auto unwritten = unwritten_.find(call.id);
        const ToolResult result =
            unwritten != unwritten_.end() ? unwritten->second : recovered_result(call);
        if (auto written = ports_.session.add_result(call.id, result); !written) return written;
    }
    unwritten_.clear();
    return {};
}

ToolResult Loop::recovered_result(const ToolCall& call) {
    ToolCall recorded = call;  // a job has the id that its call had at first
    recorded.id = ports_.session.recorded_id(call.id);
    const auto known = ports_.inbox.recover(recorded, facts_of(call));
    if (!known) return {"interrupted", true, {}};
    ToolResult result{ports_.secrets.redact(utf8::repair(known->text)), known->is_error, {}};
    if (!known->delivered_job.empty()) result.delivered_jobs.push_back(known->delivered_job);
    return result;
}

ToolFacts Loop::facts_of(const ToolCall& call) const {
    const Tool* tool = ports_.toolbox.find(call.name);
    return tool == nullptr ? ToolFacts{} : tool->spec().facts;
}

RunResult Loop::run(const Prompt& prompt, std::stop_token stop) {
    return begin(prompt, std::move(stop));
}

RunResult Loop::wake(std::stop_token stop) {
    return begin({}, std::move(stop));
}

RunResult Loop::compact(const std::string& focus, std::stop_token stop) {
    result_ = {};
    if (auto recovered = recover(); !recovered) {
        fail(Outcome::kFailed, recovered.error().message);
    } else if (const auto over = provider_.over_budget()) {
        fail(Outcome::kMaxBudget, *over);
    } else {
        (void)can_go_on(compaction_.compact_now(focus, std::move(stop)));
    }
    return result_;
}

RunResult Loop::begin(const Prompt& prompt, std::stop_token stop) {
    result_ = {};
    cut_answers_ = cut_calls_ = 0;
    needs_none_ = 0;
    paused_ = false;
    compaction_.begin_run();
    structured_.begin_run();
    results_shown_ = true;
    try {
        must(recover());
        if (!prompt.text.empty()) add_prompt(prompt, Session::PromptPlace::kBeginsTurn);
        if (!prompt.text.empty() && structured_.is_wanted())
            add_text(structured_.instruction(), "reminder");
        result_.prompt_recorded = true;
        converse(stop);
        if (structured_.is_wanted() && result_.outcome == Outcome::kDone && !result_.document)
            fail(Outcome::kUnfitAnswer, "the run ended without an answer");
    } catch (const JournalFailed& e) {
        fail(Outcome::kFailed, e.what());
    }
    show_last_results();
    return result_;
}

void Loop::converse(std::stop_token stop) {
    while (true) {
        Next next = Next::kAsk;
        while (next == Next::kAsk)
            next = ask(stop);
        if (next == Next::kStop) return;
        // Answered. What ended meanwhile is delivered at once; what still runs is waited for.
        if (!options_.wait_for_jobs || !ports_.inbox.wait(stop)) {
            if (stop.stop_requested()) fail(Outcome::kInterrupted, "interrupted");
            return;
        }
    }
}

void Loop::add_text(std::string_view text, std::string_view origin,
                    const std::vector<std::string>& delivers) {
    must(ports_.session.add_text(ports_.secrets.redact(utf8::repair(text)), origin, delivers));
}

void Loop::add_prompt(Prompt prompt, Session::PromptPlace place) {
    const auto clean = [this](std::string& text) {
        text = ports_.secrets.redact(utf8::repair(text));
    };
    clean(prompt.text);
    clean(prompt.typed);
    for (Attachment& attachment : prompt.attachments) {
        clean(attachment.name);
        clean(attachment.text);
    }
    must(ports_.session.add_prompt(prompt, place));
    ports_.sink.on_event(PromptDelivered{prompt.typed.empty() ? prompt.text : prompt.typed});
    for (std::string& shown : prompt.shown_attachments)
        ports_.sink.on_event(FileAttached{std::move(shown)});
    for (const std::string& notice : prompt.notices)
        ports_.sink.on_event(Notice{ports_.secrets.redact(notice)});
}

/// Adds the prompts that wait behind new tool results. (Without results, the run is about to end.)
void Loop::deliver_prompts() {
    if (ports_.prompts == nullptr || results_shown_) return;
    const std::vector<Prompt> prompts = ports_.prompts->take();
    for (auto prompt = prompts.begin(); prompt != prompts.end(); ++prompt) {
        try {
            add_prompt(*prompt, Session::PromptPlace::kInTurn);
        } catch (const JournalFailed&) {
            ports_.prompts->put_back({prompt, prompts.end()});
            throw;
        }
    }
}

void Loop::deliver_ended_jobs() {
    const std::vector<JobEnded> ended = ports_.inbox.undelivered();
    if (ended.empty()) return;
    std::vector<std::string> ids;
    for (const JobEnded& job : ended)
        ids.push_back(job.id);
    add_text(format_notifications(ended), "notification", ids);
}

/// An empty answer means "nothing to add"; the same request would get it again.
bool Loop::has_question() const {
    const Conversation& conversation = ports_.session.conversation();
    return conversation.awaits_answer() &&
           conversation.messages().back().wire.size() != needs_none_;
}

Loop::Next Loop::ask(std::stop_token stop) {
    if (stop.stop_requested()) return fail(Outcome::kInterrupted, "interrupted");
    if (!paused_ && !has_question()) deliver_ended_jobs();
    if (!paused_ && !has_question())
        return Next::kAnswered;  // all of it had been delivered already
    if (options_.max_turns && result_.turns >= *options_.max_turns) {
        return fail(Outcome::kMaxTurns,
                    "stopped after " + std::to_string(result_.turns) + " turns (the limit)");
    }
    if (const auto over = provider_.over_budget()) return fail(Outcome::kMaxBudget, *over);
    // A text that is to be continued must stay in the conversation, with the tools that it had.
    if (cut_answers_ == 0 && ports_.update_tools) must(ports_.update_tools());
    if (cut_answers_ == 0 && !can_go_on(compaction_.before_request(stop))) return Next::kStop;
    // Nothing may follow a paused answer.
    if (!paused_) {
        deliver_prompts();
        deliver_ended_jobs();
        add_reminders();
    }
    paused_ = false;
    auto answer = ask_without_refused_images(request(stop), stop);
    for (int refusals = 0; refusals < kMostRefusals && !stop.stop_requested(); ++refusals) {
        const auto refusal = refusal_in(answer);
        // The second time, the part of the answer that has arrived is used.
        if (!refusal || (answer && refusals > 0) || !compaction_.can_help(*refusal)) break;
        if (answer) count_unrecorded(answer->usage);
        if (!can_go_on(compaction_.after_refusal(*refusal, stop))) {
            if (!answer && !provider_.refused()) result_.failed_request = answer.error();
            return Next::kStop;
        }
        answer = request(stop);
    }
    if (!answer) {
        if (answer.error().stopped || stop.stop_requested())
            return fail(Outcome::kInterrupted, "interrupted");
        if (!provider_.refused()) result_.failed_request = answer.error();
        return fail(outcome_of_failure(), answer.error().message);
    }
    return take_answer(*answer, stop);
}

/// An endpoint that refuses an image would refuse each later request too. The images before the
/// last message are older, so they were accepted, unless the model is another one.
Result<Answer, ModelFailure> Loop::ask_without_refused_images(Result<Answer, ModelFailure> answer,
                                                              const std::stop_token& stop) {
    using Which = Conversation::WhichImages;
    for (const Which which : {Which::kOfLastMessage, Which::kAll}) {
        if (answer || stop.stop_requested() || !may_be_about_images(answer.error())) break;
        const auto left_out = ports_.session.leave_out_images(which);
        if (!left_out) throw JournalFailed(left_out.error().message);
        if (!*left_out) continue;
        ports_.sink.on_event(Notice{ports_.secrets.redact(
            std::string(which == Which::kAll ? "the images of the conversation are"
                                             : "the last images are") +
            " left out from now on, since the server refuses them: " + answer.error().message)});
        answer = request(stop);
    }
    return answer;
}

/// The last texts before a request. The user message is shown.
void Loop::add_reminders() {
    std::string text = ports_.context.reminders();
    if (!reminder_.empty()) text = reminder_ + (text.empty() ? "" : "\n") + text;
    if (!text.empty()) {
        reminder_ = text;  // until it is journalled
        add_text(text, "reminder");
        reminder_.clear();
    }
    results_shown_ = true;
    if (result_.turns == 0) return;
    const Json last = json_or_null(ports_.session.conversation().messages().back().wire);
    if (last.contains("content")) ports_.sink.on_event(UserMessageSent{member(last, "content")});
}

/// At the end of a run: results that no request has carried, also those that could not be
/// journalled.
void Loop::show_last_results() {
    if (std::exchange(results_shown_, true)) return;
    const auto show = [this](const Conversation& conversation) {
        const Json last = json_or_null(conversation.messages().back().wire);
        const Json& content = member(last, "content");
        if (string_or(element(content, 0), "type") == "tool_result")
            ports_.sink.on_event(UserMessageSent{content});
    };
    const Conversation& conversation = ports_.session.conversation();
    const auto open = conversation.unanswered();
    if (open.empty()) return show(conversation);
    Conversation whole = conversation;
    for (const ToolCall& call : open) {
        const auto known = unwritten_.find(call.id);
        (void)whole.add_result(call.id, known != unwritten_.end()
                                            ? known->second
                                            : ToolResult{"interrupted", true, {}});
    }
    show(whole);
}

Result<Answer, ModelFailure> Loop::request(std::stop_token stop) {
    const Session& session = ports_.session;
    Request request{session.head().model,        session.head().system,
                    session.head().tools,        session.conversation().messages(),
                    compaction_.answer_tokens(), false};
    request.call_ids = &session.call_ids();
    request.answer_schema = structured_.schema();
    request.thread = session.conversation().thread();
    return provider_.ask(request, ports_.sink, std::move(stop));
}

/// Counts an answer that does not become part of the conversation.
void Loop::count_unrecorded(const Usage& usage) {
    if (usage == Usage{}) return;
    result_.usage += usage;
    // The journal is not needed for it: a later record reports a journal that cannot be written.
    (void)ports_.session.add_usage(usage);
}

Outcome Loop::outcome_of_failure() const {
    return provider_.refused() ? Outcome::kMaxBudget : Outcome::kFailed;
}

/// Adds what summaries have cost. False: the run has ended.
bool Loop::can_go_on(const Result<void, CompactionFailure>& compacted) {
    count_unrecorded(compaction_.take_usage());
    if (compacted) return true;
    fail(compacted.error().interrupted ? Outcome::kInterrupted : outcome_of_failure(),
         compacted.error().message);
    return false;
}

Loop::Next Loop::take_answer(const Answer& answer, std::stop_token stop) {
    // What arrived together with the stop is dropped.
    if (stop.stop_requested()) {
        count_unrecorded(answer.usage);
        return fail(Outcome::kInterrupted, "interrupted");
    }
    ++result_.turns;
    result_.answered_by = answer.by;
    compaction_.answered(answer.usage.without(answer.estimated));
    if (answer.stop_reason == "refusal") {
        count_unrecorded(answer.usage);
        return fail(Outcome::kFailed, ports_.secrets.redact(refusal_words(answer)));
    }
    const bool empty = answer.content == "[]";
    if (empty) {
        count_unrecorded(answer.usage);
    } else {
        result_.usage += answer.usage;
        must(ports_.session.add_answer(answer));
        ports_.sink.on_event(Answered{
            Json{{"id", answer.id},
                 {"type", "message"},
                 {"role", "assistant"},
                 {"model", answer.model},
                 {"content", json_or_null(ports_.secrets.redact(answer.content))},
                 {"stop_reason", answer.stop_reason},
                 {"usage",
                  {{"input_tokens", answer.usage.input_tokens},
                   {"output_tokens", answer.usage.output_tokens},
                   {"cache_read_input_tokens", answer.usage.cache_read_input_tokens},
                   {"cache_creation_input_tokens", answer.usage.cache_creation_input_tokens}}}},
            answer.by, provider_.place_of_asked()});
    }
    if (cut_answers_ == 0) answer_text_.clear();
    answer_text_ += answer.text;
    result_.text =
        ports_.secrets.redact(answer_text_);  // a key may begin in one answer and end in the next
    if (!answer.calls.empty()) {
        cut_answers_ = 0;
        run_calls(answer, stop);
        if (stop.stop_requested()) return fail(Outcome::kInterrupted, "interrupted");
        cut_calls_ = is_cut_before_a_call_ran(answer) ? cut_calls_ + 1 : 0;
        if (cut_calls_ > kMostCutAnswers) {
            return fail(Outcome::kFailed, "each of the last " + std::to_string(cut_calls_) +
                                              " answers was cut off in the middle of a call" +
                                              hint_for_cut_answer(answer));
        }
        return structured_.is_wanted() ? after_calls() : Next::kAsk;
    }
    if (answer.stop_reason == "pause_turn") return continue_paused_answer(answer);
    if (is_cut_off(answer)) return continue_cut_answer(answer);
    cut_answers_ = cut_calls_ = 0;
    if (structured_.is_wanted()) return take_structured_answer(empty);
    needs_none_ = empty ? ports_.session.conversation().messages().back().wire.size() : 0;
    return Next::kAnswered;
}

/// The model has answered without calls, perhaps to the end of a job that ended after a document
/// was given: then nothing to add leaves that document as it is.
Loop::Next Loop::take_structured_answer(bool empty) {
    if (empty && structured_.document()) return end_with_document();
    if (structured_.take_text(answer_text_)) return end_with_document();
    if (structured_.gave_up()) return fail_unfit();
    add_text(structured_.complaint(), "reminder");
    return Next::kAsk;
}

/// A call of the answer tool ends the run like an answer without calls; its result is not answered.
Loop::Next Loop::after_calls() {
    if (structured_.end_calls()) return end_with_document();
    return structured_.gave_up() ? fail_unfit() : Next::kAsk;
}

Loop::Next Loop::end_with_document() {
    const Conversation& conversation = ports_.session.conversation();
    needs_none_ = conversation.ends_with_user() ? conversation.messages().back().wire.size() : 0;
    std::string document = ports_.secrets.redact(*structured_.document());
    // A secret may be a number, or a text that the schema asks for.
    if (const auto flaw = structured_.flaw_in(document)) {
        return fail(Outcome::kUnfitAnswer,
                    "the model's answer holds a secret value, such as a key or the value of a "
                    "configured header, and without it the answer does not fit the JSON schema: " +
                        *flaw);
    }
    result_.text = document;
    result_.document = std::move(document);
    return Next::kAnswered;
}

Loop::Next Loop::fail_unfit() {
    return fail(Outcome::kUnfitAnswer,
                "the model's answer does not fit the JSON schema, nor do those of " +
                    std::to_string(StructuredAnswer::kMoreTries) +
                    " more tries: " + structured_.flaw());
}

/// An answer that the server has paused is asked for the rest of it, a few times.
Loop::Next Loop::continue_paused_answer(const Answer& answer) {
    if (++cut_answers_ > kMostCutAnswers || answer.content == "[]") {
        return fail(Outcome::kFailed,
                    "the server paused its answer again and again (stop reason: pause_turn) "
                    "instead of ending it");
    }
    paused_ = ends_in_server_tool(answer.content);
    if (!paused_) add_text(kGoOn, "continue");
    return Next::kAsk;
}

/// The model is asked to go on with a text that was cut off, a few times.
Loop::Next Loop::continue_cut_answer(const Answer& answer) {
    if (++cut_answers_ > kMostCutAnswers || answer.content == "[]" ||
        answer.stop_reason == "model_context_window_exceeded") {
        return fail(Outcome::kFailed, "the answer was cut off" + hint_for_cut_answer(answer));
    }
    add_text(kGoOn, "continue");
    return Next::kAsk;
}

void Loop::run_calls(const Answer& answer, std::stop_token stop) {
    const std::vector<ToolCall>& calls = answer.calls;
    ToolBatch batch(ports_.toolbox, ports_.gate, ports_.sink,
                    {ports_.session.head().id, options_.subagent});
    std::optional<JournalFailed> failed;  // reported when every call has ended
    results_shown_ = false;
    std::set<std::string> denied;
    batch.run(calls, stop, [&](const ToolCall& call, CallOutcome outcome) {
        outcome.result.text = text_without_keys(outcome.result, ports_.secrets);
        if (!failed) {  // no record may follow one that could not be written
            auto written = ports_.session.add_result(call.id, outcome.result);
            if (!written) failed.emplace(written.error().message);
        }
        if (failed) unwritten_[call.id] = outcome.result;
        if (call.name == CompactTool::kName && !outcome.result.is_error)
            compaction_.request_summary(string_or(call.input, "focus"));
        if (structured_.is_wanted() && call.name == AnswerTool::kName)
            structured_.take_call(answer, call, outcome.result);
        if (outcome.denied) denied.insert(call.id);
        ports_.sink.on_event(ToolFinished{call, std::move(outcome.result), outcome.duration,
                                          outcome.denied, facts_of(call)});
    });
    for (const ToolCall& call : calls) {
        if (denied.count(call.id) == 0) continue;
        ToolCall shown = call;
        shown.input = json_or_null(ports_.secrets.redact(dump_json(call.input)));
        result_.denied.push_back(std::move(shown));
    }
    if (failed) throw JournalFailed(*failed);
}

Loop::Next Loop::fail(Outcome outcome, std::string error) {
    result_.outcome = outcome;
    result_.document.reset();
    result_.error = ports_.secrets.redact(std::move(error));
    return Next::kStop;
}

}  // namespace tenon::agent
