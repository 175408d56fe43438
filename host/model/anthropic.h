#pragma once

#include <memory>
#include <string>

#include "host/agent/ports.h"
#include "host/model/http.h"

namespace tenon::model {

struct AnthropicConfig {
    std::string api_key;
    std::string api_version = "2023-06-01";
    HttpConfig http;  ///< base_url empty: Anthropic's own
};

/// The Anthropic Messages API, streamed. One attempt an `ask`: what deserves another is for Retry.
class Anthropic : public agent::Provider {
public:
    /// Checks key, URL and proxy; connects only when asked.
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

/// What a response that is no stream of events means: status, error body (JSON, HTML or nothing)
/// and retry headers. `body` may be any bytes. `message` does not name the endpoint.
agent::ModelFailure failure_of_response(const HttpHead& head, std::string_view body);

}  // namespace tenon::model
