#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::model {

/// How many tokens a request to this model may have so that an answer of `max_tokens` still fits
/// into the model's context window, with some room for what is counted differently; 50,000 for a
/// model that is not known.
std::int64_t request_tokens(std::string_view model, std::int64_t max_tokens);

}  // namespace tenon::model
