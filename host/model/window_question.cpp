#include "host/model/window_question.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "host/base/json.h"
#include "host/base/utf8.h"
#include "host/model/window.h"

namespace tenon::model {
namespace {

using namespace std::chrono_literals;
using PatienceClock = std::chrono::steady_clock;

constexpr std::size_t kMostListBytes = std::size_t{2} << 20U;
constexpr auto kStepTime = 2s;
constexpr auto kTimeForAll = 5s;
constexpr std::string_view kVersionPath = "/v1";

/// Members of a model's entry. `n_ctx_train` is none of them: a server may have a smaller window
/// than the one with which the model was trained.
constexpr std::array kWindowMembers = {
    "max_model_len",          // vLLM, SGLang
    "context_length",         // OpenRouter and many others
    "loaded_context_length",  // LM Studio: as the model is loaded
    "max_context_length",     // Mistral, LM Studio
    "context_window",         // Groq
    "max_input_tokens",       // LiteLLM
    "n_ctx",                  // llama.cpp
};

/// The smallest number that the object states, if any.
std::optional<std::int64_t> smallest_window(const Json& object) {
    std::optional<std::int64_t> smallest;
    for (const char* name : kWindowMembers) {
        const std::int64_t tokens = integer_or(object, name, 0);
        if (tokens >= kSmallestWindow && (!smallest || tokens < *smallest)) smallest = tokens;
    }
    return smallest;
}

std::optional<std::int64_t> smaller(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

std::optional<std::int64_t> window_of_entry(const Json& entry) {
    const auto own = smallest_window(entry);
    const auto of_vendor = smallest_window(member(entry, "top_provider"));
    return smaller(own, smaller(of_vendor, smallest_window(member(entry, "meta"))));
}

/// The body of a page; nothing: there is none of use.
std::optional<std::string> page_at(HttpClient& http, const std::string& path,
                                   const HttpFields& fields, PatienceClock::time_point until,
                                   const std::stop_token& stop) {
    std::string body;
    const auto take = [&](const HttpHead& head, std::string_view bytes) {
        if (head.status != 200 || PatienceClock::now() > until) return false;
        body.append(bytes.substr(0, kMostListBytes + 1 - body.size()));
        return body.size() <= kMostListBytes;
    };
    const auto head = http.get(path, fields, take, stop);
    if (!head || head->status != 200 || body.size() > kMostListBytes) return std::nullopt;
    return body;
}

}  // namespace

std::optional<std::int64_t> window_in_models(std::string_view body, std::string_view model) {
    const auto document = parse_json(utf8::repair(body));
    if (!document) return std::nullopt;
    const Json& list = member(*document, "data");
    if (!list.is_array()) return std::nullopt;
    for (const Json& entry : list) {
        if (string_or(entry, "id") == model) return window_of_entry(entry);
    }
    return list.size() == 1 ? window_of_entry(element(list, 0)) : std::nullopt;
}

std::optional<std::int64_t> window_in_props(std::string_view body) {
    const auto document = parse_json(utf8::repair(body));
    if (!document) return std::nullopt;
    const Json& settings = member(*document, "default_generation_settings");
    for (const Json* object : {&settings, &*document}) {
        const std::int64_t tokens = integer_or(*object, "n_ctx", 0);
        if (tokens >= kSmallestWindow) return tokens;
    }
    return std::nullopt;
}

std::optional<std::int64_t> ask_for_window(const WindowQuestion& question, std::string_view model,
                                           const std::stop_token& stop) {
    const auto until = PatienceClock::now() + kTimeForAll;
    HttpConfig config = question.http;
    config.connect_timeout = std::min<std::chrono::milliseconds>(config.connect_timeout, kStepTime);
    config.idle_timeout = std::min<std::chrono::milliseconds>(config.idle_timeout, kStepTime);
    // llama.cpp has its properties beside the version, not below it.
    std::string list = "/models";
    if (config.base_url.ends_with(kVersionPath)) {
        config.base_url.resize(config.base_url.size() - kVersionPath.size());
        list.insert(0, kVersionPath);
    }
    const auto http = HttpClient::create(config);
    if (!http) return std::nullopt;
    if (const auto body = page_at(**http, list, question.fields, until, stop)) {
        if (const auto window = window_in_models(*body, model)) return window;
    }
    if (stop.stop_requested() || PatienceClock::now() > until) return std::nullopt;
    const auto body = page_at(**http, "/props", question.fields, until, stop);
    return body ? window_in_props(*body) : std::nullopt;
}

}  // namespace tenon::model
