#include "host/model/overflow.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "host/base/json.h"
#include "host/model/server_error.h"
#include "host/model/window.h"

namespace tenon::model {
namespace {

using agent::Length;
using Phrase = std::string_view;

/// Phrases for a request that is too long. Lower case, as everything below.
constexpr std::array kTooLong = {
    Phrase("prompt is too long"),                      // Anthropic
    Phrase("exceed context limit"),                    // Anthropic: input and max_tokens together
    Phrase("request_too_large"),                       // Anthropic, with 413
    Phrase("context_length_exceeded"),                 // OpenAI and what follows it
    Phrase("maximum context length"),                  // OpenAI, vLLM, Mistral, OpenRouter
    Phrase("reduce the length of the messages"),       // OpenAI
    Phrase("input tokens exceed"),                     // OpenAI: … the configured limit of
    Phrase("exceed_context_size"),                     // llama.cpp
    Phrase("available context size"),                  // llama.cpp
    Phrase("maximum model length"),                    // vLLM
    Phrase("context length is only"),                  // vLLM, newer
    Phrase("input is too long"),                       // Bedrock
    Phrase("too many total text bytes"),               // Bedrock
    Phrase("too many input tokens"),                   // Bedrock
    Phrase("greater than the context length"),         // LM Studio
    Phrase("cannot truncate prompt with"),             // LM Studio
    Phrase("contextwindowexceedederror"),              // LiteLLM
    Phrase("prompt too long"),                         // Ollama
    Phrase("exceeds the maximum number of tokens"),    // Gemini
    Phrase("maximum prompt length"),                   // xAI
    Phrase("exceeded model token limit"),              // Moonshot
    Phrase("longer than the model's context length"),  // SGLang
    Phrase("prompt exceeds max length"),               // Zhipu
    Phrase("`inputs` tokens + `max_new_tokens`"),      // TGI, Together: … must be <=
    Phrase("`inputs` must have less than"),            // TGI
    Phrase("prompt token count of"),                   // Copilot: … exceeds the limit of
    Phrase("less than max_seq_len"),                   // SiliconFlow
    Phrase("less than or equal to max_seq_len"),       // SiliconFlow
    Phrase("exceed max message tokens"),               // Volcengine
    Phrase("range of input length should be"),         // DashScope
    Phrase("tokens in the prompt cannot exceed"),      // Cohere
    Phrase("request body too large for"),              // GitHub: … this model
};

/// One phrase of each of these two tables together, for servers that are not in the first table.
constexpr std::array kWindow = {
    Phrase("context length"), Phrase("context window"), Phrase("context size"),
    Phrase("context limit"),  Phrase("context_length"), Phrase("context_window"),
    Phrase("max_model_len"),  Phrase("max_seq_len"),    Phrase("session length")};
constexpr std::array kTooMuch = {Phrase("exceed"),      Phrase("longer than"),  Phrase("too long"),
                                 Phrase("too large"),   Phrase("greater than"), Phrase("overflow"),
                                 Phrase("does not fit")};

/// A phrase before the window in tokens: the first number that follows within a few characters.
/// After a phrase that may also introduce bytes or requests, "token" must follow the number.
struct WindowStatement {
    Phrase before;
    std::size_t within;
    bool names_tokens = false;
};
constexpr std::array kStatements = {
    WindowStatement{"tokens > ", 0},                          // prompt is too long: N tokens > M
    WindowStatement{"maximum context length is ", 4},         // OpenAI
    WindowStatement{"maximum context length of ", 4},         //
    WindowStatement{"maximum context length: ", 0},           // Fireworks
    WindowStatement{"maximum context length (", 0},           // SGLang
    WindowStatement{"context length is only ", 0},            // vLLM
    WindowStatement{"model's context length (", 0},           // SGLang
    WindowStatement{"available context size (", 0},           // llama.cpp
    WindowStatement{"n_ctx", 6},                              // llama.cpp, a member
    WindowStatement{"maximum model length of ", 4},           // vLLM
    WindowStatement{"max_model_len", 6},                      // vLLM
    WindowStatement{"context length of only ", 0},            // LM Studio
    WindowStatement{"context length of ", 4},                 // LM Studio
    WindowStatement{"context window of ", 12},                // … this model's, about
    WindowStatement{"context window is ", 4},                 //
    WindowStatement{"context window limit (", 0},             // Cloudflare
    WindowStatement{"max_seq_len", 6},                        // SiliconFlow, TensorRT-LLM, Tabby
    WindowStatement{"maximum session length ", 0},            // LMDeploy
    WindowStatement{"too large for model with ", 0},          // Mistral
    WindowStatement{"maximum number of tokens allowed ", 1},  // Gemini, at times in brackets
    WindowStatement{"configured limit of ", 0},               // OpenAI
    WindowStatement{"maximum prompt length is ", 0},          // xAI
    WindowStatement{"exceeded model token limit: ", 0},       // Moonshot
    WindowStatement{"`max_new_tokens` must be <= ", 0},       // TGI, Together
    WindowStatement{"`inputs` must have less than ", 0},      // TGI
    WindowStatement{"while limit is ", 0},                    // Cerebras
    WindowStatement{"in the prompt cannot exceed ", 0},       // Cohere
    WindowStatement{"maximum input length is ", 0},           // Databricks
    WindowStatement{"max input tokens: ", 0},                 // Bedrock
    WindowStatement{"max size: ", 0, true},                   // GitHub: … tokens
    WindowStatement{"limit of ", 0, true},                    // … tokens
};

/// Words, and the sign before the window that follows them with another number between.
struct LimitBehind {
    Phrase words;
    Phrase sign;
};
constexpr std::array kLimitsBehind = {
    LimitBehind{"exceed context limit", ">"},  // Anthropic: 190000 + 20000 > …
    LimitBehind{"prompt token count of", "exceeds the limit of"},  // Copilot
    LimitBehind{"range of input length should be", ","},           // DashScope: [1, …]
};

/// Other reasons for a 400, 413, 422 or 500, which a shorter conversation does not remove.
constexpr std::array kOtherReasons = {
    Phrase("credit balance"), Phrase("billing"),        Phrase("spend_limit"),
    Phrase("quota"),          Phrase("rate limit"),     Phrase("rate_limit"),
    Phrase("per minute"),     Phrase("api key"),        Phrase("api_key"),
    Phrase("authenticat"),    Phrase("not permitted"),  Phrase("permission"),
    Phrase("not supported"),  Phrase("unsupported"),    Phrase("does not exist"),
    Phrase("not found"),      Phrase("tool_use"),       Phrase("tool_result"),
    Phrase("tool_choice"),    Phrase("input_schema"),   Phrase("thinking"),
    Phrase("cache_control"),  Phrase("temperature"),    Phrase("image"),
    Phrase("prefill"),        Phrase("must be"),        Phrase("completion tokens"),
    Phrase("output tokens"),  Phrase("field required"), Phrase("range of max_tokens"),
    Phrase("overloaded")};

constexpr std::int64_t kLargestWindow = 1'000'000'000;

template <std::size_t n>
bool has_one_of(const std::string& text, const std::array<Phrase, n>& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](Phrase one) { return text.find(one) != text.npos; });
}

