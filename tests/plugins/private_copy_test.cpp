#include "host/plugins/private_copy.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace fs = std::filesystem;

class PrivateCopyTest : public ::testing::Test {
protected:
    [[nodiscard]] PrivateCopy copy(unsigned generation) const {
        const UniqueFd file(
            ::open((fs::path(TENON_FIXTURES) / "plain.so").c_str(), O_RDONLY | O_CLOEXEC));
        const auto note = plugin::read_note(file.get());
        EXPECT_TRUE(note);
        auto made = make_private_copy(file.get(), *note, folder_, generation);
        EXPECT_TRUE(made) << made.error().reason;
        return std::move(made).value_or({});
    }
    [[nodiscard]] std::vector<fs::path> files() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder_))
            found.push_back(entry.path());
        return found;
    }

    tenon::testing::TempDir dir_;
    fs::path folder_ = dir_ / "copies";
};

TEST_F(PrivateCopyTest, HasANameOfItsOwnAlsoInTheSameGeneration) {
    const PrivateCopy first = copy(1);
    const PrivateCopy second = copy(1);
    EXPECT_NE(first.path, second.path);
    EXPECT_EQ(first.sha256, second.sha256);
    EXPECT_THAT(first.sha256, SizeIs(64));
    EXPECT_THAT(files(), ::testing::UnorderedElementsAre(first.path, second.path));
}

TEST_F(PrivateCopyTest, IsRemovedOnceNoProcessUsesIt) {
    PrivateCopy first = copy(1);
    const PrivateCopy second = copy(2);
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), SizeIs(2));
    first.in_use.reset();
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), ::testing::ElementsAre(second.path));
}

TEST_F(PrivateCopyTest, OfAnotherProcessStaysUntilThatEnds) {
    int ready[2];
    int end[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(end, O_CLOEXEC), 0);
    const pid_t other = ::fork();
    ASSERT_GE(other, 0);
    if (other == 0) {
        ::close(end[1]);
        const PrivateCopy mine = copy(7);
        char byte = mine.path.empty() ? 'n' : 'y';
        (void)!::write(ready[1], &byte, 1);
        (void)!::read(end[0], &byte, 1);
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), SizeIs(1));
    ::kill(other, SIGKILL);
    ASSERT_EQ(::waitpid(other, nullptr, 0), other);
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), IsEmpty());
    for (const int fd : {ready[0], ready[1], end[0], end[1]})
        ::close(fd);
}

TEST_F(PrivateCopyTest, OfALoadedLibraryStaysUntilThisProcessEnds) {
    const UniqueFd file(
        ::open((fs::path(TENON_FIXTURES) / "plain.so").c_str(), O_RDONLY | O_CLOEXEC));
    const auto note = plugin::read_note(file.get());
    ASSERT_TRUE(note);
    const auto path = private_copy(file.get(), *note, folder_, 1);
    ASSERT_TRUE(path);
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), ::testing::ElementsAre(*path));
}

TEST_F(PrivateCopyTest, IsRefusedForOtherBytesThanWereChecked) {
    const UniqueFd file(
        ::open((fs::path(TENON_FIXTURES) / "plain.so").c_str(), O_RDONLY | O_CLOEXEC));
    const auto note = plugin::read_note(file.get());
    ASSERT_TRUE(note);
    const std::string sha256 = copy(1).sha256;
    EXPECT_TRUE(make_private_copy(file.get(), *note, folder_, 1, sha256));
    const auto refused = make_private_copy(file.get(), *note, folder_, 1, std::string(64, '0'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "its bytes are not those that were checked");
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), IsEmpty());
}

TEST_F(PrivateCopyTest, OthersFilesStay) {
    dir_.write("copies/notes.txt", "mine");
    dir_.write("copies/.plain.1.2.tmp", "unfinished");
    remove_unused_copies(folder_);
    EXPECT_THAT(files(), ::testing::ElementsAre(folder_ / "notes.txt"));
    remove_unused_copies(dir_ / "missing");
}

/// Two processes make copies and remove unused ones at the same time.
TEST_F(PrivateCopyTest, IsWholeWhileOthersRemoveUnusedOnes) {
    fs::create_directories(folder_);
    constexpr int kRounds = 200;
    const pid_t other = ::fork();
    ASSERT_GE(other, 0);
    if (other == 0) {
        for (int i = 0; i < 20 * kRounds; ++i)
            remove_unused_copies(folder_);
        ::_exit(0);
    }
    const auto size = fs::file_size(fs::path(TENON_FIXTURES) / "plain.so");
    for (unsigned i = 0; i < kRounds; ++i) {
        const PrivateCopy made = copy(i);
        std::error_code failed;
        ASSERT_EQ(fs::file_size(made.path, failed), size) << made.path;
    }
    ASSERT_EQ(::waitpid(other, nullptr, 0), other);
}

}  // namespace
}  // namespace tenon::plugins
