#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/model/wire_format.h"

/// The wire formats by their names, and the vendors whose formats they are.
namespace tenon::model {

/// What the configuration says about a format.
struct FormatOptions {
    std::string api_version = "2023-06-01";  ///< of `anthropic`
    bool threads = false;                    ///< of `anthropic`: message threads are used
    bool is_vendors_own = false;             ///< of `anthropic`: the server is the vendor's own
    /// Of `openai`: max_tokens or max_completion_tokens; empty: by server.
    std::string max_tokens_field = {};
    std::string reasoning_effort = {};  ///< of the formats of OpenAI; empty: none is sent
};

/// The format that `model.provider` names: anthropic, openai, openai-responses. The Error: there is
/// none.
Result<std::shared_ptr<const WireFormat>> make_wire_format(std::string_view name,
                                                           const FormatOptions& options);

/// What is known about a server before it has been asked. `base_url` empty: the vendor's own.
ServerTraits first_traits(std::string_view format, std::string_view base_url);

/// The base URL of the vendor's own address.
std::string vendors_own_url(std::string_view format);
/// Whether a base URL is the vendor's own address, where every request needs a key. Empty: it is.
bool is_vendors_own(std::string_view format, std::string_view base_url);

/// The URL before WireFormat::path, from a base URL as people write it: without the version, with
/// it, or with the path of the request. Empty: the vendor's own.
Result<std::string> request_base_url(const WireFormat& format, std::string_view base_url);

}  // namespace tenon::model
