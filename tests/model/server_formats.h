#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/model/wire_formats.h"

namespace tenon::model {

/// The wire formats that servers speak, as `model.provider` names them.
inline std::vector<std::string_view> server_formats() {
    std::vector<std::string_view> known;
    for (const std::string_view format : {"anthropic", "openai", "openai-responses"}) {
        if (make_wire_format(format, {})) known.push_back(format);
    }
    return known;
}

/// A name for a test with such a format as its parameter.
inline std::string title_of(std::string_view format) {
    return format == "anthropic" ? "Messages" : format == "openai" ? "Chat" : "Responses";
}

}  // namespace tenon::model
