#include "packaging/documents/roff.h"

#include <algorithm>
#include <cctype>

namespace tenon::documents {
namespace {

constexpr std::size_t kLineWidth = 78;

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '/';
}

bool is_placeholder(std::string_view word) {
    return std::none_of(word.begin(), word.end(),
                        [](unsigned char c) { return std::islower(c) != 0 || c == '-'; });
}

// Stand for the quotes around what is to be typed, until these become fonts.
constexpr char kTypedBegin = '\x01', kTypedEnd = '\x02';

std::string with_marked_quotes(std::string_view text) {
    std::string out(text);
    bool inside = false;
    for (char& c : out) {
        if (c != '`') continue;
        c = inside ? kTypedEnd : kTypedBegin;
        inside = !inside;
    }
    return out;
}

}  // namespace

std::string roff_text(std::string_view text) {
    constexpr std::string_view kEllipsis = "…";
    std::string out;
    while (!text.empty()) {
        if (text.starts_with(kEllipsis)) {
            out += "...";
            text.remove_prefix(kEllipsis.size());
            continue;
        }
        const char c = text.front();
        if (c == '-') {
            out += "\\-";
        } else if (c == '\\') {
            out += "\\e";
        } else if (c == '"') {
            out += "\\(dq";
        } else if (c == '\'') {
            out += "\\(aq";
        } else if (c == '`') {
            out += "\\(ga";
        } else if (c == kTypedBegin) {
            out += "\\fB";
        } else if (c == kTypedEnd) {
            out += "\\fR";
        } else if (c == '~') {
            out += "\\(ti";
        } else if (c == '^') {
            out += "\\(ha";
        } else {
            out += c;
        }
        text.remove_prefix(1);
    }
    return out;
}

std::string roff_paragraph(std::string_view plain) {
    const std::string marked = with_marked_quotes(plain);
    std::string_view text = marked;
    std::string out, line;
    const auto flush = [&] {
        // A line that begins so would be a request.
        if (line.starts_with('.') || line.starts_with("\\(aq")) out += "\\&";
        out += line + "\n";
        line.clear();
    };
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const std::string word = roff_text(text.substr(0, end));
        if (!line.empty() && line.size() + 1 + word.size() > kLineWidth) flush();
        if (!word.empty()) line += (line.empty() ? "" : " ") + word;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!line.empty()) flush();
    return out;
}

std::string roff_usage(std::string_view usage) {
    std::string out;
    while (!usage.empty()) {
        const auto length = static_cast<std::size_t>(
            std::find_if_not(usage.begin(), usage.end(), is_word) - usage.begin());
        if (length > 0) {
            const std::string_view word = usage.substr(0, length);
            out += (is_placeholder(word) ? "\\fI" : "\\fB") + roff_text(word) + "\\fR";
            usage.remove_prefix(length);
        } else {
            const auto next = std::find_if(usage.begin(), usage.end(), is_word);
            const auto other = static_cast<std::size_t>(next - usage.begin());
            out += roff_text(usage.substr(0, other));
            usage.remove_prefix(other);
        }
    }
    return out;
}

std::string sentence(std::string_view text) {
    std::string out(text);
    if (out.empty()) return out;
    // "SHA-256 …" and names of keys stay as they are.
    if (out.size() > 1 && std::isupper(static_cast<unsigned char>(out[1])) == 0)
        out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
    if (!out.ends_with('.')) out += '.';
    return out;
}

}  // namespace tenon::documents
