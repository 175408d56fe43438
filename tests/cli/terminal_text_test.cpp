#include "host/cli/terminal_text.h"

#include <gtest/gtest.h>

namespace tenon::cli {
namespace {

std::string shown(bool colour, std::string_view bytes) {
    TerminalText text(colour);
    std::string out = text.take(bytes);
    return out + text.finish();
}

struct TerminalTextCase {
    std::string_view printed, with_colours, without;
};

// clang-format off
constexpr TerminalTextCase kCases[] = {
    {"plain\n", "plain\n", "plain\n"},
    {"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n", "red\n"},
    {"\x1b[31mred\x1b[m\n", "\x1b[31mred\x1b[m\n", "red\n"},
    {"\x1b[1;4;38;5;8;48;2;8;8;8mx\x1b[0m", "\x1b[1;4;38;5;8;48;2;8;8;8mx\x1b[0m", "x"},
    {"\x1b[38:2::8:8:8mx\x1b[0m", "\x1b[38:2::8:8:8mx\x1b[0m", "x"},
    {"\x1b[31mopen", "\x1b[31mopen\x1b[0m", "open"},
    {"\x1b[8mhidden\x1b[1;8mx", "hiddenx", "hiddenx"},
    {"\x1b[38;5;1;8mx", "x", "x"},
    {"\x1b[2J", "\\x1b[2J", "\\x1b[2J"},
    {"\x1b[>4;2m", "\\x1b[>4;2m", "\\x1b[>4;2m"},
    {"\x1b[?25l\x1b[6n", "\\x1b[?25l\\x1b[6n", "\\x1b[?25l\\x1b[6n"},
    {"\x1b[1 m", "\\x1b[1 m", "\\x1b[1 m"},
    {"\x1b]0;title\x07", "\\x1b]0;title\\x07", "\\x1b]0;title\\x07"},
    {"\x1b]52;c;eA==\x1b\\", "\\x1b]52;c;eA==\\x1b\\", "\\x1b]52;c;eA==\\x1b\\"},
    {"\x1b\x1b[31mx", "\\x1b\x1b[31mx\x1b[0m", "\\x1bx"},
    {"\xc2\x9b" "31m", "\\x9b31m", "\\x9b31m"},
    {"\xe2\x80\xae" "bidi", "\\u202e" "bidi", "\\u202e" "bidi"},
    {"é\x1b[32mé", "é\x1b[32mé\x1b[0m", "éé"},
    {"\x1b", "\\x1b", "\\x1b"},
    {"\x1b[", "\\x1b[", "\\x1b["},
    {"\x1b[31", "\\x1b[31", "\\x1b[31"},
};
// clang-format on

TEST(TerminalText, KeepsColoursAndNoOtherSequences) {
    for (const TerminalTextCase& c : kCases) {
        SCOPED_TRACE(::testing::PrintToString(c.printed));
        EXPECT_EQ(shown(true, c.printed), c.with_colours);
        EXPECT_EQ(shown(false, c.printed), c.without);
    }
}

TEST(TerminalText, IsTheSameWhereverTheBytesAreCut) {
    for (const TerminalTextCase& c : kCases) {
        for (std::size_t cut = 0; cut <= c.printed.size(); ++cut) {
            SCOPED_TRACE(::testing::PrintToString(c.printed.substr(0, cut)));
            TerminalText text(true);
            std::string out = text.take(c.printed.substr(0, cut));
            out += text.take(c.printed.substr(cut));
            EXPECT_EQ(out + text.finish(), c.with_colours);
        }
    }
}

TEST(TerminalText, KeepsALimitedNumberOfBytesOfASequence) {
    TerminalText text(true);
    const std::string endless = "\x1b[" + std::string(10'000, '1');
    EXPECT_EQ(text.take(endless), "\\x1b[" + std::string(10'000, '1'));
}

}  // namespace
}  // namespace tenon::cli
