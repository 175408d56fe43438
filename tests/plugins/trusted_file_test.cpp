#include "host/plugins/trusted_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using ::testing::HasSubstr;

std::string reason(const std::filesystem::path& file) {
    auto opened = open_trusted(file);
    return opened ? "" : opened.error().reason;
}

class TrustedFileTest : public ::testing::Test {
protected:
    TrustedFileTest() {
        std::filesystem::permissions(file_.parent_path(), std::filesystem::perms(0755));
    }

    tenon::testing::TempDir dir_;
    std::filesystem::path file_ = dir_.write("sub/x.so", "bytes");
};

TEST_F(TrustedFileTest, OpensAFileThatOnlyItsOwnerMayWrite) {
    ::chmod(file_.c_str(), 0644);
    EXPECT_EQ(reason(file_), "");
}

TEST_F(TrustedFileTest, RefusesAFileThatEverybodyMayWrite) {
    ::chmod(file_.c_str(), 0666);
    EXPECT_THAT(reason(file_), HasSubstr("the file is writable by everybody"));
}

TEST_F(TrustedFileTest, RefusesAFolderThatEverybodyMayWrite) {
    ::chmod(file_.parent_path().c_str(), 0777);
    EXPECT_THAT(reason(file_), HasSubstr("/sub is writable by everybody"));
}

TEST_F(TrustedFileTest, AcceptsAFolderWhereOnlyOwnersRename) {
    ::chmod(file_.parent_path().c_str(), 01777);
    EXPECT_EQ(reason(file_), "");
}

TEST_F(TrustedFileTest, AcceptsThePrivateGroupOfTheOwner) {
    ::chmod(file_.c_str(), 0664);
    struct stat info {};
    ::stat(file_.c_str(), &info);
    if (info.st_uid != 0 || info.st_gid != 0)
        GTEST_SKIP() << "needs an owner whose group is known to be private";
    EXPECT_EQ(reason(file_), "");
}

TEST_F(TrustedFileTest, RefusesAnotherGroup) {
    ::chmod(file_.c_str(), 0664);
    if (::chown(file_.c_str(), static_cast<uid_t>(-1), 1) != 0) GTEST_SKIP() << "needs root";
    EXPECT_THAT(reason(file_), HasSubstr("writable by group number 1"));
}

TEST_F(TrustedFileTest, RefusesAnotherOwner) {
    if (::chown(file_.c_str(), 65534, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "needs root";
    EXPECT_THAT(reason(file_), HasSubstr("belongs to user number 65534"));
}

TEST_F(TrustedFileTest, NamesTheCommandThatHelps) {
    ::chmod(file_.c_str(), 0666);
    EXPECT_EQ(open_trusted(file_).error().remedy, "chmod go-w " + file_.string());
    if (::chown(file_.c_str(), 65534, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "needs root";
    EXPECT_EQ(open_trusted(file_).error().remedy, "let it belong to you or root: chown " +
                                                      std::to_string(::geteuid()) + " " +
                                                      file_.string());
}

TEST_F(TrustedFileTest, RefusesWhatIsNotAFile) {
    std::filesystem::create_directory(dir_ / "folder.so");
    ::mkfifo((dir_ / "fifo.so").c_str(), 0600);
    EXPECT_EQ(reason(dir_ / "folder.so"), "not a regular file");
    EXPECT_EQ(reason(dir_ / "fifo.so"), "not a regular file");
    EXPECT_THAT(reason(dir_ / "missing.so"), HasSubstr("No such file"));
}

TEST_F(TrustedFileTest, FollowsALinkToAFolder) {
    std::filesystem::create_directory_symlink(dir_ / "sub", dir_ / "link");
    const auto opened = open_trusted(dir_ / "link/x.so");
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->path, dir_ / "sub/x.so");
}

TEST_F(TrustedFileTest, OpensTheFileThatALinkLeadsTo) {
    std::filesystem::create_directory(dir_ / "links");
    std::filesystem::create_symlink("../sub/x.so", dir_ / "links/relative.so");
    std::filesystem::create_symlink(dir_ / "links/relative.so", dir_ / "links/twice.so");
    for (const char* name : {"links/relative.so", "links/twice.so"}) {
        SCOPED_TRACE(name);
        const auto opened = open_trusted(dir_ / name);
        ASSERT_TRUE(opened) << opened.error().reason;
        EXPECT_EQ(opened->path, dir_ / name);
        EXPECT_EQ(opened->real, file_);
        char bytes[8] = {};
        EXPECT_EQ(::read(opened->fd.get(), bytes, sizeof bytes), 5);
        EXPECT_STREQ(bytes, "bytes");
    }
}

TEST_F(TrustedFileTest, RefusesALinkWhoseTargetOthersCouldChange) {
    const auto link = dir_ / "link.so";
    std::filesystem::create_symlink(file_, link);
    ::chmod(file_.c_str(), 0666);
    EXPECT_THAT(reason(link), HasSubstr("the file is writable by everybody"));
    ::chmod(file_.c_str(), 0644);
    ::chmod(file_.parent_path().c_str(), 0777);
    EXPECT_THAT(reason(link), HasSubstr("/sub is writable by everybody"));
}

TEST_F(TrustedFileTest, RefusesALinkToAFileOfAnotherOwner) {
    const auto link = dir_ / "link.so";
    std::filesystem::create_symlink(file_, link);
    EXPECT_EQ(reason(link), "");
    if (::lchown(link.c_str(), 65534, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "needs root";
    EXPECT_THAT(reason(link), HasSubstr("a symbolic link of user number 65534 to a file of user"));
}

TEST_F(TrustedFileTest, RefusesALinkThatLeadsNowhere) {
    std::filesystem::create_symlink(dir_ / "gone.so", dir_ / "dangling.so");
    std::filesystem::create_symlink("loop.so", dir_ / "loop.so");
    std::filesystem::create_symlink(dir_ / "sub", dir_ / "folder.so");
    EXPECT_THAT(reason(dir_ / "dangling.so"), HasSubstr("follow the symbolic link"));
    EXPECT_THAT(reason(dir_ / "loop.so"), HasSubstr("follow the symbolic link"));
    EXPECT_EQ(reason(dir_ / "folder.so"), "not a regular file");
}

}  // namespace
}  // namespace tenon::plugins
