#include "host/sitting/own_command.h"

#include "host/base/utf8.h"

namespace tenon::sitting {

std::optional<std::string> own_command(std::string_view line) {
    line = utf8::trimmed(line);
    if (line.empty() || line.front() != '!') return std::nullopt;
    return std::string(utf8::trimmed(line.substr(1)));
}

}  // namespace tenon::sitting
