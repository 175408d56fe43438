#pragma once

#include <string>
#include <string_view>
#include <variant>

/// The keys and answers that a terminal sends as control sequences.
///
/// Sources: the control sequences of xterm (invisible-island.net/xterm/ctlseqs, also for
/// modifyOtherKeys), and kitty's keyboard protocol (sw.kovidgoyal.net/kitty/keyboard-protocol).
namespace tenon::terminal {

/// A character or a control code, as typed. 0x1b is the key Esc.
struct Typed {
    wchar_t c = 0;
    bool operator==(const Typed&) const = default;
};
/// The key Alt with a character or a control code.
struct Alt {
    wchar_t c = 0;
    bool is_certain = false;  ///< else Esc and the character, sent at once, look the same
    bool operator==(const Alt&) const = default;
};
/// A key that is no character, as the sequence that the line editor knows: the cursor keys, Home
/// and End as "ESC [ A" and so on, whatever the terminal sends; the keys that move by words as "ESC
/// f".
struct Sequence {
    std::string bytes;
    bool bound = false;  ///< by the user's editrc
    bool operator==(const Sequence&) const = default;
};
/// What the terminal itself has sent; nobody has typed it.
struct TerminalReport {
    enum class Kind {
        kFocusIn,
        kFocusOut,
        kKittyKeys,   ///< it has kitty's keyboard protocol
        kAttributes,  ///< the answer to `CSI > c`; `value` is its first number, the kind of
                      ///< terminal
        kOther,
    };
    Kind kind = Kind::kOther;
    int value = 0;
    bool operator==(const TerminalReport&) const = default;
};
/// A key that has no meaning here, or the release of a key.
struct UnknownKey {};

using DecodedSequence = std::variant<UnknownKey, Typed, Alt, Sequence, TerminalReport>;

/// `sent` is a whole sequence without its ESC: "[1;5C", "OA". `with_alt`: a further ESC came right
/// before it. Pure.
DecodedSequence decode_sequence(std::string_view sent, bool with_alt = false);

/// Whether `bytes`, which follow an ESC, begin a string of the terminal: the answer to a query of
/// this or another program, which ends with BEL or `ESC \`.
bool begins_string(std::string_view bytes);

}  // namespace tenon::terminal
