#include "host/model/overflow.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "host/base/json.h"

namespace tenon::model {
namespace {

using agent::Length;
using Words = std::string_view;

/// Says that the request is too long, whoever says it. Lower case, as everything below.
constexpr std::array kTooLong = {
    Words("prompt is too long"),                      // Anthropic
    Words("exceed context limit"),                    // Anthropic: input and max_tokens together
    Words("request_too_large"),                       // Anthropic, with 413
    Words("context_length_exceeded"),                 // OpenAI and what follows it
    Words("maximum context length"),                  // OpenAI, vLLM, Mistral, OpenRouter
    Words("reduce the length of the messages"),       // OpenAI
    Words("input tokens exceed"),                     // OpenAI: … the configured limit of
    Words("exceed_context_size"),                     // llama.cpp
    Words("available context size"),                  // llama.cpp
    Words("maximum model length"),                    // vLLM
    Words("input is too long"),                       // Bedrock
    Words("too many total text bytes"),               // Bedrock
    Words("greater than the context length"),         // LM Studio
    Words("contextwindowexceedederror"),              // LiteLLM
    Words("prompt too long"),                         // Ollama
    Words("exceeds the maximum number of tokens"),    // Gemini
    Words("maximum prompt length"),                   // xAI
    Words("exceeded model token limit"),              // Moonshot
    Words("longer than the model's context length"),  // SGLang
    Words("prompt exceeds max length"),               // Zhipu
    Words("`max_new_tokens` must be"),                // TGI: `inputs` tokens + …
    Words("prompt token count of"),                   // Copilot: … exceeds the limit of
};

/// A window and a word for too much, for the servers that are not in the table.
constexpr std::array kWindow = {
    Words("context length"), Words("context window"), Words("context size"), Words("context limit"),
    Words("context_length"), Words("context_window"), Words("max_model_len")};
constexpr std::array kTooMuch = {Words("exceed"),    Words("longer than"),  Words("too long"),
                                 Words("too large"), Words("greater than"), Words("overflow"),
                                 Words("does not fit")};

/// The window in tokens follows: the first number behind these words, within a few characters. Words
/// that may also stand before a number of bytes or requests count only with "token" behind it.
struct Statement {
    Words before;
    std::size_t within;
    bool names_tokens = false;
};
constexpr std::array kStatements = {
    Statement{"tokens > ", 0},                              // prompt is too long: N tokens > M
    Statement{"maximum context length is ", 4},             // OpenAI
    Statement{"maximum context length of ", 4},             //
    Statement{"maximum context length (", 0},               // SGLang
    Statement{"model's context length (", 0},               // SGLang
    Statement{"available context size (", 0},               // llama.cpp
    Statement{"n_ctx", 6},                                  // llama.cpp, a member
    Statement{"maximum model length of ", 4},               // vLLM
    Statement{"max_model_len", 6},                          // vLLM
    Statement{"context length of only ", 0},                // LM Studio
    Statement{"context length of ", 4},                     // LM Studio
    Statement{"context window of ", 12},                    // … this model's, about
    Statement{"context window is ", 4},                     //
    Statement{"too large for model with ", 0},              // Mistral
    Statement{"maximum number of tokens allowed (", 0},     // Gemini
    Statement{"configured limit of ", 0},                   // OpenAI
    Statement{"maximum prompt length is ", 0},              // xAI
    Statement{"exceeded model token limit: ", 0},           // Moonshot
    Statement{"limit of ", 0, true},                        // … tokens
};

/// Another reason for a 400, 413, 422 or 500, which no shorter conversation removes.
constexpr std::array kOtherReasons = {
    Words("credit balance"), Words("billing"),       Words("spend_limit"),
    Words("quota"),          Words("rate limit"),    Words("rate_limit"),
    Words("per minute"),     Words("api key"),       Words("api_key"),
    Words("authenticat"),    Words("not permitted"), Words("permission"),
    Words("not supported"),  Words("unsupported"),   Words("does not exist"),
    Words("not found"),      Words("tool_use"),      Words("tool_result"),
    Words("tool_choice"),    Words("input_schema"),  Words("thinking"),
    Words("cache_control"),  Words("temperature"),   Words("image"),
    Words("prefill"),        Words("must be"),       Words("completion tokens"),
    Words("output tokens"),  Words("field required"), Words("jinja"),
    Words("overloaded")};

constexpr std::int64_t kSmallestWindow = 256;
constexpr std::int64_t kLargestWindow = 1'000'000'000;

template <std::size_t n>
bool has_one_of(const std::string& text, const std::array<Words, n>& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](Words one) { return text.find(one) != text.npos; });
}

