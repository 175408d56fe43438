#include "host/base/held_text.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "host/base/utf8.h"

namespace tenon {
namespace {

HeldText::Text held(const std::string& bytes, std::size_t piece, std::size_t max_characters) {
    HeldText text(max_characters);
    for (std::size_t at = 0; at < bytes.size(); at += piece)
        text.append(std::string_view(bytes).substr(at, piece));
    return text.finish();
}

std::string shortened(const std::string& bytes, std::size_t max_characters) {
    return utf8::shorten(utf8::repair(bytes), max_characters, max_characters / 2,
                         max_characters / 2,
                         [](std::size_t left_out) { return omitted(left_out, "characters"); });
}

TEST(HeldText, IsTheTextOfAJobOfTheSameLengthWhereverTheBytesAreCut) {
    // Characters of one to four bytes, and bytes that are no character.
    const std::string unit = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF\xE2\x82";
    for (std::size_t units = 0; units < 12; ++units) {
        std::string bytes;
        for (std::size_t i = 0; i < units; ++i)
            bytes += unit;
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            for (std::size_t piece = 1; piece < 9; ++piece) {
                SCOPED_TRACE(std::to_string(cut) + " bytes in pieces of " + std::to_string(piece));
                const std::string part = bytes.substr(0, cut);
                EXPECT_EQ(held(part, piece, 10).text, shortened(part, 10));
            }
        }
    }
}

TEST(HeldText, SaysWhereItWasCut) {
    const auto whole = held("0123456789", 3, 10);
    EXPECT_EQ(whole.text, "0123456789");
    EXPECT_EQ(whole.cut_at, std::string::npos);
    EXPECT_EQ(whole.resumes_at, std::string::npos);
    const auto cut = held("0123456789abc", 3, 10);
    EXPECT_EQ(cut.text, "01234\n[3 characters omitted]\n89abc");
    EXPECT_EQ(cut.text.substr(0, cut.cut_at), "01234");
    EXPECT_EQ(cut.text.substr(cut.resumes_at), "89abc");
}

TEST(HeldText, CountsTheCharactersOfAVeryLongText) {
    HeldText text(1000);
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 64; ++i)
        text.append(piece);
    text.append("end");
    const auto held_text = text.finish();
    EXPECT_NE(
        held_text.text.find("[" + std::to_string((64U << 20U) + 3 - 1000) + " characters omitted]"),
        std::string::npos);
    EXPECT_TRUE(held_text.text.ends_with("xend"));
}

}  // namespace
}  // namespace tenon
