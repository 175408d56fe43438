#include "host/base/ids.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Ids, AcceptOnlyWhatMaySafelyBecomeAPath) {
    EXPECT_TRUE(is_session_id("a.b-C_9"));
    EXPECT_TRUE(is_session_id(std::string(64, 'x')));
    for (const char* bad : {"", ".", "..", ".x", "-x", "a/b", "a b", "\xC3\xA9"})
        EXPECT_FALSE(is_session_id(bad)) << bad;
    EXPECT_FALSE(is_session_id(std::string(65, 'x')));
    EXPECT_TRUE(is_job_id("0a1b2c3d"));
    for (const char* bad : {"0a1b2c3", "0a1b2c3d4", "0A1b2c3d", "../../xx"})
        EXPECT_FALSE(is_job_id(bad)) << bad;
    EXPECT_TRUE(is_plugin_id("my-plugin_2"));
    for (const char* bad : {"", "9a", "A", "a.b"})
        EXPECT_FALSE(is_plugin_id(bad)) << bad;
    EXPECT_TRUE(is_tool_name("read_file"));
    for (const char* bad : {"", "_a", "read-file", "readFile"})
        EXPECT_FALSE(is_tool_name(bad)) << bad;
}

TEST(Ids, RandomHexHasTheLengthAskedForAndDiffers) {
    EXPECT_TRUE(is_job_id(random_hex(8)));
    EXPECT_EQ(random_hex(5).size(), 5U);
    EXPECT_NE(random_hex(16), random_hex(16));
}

}  // namespace
}  // namespace tenon
