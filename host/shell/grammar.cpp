#include "host/shell/grammar.h"

#include <algorithm>

#include "host/base/utf8.h"
#include "host/shell/grammar_parser.h"

namespace tenon::shell {
namespace {

constexpr std::size_t kLongest = 131'072;

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
}

}  // namespace

Understood understand(std::string_view text) {
    if (text.size() > kLongest) return {{}, "longer than 131,072 bytes"};
    if (std::any_of(text.begin(), text.end(), is_control)) return {{}, "a control character"};
    if (!utf8::is_valid(text)) return {{}, "bytes that are not UTF-8"};
    grammar::GrammarParser parser(text);
    if (!parser.script()) return {{}, parser.why()};
    return {parser.take_parts(), {}};
}

}  // namespace tenon::shell
