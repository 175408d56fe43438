#include "host/terminal/undo_states.h"

#include <gtest/gtest.h>

namespace tenon::terminal {
namespace {

/// A line, and what is done to it.
struct UndoneLine {
    void becomes(const std::string& before, const std::string& after = {}) {
        states.begin(line);
        line = {before, after};
        states.end(line);
    }
    void types(std::string_view text) {
        for (const char c : text)
            becomes(line.before + c, line.after);
    }
    /// "-": there is nothing to undo.
    std::string undo() {
        const auto back = states.undo();
        if (!back) return "-";
        line = *back;
        return line.text();
    }
    LineAtCursor line;
    UndoStates states;
};

TEST(UndoStates, GoBackWordByWord) {
    UndoneLine line;
    line.types("one two");
    EXPECT_EQ(line.undo(), "one ");
    EXPECT_EQ(line.undo(), "");
    EXPECT_EQ(line.undo(), "-");
}

TEST(UndoStates, GoBackOverEveryOtherChangeAtOnce) {
    UndoneLine line;
    line.types("abc");
    line.becomes("");                // Ctrl-U
    line.becomes("a pasted text");   // a paste
    line.becomes("a pasted ");       // Ctrl-W
    line.becomes("a pasted text,");  // a completion
    EXPECT_EQ(line.undo(), "a pasted ");
    EXPECT_EQ(line.undo(), "a pasted text");
    EXPECT_EQ(line.undo(), "");
    EXPECT_EQ(line.undo(), "abc");
    EXPECT_EQ(line.undo(), "");
}

TEST(UndoStates, CountCharactersThatAreErasedOneByOneAsOneChange) {
    UndoneLine line;
    line.types("abc");
    for (const char* left : {"ab", "a", ""})
        line.becomes(left);
    EXPECT_EQ(line.undo(), "abc");
}

TEST(UndoStates, BeginAnotherChangeWhereTheCursorWasMoved) {
    UndoneLine line;
    line.types("ac");
    line.becomes("a", "c");  // no change
    line.types("b");
    EXPECT_EQ(line.undo(), "ac");
    EXPECT_EQ(line.line, (LineAtCursor{"a", "c"}));
    EXPECT_EQ(line.undo(), "");
}

TEST(UndoStates, ForgetWhatWasEntered) {
    UndoneLine line;
    line.types("abc");
    line.states.begin(line.line);
    line.states.forget();  // by Enter
    line.line = {};
    line.states.end(line.line);
    EXPECT_EQ(line.undo(), "-");
}

TEST(UndoStates, KeepALimitedNumberAndSize) {
    UndoneLine line;
    for (std::size_t i = 0; i < UndoStates::kMost + 10; ++i)
        line.becomes(std::to_string(i) + "--");
    std::size_t count = 0;
    while (line.undo() != "-")
        ++count;
    EXPECT_EQ(count, UndoStates::kMost);
    const std::string large(UndoStates::kMostBytes / 2, 'x');
    for (const std::string end : {"1aa", "2bb", "3cc", "4dd"})
        line.becomes(large + end);
    EXPECT_EQ(line.undo(), large + "3cc");
    EXPECT_EQ(line.undo(), "-");
}

}  // namespace
}  // namespace tenon::terminal
