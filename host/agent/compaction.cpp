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

/// From this estimate on, old results are made short.
std::int64_t near(std::int64_t threshold) {
    return threshold / 5 * 4;
}
/// Freeing less than this is not worth the loss of the cached prefix.
std::int64_t worthwhile(std::int64_t threshold) {
    return threshold / 20;
}
/// Text that does not fit at four bytes a token has fewer bytes a token.
std::size_t plain_bytes(std::int64_t threshold) {
    return static_cast<std::size_t>(std::max<std::int64_t>(threshold, 0)) * 3;
}

}  // namespace

std::int64_t Compaction::threshold() const {
    return options_.threshold ? options_.threshold(asked()) : kUsualThreshold;
}

std::int64_t Compaction::answer_tokens() const {
    return options_.answer ? options_.answer(asked()) : max_tokens_;
}

std::optional<std::int64_t> Compaction::known_window() const {
    return options_.window ? options_.window(asked()) : std::nullopt;
}

void Compaction::learn(std::optional<std::int64_t> window) {
    if (window && options_.learn) options_.learn(asked(), *window);
}

SummaryLimits Compaction::limits_after(std::optional<std::int64_t> window) {
    learn(window);
    return {answer_tokens(), plain_bytes(threshold()), known_window()};
}

bool Compaction::can_help(const RefusedRequest& refusal) const {
    if (refusal.certain) return true;
    return has_answers() && is_long();
}

bool Compaction::is_long() const {
    const std::int64_t half = threshold() / 2;
    return ports_.session.estimated_tokens() >= (known_window() ? half : std::min(kLong, half));
}

/// Without answers there is nothing to sum up: text without an answer stays as it is.
bool Compaction::has_answers() const {
    return ports_.session.conversation().messages().size() > 1;
}

Result<void, CompactionFailure> Compaction::before_request(std::stop_token stop) {
    if (requested_focus_ && has_answers()) {
        const Attempt requested{Trigger::kManual, *requested_focus_, true, true};
        const auto replaced = replace(requested, std::move(stop));
        if (replaced || replaced.error().cause != Failure::Cause::kJournal)
            requested_focus_.reset();
        return check_progress(replaced);
    }
    const std::int64_t tokens = ports_.session.estimated_tokens();
    if (tokens < near(threshold()) || !has_answers()) return {};
    const auto pruned = prune(tokens);
    if (!pruned) return CompactionFailure{pruned.error().message};
    if (*pruned || tokens <= threshold()) return {};
    if (without_progress_ >= kMostWithoutProgress) return no_progress("it is too long again");
    return check_progress(replace({Trigger::kAuto, {}, true, true}, std::move(stop)));
}

Result<void, CompactionFailure> Compaction::after_refusal(const RefusedRequest& refusal,
                                                          std::stop_token stop) {
    const std::string& why = refusal.why;
    const std::int64_t asked_for = answer_tokens();
    learn(refusal.window);
    // With a shorter answer it may fit as it is.
    if (answer_tokens() < asked_for && ports_.session.estimated_tokens() <= threshold()) return {};
    if (!has_answers()) return CompactionFailure{why};
    refusals_ = turns_since_refusal_ <= 1 ? refusals_ + 1 : 1;
    turns_since_refusal_ = 0;
    if (refusals_ > kMostWithoutProgress) {
        return CompactionFailure{
            why +
            "; the conversation was made shorter twice, and each time it was too long "
            "again after one turn: go on in a new session"};
    }
    if (!refusal.certain) {
        ports_.sink.on_event(Notice{ports_.secrets.redact(
            "the request was refused, perhaps as too long; a summary is made (" + why + ")")});
    }
    const auto replaced = replace({Trigger::kAuto, {}, false, false}, std::move(stop));
    if (replaced) return {};
    if (replaced.error().cause == Failure::Cause::kInterrupted)
        return CompactionFailure{"interrupted", true};
    return CompactionFailure{
        why + "; the conversation could not be made shorter: " + replaced.error().message};
}

Result<void, CompactionFailure> Compaction::compact_now(const std::string& focus,
                                                        std::stop_token stop) {
    if (!has_answers()) return CompactionFailure{"there is nothing to sum up yet"};
    const auto replaced = replace({Trigger::kManual, focus, true, false}, std::move(stop));
    if (replaced) return {};
    return CompactionFailure{replaced.error().message,
                             replaced.error().cause == Failure::Cause::kInterrupted};
}

