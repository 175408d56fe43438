#include <algorithm>

#include "tests/sitting/person.h"

/// Whole sittings at several sizes: nothing on the screen or in the scrollback is torn.
namespace tenon::testing {
namespace {

/// A list that comes slowly, line after line.
Json streams_list() {
    std::string text;
    for (int i = 1; i <= 12; ++i)
        text += "- item " + std::to_string(100 + i) + "\n";
    Json step = says(text);
    step["piece"] = 6;
    step["gap_ms"] = 15;
    return step;
}

/// How often `text` stands in a line of its own.
std::size_t lines_with(const std::string& all, const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find(text + "\n", at)) != all.npos; at += text.size())
        if (at == 0 || all[at - 1] == '\n') ++count;
    return count;
}

class Sitter {
public:
    explicit Sitter(const Pty::Size& size)
        : person({streams_list(), calls("t1", "background_run", {{"command", "cat gate"}}),
                  says("It has begun."), says("It is over.")},
                 {.size = size}),
          gate(person.sandbox.workspace()),
          size_(size) {}

    void becomes(const Pty::Size& size) {
        size_ = size;
        person.terminal().resize(size);
    }
    /// The input row is the last but one, below it is the status, and the screen has no other one.
    void expect_an_empty_line_at_the_bottom() {
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            return lines.size() > 1 && lines[lines.size() - 2] == ">" &&
                   lines.size() <= static_cast<std::size_t>(size_.rows);
        })) << person.shown();
        const auto lines = person.terminal().lines();
        EXPECT_EQ(std::count(lines.begin(), lines.end(), ">"), 1) << person.shown();
    }
    void answers_yes() {
        EXPECT_TRUE(person.terminal().wait_until([&] {
            return Person::states_a_question(person.terminal().lines().back());
        })) << person.shown();
        person.types("y");
    }
    void goes_on_with_the_job() {
        EXPECT_TRUE(person.sees("It has begun.")) << person.shown();
        expect_an_empty_line_at_the_bottom();
        gate.wait();
        gate.open("made\n");
        EXPECT_TRUE(person.sees("It is over.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        expect_an_empty_line_at_the_bottom();
    }
    void comes_back() {
        person.types("\x04");
        EXPECT_EQ(person.leaves(), 0);
        person.sit_down({.arguments = {"--continue"}, .size = size_});
        EXPECT_TRUE(person.sees("It is over.\n")) << person.shown();
        expect_an_empty_line_at_the_bottom();
    }

    Person person;
    Gate gate;

private:
    Pty::Size size_;
};

TEST(WholeSitting, LeavesEachLineOnceAndWholeAtEverySize) {
    for (const Pty::Size& size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Sitter sitter(size);
        Person& person = sitter.person;
        person.enters("list");
        EXPECT_TRUE(person.sees("item 102")) << person.shown();
        person.enters("begin");  // waits for its turn
        sitter.answers_yes();
        sitter.goes_on_with_the_job();
        const std::string all = person.shown();
        for (int i = 101; i <= 112; ++i)
            EXPECT_EQ(lines_with(all, "- item " + std::to_string(i)), 1U) << all;
        for (const char* once : {"> list", "> begin", "It has begun.", "It is over."})
            EXPECT_EQ(lines_with(all, once), 1U) << once << "\n" << all;
        sitter.comes_back();
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(WholeSitting, StaysInOrderWhileTheSizeChanges) {
    Sitter sitter({80, 24});
    Person& person = sitter.person;
    person.enters("list");
    EXPECT_TRUE(person.sees("item 102")) << person.shown();
    sitter.becomes({40, 12});
    EXPECT_TRUE(person.sees("item 106")) << person.shown();
    sitter.becomes({20, 5});
    EXPECT_TRUE(person.sees("item 112")) << person.shown();
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    sitter.expect_an_empty_line_at_the_bottom();
    sitter.becomes({200, 50});
    sitter.expect_an_empty_line_at_the_bottom();
    person.enters("begin");
    EXPECT_TRUE(person.terminal().wait_for("wants to run")) << person.shown();
    sitter.becomes({40, 12});
    EXPECT_TRUE(person.terminal().wait_for("wants to run")) << person.shown();
    sitter.becomes({20, 5});
    sitter.answers_yes();
    sitter.goes_on_with_the_job();
    sitter.becomes({80, 24});
    sitter.expect_an_empty_line_at_the_bottom();
    // What is written to a screen that has just become smaller can be there twice.
    const std::string all = person.shown();
    std::size_t at = 0;
    for (int i = 101; i <= 112; ++i) {
        at = all.find("- item " + std::to_string(i) + "\n", at);
        ASSERT_NE(at, std::string::npos) << i << "\n" << all;
    }
    for (const char* once : {"It has begun.", "It is over."})
        EXPECT_EQ(lines_with(all, once), 1U) << once << "\n" << all;
    sitter.comes_back();
    EXPECT_EQ(person.server().refusals(), 0);
}

}  // namespace
}  // namespace tenon::testing
