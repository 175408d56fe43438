#pragma once

#include <string>
#include <string_view>

#include "host/base/json.h"

/// Answers as endpoints stream them, in each wire format: server-sent events.
namespace tenon::bench {

enum class StreamFormat { kMessages, kChatCompletions, kResponses };

/// That of a request to this path, which may have other words around it.
StreamFormat format_of_path(std::string_view path);

/// `content`: an array of blocks of the Messages API, texts and calls.
std::string stream_of(const Json& content, StreamFormat format = StreamFormat::kMessages);

}  // namespace tenon::bench
