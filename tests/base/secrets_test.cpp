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

}  // namespace
}  // namespace tenon
