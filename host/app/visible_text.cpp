#include "host/app/visible_text.h"

#include "host/base/utf8.h"

namespace tenon::app {
namespace {

constexpr std::size_t kLongestQuote = 80;

}  // namespace

std::string in_quotes(std::string_view bytes) {
    // Four bytes a character at most: a hostile value of a megabyte is not walked through.
    const std::string text = visible(bytes.substr(0, 4 * kLongestQuote + 4));
    std::string out = "\"" + std::string(utf8::first(text, kLongestQuote)) + "\"";
    if (utf8::length(text) > kLongestQuote) out += "…";
    return out;
}

}  // namespace tenon::app
