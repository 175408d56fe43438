#include "host/terminal/key_decoder.h"

#include <gtest/gtest.h>

namespace tenon::terminal {
namespace {

using Keys = std::vector<Key>;

Keys keys_of(std::initializer_list<std::string_view> reads, std::string bound = {}) {
    KeyDecoder decoder(std::move(bound));
    Keys keys;
    for (const std::string_view bytes : reads)
        for (Key& key : decoder.feed(bytes))
            keys.push_back(std::move(key));
    return keys;
}

TEST(KeyDecoder, FindsTheSameKeysWhereverTheBytesAreCut) {
    const std::string wire =
        "a\xc3\xa9\xf0\x9f\x99\x82\033[A\033OB\033[1;5C\033[200~x\r\ny\033[20\033[201~\033[13;2uz";
    const Keys expected = {Typed{L'a'},        Typed{0xe9},        Typed{0x1f642},
                           Sequence{"\033[A"}, Sequence{"\033[B"}, Sequence{"\033f"},
                           Paste{"x\ny[20"},   Typed{L'\n'},       Typed{L'z'}};
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        EXPECT_EQ(
            keys_of({std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)}),
            expected);
    }
}

TEST(KeyDecoder, TellsAltEnterFromEscapeAndEnter) {
    EXPECT_EQ(keys_of({"\033\r"}), Keys{Typed{L'\n'}});
    EXPECT_EQ(keys_of({"\033", "\r"}), (Keys{Typed{0x1b}, Typed{L'\r'}}));
    EXPECT_EQ(keys_of({"\033b"}), (Keys{Typed{0x1b}, Typed{L'b'}}));
}

TEST(KeyDecoder, DropsKeysThatNobodyKnows) {
    EXPECT_EQ(keys_of({"\033[15~\033[<0;1;2Ma"}), Keys{Typed{L'a'}});
    EXPECT_EQ(keys_of({"\033[15~"}, "bind \\e[15~ ed-clear"), Keys{(Sequence{"\033[15~", true})});
}

TEST(KeyDecoder, SurvivesBytesThatAreNoUtf8) {
    EXPECT_EQ(keys_of({"\xff\xc3(\x80"}),
              (Keys{Typed{0xfffd}, Typed{0xfffd}, Typed{L'('}, Typed{0xfffd}}));
}

TEST(KeyDecoder, RefusesAPasteThatIsTooLarge) {
    KeyDecoder decoder;
    EXPECT_EQ(decoder.feed("\033[200~"), Keys{});
    const std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(decoder.feed(megabyte), Keys{});
    EXPECT_EQ(decoder.feed("\033[201~a"), (Keys{PasteRefused{9 << 20}, Typed{L'a'}}));
}

TEST(KeyDecoder, GivesUpAPasteAtALoneCtrlC) {
    EXPECT_EQ(keys_of({"\033[200~abc", "\x03"}), Keys{Typed{3}});
    EXPECT_EQ(keys_of({"\033[200~ab\x03"
                       "c\033[201~"}),
              Keys{Paste{"abc"}});
}

}  // namespace
}  // namespace tenon::terminal