void Compaction::answered(const Usage& usage) {
    if (turns_since_refusal_ < kFar) ++turns_since_refusal_;
    const std::int64_t prompt =
        usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
    if (options_.accepted) options_.accepted(asked(), prompt);
    if (!std::exchange(summary_uncounted_, false)) return;
    without_progress_ = prompt > threshold() ? without_progress_ + 1 : 0;
}

/// Makes old results short when that frees enough. True: done.
Result<bool> Compaction::prune(std::int64_t tokens) {
    Session& session = ports_.session;
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
    Session& session = ports_.session;
    const std::int64_t before = session.estimated_tokens();
    const std::string focus = ports_.secrets.redact(utf8::repair(attempt.focus));
    const SummaryOptions options{focus, attempt.fits, [this](std::optional<std::int64_t> window) {
                                     return limits_after(window);
                                 }};
    const auto summary =
        summarize(session, ports_.provider, ports_.sink, options, usage_, std::move(stop));
    if (!summary) {
        return Failure{
            summary.error().stopped ? Failure::Cause::kInterrupted : Failure::Cause::kFailed,
            summary.error().message};
    }
    const auto transcript =
        save_transcript(session.folder(), session.conversation().messages(), ports_.secrets);
    if (!transcript) return Failure{Failure::Cause::kFailed, transcript.error().message};
    const Json results = attempt.shows_results ? last_results() : Json();
    const std::string trigger = attempt.trigger == Trigger::kAuto ? "auto" : "manual";
    const std::string text = replacement(*summary, transcript->string());
    if (auto written = session.compress({trigger, transcript->string(), text}); !written) {
        std::error_code ignored;
        std::filesystem::remove(*transcript, ignored);
        return Failure{Failure::Cause::kJournal, written.error().message};
    }
    if (!results.is_null()) ports_.sink.on_event(UserMessageSent{results});
    ports_.sink.on_event(Compacted{trigger, before, session.estimated_tokens()});
    return {};
}

/// The message with the results of the last turn, which no request will contain any more; null:
/// there is none.
Json Compaction::last_results() const {
    const Message& last = ports_.session.conversation().messages().back();
    const Json message = json_or_null(last.wire);
    const Json& content = member(message, "content");
    const bool is_one =
        last.role == Role::kUser && string_or(element(content, 0), "type") == "tool_result";
    return is_one ? content : Json();
}

/// The summary, followed by what must not be lost: jobs, todos, tasks.
std::string Compaction::replacement(const std::string& summary,
                                    const std::string& transcript) const {
    std::string text = "[Conversation compressed. Transcript: " + transcript + "]\n" + summary;
    for (const std::string& part : {ports_.inbox.table(), ports_.context.carried_on()}) {
        if (!part.empty()) text += "\n\n" + part;
    }
    return ports_.secrets.redact(utf8::repair(text));
}

/// Whether the run can go on after an automatic attempt.
Result<void, CompactionFailure> Compaction::check_progress(const Result<void, Failure>& replaced) {
    if (!replaced) {
        switch (replaced.error().cause) {
            case Failure::Cause::kInterrupted:
                return CompactionFailure{"interrupted", true};
            case Failure::Cause::kJournal:
                return CompactionFailure{replaced.error().message};
            case Failure::Cause::kFailed:
                return no_progress(replaced.error().message);
        }
    }
    const std::int64_t left = ports_.session.estimated_tokens();
    summary_uncounted_ = left <= threshold();
    if (summary_uncounted_) return {};
    return no_progress("with the summary it still has about " + std::to_string(left) +
                       " tokens, of " + std::to_string(threshold()));
}

/// The second time in a row, the run ends: it would never make progress.
Result<void, CompactionFailure> Compaction::no_progress(const std::string& why) {
    if (++without_progress_ >= kMostWithoutProgress) {
        return CompactionFailure{
            "the conversation is too long and could not be made shorter in two attempts (" + why +
            "); go on in a new session, or raise agent.compaction.tokenThreshold"};
    }
    ports_.sink.on_event(
        Notice{ports_.secrets.redact("the conversation was not made shorter: " + why)});
    return {};
}

}  // namespace tenon::agent
