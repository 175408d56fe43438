#include "host/config/state_dir.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// Sets the umask for a scope. No other thread makes files meanwhile.
class Umask {
public:
    explicit Umask(mode_t mask) : before_(::umask(mask)) {}
    ~Umask() { ::umask(before_); }
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;

private:
    mode_t before_;
};

TEST(StateDir, IsMadeForItsUserAloneWhateverTheUmaskIs) {
    for (const mode_t mask : {0000U, 0022U, 0777U}) {
        SCOPED_TRACE(mask);
        const testing::TempDir dir;
        const Umask umask(mask);
        const auto made = make_state_dir(dir / "a/b/tenon");
        ASSERT_TRUE(made) << made.error().message;
        for (const char* name : {"a", "a/b", "a/b/tenon"})
            EXPECT_EQ(testing::mode_of(dir / name), 0700U) << name;
    }
}

TEST(StateDir, IsFineWhereItIsMissingOrItsUsersOwn) {
    const testing::TempDir dir;
    EXPECT_TRUE(check_state_dir(dir / "missing/altogether"));
    for (const char* name : {"s/sessions", "s/jobs", "s/trust"})
        fs::create_directories(dir / name);
    EXPECT_TRUE(check_state_dir(dir / "s"));
    fs::create_directory_symlink(dir.path(), dir / "above");
    EXPECT_TRUE(check_state_dir(dir / "above/s"));  // links above it are the user's business
}

TEST(StateDir, IsRefusedWithTheRemedyWhereOthersCouldDecideWhatStandsInIt) {
    for (const char* name : {"", "sessions", "jobs", "trust"}) {
        SCOPED_TRACE(name);
        const testing::TempDir dir;
        const fs::path state = dir / "s";
        const fs::path path = *name == '\0' ? state : state / name;
        fs::create_directories(path);

        for (const mode_t mode : {0777U, 0720U, 0702U, 01777U}) {
            ASSERT_EQ(::chmod(path.c_str(), mode), 0);
            for (const auto& fine : {check_state_dir(state), make_state_dir(state)}) {
                ASSERT_FALSE(fine) << mode;
                EXPECT_THAT(fine.error().message, HasSubstr(path.string()));
                EXPECT_THAT(fine.error().message, HasSubstr("chmod 700"));
            }
        }
        ASSERT_EQ(::chmod(path.c_str(), 0700), 0);

        fs::rename(path, dir / "elsewhere");
        fs::create_directory_symlink(dir / "elsewhere", path);
        const auto link = check_state_dir(state);
        ASSERT_FALSE(link);
        EXPECT_THAT(link.error().message, HasSubstr("is a symbolic link"));
        EXPECT_THAT(link.error().message, HasSubstr("TENON_STATE_DIR"));
        fs::remove(path);
    }
}

TEST(StateDir, IsADirectory) {
    const testing::TempDir dir;
    const auto file = dir.write("s", "a file");
    for (const auto& fine :
         {check_state_dir(file), make_state_dir(file), make_state_dir(file / "below")}) {
        ASSERT_FALSE(fine);
        EXPECT_THAT(fine.error().message, HasSubstr("irectory"));
        EXPECT_THAT(fine.error().message, HasSubstr("TENON_STATE_DIR"));
    }
}

TEST(StateDir, OfAnotherUserIsNeitherUsedNorMade) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to another user";
    const testing::TempDir dir;
    fs::create_directories(dir / "home/s");
    ASSERT_EQ(::chown((dir / "home").c_str(), 54321, 54321), 0);
    const auto made = make_state_dir(dir / "home/new/s");
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("54321"));
    EXPECT_THAT(made.error().message, HasSubstr("TENON_STATE_DIR"));
    EXPECT_FALSE(fs::exists(dir / "home/new"));

    ASSERT_EQ(::chown((dir / "home/s").c_str(), 54321, 54321), 0);
    const auto used = check_state_dir(dir / "home/s");
    ASSERT_FALSE(used);
    EXPECT_THAT(used.error().message, HasSubstr("belongs to user number 54321"));
    EXPECT_THAT(used.error().message, HasSubstr("TENON_STATE_DIR"));
}

}  // namespace
}  // namespace tenon::config