/// Every text in the value, a line each; a text that is JSON itself is opened too.
void collect(const Json& value, int depth, std::string& out) {
    constexpr int kDeepest = 16;
    if (depth > kDeepest) return;
    if (const std::string* text = string_in(value)) {
        out.append(*text).append("\n");
        if (text->starts_with('{')) collect(json_or_null(*text), depth + 1, out);
    } else if (value.is_structured()) {
        for (const Json& inner : value)
            collect(inner, depth + 1, out);
    }
}

/// The body and, where it is JSON, its texts without their escapes. In lower case.
std::string all_words(std::string_view body) {
    std::string text(body);
    text += '\n';
    if (const auto parsed = parse_json(body)) collect(*parsed, 0, text);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Whether what stands behind a number says that it counts tokens, or nothing at all.
bool may_count_tokens(std::string_view behind, bool names_tokens) {
    if (!behind.empty() && std::isalpha(static_cast<unsigned char>(behind.front())) != 0)
        return false;  // "512KB", "300k"
    if (behind.starts_with(' ') || behind.starts_with('-')) behind.remove_prefix(1);
    if (names_tokens) return behind.starts_with("token");
    constexpr std::array kOtherUnits = {Words("byte"), Words("kb"),  Words("kib"),
                                        Words("mb"),   Words("mib"), Words("char")};
    return std::none_of(kOtherUnits.begin(), kOtherUnits.end(),
                        [&](Words unit) { return behind.starts_with(unit); });
}

/// The number at `at`, or up to `within` characters later: "200000", "200,000".
std::optional<std::int64_t> number_at(const std::string& text, std::size_t at, std::size_t within,
                                      bool names_tokens = false) {
    const std::size_t last = std::min(at + within, text.size());
    while (at < last && !is_digit(text[at]))
        ++at;
    std::int64_t number = 0;
    std::size_t from = at;
    for (; at < text.size(); ++at) {
        if (is_digit(text[at])) {
            number = number * 10 + (text[at] - '0');
        } else if (text[at] != ',' || at + 1 >= text.size() || !is_digit(text[at + 1])) {
            break;
        }
        if (number > kLargestWindow) return std::nullopt;
    }
    if (at == from || number < kSmallestWindow) return std::nullopt;
    if (!may_count_tokens(std::string_view(text).substr(at), names_tokens)) return std::nullopt;
    return number;
}

/// The number behind `sign`, which follows `words` with another number between them.
std::optional<std::int64_t> limit_behind(const std::string& text, Words words, Words sign) {
    constexpr std::size_t kFar = 60;
    const std::size_t at = text.find(words);
    if (at == text.npos) return std::nullopt;
    const std::size_t limit = text.find(sign, at);
    if (limit == text.npos || limit - at > kFar) return std::nullopt;
    return number_at(text, limit + sign.size(), 2);
}

std::optional<std::int64_t> stated_window(const std::string& text) {
    // Anthropic: … 190000 + 20000 > 200000.
    if (const auto limit = limit_behind(text, "exceed context limit", ">")) return limit;
    // Copilot: … 70000 exceeds the limit of 64000.
    if (const auto limit = limit_behind(text, "prompt token count of", "exceeds the limit of"))
        return limit;
    for (const Statement& statement : kStatements) {
        for (std::size_t at = text.find(statement.before); at != text.npos;
             at = text.find(statement.before, at + 1)) {
            if (const auto number =
                    number_at(text, at + statement.before.size(), statement.within,
                              statement.names_tokens))
                return number;
        }
    }
    return std::nullopt;
}

/// Statuses that say nothing about the reason. 200: an error inside a stream, or instead of one.
bool may_be_length(int status) {
    switch (status) {
        case 200:
        case 400:
        case 413:
        case 422:
        case 500:
        case 502:
        case 503:
            return true;
        default:
            return false;
    }
}

/// Whether the words of this status are so open that they may mean the length.
bool is_open(int status) {
    return status == 400 || status == 422 || status == 500;
}

bool is_rate(const std::string& text) {
    return text.find("per minute") != text.npos || text.find("rate_limit") != text.npos ||
           text.find("rate limit") != text.npos;
}

/// Whether the words are about the model's window, not only the status about a size.
bool names_window(const std::string& text) {
    return has_one_of(text, kTooLong) || (has_one_of(text, kWindow) && has_one_of(text, kTooMuch));
}

Length length_of(int status, const std::string& text) {
    if (status == 413) return Length::kTooLong;  // a gateway's own limit too: less passes
    if (!may_be_length(status) || is_rate(text)) return Length::kFits;
    if (names_window(text)) return Length::kTooLong;
    return is_open(status) && !has_one_of(text, kOtherReasons) ? Length::kNotSaid : Length::kFits;
}

}  // namespace

void judge_length(agent::ModelFailure& failure, std::string_view body) {
    const std::string text = all_words(body);
    failure.length = length_of(failure.http_status, text);
    if (failure.length != Length::kTooLong) return;
    failure.retryable = false;
    if (names_window(text)) failure.window = stated_window(text);
}

}  // namespace tenon::model
