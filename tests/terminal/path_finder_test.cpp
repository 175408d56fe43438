#include "host/terminal/path_finder.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::terminal {
namespace {

using testing::TempDir;

/// What a finder has delivered, for the thread of the test.
class Delivered {
public:
    void add(FoundPaths found) {
        const Lock lock(mutex_);
        found_.push_back(std::move(found));
        changed_.notify_all();
    }
    /// Waits for an answer to `typed` that holds `count` paths.
    bool has(const std::string& typed, std::size_t count) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        Lock lock(mutex_);
        while (!has_now(typed, count))
            if (!changed_.wait_until(lock, deadline)) return false;
        return true;
    }

private:
    [[nodiscard]] bool has_now(const std::string& typed, std::size_t count) const
        TENON_REQUIRES(mutex_) {
        return std::any_of(found_.begin(), found_.end(), [&](const FoundPaths& found) {
            return found.typed == typed &&
                   found.matches.best.size() + found.matches.others == count;
        });
    }

    Mutex mutex_;
    Condition changed_;
    std::vector<FoundPaths> found_ TENON_GUARDED_BY(mutex_);
};

TEST(PathFinder, DeliversTheMatchesOfTheWorkspaceAndOfFolders) {
    const TempDir dir;
    for (const char* name : {"work/a/screen.cpp", "work/b.txt", "work/.hidden", "other/up.txt"})
        dir.write(name, "");
    Delivered delivered;
    PathFinder finder(dir / "work", [&](FoundPaths found) { delivered.add(std::move(found)); });
    finder.find("SCR");
    EXPECT_TRUE(delivered.has("SCR", 1));
    finder.find(".hid");
    EXPECT_TRUE(delivered.has(".hid", 1));
    finder.find("");
    EXPECT_TRUE(delivered.has("", 3));
    finder.find("../other/");
    EXPECT_TRUE(delivered.has("../other/", 1));
    finder.find((dir / "other").string() + "/U");
    EXPECT_TRUE(delivered.has((dir / "other").string() + "/U", 1));
}

TEST(PathFinder, ReadsTheWorkspaceAgainAfterForget) {
    const TempDir dir;
    dir.write("new1", "");
    Delivered delivered;
    PathFinder finder(dir.path(), [&](FoundPaths found) { delivered.add(std::move(found)); });
    finder.find("new");
    EXPECT_TRUE(delivered.has("new", 1));
    dir.write("new2", "");
    finder.forget();
    finder.find("new");
    EXPECT_TRUE(delivered.has("new", 2));
}

TEST(PathFinder, AnswersTheLastOfManyRequestsAndEndsInTheMiddleOfOne) {
    const TempDir dir;
    for (int i = 0; i < 2000; ++i)
        dir.write("folder" + std::to_string(i % 50) + "/file" + std::to_string(i), "");
    Delivered delivered;
    {
        PathFinder finder(dir.path(), [&](FoundPaths found) { delivered.add(std::move(found)); });
        for (const char* typed :
             {"f", "fi", "fil", "file", "file1", "file19", "file199", "file1999"})
            finder.find(typed);
        EXPECT_TRUE(delivered.has("file1999", 1));
        finder.forget();
        finder.find("file");
    }
    const PathFinder unused(dir.path(), [](const FoundPaths&) {});
}

}  // namespace
}  // namespace tenon::terminal
