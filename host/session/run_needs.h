#pragma once

#include <string>

#include "host/config/credentials.h"
#include "host/config/settings.h"

/// What only the user can give a run: the name of a model, and a key. Pure functions.
namespace tenon::session {

/// Whether the server asks for a key: only a vendor's own address does.
bool needs_key(const config::Settings::Model& model);

struct MissingNeeds {
    bool model = false;
    bool key = false;
    [[nodiscard]] bool none() const { return !model && !key; }
};
MissingNeeds missing_needs(const config::Settings::Model& model,
                           const config::Credentials& credentials);

/// "no model is named, and no key for the provider anthropic is set". Something is missing.
std::string what_is_missing(const MissingNeeds& missing);

/// The lines to type, the file for them, and the alternative; one line each, none empty.
std::string how_to_give(const MissingNeeds& missing, const config::Settings& settings);

}  // namespace tenon::session
