#pragma once

#include <string>
#include <string_view>

namespace tenon {

/// Base64 with padding, without line breaks (RFC 4648, section 4). Pure.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace tenon
