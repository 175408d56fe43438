#include "host/base/atomic_file.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(AtomicFile, ReplacesTheWholeFileWithTheModeAskedFor) {
    const testing::TempDir dir;
    dir.write("f", "old and longer");
    ASSERT_TRUE(write_file_atomically(dir / "f", "new", Sync::kYes, 0640));
    EXPECT_EQ(dir.read("f"), "new");
    struct stat info {};
    ASSERT_EQ(::stat((dir / "f").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0640U);
    EXPECT_EQ(entries(dir.path()), 1U);
}

TEST(AtomicFile, LeavesNothingBehindWhenItFails) {
    const testing::TempDir dir;
    std::filesystem::create_directories(dir / "taken/inside");
    const auto result = write_file_atomically(dir / "taken", "x", Sync::kNo);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find((dir / "taken").string()), std::string::npos);
    EXPECT_EQ(entries(dir.path()), 1U);
    EXPECT_FALSE(write_file_atomically(dir / "no/such/folder", "x", Sync::kNo));
}

TEST(AtomicFile, ReadsNoMoreThanAllowedAndOnlyRegularFiles) {
    const testing::TempDir dir;
    dir.write("f", "12345");
    EXPECT_EQ(*read_whole_file(dir / "f", 5), "12345");
    EXPECT_FALSE(read_whole_file(dir / "f", 4));
    EXPECT_FALSE(read_whole_file(dir.path(), 100));
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    EXPECT_FALSE(read_whole_file(dir / "fifo", 100));
}

}  // namespace
}  // namespace tenon
