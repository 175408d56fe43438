#include "host/agent/journal.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::agent {
namespace {

TEST(Journal, GivesBackWhatWasAppended) {
    const testing::TempDir dir;
    {
        auto opened = Journal::open(dir / "s.jsonl");
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_TRUE(opened->lines().empty());
        EXPECT_EQ(*opened->journal.append("a", ""), 0);
        EXPECT_EQ(*opened->journal.append("b", R"("x":1)"), 1);
    }
    auto again = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->lines(),
              (std::vector<std::string_view>{R"({"v":1,"seq":0,"type":"a"})",
                                             R"({"v":1,"seq":1,"type":"b","x":1})"}));
    struct stat info {};
    ASSERT_EQ(::stat((dir / "s.jsonl").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Journal, RemovesALineThatWasCutOff) {
    const testing::TempDir dir;
    dir.write("s.jsonl", "{\"v\":1}\n{\"v\":1,\"se");
    auto opened = Journal::open(dir / "s.jsonl");
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->lines(), (std::vector<std::string_view>{"{\"v\":1}"}));
    EXPECT_EQ(dir.read("s.jsonl"), "{\"v\":1}\n");
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
        if (!opened || !opened->journal.append("a", "")) ::_exit(1);
        const rlimit limit{40, 40};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto full = opened->journal.append("b", "\"x\":\"" + std::string(100, 'x') + "\"");
        ::_exit(full ? 2 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(dir.read("s.jsonl"), "{\"v\":1,\"seq\":0,\"type\":\"a\"}\n");
}

}  // namespace
}  // namespace tenon::agent
