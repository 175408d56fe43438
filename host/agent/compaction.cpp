#include "host/agent/compaction.h"

#include "host/agent/pruning.h"
#include "host/agent/transcript.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr std::int64_t kUsualThreshold = 50'000;
constexpr int kMostWithoutProgress = 2;
/// A conversation this long may be too long for a model whose window is not known.
constexpr std::int64_t kLong = 4'000;

/// From where on old results are looked at.
std::int64_t near(std::int64_t threshold) {
    return threshold / 5 * 4;
}
/// Less is not worth losing the cached prefix for.
std::int64_t worthwhile(std::int64_t threshold) {
    return threshold / 20;
}
/// Text that does not fit at four bytes a token is denser than that.
std::size_t plain_bytes(std::int64_t threshold) {
    return static_cast<std::size_t>(std::max<std::int64_t>(threshold, 0)) * 3;
}

}  // namespace

std::int64_t Compaction::threshold() const {
    return options_.threshold ? options_.threshold(parts_.session.head().model) : kUsualThreshold;
}

std::int64_t Compaction::answer_tokens() const {
    return options_.answer ? options_.answer(parts_.session.head().model) : max_tokens_;
}

void Compaction::learn(std::optional<std::int64_t> window) {
    if (window && options_.learn) options_.learn(parts_.session.head().model, *window);
}

SummaryRoom Compaction::room_after(std::optional<std::int64_t> window) {
    learn(window);
    return {answer_tokens(), plain_bytes(threshold())};
}

bool Compaction::can_help(const Refusal& refusal) const {
    if (refusal.certain) return true;
    return has_answers() && is_long();
}

bool Compaction::is_long() const {
    const bool known = options_.knows_window && options_.knows_window(parts_.session.head().model);
    const std::int64_t half = threshold() / 2;
    return parts_.session.estimated_tokens() >= (known ? half : std::min(kLong, half));
}

/// Without them a summary would have nothing to sum up: what is not answered stays as it is.
bool Compaction::has_answers() const {
    return parts_.session.conversation().messages().size() > 1;
}

Result<void, Halt> Compaction::before_request(std::stop_token stop) {
    if (wish_ && has_answers()) {
        const Attempt wished{Trigger::kManual, *wish_, true, true};
        const auto replaced = replace(wished, std::move(stop));
        if (replaced || replaced.error().kind != Failure::Kind::kJournal) wish_.reset();
        return judge(replaced);
    }
    const std::int64_t tokens = parts_.session.estimated_tokens();
    if (tokens < near(threshold()) || !has_answers()) return {};
    const auto pruned = prune(tokens);
    if (!pruned) return Halt{pruned.error().message};
    if (*pruned || tokens <= threshold()) return {};
    if (without_progress_ >= kMostWithoutProgress) return no_progress("it is too long again");
    return judge(replace({Trigger::kAuto, {}, true, true}, std::move(stop)));
}

Result<void, Halt> Compaction::after_refusal(const Refusal& refusal, std::stop_token stop) {
    const std::string& why = refusal.why;
    const std::int64_t asked_for = answer_tokens();
    learn(refusal.window);
    // With a shorter answer it may fit as it is.
    if (answer_tokens() < asked_for && parts_.session.estimated_tokens() <= threshold()) return {};
    if (!has_answers()) return Halt{why};
    refusals_ = turns_since_refusal_ <= 1 ? refusals_ + 1 : 1;
    turns_since_refusal_ = 0;
    if (refusals_ > kMostWithoutProgress) {
        return Halt{why +
                    "; the conversation was made shorter twice, and each time it was too long "
                    "again after one turn: go on in a new session"};
    }
    if (!refusal.certain) {
        parts_.sink.on_event(Notice{parts_.secrets.redact(
            "the request was refused, perhaps as too long; a summary is made (" + why + ")")});
    }
    const auto replaced = replace({Trigger::kAuto, {}, false, false}, std::move(stop));
    if (replaced) return {};
    if (replaced.error().kind == Failure::Kind::kInterrupted) return Halt{"interrupted", true};
    return Halt{why + "; the conversation could not be made shorter: " + replaced.error().message};
}

Result<void, Halt> Compaction::at_once(const std::string& focus, std::stop_token stop) {
    if (!has_answers()) return Halt{"there is nothing to sum up yet"};
    const auto replaced = replace({Trigger::kManual, focus, true, false}, std::move(stop));
    if (replaced) return {};
    return Halt{replaced.error().message, replaced.error().kind == Failure::Kind::kInterrupted};
}

