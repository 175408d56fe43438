#include "host/verify/verify.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::verify {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// `tenon plugin verify` is tried as a whole in tests/cli.
TEST(Verify, RunsAPluginWithWhatItNeedsOnceThatIsGranted) {
    const testing::TempDir dir;
    VerifyOptions options;
    options.file = std::filesystem::path(TENON_FIXTURES) / "needs.so";
    options.program = TENON_PLUGIN_HOST;
    options.loader.state_dir = dir.path();
    std::string said;
    const auto take = [&](const Verdict& verdict) {
        said += verdict.check + ": " + verdict.text + "; " + verdict.remedy + "\n";
    };
    const auto refused = verify(options, take);
    ASSERT_TRUE(refused) << refused.error().message;
    EXPECT_TRUE(refused->failed);
    EXPECT_THAT(said, AllOf(HasSubstr("needs: network, read:/data: Asks the weather."),
                            HasSubstr("plugins.needs.grants.1=network"),
                            HasSubstr("run: what runs its code was not checked")));

    said.clear();
    options.loader.by_id["needs"].grants = {"network", "read:/data"};
    const auto granted = verify(options, take);
    ASSERT_TRUE(granted) << granted.error().message;
    EXPECT_FALSE(granted->failed) << said;
    EXPECT_THAT(said, AllOf(HasSubstr("confinement: what it needs is granted"),
                            HasSubstr("call needs: it stands valid")));
    EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(Verify, SaysWhatTheHostLacks) {
    const testing::TempDir dir;
    VerifyOptions options;
    options.file = std::filesystem::path(TENON_FIXTURES) / "plain.so";
    options.program = dir / "none";
    options.loader.state_dir = dir.path();
    const auto verified = verify(options, [](const Verdict&) {});
    ASSERT_FALSE(verified);
    EXPECT_THAT(verified.error().message, HasSubstr("start " + (dir / "none").string()));
}

}  // namespace
}  // namespace tenon::verify
