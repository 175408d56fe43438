#include "host/cli/terminal_text.h"

#include <algorithm>
#include <utility>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"

namespace tenon::cli {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::size_t kMostParameters = 128;  // bytes

std::string_view take_parameter(std::string_view& parameters) {
    const std::string_view one = parameters.substr(0, parameters.find(';'));
    parameters.remove_prefix(std::min(parameters.size(), one.size() + 1));
    return one;
}

/// Whether a sequence hides text. The numbers of a colour follow 38, 48 and 58.
bool hides(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view whole = take_parameter(parameters);
        const std::string_view code = whole.substr(0, whole.find(':'));
        if (code == "8" || code == "08") return true;
        if (whole != "38" && whole != "48" && whole != "58") continue;
        const std::string_view kind = take_parameter(parameters);
        for (int i = kind == "2" ? 3 : kind == "5" ? 1 : 0; i > 0; --i)
            take_parameter(parameters);
    }
    return false;
}

}  // namespace

std::size_t TerminalText::take_escape(std::string_view text, std::string& out) {
    const std::string_view rest = text.substr(1);
    if (rest.empty()) return 0;
    if (rest[0] == '[') {
        const std::size_t end = std::min(rest.find_first_not_of("0123456789;:", 1), rest.size());
        if (end == rest.size() && end <= kMostParameters) return 0;
        if (end < rest.size() && end <= kMostParameters && rest[end] == 'm') {
            const std::string_view parameters = rest.substr(1, end - 1);
            if (colour_ && !hides(parameters)) {
                out.append(text.substr(0, end + 2));
                is_styled_ = parameters.find_first_not_of("0;") != std::string_view::npos;
            }
            return end + 2;
        }
    }
    out += visible(text.substr(0, 1));
    return 1;
}

std::string TerminalText::take(std::string_view bytes) {
    const std::string all = std::exchange(held_, {}).append(bytes);
    std::string_view text = all;
    std::string out;
    while (!text.empty()) {
        const std::size_t plain = std::min(text.find(kEscape), text.size());
        const bool is_last = plain == text.size();
        const std::size_t whole =
            plain - (is_last ? utf8::incomplete_suffix(text.substr(0, plain)) : 0);
        out += visible(text.substr(0, whole), true);
        text.remove_prefix(whole);
        const std::size_t taken = is_last ? 0 : take_escape(text, out);
        if (taken == 0) break;
        text.remove_prefix(taken);
    }
    held_ = text;
    return out;
}

std::string TerminalText::finish() {
    std::string out = visible(std::exchange(held_, {}), true);
    if (std::exchange(is_styled_, false)) out += kReset;
    return out;
}

}  // namespace tenon::cli