/// Appends every text in the value as a line; texts that are JSON themselves are parsed too.
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

/// The body and, if it is JSON, its texts without escapes. In lower case.
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

/// Whether the text after a number says that it counts tokens, or names no unit.
bool may_count_tokens(std::string_view behind, bool names_tokens) {
    if (!behind.empty() && std::isalpha(static_cast<unsigned char>(behind.front())) != 0)
        return false;  // "512KB", "300k"
    if (behind.starts_with(' ') || behind.starts_with('-')) behind.remove_prefix(1);
    if (names_tokens) return behind.starts_with("token");
    constexpr std::array kOtherUnits = {Phrase("byte"), Phrase("kb"),  Phrase("kib"),
                                        Phrase("mb"),   Phrase("mib"), Phrase("char")};
    return std::none_of(kOtherUnits.begin(), kOtherUnits.end(),
                        [&](Phrase unit) { return behind.starts_with(unit); });
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

std::optional<std::int64_t> limit_behind(const std::string& text, const LimitBehind& limit) {
    constexpr std::size_t kFar = 60;
    for (std::size_t at = text.find(limit.words); at != text.npos;
         at = text.find(limit.words, at + 1)) {
        const std::size_t from = at + limit.words.size();
        const auto sign = std::string_view(text).substr(from, kFar).find(limit.sign);
        if (sign == text.npos) continue;
        if (const auto number = number_at(text, from + sign + limit.sign.size(), 2)) return number;
    }
    return std::nullopt;
}

std::optional<std::int64_t> stated_window(const std::string& text) {
    for (const LimitBehind& limit : kLimitsBehind)
        if (const auto number = limit_behind(text, limit)) return number;
    for (const WindowStatement& statement : kStatements) {
        for (std::size_t at = text.find(statement.before); at != text.npos;
             at = text.find(statement.before, at + 1)) {
            if (const auto number = number_at(text, at + statement.before.size(), statement.within,
                                              statement.names_tokens))
                return number;
        }
    }
    return std::nullopt;
}

/// Statuses that do not exclude the length. 200: an error inside a stream, or instead of one.
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

/// Whether this status is so general that it may mean the length.
bool is_general(int status) {
    return status == 400 || status == 422 || status == 500;
}

bool is_rate(const std::string& text) {
    return text.find("per minute") != text.npos || text.find("rate_limit") != text.npos ||
           text.find("rate limit") != text.npos;
}

/// Whether one request alone is more than a rate permits, so that only a shorter one passes.
bool exceeds_rate_alone(const std::string& text) {
    return text.find("request too large") != text.npos ||
           text.find("tokens must be reduced") != text.npos;
}

/// Whether the text is about the model's window, not only the status about a size.
bool names_window(const std::string& text) {
    return has_one_of(text, kTooLong) || (has_one_of(text, kWindow) && has_one_of(text, kTooMuch));
}

Length length_of(int status, const std::string& text) {
    if (status == 413) return Length::kTooLong;  // a gateway's own limit too: less passes
    if (status == 429 && exceeds_rate_alone(text)) return Length::kTooLong;
    if (!may_be_length(status) || is_rate(text)) return Length::kFits;
    if (names_window(text)) return Length::kTooLong;
    const bool is_open =
        is_general(status) && !has_one_of(text, kOtherReasons) && !is_template_error(text);
    return is_open ? Length::kNotSaid : Length::kFits;
}

}  // namespace

void judge_length(agent::ModelFailure& failure, std::string_view body) {
    const std::string text = all_words(body);
    failure.length = length_of(failure.http_status, text);
    if (failure.length != Length::kTooLong) return;
    failure.retryable = false;
    if (names_window(text) && !is_rate(text)) failure.window = stated_window(text);
}

}  // namespace tenon::model
