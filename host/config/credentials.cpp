#include "host/config/credentials.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/base/utf8.h"

namespace tenon::config {
namespace {

/// The value of `name`; every copy of it in the environment block is overwritten before it is
/// unset.
std::string take(const char* name) {
    std::string value;
    const std::size_t length = std::strlen(name);
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, name, length) != 0 || (*entry)[length] != '=') continue;
        char* const text = *entry + length + 1;
        // getenv returns the first one.
        if (value.empty()) value = text;
        ::explicit_bzero(text, std::strlen(text));
    }
    ::unsetenv(name);
    return value;
}

bool is_openai(std::string_view provider) {
    return provider == "openai" || provider == "openai-responses";
}

}  // namespace

const std::string& Credentials::key_of(std::string_view provider) const {
    static const std::string none;
    if (provider == "anthropic") return anthropic;
    return is_openai(provider) ? openai : none;
}

std::string Credentials::origin_of(std::string_view provider) const {
    const auto found = origins.find(key_variable(provider));
    return found == origins.end() ? std::string() : found->second;
}

void Credentials::add_to(Secrets& secrets) const {
    secrets.add(anthropic);
    secrets.add(openai);
    for (const std::string& value : in_settings)
        secrets.add(value);
}

const char* key_variable(std::string_view provider) {
    return is_openai(provider) ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY";
}

const char* base_url_variable(std::string_view provider) {
    return is_openai(provider) ? "OPENAI_BASE_URL" : "ANTHROPIC_BASE_URL";
}

const char* other_vendor(std::string_view provider) {
    return is_openai(provider) ? "anthropic" : "openai";
}

Credentials take_credentials() {
    // Undumpable first: no process of this uid can then read the block while it holds the keys.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return {take("ANTHROPIC_API_KEY"), take("OPENAI_API_KEY")};
}

Result<std::string> clean_key(std::string_view name, std::string_view value) {
    value = utf8::trimmed(value);
    if (std::any_of(value.begin(), value.end(),
                    [](unsigned char c) { return c <= 0x20 || c >= 0x7F; })) {
        return Error{std::string(name) +
                     " holds blanks, control characters or letters beyond ASCII; "
                     "allowed: printable ASCII"};
    }
    return std::string(value);
}

}  // namespace tenon::config
