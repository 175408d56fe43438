#include "host/model/chat_answer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <Poco/String.h>

#include "host/model/chat_completions.h"

namespace tenon::model {
namespace {

/// The order of an answer's blocks.
enum Place : std::int64_t { kThinkingPlace, kTextPlace, kCallPlace };

/// What a finish_reason stands for, in the words of the Messages API.
constexpr std::string_view kFailed = "failed";  // of no use as an answer
struct FinishReason {
    std::string_view word;  ///< in lower case
    std::string_view means;
    bool within = false;  ///< a longer reason that has the word means the same
};
/// Gateways pass on what the model behind them has said, in the words of its own format. The first
/// row that fits counts.
constexpr std::array kFinishReasons = {
    FinishReason{"stop", "end_turn"},
    FinishReason{"end_turn", "end_turn"},
    FinishReason{"stop_sequence", "end_turn"},
    FinishReason{"eos", "end_turn"},
    FinishReason{"eos_token", "end_turn"},
    FinishReason{"end", "end_turn"},
    FinishReason{"complete", "end_turn"},
    FinishReason{"completed", "end_turn"},
    FinishReason{"length", "max_tokens"},
    FinishReason{"max_length", "max_tokens"},
    FinishReason{"max_tokens", "max_tokens"},
    FinishReason{"max_output_tokens", "max_tokens"},
    FinishReason{"model_length", "model_context_window_exceeded"},
    FinishReason{"model_context_window_exceeded", "model_context_window_exceeded"},
    FinishReason{"tool_calls", "tool_use"},
    FinishReason{"tool_call", "tool_use"},
    FinishReason{"tool_use", "tool_use"},
    FinishReason{"function_call", "tool_use"},
    FinishReason{"error", kFailed, true},
    FinishReason{"abort", kFailed, true},
    FinishReason{"cancel", kFailed, true},
    FinishReason{"resource", kFailed, true},
    FinishReason{"malformed", kFailed, true},
    FinishReason{"unexpected", kFailed, true},
    FinishReason{"timeout", kFailed, true},
    FinishReason{"unavailable", kFailed, true},
    FinishReason{"refus", "refusal", true},
    FinishReason{"filter", "refusal", true},
    FinishReason{"sensitive", "refusal", true},
    FinishReason{"safety", "refusal", true},
    FinishReason{"prohibited", "refusal", true},
    FinishReason{"blocklist", "refusal", true},
    FinishReason{"recitation", "refusal", true},
};

/// Empty: it is not known.
std::string_view meaning_of(std::string_view finish_reason) {
    const std::string lower = Poco::toLower(std::string(finish_reason));
    for (const FinishReason& one : kFinishReasons) {
        if (lower == one.word || (one.within && lower.find(one.word) != lower.npos))
            return one.means;
    }
    return {};
}

/// The choice that is asked for. Some servers send none in some chunks, or an object; some count
/// from 1.
template <class AnyJson>
const AnyJson& choice_in(const AnyJson& chunk) {
    static const AnyJson kNone;
    const AnyJson& choices = member(chunk, "choices");
    if (choices.is_object()) return choices;
    if (!choices.is_array() || choices.empty()) return kNone;
    for (const AnyJson& choice : choices)
        if (integer_in(member(choice, "index")).value_or(0) == 0) return choice;
    return choices.front();
}

/// The texts of an array of parts.
std::vector<std::string> texts_in(const Json& parts) {
    std::vector<std::string> texts;
    if (!parts.is_array()) return texts;
    for (const Json& part : parts)
        texts.push_back(string_or(part, "text"));
    return texts;
}

bool has_error(const Json& chunk) {
    const Json& error = member(chunk, "error");
    const std::string* text = string_in(error);
    return text != nullptr ? !text->empty() : error.is_object() && !error.empty();
}

/// What an event named "error" says, whose data may be the error itself.
ServerError error_in_event(std::string_view data, const Result<Json>& parsed) {
    const auto bare = parsed && member(*parsed, "message").is_string()
                          ? find_error(Json{{"error", *parsed}})
                          : std::nullopt;
    return bare.value_or(ServerError{"", excerpt(data), ""});
}

/// Two pieces of the same part of the thinking.
bool are_one(const OrderedJson& before, const OrderedJson& piece) {
    const std::string type = string_or(piece, "type");
    if (string_or(before, "type") != type) return false;
    if (type == "thinking") return string_or(before, "signature").empty();
    return (type == "reasoning.text" || type == "reasoning.summary") &&
           member(before, "index") == member(piece, "index");
}

/// The members of a call that go back with it, as a JSON object; empty: it has none.
std::string kept_of_call(const Json& call) {
    Json kept = Json::object();
    for (const std::string_view key : kKeptOfCalls) {
        const Json& value = member(call, key);
        if (!value.is_null()) kept[std::string(key)] = value;
    }
    return kept.empty() ? std::string() : dump_json(kept);
}

}  // namespace

void ChatAnswerReader::take(const SseEvent& event) {
    if (over()) return;
    if (event.data.starts_with("[DONE]")) {
        done_ = true;
        return;
    }
    received_ += event.data.size();
    if (received_ > kMaxAnswerBytes) {
        failure_ = malformed_answer(std::string(kTooLong));
        return;
    }
    if (is_keep_alive(event)) return;
    const auto chunk = event_data_.parse(event.data);
    const auto error =
        chunk && (event.name == "error" || has_error(*chunk) || choice_in(*chunk).is_null())
            ? find_error_in_event(event.name, *chunk)
            : std::nullopt;
    if (error || event.name == "error") {
        failure_ = failed_answer(error ? *error : error_in_event(event.data, chunk), event.data);
    } else if (!chunk) {
        failure_ = malformed_answer(malformed_event(chunk.error().message));
    } else if (!chunk->is_object()) {
        failure_ = malformed_answer(malformed_event("not a JSON object"));
    } else {
        take_chunk(*chunk, event.data);
    }
}

bool ChatAnswerReader::take_whole(std::string_view body) {
    const auto answer = parse_event_data(body);
    if (!answer || has_error(*answer) || !member(choice_in(*answer), "message").is_object())
        return false;
    take_chunk(*answer, body);
    done_ = true;
    return true;
}

void ChatAnswerReader::take_chunk(const Json& chunk, std::string_view raw) {
    const Json& choice = choice_in(chunk);
    builder_.identify(member(chunk, "id"), member(chunk, "model"));
    take_usage(chunk, choice);
    if (!choice.is_object()) return;
    const Json& delta = member(choice, "delta");
    const std::string reason = string_or(choice, "finish_reason");
    if (delta.is_object()) {
        const std::size_t known = builder_.text_of(kTextPlace).size();
        take_delta(delta, chunk, raw);
        has_text_of_delta_ = has_text_of_delta_ || builder_.text_of(kTextPlace).size() > known;
    } else if (!has_choice_) {
        take_delta(member(choice, "message"), chunk, raw);
    } else {
        take_later_message(member(choice, "message"), !reason.empty());
    }
    has_choice_ = true;
    if (!reason.empty()) take_finish_reason(reason);
    if (!builder_.malformed().empty()) failure_ = malformed_answer(builder_.malformed());
}

void ChatAnswerReader::take_finish_reason(const std::string& reason) {
    const bool is_first = !std::exchange(finished_, true);
    const std::string_view means = meaning_of(reason);
    const std::string stated = "finish_reason " + excerpt(reason, kLongestStopReason);
    if (means == kFailed) {
        failure_ = broken_answer("the server ended the answer with " + stated);
        return;
    }
    if (means.empty() && is_first) {
        sink_.on_event(notice_of_unknown_end(stated));
    }
    if (means == "refusal") builder_.refusal(stated);
    builder_.stop_reason(std::string(means.empty() ? "end_turn" : means));
}

/// Behind the answer, in its last chunk, in each chunk, or in a choice.
void ChatAnswerReader::take_usage(const Json& chunk, const Json& choice) {
    builder_.usage(member(member(chunk, "x_groq"), "usage"));
    builder_.usage(member(choice, "usage"));
    builder_.usage(member(member(choice, "delta"), "usage"));
    builder_.usage(member(chunk, "usage"));
}

std::string ChatAnswerReader::with_lost(std::string text) {
    if (!lost_.empty()) text.insert(0, std::exchange(lost_, {}));
    return text;
}

void ChatAnswerReader::take_delta(const Json& delta, const Json& chunk, std::string_view raw) {
    lost_ += event_data_.take_lost();
    take_reasoning(delta, chunk, raw);
    take_content(member(delta, "content"));
    if (const std::string refusal = string_or(delta, "refusal"); !refusal.empty()) {
        refused_ = true;
        builder_.text(kTextPlace, with_lost(refusal));
    }
    take_calls(member(delta, "tool_calls"));
    const Json& function = member(delta, "function_call");  // before there were tools
    if (function.is_object()) take_calls(Json{{"function", function}});
}

/// Some servers send the whole message once more in the last chunk, others a piece of it in each,
/// or all of it so far.
void ChatAnswerReader::take_later_message(const Json& message, bool is_last) {
    const std::string content = string_or(message, "content");
    const std::string_view known = builder_.text_of(kTextPlace);
    const bool may_be_again = has_text_of_delta_ || is_last;
    const bool is_more = !has_pieces_ && content.size() > known.size();
    if (content.starts_with(known) && (may_be_again || is_more)) {
        builder_.whole_text(kTextPlace, content);
    } else if (!content.empty() && !(has_text_of_delta_ && known.ends_with(content))) {
        has_pieces_ = true;
        builder_.text(kTextPlace, content);
    }
    if (!has_calls_) take_calls(member(message, "tool_calls"));
}

/// A text, or the parts of one.
void ChatAnswerReader::take_content(const Json& content) {
    if (const std::string* text = string_in(content)) {
        if (!text->empty()) builder_.text(kTextPlace, with_lost(*text));
    } else if (content.is_array()) {
        for (const Json& part : content) {
            const Json& thinking = member(part, "thinking");
            if (const std::string* text_of_part = string_in(thinking))
                builder_.thinking(kThinkingPlace, *text_of_part);
            for (const std::string& inner : texts_in(thinking))
                builder_.thinking(kThinkingPlace, inner);
            if (thinking.is_null()) take_content(member(part, "text"));
        }
    }
}

void ChatAnswerReader::take_reasoning(const Json& delta, const Json& chunk, std::string_view raw) {
    bool shown = false;
    for (const std::string_view field : kThinkingFields) {
        const std::string text = string_or(delta, field);
        if (text.empty() || std::exchange(shown, true)) continue;
        builder_.thinking(kThinkingPlace, with_lost(text));
        builder_.thinking_members(kThinkingPlace)[kThinkingCameIn] = field;
    }
    if (std::none_of(kThinkingParts.begin(), kThinkingParts.end(),
                     [&](std::string_view key) { return member(delta, key).is_array(); }))
        return;
    const auto ordered = ordered_event(raw, chunk);
    if (!ordered) {
        failure_ = malformed_answer(malformed_event(ordered.error().message));
        return;
    }
    const OrderedJson& choice = choice_in(*ordered);
    const OrderedJson& of_delta = member(choice, "delta");
    const OrderedJson& from = of_delta.is_object() ? of_delta : member(choice, "message");
    for (std::size_t i = 0; i < kThinkingParts.size(); ++i)
        take_parts(parts_[i], member(from, kThinkingParts[i]), shown);
}

void ChatAnswerReader::take_parts(ThinkingParts& to, const OrderedJson& pieces, bool shown) {
    if (!pieces.is_array()) return;
    for (const OrderedJson& piece : pieces) {
        for (const std::string_view key : ThinkingParts::kTexts)
            if (!shown) builder_.thinking(kThinkingPlace, string_or(piece, key));
        if (!builder_.keeps(dump_ordered_json(piece).size())) return;
        to.take(piece);
    }
}

void ThinkingParts::take(const OrderedJson& piece) {
    if (last_.is_null() || last_.size() > kMaxOrderedMembers || !are_one(last_, piece)) {
        end_part();
        last_ = piece;
        return;
    }
    for (const auto& [key, value] : piece.items()) {
        const auto at = std::find(kTexts.begin(), kTexts.end(), key);
        const std::string* more = string_in(value);
        const std::string* known = string_in(member(last_, key));
        if (at != kTexts.end() && more != nullptr && known != nullptr) {
            std::string& text = texts_[static_cast<std::size_t>(at - kTexts.begin())];
            if (text.empty()) text = *known;
            text += *more;
        } else if (!value.is_null()) {
            last_[key] = value;
        }
    }
}

void ThinkingParts::end_part() {
    if (last_.is_null()) return;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
        std::string text = std::exchange(texts_[i], {});
        if (!text.empty()) last_[std::string(kTexts[i])] = std::move(text);
    }
    parts_ += ',' + dump_ordered_json(last_);
    last_ = {};
}

