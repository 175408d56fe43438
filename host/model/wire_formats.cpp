#include "host/model/wire_formats.h"

#include <algorithm>
#include <array>

#include <Poco/String.h>

#include "host/model/chat_completions.h"
#include "host/model/messages.h"
#include "host/model/responses.h"
#include "host/model/url.h"

namespace tenon::model {
namespace {

constexpr std::string_view kVersion = "/v1";

std::string_view vendors_host(std::string_view format) {
    return format == "anthropic" ? "api.anthropic.com" : "api.openai.com";
}

/// Of all formats: people try one after the other with the same address.
constexpr std::array<std::string_view, 3> kRequestPaths = {"/chat/completions", "/responses",
                                                           "/messages"};

/// Also without one at the end.
std::string with_single_slashes(std::string_view path) {
    std::string out;
    for (const char c : path)
        if (c != '/' || !out.ends_with('/')) out += c;
    if (out.ends_with('/')) out.pop_back();
    return out;
}

}  // namespace

Result<std::shared_ptr<const WireFormat>> make_wire_format(std::string_view name,
                                                           const FormatOptions& options) {
    using Made = std::shared_ptr<const WireFormat>;
    if (options.api_version.empty() || !is_header_value(options.api_version))
        return Error{"the API version is empty or has control characters"};
    if (name == "anthropic") {
        return Made(std::make_shared<MessagesFormat>(
            options.api_version, MessagesFormat::Options{options.threads, options.is_vendors_own}));
    }
    if (name == "openai") {
        return Made(std::make_shared<ChatCompletionsFormat>(
            ChatCompletionsFormat::Options{options.max_tokens_field, options.reasoning_effort}));
    }
    if (name == "openai-responses")
        return Made(std::make_shared<ResponsesFormat>(options.reasoning_effort));
    return Error{"there is no wire format " + std::string(name)};
}

ServerTraits first_traits(std::string_view format, std::string_view base_url) {
    if (format == "anthropic")
        return ServerTraits(
            {Part::kCacheMarks, Part::kAnswerSchema, Part::kThreads, Part::kSentReasoning});
    if (format == "openai-responses")
        return ServerTraits({Part::kAnswerSchema, Part::kReasoning, Part::kReasoningSummary,
                             Part::kSentReasoning, Part::kParallelCalls});
    // OpenAI's own calls tools in parallel unasked; local servers need to be asked.
    if (is_vendors_own(format, base_url)) {
        return ServerTraits({Part::kStreamUsage, Part::kCompletionTokens, Part::kAnswerSchema,
                             Part::kReasoning, Part::kSentReasoning, Part::kUserAfterResults,
                             Part::kSystemRole, Part::kNullContent});
    }
    return ServerTraits({Part::kStreamUsage, Part::kParallelCalls, Part::kAnswerSchema,
                         Part::kReasoning, Part::kSentReasoning, Part::kUserAfterResults,
                         Part::kSystemRole, Part::kNullContent});
}

std::string vendors_own_url(std::string_view format) {
    return "https://" + std::string(vendors_host(format)) +
           std::string(format == "anthropic" ? "" : kVersion);
}

bool is_vendors_own(std::string_view format, std::string_view base_url) {
    if (base_url.empty()) return true;
    const auto url = parse_url(base_url, "base URL");
    return url && Poco::toLower(url->host) == vendors_host(format);
}

Result<std::string> request_base_url(const WireFormat& format, std::string_view base_url) {
    const std::string text(base_url.empty() ? vendors_own_url(format.name())
                                            : std::string(base_url));
    if (auto url = parse_url(text, "base URL"); !url) return url.error();
    const std::size_t host = text.find("//") + 2;
    const std::size_t slash = std::min(text.find('/', host), text.size());
    std::string path = with_single_slashes(text.substr(slash));
    for (const std::string_view of_request : kRequestPaths) {
        if (!path.ends_with(of_request)) continue;
        path.resize(path.size() - of_request.size());
        break;
    }
    // Servers of the Messages format have the version below any base URL. Those of the others have
    // all kinds of paths, which people write in full.
    if (!path.ends_with(kVersion) && (format.name() == "anthropic" || path.empty()))
        path += kVersion;
    return text.substr(0, slash) + path;
}

}  // namespace tenon::model
