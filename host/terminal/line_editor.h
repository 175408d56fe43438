#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace tenon::terminal {

/// The line being edited: keys in, text and cursor out, with the keys of emacs or vi and the `bind`
/// lines of ~/.editrc (or $EDITRC), by libedit. It draws nothing, reads nothing and knows no
/// history: what libedit believes to be its terminal is a private one. A line may hold line feeds.
/// Main thread, in a locale whose LC_CTYPE is UTF-8.
class LineEditor {
public:
    /// What a key asks of the owner; the editor has done nothing then.
    enum class Asks {
        kNothing,
        kEnter,
        kNewline,
        kUp,
        kDown,
        kLineStart,
        kLineEnd,
        kSearch,
        kComplete
    };

    /// `more` gives the next key when one command takes several (Ctrl-V and its character); nothing
    /// gives the command up.
    static Result<std::unique_ptr<LineEditor>> open(std::function<std::optional<wchar_t>()> more);
    virtual ~LineEditor() = default;

    virtual Asks feed(wchar_t key) = 0;
    virtual void insert(std::string_view text) = 0;
    /// Removes so many characters before the cursor.
    virtual void erase_before(std::size_t characters) = 0;
    /// The cursor goes behind `before`, in front of `after`.
    virtual void set(std::string_view before, std::string_view after) = 0;
    /// An empty line in the state at a line's beginning.
    virtual void clear() = 0;
    [[nodiscard]] virtual std::string before_cursor() const = 0;
    [[nodiscard]] virtual std::string after_cursor() const = 0;
    [[nodiscard]] virtual bool empty() const = 0;
};

/// The text of the person's key bindings; empty when there is none.
std::string editrc_text();

}  // namespace tenon::terminal
