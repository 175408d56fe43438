#include "host/ui/style.h"

#include <gtest/gtest.h>

namespace tenon::ui {
namespace {

TEST(Style, PaintsWithOneSequenceAndAReset) {
    EXPECT_EQ(paint(Style::kColour, kDim, "x"), "\x1b[2mx\x1b[0m");
    EXPECT_EQ(paint(Style::kColour, {.ink = Ink::kRed, .bold = true, .underline = true}, "x"),
              "\x1b[1;4;31mx\x1b[0m");
    EXPECT_EQ(paint(Style::kColour, {}, "x"), "x");
    EXPECT_EQ(paint(Style::kColour, kBold, ""), "");
}

TEST(Style, PlainWritesNoSequenceAtAll) {
    EXPECT_EQ(paint(Style::kPlain, {.ink = Ink::kRed, .bold = true}, "x"), "x");
}

}  // namespace
}  // namespace tenon::ui
