#include "host/journal/journal.h"

#include <csignal>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace tenon::journal {
namespace {

/// Reads the journal to its end, which the next record is to stand behind: the type of each record,
/// or why there is none.
std::vector<std::string> read_all(Journal& journal) {
    Reader reader = journal.reader();
    std::vector<std::string> found;
    for (auto place = reader.next(); place && *place; place = reader.next())
        found.push_back((*place)->record ? (*place)->record->string("type") : (*place)->problem);
    journal.continue_after(reader);
    return found;
}

TEST(Journal, GivesBackWhatWasAppended) {
    const testing::TempDir dir;
    {
        auto opened = Journal::open(dir / "s.jsonl");
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(read_all(*opened), std::vector<std::string>());
        EXPECT_EQ(*opened->append("a", ""), 0);
        EXPECT_EQ(*opened->append("b", R"("x":1)"), 1);
    }
    auto again = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(again);
    EXPECT_EQ(read_all(*again), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(*again->append("c", ""), 2);
    EXPECT_EQ(dir.read("s.jsonl"),
              "{\"v\":1,\"seq\":0,\"type\":\"a\"}\n{\"v\":1,\"seq\":1,\"type\":\"b\",\"x\":1}\n"
              "{\"v\":1,\"seq\":2,\"type\":\"c\"}\n");
    struct stat info {};
    ASSERT_EQ(::stat((dir / "s.jsonl").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Journal, RemovesALineThatWasCutOff) {
    const testing::TempDir dir;
    const std::string before = "{\"v\":1}\n{\"v\":1,\"se";
    dir.write("s.jsonl", before);
    auto opened = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(opened);
    EXPECT_EQ(read_all(*opened).size(), 1U);
    EXPECT_EQ(dir.read("s.jsonl"), before) << "whoever opened it may not want it";
    ASSERT_TRUE(opened->mend_end());
    EXPECT_EQ(dir.read("s.jsonl"), "{\"v\":1}\n");
}

TEST(Journal, KeepsALastLineThatLacksOnlyItsEnd) {
    const std::string kFirst = "{\"v\":1,\"seq\":4}\n";
    struct Case {
        std::string last;
        bool is_kept;
    };
    for (const Case& c : {Case{R"({"v":1,"seq":1,"type":"a"})", true},
                          {"garbage", true},
                          {std::string("{\"v\":1,\"se\0\0", 12), true},
                          {R"({"v":1,"seq":1,"ty)", false}}) {
        SCOPED_TRACE(c.last);
        const testing::TempDir dir;
        dir.write("s.jsonl", kFirst + c.last);
        auto opened = Journal::open(dir / "s.jsonl");
        ASSERT_TRUE(opened);
        EXPECT_EQ(read_all(*opened).size(), c.is_kept ? 2U : 1U);
        ASSERT_TRUE(opened->append("b", ""));
        EXPECT_EQ(dir.read("s.jsonl"), kFirst + (c.is_kept ? c.last + "\n" : "") +
                                           "{\"v\":1,\"seq\":5,\"type\":\"b\"}\n");
    }
}

TEST(Journal, HoldsALineWithoutEndInBoundedMemory) {
    const testing::TempDir dir;
    dir.write("s.jsonl", "{\"v\":1}\n");
    std::filesystem::resize_file(dir / "s.jsonl", 200U << 20U);  // a hole
    auto opened = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(read_all(*opened), (std::vector<std::string>{"", "longer than 67108864 bytes"}));
    ASSERT_TRUE(opened->append("b", ""));
    EXPECT_GT(std::filesystem::file_size(dir / "s.jsonl"), 200U << 20U) << "it stays";
}

TEST(Journal, RefusesARecordThatItWouldNotReadBack) {
    const testing::TempDir dir;
    auto opened = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(opened);
    const auto written = opened->append("a", "\"x\":\"" + std::string(kMaxJournalLine, 'x') + "\"");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("too large"), std::string::npos);
    EXPECT_EQ(dir.read("s.jsonl"), "");
}

TEST(Journal, OfWhichNothingCanBeRemovedEndsAHalfLineAsNoRecord) {
    const testing::TempDir dir;
    auto opened = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(opened);
    ASSERT_TRUE(opened->append("a", ""));
    const UniqueFd seal(::open((dir / "s.jsonl").c_str(), O_RDONLY | O_CLOEXEC));
    int flags = 0;
    if (::ioctl(seal.get(), FS_IOC_GETFLAGS, &flags) != 0 ||
        (flags |= FS_APPEND_FL, ::ioctl(seal.get(), FS_IOC_SETFLAGS, &flags) != 0)) {
        GTEST_SKIP() << "needs root and a file system with chattr +a";
    }
    {
        const testing::FileSizeLimit full(40);
        EXPECT_FALSE(opened->append("b", "\"x\":\"" + std::string(100, 'x') + "\""));
    }
    EXPECT_TRUE(opened->append("c", ""));
    flags &= ~FS_APPEND_FL;
    ASSERT_EQ(::ioctl(seal.get(), FS_IOC_SETFLAGS, &flags), 0);
    EXPECT_EQ(dir.read("s.jsonl"),
              "{\"v\":1,\"seq\":0,\"type\":\"a\"}\n{\"v\":1,\"seq\":!\n{\"v\":1,\"seq\":1,\"type\":"
              "\"c\"}\n");
}

TEST(Journal, HasOneWriterAtATime) {
    const testing::TempDir dir;
    auto first = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(first);
    auto second = Journal::open(dir / "s.jsonl");
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another tenon"), std::string::npos)
        << second.error().message;
}

TEST(Journal, RefusesWhatIsNoRegularFile) {
    const testing::TempDir dir;
    std::filesystem::create_directory(dir / "folder.jsonl");
    ASSERT_EQ(::mkfifo((dir / "fifo.jsonl").c_str(), 0600), 0);
    std::filesystem::create_symlink(dir / "elsewhere", dir / "link.jsonl");
    for (const char* name : {"folder.jsonl", "fifo.jsonl", "link.jsonl", "no/such.jsonl"}) {
        SCOPED_TRACE(name);
        auto opened = Journal::open(dir / name);
        ASSERT_FALSE(opened);
        EXPECT_NE(opened.error().message.find((dir / name).string()), std::string::npos);
    }
    EXPECT_FALSE(std::filesystem::exists(dir / "elsewhere"));
}

TEST(Journal, LeavesNoHalfLineWhenTheFileCannotGrow) {
    const testing::TempDir dir;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        auto opened = Journal::open(dir / "s.jsonl");
        if (!opened || !opened->append("a", "")) ::_exit(1);
        const rlimit limit{40, 40};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto full = opened->append("b", "\"x\":\"" + std::string(100, 'x') + "\"");
        ::_exit(full ? 2 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(dir.read("s.jsonl"), "{\"v\":1,\"seq\":0,\"type\":\"a\"}\n");
}

}  // namespace
}  // namespace tenon::journal
