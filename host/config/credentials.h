#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/base/secrets.h"

namespace tenon::config {

/// The keys of model providers. An empty one is not known.
struct Credentials {
    std::string anthropic;
    std::string openai;
    std::vector<std::string> in_settings = {};  ///< of header fields, and of addresses
    /// Where each of the keys is from, by its variable: "ANTHROPIC_API_KEY of the environment".
    std::map<std::string, std::string, std::less<>> origins = {};

    /// The key for requests of a wire format (`model.provider`); empty: there is none.
    [[nodiscard]] const std::string& key_of(std::string_view provider) const;
    /// Where that key is from; empty: there is none.
    [[nodiscard]] std::string origin_of(std::string_view provider) const;
    void add_to(Secrets& secrets) const;
};

/// The environment variables with the key and the base URL for a wire format; for `replay` those of
/// anthropic.
const char* key_variable(std::string_view provider);
const char* base_url_variable(std::string_view provider);

/// The provider that has the other two variables.
const char* other_vendor(std::string_view provider);

/// Reads ANTHROPIC_API_KEY and OPENAI_API_KEY out of this process's environment, overwrites their
/// bytes there (so that /proc/<pid>/environ no longer holds them), unsets them, and makes the
/// process undumpable. Call it once, first in main, before any thread starts and before the
/// environment is copied. Never fails: a variable that cannot be overwritten is at least unset.
/// Trap: an undumpable process that is not root's cannot open its own /proc/self/environ any more.
Credentials take_credentials();

/// A key without the blanks and line end around it. The Error, which does not show the key, says
/// that it has a character that no HTTP header can hold.
Result<std::string> clean_key(std::string_view name, std::string_view value);

}  // namespace tenon::config
