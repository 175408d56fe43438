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

TEST(KeyDecoder, TellsAltFromEscapeAndAKeyByTheRead) {
    EXPECT_EQ(keys_of({"\033\r"}), Keys{Typed{L'\n'}});
    EXPECT_EQ(keys_of({"\033", "\r"}), (Keys{Typed{0x1b}, Typed{L'\r'}}));
    EXPECT_EQ(keys_of({"\033b"}), Keys{Alt{L'b'}});
    EXPECT_EQ(keys_of({"\033", "b"}), (Keys{Typed{0x1b}, Typed{L'b'}}));
    EXPECT_EQ(keys_of({"\033\xc3\xa9"}), Keys{Alt{0xe9}});
    EXPECT_EQ(keys_of({"\033", "\xc3\xa9"}), (Keys{Typed{0x1b}, Typed{0xe9}}));
    EXPECT_EQ(keys_of({"\033\033"}), Keys{Typed{0x1b}});  // the second one is held
    EXPECT_EQ(keys_of({"\033\033[D"}), Keys{Sequence{"\033b"}});
    EXPECT_EQ(keys_of({"\033", "\033[D"}), (Keys{Typed{0x1b}, Sequence{"\033[D"}}));
}

TEST(KeyDecoder, HoldsWhatMayBeginASequence) {
    for (const std::string_view held : {"\033", "\033[", "\033O", "\033]", "\033P", "\033_"}) {
        SCOPED_TRACE(held);
        KeyDecoder decoder;
        EXPECT_EQ(decoder.feed(held), Keys{});
        ASSERT_TRUE(decoder.holds_escape());
        const Keys expected = {held.size() == 1 ? Key(Typed{0x1b})
                                                : Key(Alt{static_cast<wchar_t>(held[1])})};
        EXPECT_EQ(decoder.take_held(), expected);
        EXPECT_FALSE(decoder.holds_escape());
        EXPECT_EQ(decoder.feed("a"), Keys{Typed{L'a'}});
    }
}

TEST(KeyDecoder, LosesNoKeyBehindASequenceThatIsBrokenOff) {
    EXPECT_EQ(keys_of({"\033[1;\033[A"}), Keys{Sequence{"\033[A"}});
    EXPECT_EQ(keys_of({"\033[1;\rb"}), (Keys{Typed{L'\r'}, Typed{L'b'}}));
    EXPECT_EQ(keys_of({"\033[\xc3\xa9"}), (Keys{Alt{L'['}, Typed{0xe9}}));
    EXPECT_EQ(keys_of({"\033O\r"}), (Keys{Alt{L'O'}, Typed{L'\r'}}));
    EXPECT_EQ(keys_of({"\033[[Aa"}), Keys{Typed{L'a'}});
}

TEST(KeyDecoder, UnderstandsKeysWithModifiersInBothProtocols) {
    struct Row {
        std::string_view sent;
        Key key;
    };
    for (const auto& [sent, key] : std::vector<Row>{
             {"\033[13;2u", Typed{L'\n'}},
             {"\033[13;3u", Typed{L'\n'}},
             {"\033[13;130u", Typed{L'\n'}},  // with num lock
             {"\033[27;2;13~", Typed{L'\n'}},
             {"\033[13u", Typed{L'\r'}},
             {"\033[57414u", Typed{L'\r'}},  // of the keypad
             {"\033[27u", Typed{0x1b}},
             {"\033[27;65u", Typed{0x1b}},  // with caps lock
             {"\033[99;5u", Typed{3}},
             {"\033[99;5:1u", Typed{3}},
             {"\033[99;69u", Typed{3}},
             {"\033[1089::99;5u", Typed{3}},  // on a Cyrillic keyboard
             {"\033[27;5;99~", Typed{3}},
             {"\033[100;5u", Typed{4}},
             {"\033[98;5u", Typed{2}},
             {"\033[122;5u", Typed{26}},
             {"\033[106;5u", Typed{L'\n'}},
             {"\033[95;5u", Typed{31}},
             {"\033[45:95;6u", Typed{31}},
             {"\033[45;6u", Typed{31}},
             {"\033[47;5u", Typed{31}},
             {"\033[27;6;95~", Typed{31}},
             {"\033[32;5u", Typed{0}},
             {"\033[98;3u", Alt{L'b', true}},
             {"\033[27;3;98~", Alt{L'b', true}},
             {"\033[98;4u", Alt{L'B', true}},
             {"\033[98:66;4u", Alt{L'B', true}},
             {"\033[127;3u", Alt{0x7f, true}},
             {"\033[127;5u", Typed{L'\b'}},
             {"\033[127;2u", Typed{0x7f}},
             {"\033[9;2u", Sequence{"\033[Z"}},
             {"\033[27;2;9~", Sequence{"\033[Z"}},
             {"\033[9u", Typed{L'\t'}},
             {"\033[233u", Typed{0xe9}},
             {"\033[1;129A", Sequence{"\033[A"}},
             {"\033[1;133C", Sequence{"\033f"}},
             {"\033[1;3D", Sequence{"\033b"}},
             {"\033[3;5~", Sequence{"\033d"}},
             {"\033[57419u", Sequence{"\033[A"}},
             {"\033[57400u", Typed{L'1'}},
         }) {
        SCOPED_TRACE(sent);
        for (std::size_t cut = 1; cut <= sent.size(); ++cut)
            EXPECT_EQ(keys_of({sent.substr(0, cut), sent.substr(cut)}), Keys{key}) << cut;
    }
}

