#include "host/ui/folded_prompt.h"

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::ui {
namespace {

std::string repeated_line(const std::string& line, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i)
        text += line + '\n';
    return text;
}

TEST(FoldedPrompt, KeepsWhatIsShortAndCutsWhatIsLongToItsFirstLines) {
    struct Case {
        std::string prompt;
        std::size_t columns;
        std::string shown;
    };
    const std::vector<Case> cases = {
        {"", 80, ""},
        {"one", 80, "one"},
        {repeated_line("line", 10), 80, repeated_line("line", 10)},
        {repeated_line("line", 11), 80, "line\nline\nline\n… +8 lines"},
        {repeated_line("line", 1240) + "end", 80, "line\nline\nline\n… +1,238 lines"},
        {repeated_line("a longer line", 20), 10, "a longe…\na longe…\na longe…\n… +17 lines"},
        {"\n\n\n\n\n\n\n\n\n\n\nlast", 80, "\n\n\n… +9 lines"},
        {std::string(3000, 'x'), 20, std::string(17, 'x') + "…"},
        {"a\nb\nc\n" + std::string(3000, 'x'), 20, "a\nb\nc\n… +1 line"},
        {"\033[31mred\033[0m\n" + repeated_line("x", 12), 40, "red\nx\nx\n… +10 lines"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.prompt.substr(0, 40) + " in " + std::to_string(c.columns));
        EXPECT_EQ(folded_prompt(c.prompt, c.columns), c.shown);
    }
}

TEST(FoldedPrompt, IsHarmlessAndWithinTheWidthWhateverTheTextHolds) {
    std::string hostile = repeated_line("\033]0;title\007\xff\xfe\t日本語 text \u202e", 400);
    for (const std::size_t columns : {1U, 2U, 20U, 200U}) {
        SCOPED_TRACE(columns);
        const std::string shown = folded_prompt(hostile, columns);
        EXPECT_EQ(shown.find('\033'), std::string::npos);
        EXPECT_EQ(line_count(shown), kShownLines + 1);
        for (std::size_t at = 0, i = 0; i < kShownLines; ++i) {
            const std::size_t end = shown.find('\n', at);
            EXPECT_LE(width_of(shown.substr(at, end - at)), std::max<std::size_t>(columns, 4) - 2);
            at = end + 1;
        }
    }
}

}  // namespace
}  // namespace tenon::ui
