#include "host/sandbox/placeholders.h"

#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

unsigned mode_of(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

class PlaceholdersIn : public ::testing::Test {
protected:
    PlaceholdersIn() { fs::create_directory(workspace()); }
    [[nodiscard]] fs::path workspace() const { return root_ / "w"; }
    [[nodiscard]] Placeholders make(const std::vector<std::string>& names) const {
        std::vector<std::string> paths;
        for (const std::string& name : names)
            paths.push_back((workspace() / name).string());
        auto made = Placeholders::make(root_ / "records", workspace().string(), paths,
                                       {workspace().string()});
        EXPECT_TRUE(made) << (made ? "" : made.error().message);
        return made ? *std::move(made) : Placeholders();
    }
    TempDir root_;
};

/// What a command of an outer workspace can do at any moment.
class Exchanging {
public:
    Exchanging(const fs::path& a, const fs::path& b)
        : thread_([this, a, b] {
              while (!over_) {
                  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0)
                      began_ = true;
              }
          }) {
        while (!began_)
            std::this_thread::yield();
    }
    ~Exchanging() {
        over_ = true;
        thread_.join();
    }
    Exchanging(const Exchanging&) = delete;
    Exchanging& operator=(const Exchanging&) = delete;

private:
    std::atomic<bool> over_ = false;
    std::atomic<bool> began_ = false;
    std::thread thread_;
};

TEST_F(PlaceholdersIn, ALinkPutInThePlaceOfOneLeadsNowhere) {
    constexpr int kTries = 60;
    root_.write("private", "secret\n");
    ::chmod((root_ / "private").c_str(), 0600);
    for (int i = 0; i < kTries; ++i) {
        std::optional<Placeholders> held = make({".claude/deep"});
        root_.write("w/.claude/filled", "");
        fs::create_symlink(root_ / "private", workspace() / "link");
        {
            const Exchanging exchanging(workspace() / ".claude", workspace() / "link");
            held.reset();
        }
        ASSERT_EQ(mode_of(root_ / "private"), 0600U) << "after " << i;
        fs::remove_all(workspace());
        fs::create_directory(workspace());
    }
}

TEST_F(PlaceholdersIn, ALinkPutInThePlaceOfADirectoryAroundOneLeadsNowhere) {
    constexpr int kTries = 60;
    fs::create_directory(root_ / "outside");
    for (int i = 0; i < kTries; ++i) {
        fs::create_directory(workspace() / "a");
        fs::create_symlink(root_ / "outside", workspace() / "link");
        {
            const Exchanging exchanging(workspace() / "a", workspace() / "link");
            std::ignore = make({"a/.claude"});
        }
        ASSERT_TRUE(fs::is_empty(root_ / "outside")) << "after " << i;
        fs::remove_all(workspace());
        fs::create_directory(workspace());
    }
}

TEST_F(PlaceholdersIn, AWorkspaceThatPassesOnItsGroupAreRemovedToo) {
    ::chmod(workspace().c_str(), 02775);
    {
        const Placeholders held = make({".git/hooks", ".claude"});
        EXPECT_EQ(mode_of(workspace() / ".claude"), 03555U);
        root_.write("w/.git/HEAD", "");
    }
    EXPECT_FALSE(fs::exists(workspace() / ".claude"));
    EXPECT_FALSE(fs::exists(workspace() / ".git/hooks"));
    EXPECT_EQ(mode_of(workspace() / ".git"), 02755U) << "a directory like others";
}

TEST_F(PlaceholdersIn, ADirectoryOfTheUserIsNeverOneWhateverItsMode) {
    root_.write("w/.claude/settings.json", "{}");
    fs::create_directory(workspace() / ".tenon");
    ::chmod((workspace() / ".claude").c_str(), 01755);
    ::chmod((workspace() / ".tenon").c_str(), 01555);
    std::ignore = make({".claude", ".tenon"});
    EXPECT_EQ(mode_of(workspace() / ".claude"), 01755U);
    EXPECT_EQ(mode_of(workspace() / ".tenon"), 01555U);
}

TEST_F(PlaceholdersIn, ADirectoryThatHasReplacedOneBelongsToTheUser) {
    {
        const Placeholders held = make({".claude"});
        fs::rename(workspace() / ".claude", workspace() / "moved");
        root_.write("w/.claude/settings.json", "{}");
        ::chmod((workspace() / ".claude").c_str(), 01555);
    }
    EXPECT_EQ(mode_of(workspace() / ".claude"), 01555U);
}

}  // namespace
}  // namespace tenon::sandbox
