#include "host/terminal/undo_states.h"

#include <string_view>
#include <utility>

#include "host/base/character.h"

namespace tenon::terminal {
namespace {

std::size_t size_of(const LineAtCursor& state) {
    return state.before.size() + state.after.size();
}

/// What `longer` has behind `shorter`, if that is one character.
std::string_view one_more(const std::string& shorter, const std::string& longer) {
    if (longer.size() <= shorter.size() || longer.size() > shorter.size() + 4) return {};
    if (!longer.starts_with(shorter)) return {};
    const std::string_view more = std::string_view(longer).substr(shorter.size());
    return to_wide(more).size() == 1 ? more : std::string_view{};
}

bool is_blank_character(std::string_view c) {
    return c == " " || c == "\n" || c == "\t";
}

}  // namespace

void UndoStates::begin(LineAtCursor now) {
    if (!begun_) begun_ = std::move(now);
}

void UndoStates::end(const LineAtCursor& now) {
    if (!begun_) return;
    LineAtCursor old = *std::exchange(begun_, std::nullopt);
    if (old.text() == now.text()) return;
    Run run = Run::kNone;
    bool begins_word = false;
    if (old.after == now.after) {
        if (const auto typed = one_more(old.before, now.before); !typed.empty()) {
            run = Run::kTyped;
            begins_word =
                !is_blank_character(typed) && !old.before.empty() &&
                is_blank_character(std::string_view(old.before).substr(old.before.size() - 1));
        } else if (!one_more(now.before, old.before).empty()) {
            run = Run::kErased;
        }
    }
    const bool goes_on = run != Run::kNone && run == run_ && old == run_end_ && !begins_word;
    if (!goes_on) keep(std::move(old));
    run_ = run;
    run_end_ = now;
}

void UndoStates::keep(LineAtCursor state) {
    bytes_ += size_of(state);
    states_.push_back(std::move(state));
    while (states_.size() > kMost || (bytes_ > kMostBytes && states_.size() > 1)) {
        bytes_ -= size_of(states_.front());
        states_.pop_front();
    }
}

std::optional<LineAtCursor> UndoStates::undo() {
    begun_.reset();
    run_ = Run::kNone;
    if (states_.empty()) return std::nullopt;
    LineAtCursor state = std::move(states_.back());
    states_.pop_back();
    bytes_ -= size_of(state);
    return state;
}

void UndoStates::forget() {
    *this = {};
}

}  // namespace tenon::terminal
