#include "host/plugins/folder_watch.h"

#include <cstdio>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/plugins/agent_plugin.h"
#include "host/plugins/trusted_file.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {

void PrintTo(const FolderWatch::Change& change, std::ostream* out) {
    *out << change.file << " of kind " << static_cast<int>(change.kind);
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;
using Change = FolderWatch::Change;
using Kind = FolderWatch::Kind;

class FolderWatchTest : public ::testing::Test {
protected:
    void watch(std::vector<WatchedFolder> folders) {
        watch_ = std::make_unique<FolderWatch>(std::move(folders));
        EXPECT_TRUE(watch_->sees_everything());
    }
    /// Waits as the host does until something is reported.
    std::vector<Change> reported() {
        const auto end = FolderWatch::Clock::now() + tenon::testing::kPatience;
        FolderWatch::News news = watch_->take_events();
        while (news.changes.empty() && FolderWatch::Clock::now() < end) {
            const auto until = std::min(news.again.value_or(end), end);
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(until - FolderWatch::Clock::now());
            pollfd entry{watch_->descriptor(), POLLIN, 0};
            ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
            news = watch_->take_events();
        }
        return news.changes;
    }
    /// Whether the kernel's events mean that nothing is going to be reported.
    bool is_quiet() {
        const FolderWatch::News news = watch_->take_events();
        return news.changes.empty() && !news.again;
    }

    tenon::testing::TempDir dir_;
    std::unique_ptr<FolderWatch> watch_;
};

TEST_F(FolderWatchTest, ALookReportsOnceWhatAppearedChangedOrWasRemoved) {
    dir_.write("a/old.so", "old");
    dir_.write("a/same.so", "same");
    watch({{dir_ / "a"}, {dir_ / "missing"}});
    EXPECT_THAT(watch_->look(), IsEmpty());

    dir_.write("a/old.so", "changed");
    dir_.write("a/new.so", "new");
    dir_.write("a/note.txt", "no plugin");
    dir_.write("a/.hidden.so", "no plugin for the loader either");
    EXPECT_THAT(watch_->look(), ElementsAre(Change{dir_ / "a/new.so", Kind::kAppeared},
                                            Change{dir_ / "a/old.so", Kind::kChanged}));
    EXPECT_THAT(watch_->look(), IsEmpty());

    fs::remove(dir_ / "a/new.so");
    dir_.write("missing/late.so", "late");
    EXPECT_THAT(watch_->look(), ElementsAre(Change{dir_ / "a/new.so", Kind::kRemoved},
                                            Change{dir_ / "missing/late.so", Kind::kAppeared}));
    EXPECT_THAT(watch_->take_reported(),
                ElementsAre(dir_ / "a/new.so", dir_ / "a/old.so", dir_ / "missing/late.so"));
    EXPECT_THAT(watch_->take_reported(), IsEmpty());
}

TEST_F(FolderWatchTest, TheKernelReportsEachKindOfChange) {
    const auto file = dir_.write("a/old.so", "old");
    watch({{dir_ / "a"}});
    dir_.write("a/new.so", "new");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/new.so", Kind::kAppeared}));
    dir_.write("a/old.so", "changed");
    EXPECT_THAT(reported(), ElementsAre(Change{file, Kind::kChanged}));
    fs::permissions(file, fs::perms(0600));
    EXPECT_THAT(reported(), ElementsAre(Change{file, Kind::kChanged}));
    fs::remove(file);
    EXPECT_THAT(reported(), ElementsAre(Change{file, Kind::kRemoved}));
    dir_.write("elsewhere.so", "linked");
    fs::create_hard_link(dir_ / "elsewhere.so", dir_ / "a/hard.so");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/hard.so", Kind::kAppeared}));
    EXPECT_TRUE(is_quiet());
}

TEST_F(FolderWatchTest, WhatIsInstalledInSeveralStepsIsOneChange) {
    dir_.write("a/x.so", "old");
    watch({{dir_ / "a"}});
    dir_.write("a/x.so.tmp", "half");
    dir_.write("a/x.so.tmp", "whole");
    fs::permissions(dir_ / "a/x.so.tmp", fs::perms(0644));
    fs::rename(dir_ / "a/x.so.tmp", dir_ / "a/x.so");
    fs::permissions(dir_ / "a/x.so", fs::perms(0755));
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/x.so", Kind::kChanged}));
    EXPECT_TRUE(is_quiet());
}

TEST_F(FolderWatchTest, AFileThatIsWrittenSlowlyIsReportedWhenItIsClosed) {
    fs::create_directories(dir_ / "a");
    watch({{dir_ / "a"}});
    {
        const UniqueFd slow(
            ::open((dir_ / "a/slow.so").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        for (int i = 0; i < 3; ++i) {
            ASSERT_EQ(::write(slow.get(), "piece", 5), 5);
            EXPECT_TRUE(is_quiet());
        }
    }
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/slow.so", Kind::kAppeared}));
    EXPECT_TRUE(is_quiet());
}

TEST_F(FolderWatchTest, OtherFilesAreOfNoInterest) {
    fs::create_directories(dir_ / "a");
    watch({{dir_ / "a"}});
    dir_.write("a/note.txt", "x");
    dir_.write("a/.hidden.so", "x");
    dir_.write("beside.so", "x");
    EXPECT_TRUE(is_quiet());
}

TEST_F(FolderWatchTest, AFolderMayAppearLater) {
    watch({{dir_ / "share/tenon/plugins"}});
    fs::create_directories(dir_ / "share/tenon");
    fs::create_directories(dir_ / "share/tenon/plugins");
    dir_.write("share/tenon/plugins/x.so", "x");
    EXPECT_THAT(reported(),
                ElementsAre(Change{dir_ / "share/tenon/plugins/x.so", Kind::kAppeared}));
    dir_.write("share/tenon/plugins/y.so", "y");
    EXPECT_THAT(reported(),
                ElementsAre(Change{dir_ / "share/tenon/plugins/y.so", Kind::kAppeared}));
}

TEST_F(FolderWatchTest, AFolderMayBeReplacedAndRemoved) {
    dir_.write("top/a/x.so", "old");
    dir_.write("new/a/x.so", "new");
    dir_.write("new/a/y.so", "y");
    watch({{dir_ / "top/a"}});
    fs::rename(dir_ / "top", dir_ / "old");
    fs::rename(dir_ / "new", dir_ / "top");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "top/a/x.so", Kind::kChanged},
                                        Change{dir_ / "top/a/y.so", Kind::kAppeared}));
    fs::remove_all(dir_ / "top");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "top/a/x.so", Kind::kRemoved},
                                        Change{dir_ / "top/a/y.so", Kind::kRemoved}));
    dir_.write("top/a/z.so", "z");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "top/a/z.so", Kind::kAppeared}));
}

