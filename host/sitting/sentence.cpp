#include "host/sitting/sentence.h"

#include <string_view>

namespace tenon::sitting {

std::string with_full_stop(std::string text) {
    constexpr std::string_view kEnds = ".!?";
    if (!text.empty() && kEnds.find(text.back()) == std::string_view::npos) text += '.';
    return text;
}

std::string sentence(std::string message) {
    const std::size_t end = message.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
    if (end != 0 && end != std::string::npos && message[end] == ' ')
        message.front() = static_cast<char>(message.front() - 'a' + 'A');
    return with_full_stop(std::move(message));
}

}  // namespace tenon::sitting
