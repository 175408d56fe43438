#include "host/base/secrets.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Secrets, RemovesEveryOccurrenceOfEveryValue) {
    Secrets secrets;
    secrets.add("sk-ant-12345678");
    secrets.add("sk-ant-12345678-longer");
    EXPECT_EQ(secrets.redact("a sk-ant-12345678 b sk-ant-12345678-longer sk-ant-12345678"),
              "a [redacted] b [redacted] [redacted]");
}

TEST(Secrets, KeepsTextWhenAValueIsTooShortToBeASecret) {
    Secrets secrets;
    secrets.add("");
    secrets.add("abc");
    EXPECT_TRUE(secrets.empty());
    EXPECT_EQ(secrets.redact("abcabc"), "abcabc");
}

TEST(Secrets, OfAPartAlsoRemovesThePiecesOfAValueAtItsCuts) {
    Secrets secrets;
    secrets.add("key-0123456789");
    struct Case {
        std::string text;
        Secrets::Cut cut;
        std::string shown;
    };
    for (const Case& c : {
             Case{"a key-01234", {false, false}, "a key-01234"},
             Case{"a key-01234", {false, true}, "a [redacted]"},
             Case{"a key-0123456789", {false, true}, "a [redacted]"},
             Case{"a key-0123456789key-012", {false, true}, "a [redacted][redacted]"},
             Case{"56789 b", {true, false}, "[redacted] b"},
             Case{"56789 b", {false, true}, "56789 b"},
             Case{"3456789 key-0123456789 key-0", {true, true}, "[redacted] [redacted] [redacted]"},
             Case{"-012345", {true, true}, "[redacted]"},
             Case{"key-0123456789", {true, true}, "[redacted]"},
             Case{"a key", {false, true}, "a key"},
             Case{"789 b", {true, false}, "789 b"},
             Case{"", {true, true}, ""},
         }) {
        SCOPED_TRACE(c.text);
        EXPECT_EQ(secrets.redact_part(c.text, c.cut), c.shown);
    }
    EXPECT_EQ(Secrets().redact_part("key-", {true, true}), "key-");
}

TEST(Secrets, FindsAValueAlsoInsideAJsonString) {
    Secrets secrets;
    secrets.add("pass\"word\\12");
    EXPECT_EQ(secrets.redact(R"({"a":"pass\"word\\12"} pass"word\12)"),
              R"({"a":"[redacted]"} [redacted])");
}

TEST(RedactedStream, RemovesValuesWhereverTheTextIsCut) {
    Secrets secrets;
    secrets.add("sk-ant-12345678");
    secrets.add("sk-ant-12345678-longer");
    secrets.add("78-longest-of-all");
    const std::string text = "a sk-ant-12345678 b sk-ant-12345678-longer sk-ant-12345678-lo sk-an";
    const std::string wanted = "a [redacted] b [redacted] [redacted]-lo sk-an";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        SCOPED_TRACE(cut);
        RedactedStream stream(secrets);
        std::string shown = stream.take(text.substr(0, cut));
        shown += stream.take(text.substr(cut));
        shown += stream.finish();
        EXPECT_EQ(shown, wanted);
    }
}

TEST(RedactedStream, HoldsNothingBackThatIsNoBeginningOfAValue) {
    Secrets secrets;
    secrets.add("sk-ant-12345678");
    RedactedStream stream(secrets);
    EXPECT_EQ(stream.take("done\n"), "done\n");
    EXPECT_EQ(stream.take("is sk"), "is ");
    EXPECT_EQ(stream.take("y\n"), "sky\n");
}

}  // namespace
}  // namespace tenon
