#include "tests/ui/terminal_fixture.h"

namespace tenon::testing {
namespace {

using AQuestion = ATerminal;

constexpr const char* kAsked = "[y]es [n]o";

TEST_F(AQuestion, IsAnsweredByAKeyWithOrWithoutEnter) {
    struct Case {
        std::string keys, answer;
    };
    for (const auto& [keys, answer] :
         std::vector<Case>{{"y", "answer: y"}, {"n\r", "answer: n"}, {"Y", "answer: y"}}) {
        SCOPED_TRACE(keys);
        auto pty = start();
        type(*pty, "ask\r", kAsked);
        type(*pty, keys, answer);
        pty->send("more\r");
        EXPECT_TRUE(has_screen(*pty, "ready\nline: ask\n" + answer + "\nline: more\n>\n"))
            << pty->screen();
    }
}

TEST_F(AQuestion, TakesAnEnterThatFollowsItsAnswer) {
    auto pty = start();
    type(*pty, "ask\rtyped before", "> typed before");
    type(*pty, "y", "answer: y");
    pty->send("\r");
    type(*pty, ", and after\r", "line: typed before, and after");
}

TEST_F(AQuestion, IsNotAnsweredByWhatWasTypedBefore) {
    auto pty = start();
    // In one piece: all of it has arrived when the question is put.
    type(*pty, "ask\ry", "> y");
    EXPECT_TRUE(pty->wait_for(kAsked));
    type(*pty, "n", "answer: n");
    type(*pty, "es\r", "line: yes");
}

TEST_F(AQuestion, IsNotAnsweredByAPaste) {
    for (const std::string keys : {"\033[200~y\033[201~", "yes, it may"}) {
        SCOPED_TRACE(keys);
        auto pty = start();
        type(*pty, "ask\r", kAsked);
        type(*pty, keys, keys[0] == 'y' ? "> yes, it may" : "> y");
        EXPECT_EQ(pty->screen().find("answer"), std::string::npos);
        type(*pty, "n", "answer: n");
    }
}

TEST_F(AQuestion, IsFoldedWhereItIsTooLong) {
    auto pty = start({10, 10});
    pty->send("ask\r");
    EXPECT_TRUE(has_screen(*pty, "ready\nline: ask\nMay it run\n?\n[y]es [n]o\n>\n"))
        << pty->screen();
}

TEST_F(AQuestion, RefusesOtherKeys) {
    auto pty = start();
    type(*pty, "ask\r", kAsked);
    const std::size_t before = pty->raw().size();
    pty->send("x");
    EXPECT_TRUE(
        pty->wait_until([&] { return pty->raw().find('\a', before) != std::string::npos; }));
    pty->send("\r");
    type(*pty, "y", "answer: y");
    EXPECT_EQ(pty->screen(), "ready\nline: ask\nanswer: y\n>\n");
}

TEST_F(AQuestion, IsInterruptedAndKeepsTheLine) {
    auto pty = start();
    type(*pty, "ask\rtyped", "> typed");
    type(*pty, "\x03", "interrupt");
    EXPECT_EQ(pty->screen().find("with text"), std::string::npos);
    EXPECT_NE(pty->screen().find("> typed\n"), std::string::npos);
}

}  // namespace
}  // namespace tenon::testing
