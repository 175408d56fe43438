#include "plugins/front_matter/listing.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::front_matter {
namespace {

std::vector<Entry> entries(int count, std::size_t description) {
    std::vector<Entry> out;
    for (int i = 0; i < count; ++i)
        out.push_back({"e" + std::to_string(i), std::string(description, 'd')});
    return out;
}

TEST(Listing, ShowsEverythingThatFits) {
    const Listing listing = list({{"a (x/a)", "does a"}, {"b", "does b"}}, 100);
    EXPECT_EQ(listing.lines, "- a (x/a): does a\n- b: does b\n");
    EXPECT_EQ(listing.left_out, 0U);
}

TEST(Listing, CutsAllDescriptionsAlikeBeforeItLeavesAnythingOut) {
    const Listing listing = list(entries(20, 400), 4'000);
    EXPECT_EQ(listing.left_out, 0U);
    EXPECT_LE(listing.lines.size(), 4'000U);
    EXPECT_THAT(listing.lines, ::testing::StartsWith("- e0: " + std::string(125, 'd') + "…\n- e1"));
}

TEST(Listing, CountsWhatDoesNotFit) {
    const Listing listing = list(entries(100, 400), 1'000);
    EXPECT_LE(listing.lines.size(), 1'000U);
    EXPECT_THAT(listing.lines, ::testing::StartsWith("- e0: " + std::string(61, 'd') + "…\n"));
    const auto shown =
        static_cast<std::size_t>(std::count(listing.lines.begin(), listing.lines.end(), '\n'));
    EXPECT_GT(shown, 10U);
    EXPECT_EQ(shown + listing.left_out, 100U);
}

TEST(Listing, EnumeratesNamesUntilThereAreTooMany) {
    EXPECT_EQ(enumerate({}), "");
    EXPECT_EQ(enumerate({"a", "b", "c"}), "a, b, c");
    const std::string long_one = enumerate(std::vector<std::string>(100, std::string(50, 'n')));
    EXPECT_LE(long_one.size(), 2'100U);
    EXPECT_THAT(long_one, ::testing::EndsWith("n and 62 more"));
}

}  // namespace
}  // namespace tenon::front_matter
