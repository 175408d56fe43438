#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/model/http.h"
#include "host/model/window_question.h"
#include "host/model/wire_format.h"

namespace tenon::model {

/// How a request carries the key.
enum class KeyField {
    kXApiKey,
    kBearer,
    kNone,  ///< it has no key, or one of the header fields is it
};

struct EndpointConfig {
    std::string api_key;  ///< empty: none is sent
    KeyField key_field = KeyField::kXApiKey;
    /// Which key is sent and how, or why none is, for when the server refuses it: the end of a
    /// message, without the key; may be empty.
    std::string about_key;
    std::string section = "model";  ///< of the settings that this is from, for messages
    HttpFields headers;  ///< more fields for each request; one of the same name is replaced
    HttpConfig http;
};

/// Asks a model at one server, in one wire format, streamed. Makes one attempt for each `ask`;
/// repeating failed ones is the business of Retry. Only a request that the server refuses because
/// of one part is sent again at once, without that part; and one that continues a message thread in
/// vain, with the whole conversation. One thread at a time.
class Endpoint : public agent::Provider {
public:
    /// Checks key, URL and proxy. Connects to nothing before `ask`.
    static Result<std::unique_ptr<Endpoint>> create(std::shared_ptr<const WireFormat> format,
                                                    std::shared_ptr<TraitsByModel> traits,
                                                    EndpointConfig config);

    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

    /// Asks for the list of models, which costs no tokens. Every status is an answer.
    Result<HttpHead, HttpFailure> ask_for_models(const OnBody& on_body, std::stop_token stop);

    /// How to ask the same server for the window of a model, in the same way as a request.
    [[nodiscard]] WindowQuestion window_question() const;

private:
    Endpoint(std::shared_ptr<const WireFormat> format, std::shared_ptr<TraitsByModel> traits,
             EndpointConfig config, std::unique_ptr<HttpClient> http, std::string address_advice);
    /// What a refusal is about, as far as its text says.
    struct Refused {
        std::optional<Part> part = {};  ///< of the request, which the server does not take
        bool was_taken = false;         ///< that part, when the request was written
        bool is_guess = false;          ///< the text of the refusal names no part
        bool names_prefix = false;      ///< system prompt, tools, or what a thread began with
    };
    [[nodiscard]] HttpFields fields(HttpFields of_format) const;
    [[nodiscard]] Refused what_is_refused(const agent::ModelFailure& failure, std::string_view body,
                                          const agent::Request& request,
                                          const ServerTraits& written) const;
    Result<agent::Answer, agent::ModelFailure> attempt(const agent::Request& request,
                                                       agent::EventSink& sink,
                                                       const std::stop_token& stop,
                                                       Refused& refused);
    Result<agent::Answer, agent::ModelFailure> ask_once(agent::Request& request,
                                                        agent::EventSink& sink,
                                                        const std::stop_token& stop,
                                                        Refused& refused);

    std::shared_ptr<const WireFormat> format_;
    std::shared_ptr<TraitsByModel> traits_;
    EndpointConfig config_;
    std::unique_ptr<HttpClient> http_;
    std::string address_advice_;         // see advice_on_address
    bool tried_without_schema_ = false;  // though no refusal had named it
    std::string
        tried_thread_;  // the last one that was continued in vain: the server may have begun
};

}  // namespace tenon::model
