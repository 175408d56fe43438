#include "host/terminal/menu.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

using ::testing::ElementsAre;
using ui::Style;

std::vector<MenuEntry> three_entries() {
    return {{"/a", "/a", "first"}, {"/b", "/b [X]", "second", "/b"}, {"/c", "/c", "third"}};
}

TEST(Menu, ShowsItsEntriesWithTheChosenOneMarked) {
    Menu menu;
    menu.show(three_entries());
    EXPECT_EQ(menu.chosen(), nullptr);
    menu.choose_next();
    menu.choose_next();
    EXPECT_THAT(menu.rows(60, 8, Style::kPlain),
                ElementsAre("  /a      first", "› /b [X]  second", "  /c      third"));
    EXPECT_THAT(menu.rows(12, 8, Style::kPlain),
                ElementsAre("  /a  first", "› /b  second", "  /c  third"));
    EXPECT_EQ(menu.rows(60, 8, Style::kColour)[1], "\033[1m› /b [X]  second\033[0m");
}

TEST(Menu, ShowsTheEntriesAroundTheChosenOneWhereRowsAreFew) {
    Menu menu;
    menu.show(three_entries(), 4);
    EXPECT_THAT(menu.rows(60, 1, Style::kPlain), ElementsAre("  /a      first"));
    EXPECT_THAT(menu.rows(60, 3, Style::kPlain),
                ElementsAre("  /a      first", "  /b [X]  second", "  … +5 more"));
    menu.choose_previous();
    EXPECT_THAT(menu.rows(60, 1, Style::kPlain), ElementsAre("› /c      third"));
    EXPECT_THAT(menu.rows(60, 2, Style::kPlain),
                ElementsAre("  /b [X]  second", "› /c      third"));
}

TEST(Menu, IsChosenFromInACircle) {
    Menu menu;
    menu.show(three_entries());
    std::string seen;
    for (const char step : std::string("+++++--")) {
        if (step == '+')
            menu.choose_next();
        else
            menu.choose_previous();
        seen += menu.chosen()->text;
    }
    EXPECT_EQ(seen, "/a/b/c/a/b/a/c");
    menu.show({{"/x", "/x", ""}, {"/c", "/c", ""}});
    EXPECT_EQ(menu.chosen()->text, "/c");
    menu.show({{"/x", "/x", ""}});
    EXPECT_EQ(menu.chosen(), nullptr);
    menu.close();
    menu.choose_next();
    EXPECT_EQ(menu.chosen(), nullptr);
}

TEST(Menu, ShowsTheEndOfALongPathAndNothingHarmful) {
    Menu menu;
    menu.show({{"@p", "host/terminal/screen_terminal.cpp", ""},
               {"/b", "/b\033[2J", "red\033[31m help\nnext"},
               {"@日", "日本語日本語日本語日本語.txt", ""}});
    for (const std::size_t columns : {20U, 40U, 80U, 200U}) {
        SCOPED_TRACE(columns);
        for (const std::string& row : menu.rows(columns, 8, Style::kPlain)) {
            EXPECT_EQ(row.find('\033'), std::string::npos);
            EXPECT_LE(width_of(row), columns);
        }
    }
    EXPECT_THAT(menu.rows(20, 8, Style::kPlain)[0], "  …reen_terminal.cpp");
}

TEST(Menu, HasFewRowsOnASmallScreen) {
    const std::vector<std::pair<std::size_t, std::size_t>> rows = {{1, 1},  {5, 1},  {8, 2},
                                                                   {12, 4}, {24, 8}, {100, 8}};
    for (const auto& [screen, menu] : rows) {
        SCOPED_TRACE(screen);
        EXPECT_EQ(menu_rows(screen), menu);
    }
}

}  // namespace
}  // namespace tenon::terminal
