#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tenon::terminal {

/// What may be sent to the kind of terminal that the environment names. Sequences that a terminal
/// does not know are harmless only if it parses them as ECMA-48 says, which consoles and old
/// terminals do not.
struct TerminalKind {
    bool parses_sequences = false;   ///< ignores the control sequences and strings it does not know
    bool takes_osc9 = false;         ///< known to show a desktop notification for OSC 9
    bool has_modified_keys = false;  ///< modifyOtherKeys, without saying so in an answer
    /// Known to wrap rows anew when its width changes. Others cut the rows that are too long.
    bool rewraps = false;
    /// tmux: draws in a new size at once, and tells the program up to 250 ms later when it has told
    /// another size just before.
    bool tells_size_late = false;
    bool operator==(const TerminalKind&) const = default;
};

/// `variable` returns the value of an environment variable; empty: not set. Pure.
TerminalKind terminal_kind(const std::function<std::string(std::string_view)>& variable);

/// Whether a terminal whose answer to `CSI > c` begins with this number has modifyOtherKeys.
bool has_modified_keys(int attributes);

/// Whether such a terminal is tmux, which may be unknown to the environment over SSH.
bool is_tmux(int attributes);

}  // namespace tenon::terminal
