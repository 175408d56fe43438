#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "host/agent/compaction.h"
#include "host/agent/ports.h"
#include "host/agent/session.h"
#include "host/agent/spending.h"
#include "host/agent/structured_answer.h"
#include "host/base/secrets.h"

namespace tenon::agent {

struct LoopOptions {
    std::int64_t max_tokens = 8192;
    std::optional<std::int64_t> max_turns;
    bool wait_for_jobs = true;  ///< a run goes on until every end of a job is delivered
    std::string subagent;       ///< id; empty: this is the session's own conversation
    CompactionOptions compaction;
};

enum class Outcome {
    kDone,
    kMaxTurns,
    kMaxBudget,
    kFailed,
    kInterrupted,
    kUnfitAnswer,  ///< no answer was the document that is wanted
};

/// How a run ended.
struct RunResult {
    Outcome outcome = Outcome::kDone;
    /// The prompt is part of the conversation; false: the journal could not be written.
    bool prompt_recorded = false;
    std::string text;   ///< of the last answer
    std::string error;  ///< what went wrong, unless the outcome is kDone
    /// The document that was wanted, as the model wrote it, for kDone; `text` is the same then.
    std::optional<std::string> document = {};
    std::int64_t turns = 0;
    Usage usage;
    ModelName answered_by = {};  ///< which model gave the last answer; empty: there is none
    /// The request that failed, for kFailed where it was a request. Its message may hold known
    /// keys.
    std::optional<ModelFailure> failed_request = {};
    std::vector<ToolCall> denied;  ///< the calls that were not allowed, in their order
};

/// Ask, act, repeat. Owns nothing of what it is given. Everything but the tools runs on the calling
/// thread, which is the only writer of the session.
class Loop {
public:
    struct Ports {
        Session& session;
        Provider& provider;
        Toolbox& toolbox;
        Gate& gate;
        Inbox& inbox;
        EventSink& sink;
        const Secrets& secrets;
        Context& context;
        /// Called before each request, when no call runs: brings the session's tools up to date.
        std::function<Result<void>()> update_tools = nullptr;
        /// Prompts that are delivered with the next tool results; null: there are none.
        WaitingPrompts* prompts = nullptr;
        /// What the whole run has cost. Once its budget is used up, no request is sent; null:
        /// nothing is counted.
        Spending* spending = nullptr;
        /// What the answer must be; the toolbox has the AnswerTool then. Null: any text.
        const AnswerForm* answer_form = nullptr;
    };
    Loop(const Ports& ports, LoopOptions options);

    /// Answers the calls without results: those that an earlier host left, and those of a turn
    /// whose results could not be journalled, with these results. Each run begins with it. The
    /// inbox must know the session's jobs.
    Result<void> recover();

    /// Adds `prompt` and goes on until the model has nothing more to do and, when asked to wait,
    /// every job of the session has ended and its end is delivered. `stop` ends it soon, with a
    /// valid conversation.
    RunResult run(const Prompt& prompt, std::stop_token stop);
    RunResult run(std::string_view prompt, std::stop_token stop) {
        return run(Prompt{std::string(prompt)}, std::move(stop));
    }

    /// The same without a prompt: delivers what has ended meanwhile. Without such an end nothing is
    /// asked.
    RunResult wake(std::stop_token stop);

    /// Between runs: replaces the conversation by a summary that the model writes. `focus`, which
    /// may be empty, is what the summary must keep above all. Unless the outcome is kDone the
    /// conversation is as it was, and the error says why.
    RunResult compact(const std::string& focus, std::stop_token stop);

private:
    /// What the run does next: another request, end, or wait for jobs since the model has answered.
    enum class Next { kAsk, kStop, kAnswered };

    // Journal errors are thrown as JournalFailed and caught in run(): nobody in between can go on.
    RunResult begin(const Prompt& prompt, std::stop_token stop);
    void add_prompt(Prompt prompt, Session::PromptPlace place);
    void add_text(std::string_view text, std::string_view origin,
                  const std::vector<std::string>& delivers = {});
    void deliver_prompts();
    void deliver_ended_jobs();
    void converse(std::stop_token stop);
    [[nodiscard]] bool has_question() const;
    Next ask(std::stop_token stop);
    Result<Answer, ModelFailure> ask_without_refused_images(Result<Answer, ModelFailure> answer,
                                                            const std::stop_token& stop);
    void add_reminders();
    Result<Answer, ModelFailure> request(std::stop_token stop);
    [[nodiscard]] ToolResult recovered_result(const ToolCall& call);
    /// The defaults when no tool has the name.
    [[nodiscard]] ToolFacts facts_of(const ToolCall& call) const;
    void show_last_results();
    bool can_go_on(const Result<void, CompactionFailure>& compacted);
    void count_unrecorded(const Usage& usage);
    [[nodiscard]] Outcome outcome_of_failure() const;
    Next take_answer(const Answer& answer, std::stop_token stop);
    void run_calls(const Answer& answer, std::stop_token stop);
    Next take_structured_answer(bool empty);
    Next after_calls();
    Next end_with_document();
    Next fail_unfit();
    Next continue_cut_answer(const Answer& answer);
    Next continue_paused_answer(const Answer& answer);
    Next fail(Outcome outcome, std::string error);

    Ports ports_;
    LoopOptions options_;
    Metered provider_;
    Compaction compaction_;  // uses the provider
    StructuredAnswer structured_;
    RunResult result_;
    std::string answer_text_;    // of the last answer and those that it continues; may hold keys
    std::string reminder_;       // taken from the context, not yet in the conversation
    bool results_shown_ = true;  // watchers have seen the user message with the last results
    /// Results that could not be journalled, by tool_use id.
    std::map<std::string, ToolResult> unwritten_;
    int cut_answers_ = 0;         // texts that were cut off, in a row
    int cut_calls_ = 0;           // answers that were cut off before a call could run, in a row
    bool paused_ = false;         // the conversation ends in an answer that is to go on
    std::size_t needs_none_ = 0;  // size of a last user message that needs no (other) answer
};

}  // namespace tenon::agent