void Compaction::answered(const Usage& usage) {
    if (turns_since_refusal_ < kFar) ++turns_since_refusal_;
    const std::int64_t prompt =
        usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
    if (options_.accepted) options_.accepted(parts_.session.head().model, prompt);
    if (!std::exchange(unproven_, false)) return;
    without_progress_ = prompt > threshold() ? without_progress_ + 1 : 0;
}

/// Makes old results short when that frees enough, and as much as is needed. True: done.
Result<bool> Compaction::prune(std::int64_t tokens) {
    Session& session = parts_.session;
    const auto ids = prunable_results(session.conversation(), options_.keep_recent);
    if (ids.empty()) return false;
    Conversation shorter = session.conversation();
    shorter.redact({ids.begin(), ids.end()});
    const std::int64_t left = session.estimated_tokens(shorter);
    if (tokens - left < worthwhile(threshold()) || left > threshold()) return false;
    if (auto written = session.redact(ids); !written) return written.error();
    return true;
}

Result<void, Compaction::Failure> Compaction::replace(const Attempt& attempt,
                                                      std::stop_token stop) {
    Session& session = parts_.session;
    const std::int64_t before = session.estimated_tokens();
    const std::string focus = parts_.secrets.redact(utf8::repair(attempt.focus));
    const SummaryOptions options{focus, attempt.fits, [this](std::optional<std::int64_t> window) {
                                     return room_after(window);
                                 }};
    const auto summary =
        summarize(session, parts_.provider, parts_.sink, options, spent_, std::move(stop));
    if (!summary) {
        return Failure{
            summary.error().stopped ? Failure::Kind::kInterrupted : Failure::Kind::kFailed,
            summary.error().message};
    }
    const auto transcript =
        save_transcript(session.folder(), session.conversation().messages(), parts_.secrets);
    if (!transcript) return Failure{Failure::Kind::kFailed, transcript.error().message};
    const Json results = attempt.shows_results ? last_results() : Json();
    const std::string trigger = attempt.trigger == Trigger::kAuto ? "auto" : "manual";
    const std::string text = replacement(*summary, transcript->string());
    if (auto written = session.compress({trigger, transcript->string(), text}); !written) {
        std::error_code ignored;
        std::filesystem::remove(*transcript, ignored);
        return Failure{Failure::Kind::kJournal, written.error().message};
    }
    if (!results.is_null()) parts_.sink.on_event(UserMessageSent{results});
    parts_.sink.on_event(Compacted{trigger, before, session.estimated_tokens()});
    return {};
}

/// The message with the results of the last turn, which no request will carry any more; null: there
/// is none.
Json Compaction::last_results() const {
    const Message& last = parts_.session.conversation().messages().back();
    const Json message = json_or_null(last.wire);
    const Json& content = member(message, "content");
    const bool is_one =
        last.role == Role::kUser && string_or(element(content, 0), "type") == "tool_result";
    return is_one ? content : Json();
}

/// The summary, and behind it what it must not lose: jobs, todos, tasks.
std::string Compaction::replacement(const std::string& summary,
                                    const std::string& transcript) const {
    std::string text = "[Conversation compressed. Transcript: " + transcript + "]\n" + summary;
    for (const std::string& part : {parts_.inbox.table(), parts_.context.carried_on()}) {
        if (!part.empty()) text += "\n\n" + part;
    }
    return parts_.secrets.redact(utf8::repair(text));
}

/// What an attempt of the loop's own means for the run.
Result<void, Halt> Compaction::judge(const Result<void, Failure>& replaced) {
    if (!replaced) {
        switch (replaced.error().kind) {
            case Failure::Kind::kInterrupted:
                return Halt{"interrupted", true};
            case Failure::Kind::kJournal:
                return Halt{replaced.error().message};
            case Failure::Kind::kFailed:
                return no_progress(replaced.error().message);
        }
    }
    const std::int64_t left = parts_.session.estimated_tokens();
    unproven_ = left <= threshold();
    if (unproven_) return {};
    return no_progress("with the summary it still has about " + std::to_string(left) +
                       " tokens, of " + std::to_string(threshold()));
}

/// Once is a mishap, twice would go on for ever.
Result<void, Halt> Compaction::no_progress(const std::string& why) {
    if (++without_progress_ >= kMostWithoutProgress) {
        return Halt{"the conversation is too long and could not be made shorter in two attempts (" +
                    why + "); go on in a new session, or raise agent.compaction.tokenThreshold"};
    }
    parts_.sink.on_event(
        Notice{parts_.secrets.redact("the conversation was not made shorter: " + why)});
    return {};
}

}  // namespace tenon::agent
