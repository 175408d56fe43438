#include "host/terminal/pastes.h"
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

TEST(Pastes, AreEchoedAsPlaceholdersWithTheirFirstLines) {
    terminal::Pastes pastes;
    const std::string many = "first\n\tsecond\n" + repeated("line\n", 40);
    const std::string wide = std::string(5000, 'x');
    std::string line = "a " + *pastes.add(many);
    line += " b " + *pastes.add(wide) + " c";
    const std::string text = pastes.expanded(line);
    EXPECT_EQ(pastes.with_placeholders(text), line);
    struct Case {
        std::string text;
        std::size_t columns;
        std::string echo;
    };
    const std::string beginning = "a [pasted text #1, 42 lines] b [pasted text #2, 1 line] c\n";
    const std::vector<Case> cases = {
        {"short", 80, "short"},
        {text, 20, beginning + "  first\n      second\n  line\n  " + std::string(15, 'x') + "…"},
        {text, 10, beginning + "  first\n      s…\n  line\n  " + std::string(5, 'x') + "…"},
        {repeated("typed\n", 15), 80, repeated("typed\n", 15)},
        {repeated("forgotten\n", 5000), 80, "forgotten\nforgotten\nforgotten\n… +4,997 lines"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text.substr(0, 20) + " in " + std::to_string(c.columns));
        EXPECT_EQ(pastes.echo_of(c.text, c.columns), c.echo);
    }
}

TEST(Pastes, OfTheSameTextKeepTheirOrder) {
    terminal::Pastes pastes;
    const std::string text = repeated("line\n", 20);
    (void)pastes.add(text);
    std::string line = *pastes.add(text) + "and ";
    line += *pastes.add(text);
    EXPECT_EQ(line, "[pasted text #2, 20 lines]and [pasted text #3, 20 lines]");
    EXPECT_EQ(pastes.with_placeholders(pastes.expanded(line)), line);
}

TEST(Pastes, HavePlaceholdersThatStayWhole) {
    terminal::Pastes pastes;
    const std::string p = *pastes.add(repeated("line\n", 20));
    const std::string head = p.substr(0, 5), tail = p.substr(5);
    using Line = terminal::LineAtCursor;
    struct Case {
        Line old, edited;
        std::optional<Line> whole;
    };
    const std::vector<Case> cases = {
        {{"a" + p, "b"}, {"a" + p.substr(0, p.size() - 1), "b"}, Line{"a", "b"}},
        {{"a" + p, "b"}, {"a" + head, "b"}, Line{"a", "b"}},
        {{"a", p + "b"}, {"a", p.substr(1) + "b"}, Line{"a", "b"}},
        {{"a" + head, tail + "b"}, {"a" + head, tail.substr(1) + "b"}, Line{"a", "b"}},
        {{"a" + head, tail + "b"}, {"", tail + "b"}, Line{"", "b"}},
        {{"a" + head, tail + "b"}, {"a" + head + "x", tail + "b"}, Line{"a" + p + "x", "b"}},
        {{p + p, ""}, {p + head, ""}, Line{p, ""}},
        {{"a[", p}, {"a", p}, std::nullopt},
        {{"a" + p, "b"}, {"a", "b"}, std::nullopt},
        {{"a" + p, "b"}, {"a" + p + "x", "b"}, std::nullopt},
        {{p + "a", ""}, {p, ""}, std::nullopt},
        {{"abc", ""}, {"ab", ""}, std::nullopt},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.old.text() + " -> " + c.edited.text());
        EXPECT_EQ(pastes.with_whole_placeholders(c.old, c.edited), c.whole);
    }
}

TEST(Pastes, AreFoundInALargeTextAmongManyOthers) {
    terminal::Pastes pastes;
    for (int i = 0; i < 2000; ++i)
        (void)pastes.add(repeated("line " + std::to_string(i) + "\n", 200));
    const std::string line = "a " + *pastes.add(std::string(4 << 20, 'x'));
    EXPECT_EQ(pastes.with_placeholders(pastes.expanded(line)), line);
    // One that is not kept is folded, however many others are.
    EXPECT_EQ(pastes.echo_of(std::string(4 << 20, 'y'), 20), std::string(17, 'y') + "…");
}

TEST(Pastes, OfAnotherSessionGetPlaceholdersHere) {
    terminal::Pastes there;
    std::string line = "see " + *there.add(repeated("line\n", 20));
    line += " and " + *there.add(repeated("word\n", 20));
    const std::string text = there.expanded(line);
    terminal::Pastes here;
    (void)here.add(repeated("other\n", 20));
    const std::string adopted = here.adopt(line, there.pastes_in(line));
    EXPECT_EQ(adopted, "see [pasted text #2, 20 lines] and [pasted text #3, 20 lines]");
    EXPECT_EQ(here.expanded(adopted), text);
    EXPECT_EQ(here.adopt(line, there.pastes_in(line)), adopted);
}

TEST_F(APaste, HasAPlaceholderAgainInALaterSession) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        auto pty = start(size);
        type(*pty, "a " + pasted(repeated("0123456789\n", 30)), "30 lines]");
        type(*pty, "\r", "(332 bytes)");
        type(*pty, "leave\r", "gone");
        pty = start(size);
        type(*pty, "\033[A\033[A", "30 lines]");
        type(*pty, "b\r", "(333 bytes)");
    }
}

TEST_F(APaste, IsKeptWhenItsPlaceholderIsKilledAndYanked) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        auto pty = start(size);
        const std::string text = repeated("0123456789\n", 30);
        type(*pty, "a " + pasted(text), "30 lines]");
        type(*pty, "\x15", "> ");
        type(*pty, "\x19\r", "(332 bytes)");
    }
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
