#include "host/base/quantity.h"

#include <map>

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Quantity, DurationsAreSecondsUnlessTheySayOtherwise) {
    struct Case {
        const char* text;
        std::optional<std::int64_t> ms;
    };
    const Case cases[] = {{"90", 90'000},
                          {"90 s", 90'000},
                          {" 5ms ", 5},
                          {"2m", 120'000},
                          {"1h", 3'600'000},
                          {"0", 0},
                          {"0.5", 500},
                          {"1.5h", 5'400'000},
                          {"0.0005s", 0},
                          {"9223372036854775s", 9'223'372'036'854'775'000},
                          {"9223372036854776s", std::nullopt},
                          {"99999999999999999999", std::nullopt},
                          {"9223372036854775807ms", 9'223'372'036'854'775'807},
                          {"9223372036854775.9s", std::nullopt},
                          {"", std::nullopt},
                          {"s", std::nullopt},
                          {"-1", std::nullopt},
                          {"+1", std::nullopt},
                          {"1d", std::nullopt},
                          {"1H", std::nullopt},
                          {"1h30m", std::nullopt},
                          {"1.", std::nullopt},
                          {".5", std::nullopt},
                          {"1.2.3", std::nullopt},
                          {"1e3", std::nullopt},
                          {"0x10", std::nullopt}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        const auto parsed = parse_duration(c.text);
        EXPECT_EQ(parsed ? std::optional<std::int64_t>(parsed->count()) : std::nullopt, c.ms);
    }
}

TEST(Quantity, ALimitOfTimeIsAboveZeroAndAtMostTenYears) {
    for (const auto& [text, ms] : std::map<std::string, std::int64_t>{
             {"1ms", 1}, {"90", 90'000}, {"87600h", 315'360'000'000}}) {
        const auto limit = parse_time_limit(text);
        ASSERT_TRUE(limit) << text;
        EXPECT_EQ(limit->count(), ms);
    }
    for (const char* text :
         {"87601h", "3000000h", "9999999h", "9223372036854775807ms", "9223372036854775808ms",
          "99999999999999999999", "99999999999999999999h"}) {
        const auto limit = parse_time_limit(text);
        ASSERT_FALSE(limit) << text;
        EXPECT_EQ(
            limit.error().message,
            '"' + std::string(text) + "\" is longer than ten years (87600h), the longest limit");
    }
    for (const char* text : {"0", "0h", "0.0001s", "-1", "-9999999h", "", "x", "1d", "1e3", "nan",
                             "inf", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"}) {
        const auto limit = parse_time_limit(text);
        ASSERT_FALSE(limit) << text;
        EXPECT_EQ(limit.error().message,
                  '"' + std::string(text) +
                      "\" is not a duration above 0, such as 90, 90s, 5m or 2h; at most 87600h");
    }
}

TEST(Quantity, SizesAreBytesUnlessTheySayOtherwise) {
    struct Case {
        const char* text;
        std::optional<std::int64_t> bytes;
    };
    const Case cases[] = {{"0", 0},
                          {"1000", 1000},
                          {"1KiB", 1024},
                          {"64 MiB", 64 << 20},
                          {"4GiB", 4LL << 30},
                          {"8589934591GiB", 8'589'934'591LL << 30},
                          {"8589934592GiB", std::nullopt},
                          {"1MB", std::nullopt},
                          {"1mib", std::nullopt},
                          {"1.5GiB", std::nullopt},
                          {"-1", std::nullopt},
                          {"MiB", std::nullopt},
                          {"", std::nullopt}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        EXPECT_EQ(parse_size(c.text), c.bytes);
    }
}

TEST(Quantity, IntegersAndBooleansAreWrittenPlainly) {
    EXPECT_EQ(parse_integer("42"), 42);
    EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
    for (const char* bad : {"", "-1", "+1", "1.0", "1 2", "ten", "0x1", "9223372036854775808"})
        EXPECT_EQ(parse_integer(bad), std::nullopt) << bad;
    for (const char* yes : {"true", "yes", "on", "1", " true "})
        EXPECT_EQ(parse_boolean(yes), true) << yes;
    for (const char* no : {"false", "no", "off", "0"})
        EXPECT_EQ(parse_boolean(no), false) << no;
    for (const char* bad : {"", "TRUE", "y", "2", "truefalse"})
        EXPECT_EQ(parse_boolean(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace tenon
