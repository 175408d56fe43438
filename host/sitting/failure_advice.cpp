#include "host/sitting/failure_advice.h"

namespace tenon::sitting {
namespace {

using agent::Contact;

constexpr const char* kTryAgain =
    " Enter a prompt such as \"go on\" to try again; model.retry.maxAttempts says how often Tenon "
    "tries by itself.";

std::string about_contact(Contact contact, const RequestFacts& facts) {
    const std::string address = "(model.baseUrl or " + facts.base_url_variable + ")";
    switch (contact) {
        case Contact::kNoAddress:
            return "Is the network up, and is the address right? It is " + facts.server + " " +
                   address + ".";
        case Contact::kRefused:
            return "Nothing listens at " + facts.server +
                   ": start the server, or correct the "
                   "address " +
                   address + ".";
        case Contact::kNotMade:
            return "Is the network up? The server is " + facts.server + " " + address +
                   "; `tenon doctor --online` looks at the way to it.";
        case Contact::kNoTls:
            return "model.caFile names further certificate authorities; `tenon doctor --online` "
                   "looks at the way to the server.";
        case Contact::kMade:
            break;
    }
    return {};
}

std::string about_key(const agent::ModelFailure& failure, const RequestFacts& facts) {
    if (!facts.with_key) return {};  // the message says what to set
    if (failure.http_status == 401)
        return "The server does not accept the key. Correct it and start Tenon again.";
    return "The server does not let the key do this: may it use the model " + facts.model + "?";
}

std::string about_model(const RequestFacts& facts) {
    std::string text =
        "Does the server know the model " + facts.model + "? /model lists what it offers";
    if (!facts.model_before.empty()) text += "; /model " + facts.model_before + " goes back";
    return text + ". If no model is found, the address may be wrong: " + facts.server + ".";
}

std::string about_status(const agent::ModelFailure& failure, const RequestFacts& facts) {
    const int status = failure.http_status;
    if (status == 401 || status == 403) return about_key(failure, facts);
    if (status == 404 || failure.type == "not_found_error") return about_model(facts);
    if (status == 429)
        return std::string(
                   "The limit of the account is reached: wait, or choose another model "
                   "with /model.") +
               kTryAgain;
    if (status == 529 || failure.type == "overloaded_error")
        return std::string("The server is overloaded: wait, or choose another model with /model.") +
               kTryAgain;
    if (status >= 500) return std::string("The server has a fault.") + kTryAgain;
    if (status == 400 || status == 422)
        return "The server would refuse the same request again: choose another model with /model, "
               "or begin anew with /clear.";
    return {};
}

}  // namespace

std::string failure_advice(const agent::ModelFailure& failure, const RequestFacts& facts) {
    if (failure.wrong_address) return {};  // the message says what to try
    if (failure.contact != Contact::kMade) return about_contact(failure.contact, facts);
    if (failure.length == agent::Length::kTooLong || failure.http_status == 413)
        return "The conversation is too long for the model: /compact makes it shorter, /clear "
               "begins anew.";
    if (std::string text = about_status(failure, facts); !text.empty()) return text;
    if (failure.http_status == 0 && failure.retryable)
        return std::string("The connection to ") + facts.server + " failed." + kTryAgain;
    return {};
}

}  // namespace tenon::sitting
