#include "tests/terminal/terminal_fixture.h"

/// Questions at a real terminal, with its own clock. When which key counts: question_typing_test.
namespace tenon::testing {
namespace {

struct AQuestion : ATerminal {
    /// Lets the child ask, and waits until the question takes keys.
    static void ask(Pty& pty, const std::string& line = "ask") {
        const std::size_t before = pty.raw().size();
        pty.send(line + "\r");
        EXPECT_TRUE(is_ready(pty, before)) << pty.screen();
    }
    /// Waits until the question has said, since `before`, that it waits, and no longer says so.
    static bool is_ready(Pty& pty, std::size_t before) {
        return pty.wait_until([&] {
            return pty.raw().find("waits for quiet", before) != std::string::npos &&
                   pty.screen().find("waits for quiet") == std::string::npos;
        });
    }
    static bool shows(Pty& pty, const std::string& text) {
        return pty.wait_until([&] { return pty.screen().find(text) != std::string::npos; });
    }
};

TEST_F(AQuestion, IsAnsweredByAKeyOrAWord) {
    struct Case {
        std::string keys, answer;
    };
    for (const auto& [keys, answer] : std::vector<Case>{{"y", "answer: y"},
                                                        {"Y", "answer: y"},
                                                        {"yes\r", "answer: y"},
                                                        {"NO\r", "answer: n"},
                                                        {"n\r", "answer: n"},
                                                        {"a\r", "answer: a"}}) {
        SCOPED_TRACE(keys);
        auto pty = start();
        ask(*pty);
        type(*pty, keys, answer);
        pty->send("more\r");
        EXPECT_TRUE(has_screen(*pty, "ready\nline: ask\n" + answer + "\nline: more\n>\n"))
            << pty->screen();
    }
}

TEST_F(AQuestion, IsAnsweredByWordsThatComeByteByByte) {
    for (const std::string word : {"yes\r", "No\r"}) {
        SCOPED_TRACE(word);
        auto pty = start();
        ask(*pty);
        for (const char key : word) {
            pty->send({&key, 1});
            // 30 keys a second.
            (void)pty->wait_until([] { return false; }, std::chrono::milliseconds(33));
        }
        const std::string answer = word == "yes\r" ? "answer: y" : "answer: n";
        EXPECT_TRUE(has_screen(*pty, "ready\nline: ask\n" + answer + "\n>\n")) << pty->screen();
    }
}

TEST_F(AQuestion, IsNotAnsweredByWhatIsTypedWhenItComesUp) {
    auto pty = start();
    // In one piece: all of it has arrived when the question is put.
    type(*pty, "ask\ry", "> y");
    EXPECT_TRUE(is_ready(*pty, 0)) << pty->screen();
    type(*pty, "n", "answer: n");
    type(*pty, "!\r", "line: y!");
}

/// Types 30 keys a second. False when the machine was too busy for that.
bool types_fast(Pty& pty, const std::string& keys) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kAlmostQuiet{900};
    bool fast = true;
    auto last = Clock::now();
    for (const char key : keys) {
        (void)pty.wait_until([] { return false; }, std::chrono::milliseconds(33));
        pty.send({&key, 1});
        fast = fast && Clock::now() - last < kAlmostQuiet;
        last = Clock::now();
    }
    return fast;
}

TEST_F(AQuestion, ThatComesUpWhileSomebodyTypesIsNotAnswered) {
    const std::string line = "y, no and yes please, annoy a happy panda apply";
    std::unique_ptr<Pty> pty;
    std::size_t before = 0;
    int tries = 0;
    for (bool fast = false; !fast; ++tries) {
        ASSERT_LT(tries, 10) << "this machine lets nobody type 30 keys a second";
        pty = start();
        // The Enter behind each "ask" shows a question; the keys behind it go into the line.
        fast = types_fast(*pty, "ask \r" + line + "\rask \r" + line);
        before = pty->raw().size();
        fast = types_fast(*pty, "\r") && fast;
    }
    EXPECT_TRUE(pty->wait_until([&] {
        const std::string all = pty->everything();
        return all.find("line: " + line) != all.rfind("line: " + line);
    })) << pty->everything();
    EXPECT_TRUE(is_ready(*pty, before)) << pty->screen();
    EXPECT_EQ(pty->everything().find("answer"), std::string::npos) << pty->everything();
    type(*pty, "n", "answer: n");
}

TEST_F(AQuestion, IsNotAnsweredByAPaste) {
    for (const std::string keys : {"\033[200~y\033[201~", "yes, it may"}) {
        SCOPED_TRACE(keys);
        auto pty = start();
        ask(*pty);
        const std::size_t before = pty->raw().size();
        type(*pty, keys, keys[0] == 'y' ? "> yes, it may" : "> y");
        EXPECT_EQ(pty->screen().find("answer"), std::string::npos);
        EXPECT_TRUE(is_ready(*pty, before)) << pty->screen();
        type(*pty, "n", "answer: n");
    }
}

TEST_F(AQuestion, ShowsTheRuleBeforeEnterAppliesIt) {
    auto pty = start();
    ask(*pty);
    type(*pty, "a", "Bash(the command)");
    EXPECT_TRUE(shows(*pty, "Enter  does this\n  a  the prefix\n  Esc  back\n"));
    type(*pty, "a", "Bash(the *)");
    EXPECT_TRUE(shows(*pty, "  a  this exact command\n"));
    type(*pty, "\033", "yes, this once");
    type(*pty, "a", "Bash(the command)");
    type(*pty, "a", "Bash(the *)");
    type(*pty, "\r", "answer: a2");
}

TEST_F(AQuestion, TakesWordsForTheModelAndPutsTheLineBack) {
    auto pty = start();
    type(*pty, "ask\rdraft", "> draft");
    EXPECT_TRUE(is_ready(*pty, 0)) << pty->screen();
    type(*pty, "\t", "Tell the model what to do instead.");
    EXPECT_TRUE(shows(*pty, "\n>\n")) << pty->screen();
    type(*pty, "use pnpm\r", "answer: n with use pnpm");
    EXPECT_TRUE(pty->wait_for("> draft")) << pty->screen();
}

TEST_F(AQuestion, HoldsTheCommandAndTheChoicesAtEverySize) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {80, 24}, {200, 50}}) {
        for (const std::string lines : {"1", "20", "500"}) {
            SCOPED_TRACE(std::to_string(size.columns) + ", " + lines);
            auto pty = start(size);
            ask(*pty, "ask " + lines);
            const std::string screen = pty->screen();
            EXPECT_NE(screen.find("$ the command"), std::string::npos) << screen;
            if (lines != "1") EXPECT_NE(screen.find(lines + "\n"), std::string::npos) << screen;
            for (const std::string label : {"y", "n", "a", "Tab"})
                EXPECT_TRUE(screen.find(label + " ") != std::string::npos) << screen;
            type(*pty, "y", "answer: y");
        }
    }
}