std::string ThinkingParts::finish() {
    end_part();
    if (parts_.empty()) return {};
    parts_.front() = '[';
    return std::move(parts_) + "]";
}

void ChatAnswerReader::take_calls(const Json& calls) {
    const bool alone = calls.is_object();
    const std::size_t count = alone ? 1 : calls.is_array() ? calls.size() : 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Json& call = alone ? calls : element(calls, i);
        const Json& function = member(call, "function");
        // Some servers leave the function out and put its members here.
        const Json& from = function.is_object() ? function : call;
        const std::string lost = std::exchange(lost_, {});
        CallFragment fragment{member(call, "index"),
                              member(call, "id"),
                              member(from, "name"),
                              member(from, "arguments"),
                              i,
                              count};
        const std::string kept = kept_of_call(call);
        fragment.lost = lost;
        fragment.kept = kept;
        builder_.call(kCallPlace, fragment);
        has_calls_ = true;
    }
}

Result<agent::Answer, agent::ModelFailure> ChatAnswerReader::finish(bool clean_end) {
    if (failure_) return *failure_;
    if (!done_ && !finished_)
        return broken_answer("the answer was cut off: the stream ended before a finish_reason");
    if (!done_ && !clean_end)
        return broken_answer("the answer was cut off: the stream ended before [DONE]");
    if (!has_choice_) return malformed_answer("the answer has no choices");
    event_data_.end_text();
    lost_ += event_data_.take_lost();
    builder_.text(kTextPlace, with_lost({}));
    for (std::size_t i = 0; i < kThinkingParts.size(); ++i) {
        const std::string parts = parts_[i].finish();
        if (parts.empty()) continue;
        builder_.thinking_members(kThinkingPlace).clear();
        builder_.keep(kThinkingPlace, kThinkingParts[i], parts);
    }
    if (refused_) builder_.stop_reason("refusal");
    return builder_.finish();
}

}  // namespace tenon::model
