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
