#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "host/model/http.h"

/// The context windows that servers list: vLLM, OpenRouter, LiteLLM and others with their models,
/// llama.cpp with its properties (reference/openai-compat.md, section 4).
namespace tenon::model {

/// The window of the model in the answer to GET /v1/models; none: it is not said there. A list of
/// one model is about every name, since servers with one model ignore names. Any bytes.
std::optional<std::int64_t> window_in_models(std::string_view body, std::string_view model);

/// The window of one slot in the answer to GET /props of llama.cpp. Any bytes.
std::optional<std::int64_t> window_in_props(std::string_view body);

/// Where and how to ask.
struct WindowQuestion {
    HttpConfig http;    ///< its base URL is that of requests, see request_base_url
    HttpFields fields;  ///< of each request
};

/// Asks the server for the window of a model: GET …/models, then GET /props at its root. Costs no
/// tokens. Blocks for at most a few seconds, whatever the server does; returns soon after a stop.
/// No answer, whatever the reason, is none. Leaves no connection open.
std::optional<std::int64_t> ask_for_window(const WindowQuestion& question, std::string_view model,
                                           const std::stop_token& stop);

}  // namespace tenon::model
