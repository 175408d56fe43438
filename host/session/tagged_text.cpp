#include "host/session/tagged_text.h"

namespace tenon::session {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

}  // namespace

std::string tagged_text(const std::string& tag, std::string text, const std::string& attributes) {
    replace_all(text, "</" + tag, "&lt;/" + tag);
    if (!text.empty() && text.back() != '\n') text += '\n';
    return "<" + tag + attributes + ">\n" + text + "</" + tag + ">";
}

std::string text_of_tag(const std::string& tag, const std::string& text) {
    const std::string begin = "<" + tag + ">\n";
    const std::size_t found = text.find(begin);
    if (found == std::string::npos) return {};
    const std::size_t from = found + begin.size();
    const std::size_t to = text.find("\n</" + tag + ">", from);
    if (to == std::string::npos) return {};
    std::string inner = text.substr(from, to - from);
    replace_all(inner, "&lt;/" + tag, "</" + tag);
    return inner;
}

}  // namespace tenon::session