TEST_F(AQuestion, IsLaidOutAnewWhenTheSizeChanges) {
    auto pty = start({80, 24});
    ask(*pty, "ask 20");
    EXPECT_TRUE(shows(*pty, "    line 20\n  y  yes, this once\n")) << pty->screen();
    pty->resize({20, 5});
    EXPECT_TRUE(shows(*pty, "\ny yes  n no\nTab words  a always\n")) << pty->screen();
    pty->resize({80, 24});
    EXPECT_TRUE(shows(*pty, "    line 20\n  y  yes, this once\n")) << pty->screen();
    type(*pty, "y", "answer: y");
}

TEST_F(AQuestion, IsNotAnsweredWhereItsLabelsDoNotFit) {
    auto pty = start({19, 5});
    pty->send("ask\r");
    EXPECT_TRUE(shows(*pty, "A question waits.")) << pty->screen();
    type(*pty, "n", "> n");
    pty->resize({20, 5});
    EXPECT_TRUE(shows(*pty, "y yes  n no")) << pty->screen();
}

TEST_F(AQuestion, IsShownInFullByCtrlO) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {80, 24}}) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        ask(*pty, "ask 100");
        pty->send("\x0f");
        EXPECT_TRUE(pty->wait_until([&] {
            const std::string all = pty->everything();
            for (int i = 2; i <= 100; ++i)
                if (all.find("line " + std::to_string(i) + "\n") == std::string::npos) return false;
            return true;
        })) << pty->everything();
        type(*pty, "y", "answer: y");
    }
}

TEST_F(AQuestion, WaitsAgainWhenTheProgramIsContinued) {
    auto pty = start();
    ask(*pty);
    const std::size_t before = pty->raw().size();
    pty->send_signal(SIGCONT);  // somebody has typed fg
    EXPECT_TRUE(is_ready(*pty, before)) << pty->screen();
    type(*pty, "y", "answer: y");
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