TEST(KeyDecoder, IgnoresReleasedKeysAndKeysOfTheWindowSystem) {
    for (const std::string_view sent :
         {"\033[99;5:3u", "\033[1;1:3A", "\033[97;9u", "\033[57441u", "\033[57358u",
          "\033[1114112u", "\033[55296u", "\033[99999999999u", "\033[0u", "\033[u", "\033[15~"}) {
        SCOPED_TRACE(sent);
        EXPECT_EQ(keys_of({sent}), Keys{});
    }
}

TEST(KeyDecoder, TakesReportsOfTheTerminalForNoKeysWhereverTheyAreCut) {
    using Kind = TerminalReport::Kind;
    struct Row {
        std::string_view sent;
        TerminalReport report;
    };
    for (const auto& [sent, report] : std::vector<Row>{
             {"\033[I", {Kind::kFocusIn, 0}},
             {"\033[O", {Kind::kFocusOut, 0}},
             {"\033[?1u", {Kind::kKittyKeys, 0}},
             {"\033[>41;366;0c", {Kind::kAttributes, 41}},
             {"\033[?62;1;22c", {}},
             {"\033[?2026;2$y", {}},
             {"\033]11;rgb:0000/0000/0000\033\\", {}},
             {"\033]11;rgb:0000/0000/0000\a", {}},
             {"\033P1+r544e=787465726d\033\\", {}},
             {"\033P>|XTerm(366)\033\\", {}},
             {"\033_Gi=1;OK\033\\", {}},
         }) {
        SCOPED_TRACE(sent);
        for (std::size_t cut = 1; cut <= sent.size(); ++cut) {
            SCOPED_TRACE(cut);
            KeyDecoder decoder;
            Keys keys = decoder.feed(sent.substr(0, cut));
            for (Key& key : decoder.feed(sent.substr(cut)))
                keys.push_back(key);
            for (Key& key : decoder.feed("a"))
                keys.push_back(key);
            EXPECT_EQ(keys, Keys{Typed{L'a'}});
            EXPECT_EQ(decoder.take_reports(), std::vector<TerminalReport>{report});
        }
    }
}

TEST(KeyDecoder, TakesALateRestOfAReportForNoKey) {
    for (const std::string_view rest : {"[?62;1c", "[>41;366;0c", "]11;rgb:0/0/0\033\\"}) {
        SCOPED_TRACE(rest);
        KeyDecoder decoder;
        EXPECT_EQ(decoder.feed("\033"), Keys{});
        EXPECT_EQ(decoder.take_held(), Keys{Typed{0x1b}});
        EXPECT_EQ(decoder.feed(rest), Keys{});
        EXPECT_EQ(decoder.feed("a"), Keys{Typed{L'a'}});
    }
}

TEST(KeyDecoder, EndsAStringWithoutAnEndAtAControlCode) {
    EXPECT_EQ(keys_of({"\033]11;rgb", "more\rb"}), (Keys{Typed{L'\r'}, Typed{L'b'}}));
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
    for (const std::string_view ctrl_c : {"\x03", "\033[99;5u", "\033[1089::99;69u"}) {
        SCOPED_TRACE(ctrl_c);
        EXPECT_EQ(keys_of({"\033[200~abc", ctrl_c, "d"}), (Keys{Typed{3}, Typed{L'd'}}));
    }
    EXPECT_EQ(keys_of({"\033[200~", "\033[99;6:3u", "\033[u", "u", "\033[201~"}),
              Keys{Paste{"[99;6:3u[uu"}});
    EXPECT_EQ(keys_of({"\033[200~ab\x03"
                       "c\033[201~"}),
              Keys{Paste{"abc"}});
}

}  // namespace
}  // namespace tenon::terminal
