#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "host/terminal/pastes.h"

namespace tenon::terminal {

/// The states of the edited line to which the person can go back. Characters that are typed one
/// after the other count as one change for each word, and so do those that are erased one after
/// the other. The oldest states go first when they become many. Pure.
class UndoStates {
public:
    static constexpr std::size_t kMost = 500;
    static constexpr std::size_t kMostBytes = 1 << 20;

    /// A change begins; the line is `now`. Has no effect inside another change.
    void begin(LineAtCursor now);
    /// It has ended, and the line is `now`.
    void end(const LineAtCursor& now);
    /// The state before the last change, which is forgotten. Nothing: there is none. A change that
    /// has begun is none.
    std::optional<LineAtCursor> undo();
    /// There is no way back from here.
    void forget();

private:
    enum class Run { kNone, kTyped, kErased };
    void keep(LineAtCursor state);

    std::optional<LineAtCursor> begun_;
    std::deque<LineAtCursor> states_;
    std::size_t bytes_ = 0;
    Run run_ = Run::kNone;  // of the last change
    LineAtCursor run_end_;
};

}  // namespace tenon::terminal
