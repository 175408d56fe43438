#include "tests/sitting/person.h"

namespace tenon::testing {
namespace {

std::string numbered_lines(std::size_t count) {
    std::string lines;
    for (std::size_t i = 1; i <= count; ++i)
        lines += "row " + std::to_string(i) + ".\n";
    return lines;
}

TEST(ALongPaste, IsEchoedByItsFirstLinesAndSentWhole) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        Person person({says("Fine.")}, {.size = size});
        person.types("Why? \033[200~" + numbered_lines(3000) + "\033[201~");
        EXPECT_TRUE(person.terminal().wait_for("3,000 lines]")) << person.shown();
        person.types("\r");
        EXPECT_TRUE(person.sees("row 3.")) << person.shown();
        EXPECT_TRUE(person.sees("Fine.")) << person.shown();
        EXPECT_EQ(person.shown().find("row 4."), std::string::npos);
        const std::string sent = person.server().requests().back().body;
        EXPECT_NE(sent.find("Why? row 1.\\nrow 2."), std::string::npos);
        EXPECT_NE(sent.find("row 3000."), std::string::npos);
    }
}

}  // namespace
}  // namespace tenon::testing
