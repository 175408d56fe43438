#include "host/terminal/key_sequences.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cwctype>
#include <optional>
#include <vector>

namespace tenon::terminal {
namespace {

// Bits of a modifier parameter, which is 1 more.
constexpr int kShift = 1, kAlt = 2, kCtrl = 4, kSuper = 8, kHyper = 16, kMeta = 32;
constexpr int kLocks = 64 | 128;  // caps lock, num lock
constexpr int kReleased = 3;      // the event type

constexpr int kTabCode = 9, kEnterCode = 13, kEscapeCode = 27, kEraseCode = 127;
constexpr int kFirstFunctional = 57344, kLastFunctional = 63743;  // a private area of Unicode

Sequence sequence_of(std::string_view meant) {
    return {"\033" + std::string(meant), false};
}

struct ControlSequence {
    char prefix = 0;                           // one of < = > ?
    std::vector<std::vector<int>> parameters;  // with their sub-parameters; 0 when missing
    char last = 0;

    [[nodiscard]] int at(std::size_t parameter, std::size_t sub = 0, int otherwise = 0) const {
        if (parameter >= parameters.size() || sub >= parameters[parameter].size()) return otherwise;
        const int value = parameters[parameter][sub];
        return value == 0 ? otherwise : value;
    }
    /// Of a key: without the locks.
    [[nodiscard]] int modifiers(std::size_t parameter) const {
        return std::max(at(parameter, 0, 1) - 1, 0) & ~kLocks;
    }
};

ControlSequence parse_csi(std::string_view sent) {
    ControlSequence parsed;
    parsed.last = sent.back();
    sent = sent.substr(1, sent.size() - 2);
    if (!sent.empty() && sent[0] >= '<' && sent[0] <= '?') {
        parsed.prefix = sent[0];
        sent.remove_prefix(1);
    }
    if (sent.empty()) return parsed;
    parsed.parameters = {{0}};
    for (const char c : sent) {
        if (c == ';') {
            parsed.parameters.push_back({0});
        } else if (c == ':') {
            parsed.parameters.back().push_back(0);
        } else if (c >= '0' && c <= '9') {
            int& number = parsed.parameters.back().back();
            number = std::min(number, 10'000'000) * 10 + (c - '0');
        }
    }
    return parsed;
}

/// A key of kitty's protocol that has no character, by its number there.
std::optional<DecodedSequence> keypad_key(int code) {
    constexpr int kDigits = 57399;
    constexpr std::string_view kCharacters = "0123456789./*-+\r=,";
    if (code >= kDigits && code < kDigits + static_cast<int>(kCharacters.size()))
        return Typed{static_cast<wchar_t>(kCharacters[static_cast<std::size_t>(code - kDigits)])};
    constexpr auto kMoves = std::to_array<std::string_view>(
        {"[D", "[C", "[A", "[B", "[5~", "[6~", "[H", "[F", "[2~", "[3~"});
    const int move = code - kDigits - static_cast<int>(kCharacters.size());
    if (move >= 0 && move < static_cast<int>(kMoves.size()))
        return sequence_of(kMoves[static_cast<std::size_t>(move)]);
    return std::nullopt;
}

/// What Ctrl and a character have always sent.
wchar_t control_code(wchar_t c) {
    if ((c >= L'a' && c <= L'z') || (c >= L'@' && c <= L'_')) return c & 0x1f;
    switch (c) {
        case L' ':
        case L'2':
            return 0;
        case L'3':
            return 27;
        case L'4':
            return 28;
        case L'5':
            return 29;
        case L'6':
        case L'~':
            return 30;
        case L'7':
        case L'/':
        case L'-':
            return 31;
        case L'8':
        case L'?':
            return kEraseCode;
        default:
            return c;
    }
}

DecodedSequence with_modifiers(wchar_t c, int modifiers) {
    if ((modifiers & (kAlt | kMeta)) != 0) return Alt{c, true};
    return Typed{c};
}

/// A key that was sent as the number of its character. `shifted` is the character with Shift, and
/// `base` the one that the key has on a Latin keyboard; 0: not known.
DecodedSequence numbered_key(int code, int modifiers, int shifted, int base) {
    if ((modifiers & (kSuper | kHyper)) != 0) return UnknownKey{};
    if (code >= kFirstFunctional && code <= kLastFunctional) {
        const auto key = keypad_key(code);
        if (!key) return UnknownKey{};
        const auto* typed = std::get_if<Typed>(&*key);
        if (typed == nullptr) return modifiers == 0 ? *key : UnknownKey{};
        code = static_cast<int>(typed->c);
    }
    if (code <= 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return UnknownKey{};
    const bool shift = (modifiers & kShift) != 0, ctrl = (modifiers & kCtrl) != 0;
    switch (code) {
        case kEnterCode:
            return Typed{modifiers == 0 ? L'\r' : L'\n'};
        case kEscapeCode:
            return Typed{kEscapeCode};
        case kTabCode:
            if (shift) return sequence_of("[Z");
            return with_modifiers(L'\t', modifiers);
        case kEraseCode:
        case '\b':
            return with_modifiers(ctrl ? L'\b' : L'\x7f', modifiers);
        default:
            break;
    }
    auto c = static_cast<wchar_t>(code);
    if (ctrl) {
        if (c > 0x7f && base > 0 && base < 0x80) c = static_cast<wchar_t>(base);
        if (shift && shifted > 0 && shifted < 0x80) c = static_cast<wchar_t>(shifted);
        return with_modifiers(control_code(c), modifiers);
    }
    if (shift) c = shifted > 0 ? static_cast<wchar_t>(shifted) : std::towupper(c);
    return with_modifiers(c, modifiers);
}

/// The cursor keys and the like. With a modifier only those have a meaning that move or delete by
/// words.
DecodedSequence function_key(std::string_view name, int modifiers) {
    if (modifiers == 0) return sequence_of(name);
    if (modifiers != kCtrl && modifiers != kAlt && modifiers != kMeta) return UnknownKey{};
    if (name == "[C") return sequence_of("f");
    if (name == "[D") return sequence_of("b");
    if (name == "[3~") return sequence_of("d");
    return UnknownKey{};
}

DecodedSequence tilde_key(const ControlSequence& sequence) {
    switch (sequence.at(0)) {
        case 1:
        case 7:
            return function_key("[H", sequence.modifiers(1));
        case 4:
        case 8:
            return function_key("[F", sequence.modifiers(1));
        case 3:
            return function_key("[3~", sequence.modifiers(1));
        case 5:
            return function_key("[5~", sequence.modifiers(1));
        case 6:
            return function_key("[6~", sequence.modifiers(1));
        case 27:  // modifyOtherKeys
            return numbered_key(sequence.at(2), sequence.modifiers(1), 0, 0);
        default:
            return UnknownKey{};
    }
}

DecodedSequence report_in(const ControlSequence& sequence) {
    using Kind = TerminalReport::Kind;
    if (sequence.prefix == '?' && sequence.last == 'u') return TerminalReport{Kind::kKittyKeys, 0};
    if (sequence.prefix == '>' && sequence.last == 'c')
        return TerminalReport{Kind::kAttributes, sequence.at(0)};
    return TerminalReport{};
}

DecodedSequence decode_csi(const ControlSequence& sequence) {
    using Kind = TerminalReport::Kind;
    if (sequence.prefix != 0) return report_in(sequence);
    if (sequence.at(1, 1) == kReleased) return UnknownKey{};
    switch (sequence.last) {
        case 'A':
        case 'B':
        case 'C':
        case 'D':
        case 'H':
        case 'F':
            return function_key(std::string("[") + sequence.last, sequence.modifiers(1));
        case 'I':
            return TerminalReport{Kind::kFocusIn, 0};
        case 'O':
            return TerminalReport{Kind::kFocusOut, 0};
        case 'Z':
            return sequence_of("[Z");
        case '~':
            return tilde_key(sequence);
        case 'u':
            return numbered_key(sequence.at(0), sequence.modifiers(1), sequence.at(0, 1),
                                sequence.at(0, 2));
        default:
            return UnknownKey{};
    }
}

}  // namespace

DecodedSequence decode_sequence(std::string_view sent, bool with_alt) {
    if (sent.starts_with('O')) {
        if (sent == "OM") return Typed{L'\r'};
        if (sent.size() == 2 && std::string_view("ABCDHF").find(sent[1]) != std::string_view::npos)
            return function_key(std::string("[") + sent[1], with_alt ? kAlt : 0);
        return UnknownKey{};
    }
    ControlSequence sequence = parse_csi(sent);
    if (with_alt && sequence.prefix == 0 && sequence.parameters.empty())
        sequence.parameters = {{1}, {1 + kAlt}};
    return decode_csi(sequence);
}

bool begins_string(std::string_view bytes) {
    if (bytes.size() < 2) return false;
    constexpr std::string_view kAfterDcs = "0123456789$+!>|";
    constexpr std::string_view kAfterOsc = "0123456789lL";
    switch (bytes[0]) {
        case 'P':
            return kAfterDcs.find(bytes[1]) != std::string_view::npos;
        case ']':
            return kAfterOsc.find(bytes[1]) != std::string_view::npos;
        case '_':
            return bytes[1] == 'G';
        default:
            return false;
    }
}

}  // namespace tenon::terminal
