#include "host/model/wire_formats.h"

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

}  // namespace

Result<std::shared_ptr<const WireFormat>> make_wire_format(std::string_view name,
                                                           const FormatOptions& options) {
    using Made = std::shared_ptr<const WireFormat>;
    if (options.api_version.empty() || !is_header_value(options.api_version))
        return Error{"the API version is empty or has control characters"};
    if (name == "anthropic") return Made(std::make_shared<MessagesFormat>(options.api_version));
    if (name == "openai") {
        return Made(std::make_shared<ChatCompletionsFormat>(
            ChatCompletionsFormat::Options{options.max_tokens_field, options.reasoning_effort}));
    }
    if (name == "openai-responses")
        return Made(std::make_shared<ResponsesFormat>(options.reasoning_effort));
    return Error{"there is no wire format " + std::string(name)};
}

std::shared_ptr<ServerTraits> first_traits(std::string_view format, std::string_view base_url) {
    using Parts = std::initializer_list<Part>;
    if (format == "anthropic") return std::make_shared<ServerTraits>(Parts{Part::kCacheMarks});
    if (format == "openai-responses") {
        return std::make_shared<ServerTraits>(
            Parts{Part::kAnswerSchema, Part::kReasoning, Part::kReasoningSummary});
    }
    // OpenAI's own calls tools in parallel unasked; local servers need to be asked.
    if (is_vendors_own(format, base_url)) {
        return std::make_shared<ServerTraits>(Parts{Part::kStreamUsage, Part::kCompletionTokens,
                                                    Part::kAnswerSchema, Part::kReasoning,
                                                    Part::kSentReasoning});
    }
    return std::make_shared<ServerTraits>(Parts{Part::kStreamUsage, Part::kParallelCalls,
                                                Part::kAnswerSchema, Part::kReasoning,
                                                Part::kSentReasoning});
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
    std::string out(base_url.empty() ? vendors_own_url(format.name()) : std::string(base_url));
    if (auto url = parse_url(out, "base URL"); !url) return url.error();
    while (out.ends_with('/'))
        out.pop_back();
    if (out.ends_with(format.path())) out.resize(out.size() - format.path().size());
    while (out.ends_with('/'))
        out.pop_back();
    // Servers of the Messages format have the version below any base URL. Those of the others have
    // all kinds of paths, which people write in full.
    const bool has_path = out.find('/', out.find("//") + 2) != out.npos;
    if (!out.ends_with(kVersion) && (format.name() == "anthropic" || !has_path)) out += kVersion;
    return out;
}

}  // namespace tenon::model
