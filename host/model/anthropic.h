#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/model/http.h"

namespace tenon::model {

/// The base URL of Anthropic's own address.
std::string anthropics_own_url();
/// Whether a base URL is Anthropic's own address, where every request needs a key. Empty: it is.
bool is_anthropics_own(std::string_view base_url);

struct AnthropicConfig {
    std::string api_key;  ///< empty: none is sent, which Anthropic's own address refuses
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

    /// Asks for the list of models, which costs no tokens. Every status is an answer.
    Result<HttpHead, HttpFailure> ask_for_models(const OnBody& on_body, std::stop_token stop);

private:
    [[nodiscard]] HttpFields common_fields() const;
    Anthropic(AnthropicConfig config, std::unique_ptr<HttpClient> http);

    AnthropicConfig config_;
    std::unique_ptr<HttpClient> http_;
    std::string base_path_;  // before the API's own names
};

/// The failure that a response without a stream of events stands for, from its status, its error
/// body (JSON, HTML or nothing) and its retry headers. `body` may be any bytes. `message` does not
/// name the endpoint.
agent::ModelFailure failure_of_response(const HttpHead& head, std::string_view body);

}  // namespace tenon::model
