#pragma once

#include <memory>
#include <string>

#include "host/agent/ports.h"
#include "host/model/http.h"

namespace tenon::model {

/// Whether the server of this base URL answers nobody without a key: Anthropic's own does (an empty
/// URL means it). A local server needs none.
bool needs_key(const std::string& base_url);

struct AnthropicConfig {
    std::string api_key;  ///< empty: none is sent; allowed where `needs_key` is false
    std::string api_version = "2023-06-01";
    HttpConfig http;  ///< base_url empty: Anthropic's own
};

/// Asks a model through the Anthropic Messages API, streamed. Makes one attempt for each `ask`;
/// repeating failed ones is the business of Retry. One thread at a time.
class Anthropic : public agent::Provider {
public:
    /// Checks key, URL and proxy. Connects to nothing before `ask`.
    static Result<std::unique_ptr<Anthropic>> create(AnthropicConfig config);

    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

private:
    Anthropic(AnthropicConfig config, std::unique_ptr<HttpClient> http);

    AnthropicConfig config_;
    std::unique_ptr<HttpClient> http_;
    std::string path_;
};

/// The failure that a response without a stream of events stands for, from its status, its error
/// body (JSON, HTML or nothing) and its retry headers. `body` may be any bytes. `message` does not
/// name the endpoint.
agent::ModelFailure failure_of_response(const HttpHead& head, std::string_view body);

}  // namespace tenon::model
