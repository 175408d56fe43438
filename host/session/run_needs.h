#pragma once

#include <string>
#include <string_view>

#include "host/config/credentials.h"
#include "host/config/settings.h"

/// What only the user can give a run: the name of a model, and a key. Pure functions.
namespace tenon::session {

/// Whether the server asks for a key that is not in the settings: a vendor's own address does,
/// unless model.auth or a header field says otherwise.
bool needs_key(const config::Settings::Model& model);

struct MissingNeeds {
    bool model = false;
    bool key = false;
    std::string provider = "anthropic";  ///< that of the key
    [[nodiscard]] bool none() const { return !model && !key; }
};
MissingNeeds missing_needs(const config::Settings::Model& model,
                           const config::Credentials& credentials);

/// "no model is named, and no key for the provider anthropic is set". Something is missing.
std::string what_is_missing(const MissingNeeds& missing);

/// "export OPENAI_API_KEY=YOUR-KEY"
std::string line_for_key(std::string_view provider);

/// The lines to type, the file for them, and the alternative; one line each, none empty.
std::string how_to_give(const MissingNeeds& missing, const config::Settings& settings);

}  // namespace tenon::session
