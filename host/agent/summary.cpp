#include "host/agent/summary.h"

#include <algorithm>

#include "host/agent/plain_conversation.h"
#include "host/agent/repair.h"
#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

constexpr int kPlainAttempts = 8;
/// Where the endpoint does not say that the length is the reason.
constexpr int kUnsureAttempts = 3;
/// A conversation with less text is not refused for its length; less is no conversation.
constexpr std::size_t kLongText = 8'000;
constexpr std::size_t kLeastText = 100;
/// More than the instruction has, with a margin.
constexpr std::int64_t kInstructionTokens = 600;
/// Where an answer may have fewer tokens, the instruction limits the summary to some words.
constexpr std::int64_t kShortAnswer = 4'096;

constexpr std::string_view kInstruction =
    "Leave the work for a moment. What you write now takes the place of this conversation: the "
    "work goes on from it alone, and what it does not say is lost. Call no tool, write no "
    "preamble. State:\n"
    "1. what the user wants, in their own words where the wording matters, with every constraint;\n"
    "2. what was decided, and why;\n"
    "3. the files that were read, changed or made, each with its path and what matters in it;\n"
    "4. how things stand: what is done and checked, what is under way, the jobs and their ids;\n"
    "5. what failed or was refused, and why;\n"
    "6. the next steps.\n"
    "Be exact with names, paths, commands and numbers. Messages of the user that have no answer "
    "yet will stand word for word behind what you write: do not answer them.";

std::string instruction(const std::string& focus, std::int64_t max_tokens) {
    std::string text(kInstruction);
    if (max_tokens < kShortAnswer)
        text += "\nWrite at most " + std::to_string(max_tokens / 3) + " words.";
    if (!focus.empty()) text += "\nAbove all keep: " + focus;
    return text;
}

/// Passes retries and notices on, but not the text of the summary.
class Muted : public EventSink {
public:
    explicit Muted(EventSink& sink) : sink_(sink) {}
    void on_event(const AgentEvent& event) override {
        if (std::holds_alternative<RetryScheduled>(event) || std::holds_alternative<Notice>(event))
            sink_.on_event(event);
    }

private:
    EventSink& sink_;
};

/// Whether the answer can be used as a summary.
Result<std::string, SummaryFailure> summary_in(const Answer& answer) {
    for (const char* cut :
         {"max_tokens", "model_context_window_exceeded", "pause_turn", "refusal"}) {
        if (answer.stop_reason == cut)
            return SummaryFailure{
                "the summary is not complete (stop reason: " + answer.stop_reason + ")"};
    }
    if (is_blank(answer.text)) return SummaryFailure{"the model wrote no summary"};
    return answer.text;
}

class Asker {
public:
    Asker(const Session& session, Provider& provider, EventSink& sink,
          const SummaryOptions& options, Usage& spent, std::stop_token stop)
        : session_(session),
          provider_(provider),
          sink_(sink),
          options_(options),
          spent_(spent),
          stop_(std::move(stop)),
          limits_(options.limits(std::nullopt)) {}

    Result<std::string, SummaryFailure> run() {
        std::optional<Result<std::string, SummaryFailure>> first;
        if (options_.fits && answer_tokens_beside_conversation() >= limits_.max_tokens / 2) {
            first.emplace(ask_as_it_is());
            if (length_ == Length::kFits) return std::move(*first);
        }
        const PlainConversation conversation(session_.conversation().messages());
        const std::size_t size = conversation.size();
        if (first && length_ == Length::kNotSaid && size < kLongText) return std::move(*first);
        std::size_t most = std::min(size, limits_.plain_bytes);
        auto summary = ask_in_plain_text(conversation.text(most));
        for (int attempt = 1; may_shrink(attempt, most); ++attempt) {
            most = std::min(shrunk(most), limits_.plain_bytes);
            summary = ask_in_plain_text(conversation.text(most));
        }
        if (summary && most < size) {
            sink_.on_event(
                Notice{"the conversation did not fit into one request, so the summary "
                       "was made of about " +
                       std::to_string(most) + " of its " + std::to_string(size) +
                       " bytes: long results were cut first"});
        }
        return summary;
    }

private:
    [[nodiscard]] bool may_shrink(int attempt, std::size_t most) const {
        if (length_ == Length::kFits || most <= kLeastText) return false;
        return attempt < (length_ == Length::kTooLong ? kPlainAttempts : kUnsureAttempts);
    }
    /// Each attempt makes it much shorter, since there are few attempts.
    [[nodiscard]] std::size_t shrunk(std::size_t most) const {
        return most / (length_ == Length::kTooLong ? 2 : 4);
    }

    /// At most as many tokens as an answer may have.
    [[nodiscard]] std::int64_t answer_tokens_beside_conversation() const {
        if (!limits_.window) return limits_.max_tokens;
        return std::min(limits_.max_tokens,
                        *limits_.window - session_.estimated_tokens() - kInstructionTokens);
    }

    Result<std::string, SummaryFailure> ask_as_it_is() {
        const std::int64_t max_tokens = answer_tokens_beside_conversation();
        Conversation asked = session_.conversation();
        asked.add_text(instruction(options_.focus, max_tokens));
        return ask({session_.head().model, session_.head().system, session_.head().tools,
                    asked.messages(), max_tokens, true});
    }

    Result<std::string, SummaryFailure> ask_in_plain_text(const std::string& text) {
        std::vector<Message> messages = {empty_message(Role::kUser)};
        append_block(messages.back(), text_block("<conversation>\n" + text + "</conversation>"));
        append_block(messages.back(), text_block(instruction(options_.focus, limits_.max_tokens)));
        return ask({session_.head().model, "", "[]", messages, limits_.max_tokens, false});
    }

    Result<std::string, SummaryFailure> ask(const Request& request) {
        const auto answer = provider_.ask(request, sink_, stop_);
        if (answer) spent_ += answer->usage;
        length_ = Length::kFits;
        if (stop_.stop_requested() || (!answer && answer.error().stopped))
            return SummaryFailure{"interrupted", true};
        if (answer) {
            if (answer->stop_reason == "model_context_window_exceeded") length_ = Length::kTooLong;
            return summary_in(*answer);
        }
        length_ = answer.error().length;
        if (answer.error().window) limits_ = options_.limits(answer.error().window);
        return SummaryFailure{answer.error().message};
    }

    const Session& session_;
    Provider& provider_;
    Muted sink_;
    const SummaryOptions& options_;
    Usage& spent_;
    std::stop_token stop_;
    SummaryLimits limits_;
    Length length_ = Length::kFits;  // of the last request
};

}  // namespace

Result<std::string, SummaryFailure> summarize(const Session& session, Provider& provider,
                                              EventSink& sink, const SummaryOptions& options,
                                              Usage& spent, std::stop_token stop) {
    return Asker(session, provider, sink, options, spent, std::move(stop)).run();
}

}  // namespace tenon::agent
