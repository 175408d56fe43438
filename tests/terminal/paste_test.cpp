#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

using APaste = ATerminal;

std::string pasted(const std::string& text) {
    return "\033[200~" + text + "\033[201~";
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

TEST_F(APaste, StandsInTheLineWithItsLineEnds) {
    auto pty = start();
    pty->send("see: " + pasted("one\r\ttwo\r\nthree\033[31m\x07"));
    EXPECT_TRUE(has_screen(*pty, "ready\n> see: one\n      two\n  three[31m\n")) << pty->screen();
    type(*pty, "\r", "line: see: one|<tab>two|three[31m");
}

TEST_F(APaste, OfManyLinesHasAPlaceholder) {
    auto pty = start();
    const std::string text = repeated("0123456789\n", 2341);
    type(*pty, "look at " + pasted(text), "> look at [pasted text #1, 2,341 lines]");
    type(*pty, pasted(std::string(3000, 'x')), "[pasted text #2, 1 line]");
    type(*pty, "\r", "line: (" + std::to_string(8 + text.size() + 3000) + " bytes)");
    type(*pty, "\033[A", "> look at [pasted text #1, 2,341 lines][pasted text #2, 1 line]");
    type(*pty, "\r", "line: (" + std::to_string(8 + text.size() + 3000) + " bytes)");
}

TEST_F(APaste, GoesAsAWholeWithOneBackspace) {
    auto pty = start();
    type(*pty, "a" + pasted(repeated("line\n", 20)), "> a[pasted text #1, 20 lines]");
    type(*pty,
         "\x7f"
         "b\r",
         "line: ab");
}

TEST_F(APaste, ThatIsTooLargeIsRefused) {
    auto pty = start();
    pty->send(pasted(repeated("0123456789abcde\n", 100 * 65536)));
    EXPECT_TRUE(pty->wait_for("larger than 8 MiB")) << pty->screen();
    type(*pty, "still here\r", "line: still here");
}

TEST_F(APaste, WithoutAnEndIsGivenUpAtCtrlC) {
    auto pty = start();
    pty->send("\033[200~never ends\r");
    ASSERT_TRUE(pty->wait_for("receiving pasted text"));
    type(*pty, "\x03", "interrupt");
    type(*pty, "a line\r", "line: a line");
}

}  // namespace
}  // namespace tenon::testing
