#include "host/terminal/terminal_kind.h"

#include <algorithm>
#include <array>

namespace tenon::terminal {
namespace {

/// Values of TERM, or their beginnings, of terminals that show parts of sequences they do not know.
constexpr auto kSimpleTerminals = std::to_array<std::string_view>(
    {"dumb", "linux", "vt", "ansi", "pcansi", "cons", "sun", "wsvt", "eterm", "xterm-old", "bvt"});

using Variable = std::function<std::string(std::string_view)>;

/// Whether the terminal is one of those that document OSC 9 as a desktop notification: iTerm2 (its
/// "Proprietary Escape Codes"), kitty ("Desktop notifications"), WezTerm ("Escape Sequences"),
/// Ghostty, foot (foot-ctlseqs(7)), Warp. Elsewhere it means something else, or nothing. TERM tells
/// some of them also over SSH. tmux and screen do not forward it.
bool is_known_to_take_osc9(const std::string& term, const Variable& variable) {
    constexpr auto kPrograms =
        std::to_array<std::string_view>({"iTerm.app", "WezTerm", "ghostty", "WarpTerminal"});
    constexpr auto kTerms =
        std::to_array<std::string_view>({"xterm-kitty", "xterm-ghostty", "wezterm", "foot"});
    if (term.starts_with("screen") || term.starts_with("tmux") || !variable("TMUX").empty() ||
        !variable("STY").empty())
        return false;
    const std::string program = variable("TERM_PROGRAM");
    return std::find(kPrograms.begin(), kPrograms.end(), program) != kPrograms.end() ||
           std::any_of(kTerms.begin(), kTerms.end(),
                       [&](std::string_view name) { return term.starts_with(name); }) ||
           variable("LC_TERMINAL") == "iTerm2" || !variable("KITTY_WINDOW_ID").empty();
}

/// Whether the terminal is one of those that wrap long lines anew when the width changes. Variables
/// that a terminal sets are also seen in another one that is started from it: xterm, screen and
/// those within an editor do not wrap anew, so they are looked for first.
bool is_known_to_rewrap(const std::string& term, const Variable& variable) {
    const auto is_set = [&](std::string_view name) { return !variable(name).empty(); };
    constexpr auto kOthers = std::to_array<std::string_view>(
        {"XTERM_VERSION", "VIM_TERMINAL", "NVIM", "INSIDE_EMACS", "STY"});
    if (std::any_of(kOthers.begin(), kOthers.end(), is_set)) return false;
    constexpr auto kTerms = std::to_array<std::string_view>(
        {"tmux", "xterm-kitty", "xterm-ghostty", "wezterm", "foot", "alacritty", "contour"});
    if (std::any_of(kTerms.begin(), kTerms.end(),
                    [&](std::string_view name) { return term.starts_with(name); }))
        return true;
    constexpr auto kPrograms =
        std::to_array<std::string_view>({"iTerm.app", "Apple_Terminal", "WezTerm", "ghostty"});
    if (std::find(kPrograms.begin(), kPrograms.end(), variable("TERM_PROGRAM")) !=
            kPrograms.end() ||
        variable("LC_TERMINAL") == "iTerm2")
        return true;
    constexpr auto kVariables =
        std::to_array<std::string_view>({"TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "WT_SESSION",
                                         "KONSOLE_VERSION", "ALACRITTY_WINDOW_ID"});
    return std::any_of(kVariables.begin(), kVariables.end(), is_set);
}

}  // namespace

TerminalKind terminal_kind(const Variable& variable) {
    const std::string term = variable("TERM");
    const bool is_simple =
        term.empty() || std::any_of(kSimpleTerminals.begin(), kSimpleTerminals.end(),
                                    [&](std::string_view name) { return term.starts_with(name); });
    if (is_simple) return {};
    TerminalKind kind;
    kind.parses_sequences = true;
    kind.takes_osc9 = is_known_to_take_osc9(term, variable);
    kind.rewraps = is_known_to_rewrap(term, variable);
    kind.tells_size_late = kind.rewraps && (term.starts_with("tmux") || !variable("TMUX").empty());
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

bool is_tmux(int attributes) {
    constexpr int kTmux = 84;
    return attributes == kTmux;
}

}  // namespace tenon::terminal
