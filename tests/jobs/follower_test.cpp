#include "host/jobs/follower.h"

#include <fcntl.h>
#include <filesystem>
#include <poll.h>

#include <gtest/gtest.h>

#include "host/shim/spool.h"
#include "tests/support/temp_dir.h"

namespace tenon::jobs {
namespace {

constexpr std::uint64_t kCap = 400;  // 200 for the head, two files of 100 for the tail

/// A job's folder and the supervisor's own writer.
class FollowerTest : public ::testing::Test {
protected:
    void write(const std::string& text) { spool_.write(text); }
    /// Everything there is now; `…N…` where N bytes are missing.
    static std::string read(OutputFollower& follower) {
        std::string text;
        while (const auto piece = follower.next())
            text += (piece->omitted > 0 ? "…" + std::to_string(piece->omitted) + "…" : "") +
                    piece->bytes;
        return text;
    }
    static bool is_readable(const OutputFollower& follower) {
        pollfd entry{follower.fd(), POLLIN, 0};
        return ::poll(&entry, 1, 0) > 0;
    }

    tenon::testing::TempDir dir_;
    UniqueFd folder_{::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    shim::Spool spool_{folder_.get(), kCap};
};

TEST_F(FollowerTest, ReadsOnAcrossAllFilesWhenItKeepsUp) {
    OutputFollower follower(dir_.path());
    std::string written;
    std::string seen;
    for (int i = 0; i < 40; ++i) {
        const std::string line = "line " + std::to_string(i) + std::string(20, '.') + "\n";
        write(line);
        written += line;
        seen += read(follower);
        EXPECT_EQ(seen, written);
    }
}

TEST_F(FollowerTest, ReadsWhatWasThereBefore) {
    const std::string text(250, 'a');
    write(text);
    OutputFollower follower(dir_.path());
    EXPECT_EQ(read(follower), text);
}

TEST_F(FollowerTest, SaysWhereBytesAreMissingAndHowMany) {
    OutputFollower follower(dir_.path());
    write(std::string(150, 'a'));
    EXPECT_EQ(read(follower), std::string(150, 'a'));
    for (const char c : {'b', 'c', 'd', 'e', 'f'})
        write(std::string(100, c));
    EXPECT_EQ(read(follower),
              std::string(50, 'b') + "…300…" + std::string(50, 'e') + std::string(100, 'f'));
}

TEST_F(FollowerTest, SaysSoInTheTailToo) {
    OutputFollower follower(dir_.path());
    write(std::string(250, 'a'));
    EXPECT_EQ(read(follower), std::string(250, 'a'));
    write(std::string(50, 'b'));
    for (const char c : {'c', 'd', 'e'})
        write(std::string(100, c));
    EXPECT_EQ(read(follower),
              std::string(50, 'b') + "…100…" + std::string(100, 'd') + std::string(100, 'e'));
}

TEST_F(FollowerTest, AccountsForEveryByteWheneverItReads) {
    for (const std::size_t piece : {1, 7, 33, 100, 150, 399, 1000}) {
        for (const int every : {1, 2, 5, 20}) {
            SCOPED_TRACE(piece);
            SCOPED_TRACE(every);
            const tenon::testing::TempDir dir;
            const UniqueFd folder(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            shim::Spool spool(folder.get(), kCap);
            OutputFollower follower(dir.path());
            std::uint64_t seen = 0;
            for (int i = 1; i <= 60; ++i) {
                spool.write(std::string(piece, 'x'));
                if (i % every != 0) continue;
                while (const auto next = follower.next())
                    seen += next->omitted + next->bytes.size();
                EXPECT_EQ(seen, spool.total());
            }
        }
    }
}

TEST_F(FollowerTest, IsReadableWhenMoreHasCome) {
    OutputFollower follower(dir_.path());
    read(follower);
    EXPECT_FALSE(is_readable(follower));
    write("a");
    EXPECT_TRUE(is_readable(follower));
    EXPECT_EQ(read(follower), "a");
    EXPECT_FALSE(is_readable(follower));
    write(std::string(300, 'b'));
    EXPECT_TRUE(is_readable(follower));
}

TEST_F(FollowerTest, ReadsNothingFromAMissingFolder) {
    OutputFollower follower(dir_ / "missing");
    EXPECT_FALSE(follower.next());
}

}  // namespace
}  // namespace tenon::jobs