TEST_F(FolderWatchTest, AFolderMayBeALinkThatChanges) {
    dir_.write("one/x.so", "1");
    dir_.write("two/x.so", "2");
    fs::create_directory_symlink("one", dir_ / "link");
    watch({{dir_ / "link"}});
    fs::create_directory_symlink("two", dir_ / "other");
    fs::rename(dir_ / "other", dir_ / "link");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "one/x.so", Kind::kRemoved},
                                        Change{dir_ / "two/x.so", Kind::kAppeared}));
}

TEST_F(FolderWatchTest, TheTargetOfALinkIsWatchedToo) {
    const auto target = dir_.write("build/x.so", "1");
    fs::create_directories(dir_ / "a");
    watch({{dir_ / "a"}});
    fs::create_symlink(target, dir_ / "a/x.so");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/x.so", Kind::kAppeared}));
    dir_.write("build/x.so", "2");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/x.so", Kind::kChanged}));
    dir_.write("build/new", "3");
    fs::rename(dir_ / "build/new", target);
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/x.so", Kind::kChanged}));
    dir_.write("build/y.so", "no plugin of ours");
    EXPECT_TRUE(is_quiet());
}

TEST_F(FolderWatchTest, ManifestsAndLibrariesOfAgentPluginsCount) {
    const fs::path libraries = fs::path("a/acme") / native_library_folder();
    fs::create_directories(dir_ / "a");
    watch({{dir_ / "a"}});
    dir_.write("a/acme/plugin.json", "{}");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/acme/plugin.json", Kind::kAppeared}));
    dir_.write(libraries / "x.so", "x");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / libraries / "x.so", Kind::kAppeared}));
    dir_.write(libraries / "x.so", "y");
    dir_.write("a/acme/mcp.json", "{}");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / libraries / "x.so", Kind::kChanged},
                                        Change{dir_ / "a/acme/mcp.json", Kind::kAppeared}));
    dir_.write("a/acme/README.md", "of no interest");
    EXPECT_TRUE(is_quiet());
    fs::remove_all(dir_ / "a/acme");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / libraries / "x.so", Kind::kRemoved},
                                        Change{dir_ / "a/acme/mcp.json", Kind::kRemoved},
                                        Change{dir_ / "a/acme/plugin.json", Kind::kRemoved}));
}

TEST_F(FolderWatchTest, InAFolderForDirectoriesAloneFilesDoNotCount) {
    dir_.write("a/acme/plugin.json", "{}");
    watch({{dir_ / "a", false}});
    dir_.write("a/x.so", "x");
    EXPECT_TRUE(is_quiet());
    EXPECT_THAT(watch_->look(), IsEmpty());
    dir_.write("a/acme/plugin.json", "{ }");
    EXPECT_THAT(reported(), ElementsAre(Change{dir_ / "a/acme/plugin.json", Kind::kChanged}));
}

TEST_F(FolderWatchTest, NamesAFileBehindASymbolicLinkAsTheLoaderDoes) {
    dir_.write("real/x.so", "old");
    fs::permissions(dir_ / "real", fs::perms(0700));
    fs::permissions(dir_ / "real/x.so", fs::perms(0600));
    fs::create_directory_symlink(dir_ / "real", dir_ / "link");
    watch({{dir_ / "link"}});
    dir_.write("real/x.so", "changed");
    const auto opened = open_trusted(dir_ / "link/x.so");
    ASSERT_TRUE(opened);
    EXPECT_THAT(reported(), ElementsAre(Change{opened->path, Kind::kChanged}));
}

TEST_F(FolderWatchTest, AThousandChangesAreReportedOnceEach) {
    fs::create_directories(dir_ / "a");
    watch({{dir_ / "a"}});
    for (int i = 0; i < 1'000; ++i)
        dir_.write("a/p" + std::to_string(i) + ".so", "x");
    std::vector<Change> all;
    while (all.size() < 1'000) {
        const auto some = reported();
        ASSERT_THAT(some, ::testing::Not(IsEmpty()));
        all.insert(all.end(), some.begin(), some.end());
    }
    EXPECT_EQ(all.size(), 1'000U);
    EXPECT_TRUE(is_quiet());
}

}  // namespace
}  // namespace tenon::plugins
