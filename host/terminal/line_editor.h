#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace tenon::terminal {

/// An action that a key is bound to and that the owner of the editor must do.
enum class EditorAction {
    kNone,
    kEnter,
    kNewline,
    kUp,
    kDown,
    kLineStart,
    kLineEnd,
    kSearch,
    kComplete,
    kUndo,
    kEditor,  ///< edit the line in a program of the user
};

/// Edits one line, which may hold line feeds: keys in, text and cursor out. libedit does it, with
/// the keys of emacs or vi and the `bind` lines of ~/.editrc (or $EDITRC). The editor does not
/// draw, read keys or know the history: libedit's terminal is a private one. Main thread, in a
/// locale whose LC_CTYPE is UTF-8.
class LineEditor {
public:
    /// `more` returns the next key of a command that takes several (Ctrl-V and its character), or
    /// nothing, which cancels the command.
    static Result<std::unique_ptr<LineEditor>> open(std::function<std::optional<wchar_t>()> more);
    virtual ~LineEditor() = default;

    /// When an action comes back, the editor has changed nothing.
    virtual EditorAction feed(wchar_t key) = 0;
    virtual void insert(std::string_view text) = 0;
    /// The text becomes `before` and `after`, with the cursor between them.
    virtual void set(std::string_view before, std::string_view after) = 0;
    /// Empties the line and returns to the editor's state at the beginning of a line.
    virtual void clear() = 0;
    [[nodiscard]] virtual std::string before_cursor() const = 0;
    [[nodiscard]] virtual std::string after_cursor() const = 0;
    [[nodiscard]] virtual bool empty() const = 0;
    /// Whether a command is bound to Esc and `c`. Not in vi, where Esc is a command of its own.
    [[nodiscard]] virtual bool binds_alt(wchar_t c) = 0;
    /// Whether the keys are those of vi, and text can be typed.
    [[nodiscard]] virtual bool is_in_vi_insert_mode() = 0;
};

/// The contents of ~/.editrc or $EDITRC; empty when it cannot be read.
std::string editrc_text();

}  // namespace tenon::terminal
