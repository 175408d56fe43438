#include "host/shim/spool.h"

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/jobs/kept_output.h"
#include "host/jobs/record.h"
#include "tests/support/temp_dir.h"

namespace tenon::shim {
namespace {

/// The files of a spool, side by side.
struct Kept {
    std::string head, older, newer;

    explicit Kept(const testing::TempDir& dir)
        : head(dir.read("output")), older(dir.read("output.1")), newer(dir.read("output.2")) {}
    [[nodiscard]] std::size_t size() const { return head.size() + older.size() + newer.size(); }
};

std::string numbered(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes)
        text += std::to_string(text.size()) + ",";
    text.resize(bytes);
    return text;
}

TEST(Spool, KeepsTheHeadAndTheNewestTailToTheByte) {
    const std::string text = numbered(10'000);
    for (const std::uint64_t cap :
         {0, 1, 2, 3, 4, 7, 8, 100, 1001, 4096, 9'999, 10'000, 20'000, 20'002, 50'000}) {
        for (const std::size_t piece : {1, 3, 64, 1000, 10'000}) {
            SCOPED_TRACE(cap);
            SCOPED_TRACE(piece);
            const testing::TempDir dir;
            const UniqueFd folder(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
            Spool spool(folder.get(), cap);
            for (std::size_t at = 0; at < text.size(); at += piece)
                spool.write(std::string_view(text).substr(at, piece));

            const Kept kept(dir);
            const std::size_t half = std::min<std::size_t>(cap / 2, text.size());
            const std::string tail = kept.older + kept.newer;
            EXPECT_EQ(kept.head, text.substr(0, half));
            EXPECT_EQ(tail, text.substr(text.size() - tail.size()));
            EXPECT_LE(kept.size(), cap);
            EXPECT_TRUE(text.size() <= cap || tail.size() >= cap / 4);
            EXPECT_EQ(spool.total(), text.size());
            EXPECT_EQ(spool.omitted(), text.size() - kept.size());
            EXPECT_TRUE(text.size() > cap / 4 * 4 || spool.omitted() == 0);
            if (!tail.empty()) {
                EXPECT_EQ(jobs::KeptOutput(dir.path()).omitted(), spool.omitted())
                    << "readers know it while the job runs";
            }
        }
    }
}

TEST(Spool, CountsWhatTheDiskRefusesAndGoesOn) {
    const testing::TempDir dir;
    const UniqueFd folder(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
    Spool spool(folder.get(), 1U << 20U);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{1000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    spool.write(numbered(5000));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(spool.omitted(), 4000U);
    EXPECT_EQ(spool.problem(), "output not kept: write: File too large");
    spool.write("more");
    EXPECT_EQ(dir.read("output"), numbered(1000) + "more");
    EXPECT_EQ(spool.total(), 5004U);
}

TEST(Spool, DropsItsTailWhenTheSpaceIsNeeded) {
    const testing::TempDir dir;
    const UniqueFd folder(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
    Spool spool(folder.get(), 400);
    spool.write(numbered(390));
    spool.drop_tail();
    spool.write("more");
    EXPECT_EQ(Kept(dir).size(), 200U);
    EXPECT_EQ(spool.omitted(), 194U);
}

}  // namespace
}  // namespace tenon::shim
