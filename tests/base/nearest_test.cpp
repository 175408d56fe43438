#include "host/base/nearest.h"

#include <string>

#include <gtest/gtest.h>

namespace tenon {
namespace {

std::string_view meant_by(std::string_view word) {
    constexpr std::string_view kKnown[] = {"model", "mode", "continue", "allow"};
    return nearest(word, kKnown).value_or("none");
}

TEST(Nearest, IsTheWordWithTheFewestSlips) {
    EXPECT_EQ(meant_by("modl"), "model");  // the first of two that are as near
    EXPECT_EQ(meant_by("mdel"), "model");
    EXPECT_EQ(meant_by("MODEL"), "model");
    EXPECT_EQ(meant_by("conntinue"), "continue");
    EXPECT_EQ(meant_by("alow"), "allow");
}

TEST(Nearest, CountsTwoSwappedLettersAsOneSlip) {
    EXPECT_EQ(meant_by("modle"), "model");
    EXPECT_EQ(meant_by("omdel"), "model");
    EXPECT_EQ(meant_by("alolw"), "allow");
}

TEST(Nearest, IsNoneWhenEveryWordIsFar) {
    EXPECT_EQ(meant_by("plugin"), "none");
    EXPECT_EQ(meant_by(""), "none");
    EXPECT_EQ(meant_by(std::string(65, 'm')), "none");
}

}  // namespace
}  // namespace tenon
