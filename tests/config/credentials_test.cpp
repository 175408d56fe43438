#include "host/config/credentials.h"

#include <cstdio>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string output_of(const std::string& command) {
    std::string out;
    FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return out;
    char buffer[4096];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        out.append(buffer, n);
    ::pclose(pipe);
    return out;
}

TEST(Credentials, LeaveTheEnvironmentBlockOfAProcessThatTookThem) {
    const std::string printed = output_of(
        "ANTHROPIC_API_KEY=sk-ant-0123456789 BYSTANDER=stays "
        "OPENAI_API_KEY=sk-oai-0123456789 " CREDENTIALS_CHILD);
    EXPECT_THAT(printed, HasSubstr("anthropic=17 openai=17 dumpable=0 variable=0"));
    EXPECT_THAT(printed, HasSubstr("BYSTANDER=stays"));
    EXPECT_THAT(printed, HasSubstr("end\n"));
    EXPECT_THAT(printed, Not(HasSubstr("0123456789")));
}

TEST(Credentials, MayBeAbsentOrEmpty) {
    EXPECT_THAT(output_of("env -u ANTHROPIC_API_KEY OPENAI_API_KEY= " CREDENTIALS_CHILD),
                HasSubstr("anthropic=0 openai=0 dumpable=0 variable=0"));
}

TEST(Credentials, AreTrimmedAndMustFitIntoAHeader) {
    EXPECT_EQ(*clean_key("K", " key-1\r\n"), "key-1");
    EXPECT_EQ(*clean_key("K", "\n"), "");
    for (const char* bad : {"t0p\nsecret", "t0p secret", "t0p\xC3\xA4", "t0p\x7Fx", "t0p\tx"}) {
        const auto cleaned = clean_key("OPENAI_API_KEY", bad);
        ASSERT_FALSE(cleaned);
        EXPECT_THAT(cleaned.error().message, HasSubstr("OPENAI_API_KEY"));
        EXPECT_THAT(cleaned.error().message, Not(HasSubstr("t0p")));
    }
}

TEST(Credentials, BecomeSecrets) {
    Secrets secrets;
    Credentials{"sk-ant-0123456789", "sk-oai-0123456789"}.add_to(secrets);
    EXPECT_EQ(secrets.redact("sk-ant-0123456789 sk-oai-0123456789"), "[redacted] [redacted]");
}

}  // namespace
}  // namespace tenon::config
