#include "host/terminal/terminal_kind.h"

#include <algorithm>
#include <array>

namespace tenon::terminal {
namespace {

/// Values of TERM, or their beginnings, of terminals that show parts of sequences they do not know.
constexpr auto kSimpleTerminals = std::to_array<std::string_view>(
    {"dumb", "linux", "vt", "ansi", "pcansi", "cons", "sun", "wsvt", "eterm", "xterm-old", "bvt"});

}  // namespace

TerminalKind terminal_kind(const std::function<std::string(std::string_view)>& variable) {
    const std::string term = variable("TERM");
    const bool is_simple =
        term.empty() || std::any_of(kSimpleTerminals.begin(), kSimpleTerminals.end(),
                                    [&](std::string_view name) { return term.starts_with(name); });
    if (is_simple) return {};
    TerminalKind kind;
    kind.parses_sequences = true;
    // tmux and screen do not forward OSC 9 to the terminal around them.
    kind.takes_osc9 = !term.starts_with("screen") && !term.starts_with("tmux") &&
                      variable("TMUX").empty() && variable("STY").empty();
    const std::string program = variable("TERM_PROGRAM");
    kind.has_modified_keys = program == "WezTerm" || program == "mintty";
    return kind;
}

bool has_modified_keys(int attributes) {
    // xterm (a VT420 or VT525), mintty, tmux. Others take `CSI > 4 ; 1 m` for a colour: the
    // Terminal of macOS answers 1, as old VT220 do.
    constexpr auto kKnown = std::to_array({41, 64, 77, 84});
    return std::find(kKnown.begin(), kKnown.end(), attributes) != kKnown.end();
}

}  // namespace tenon::terminal
