#include "host/plugins/folder_watch.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/plugins/trusted_file.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FolderWatch, ReportsOnceWhatAppearedChangedOrWasRemoved) {
    tenon::testing::TempDir dir;
    dir.write("a/old.so", "old");
    dir.write("a/same.so", "same");
    FolderWatch watch({dir / "a", dir / "missing"});
    EXPECT_THAT(watch.look(), IsEmpty());

    dir.write("a/old.so", "changed");
    dir.write("a/new.so", "new");
    dir.write("a/note.txt", "no plugin");
    dir.write("a/.hidden.so", "no plugin for the loader either");
    EXPECT_THAT(watch.look(), ElementsAre(dir / "a/new.so", dir / "a/old.so"));
    EXPECT_THAT(watch.look(), IsEmpty());

    std::filesystem::remove(dir / "a/new.so");
    dir.write("missing/late.so", "late");
    EXPECT_THAT(watch.look(), ElementsAre(dir / "missing/late.so", dir / "a/new.so"));
}

TEST(FolderWatch, NamesAFileBehindASymbolicLinkAsTheLoaderDoes) {
    tenon::testing::TempDir dir;
    dir.write("real/x.so", "old");
    std::filesystem::permissions(dir / "real", std::filesystem::perms(0700));
    std::filesystem::permissions(dir / "real/x.so", std::filesystem::perms(0600));
    std::filesystem::create_directory_symlink(dir / "real", dir / "link");
    FolderWatch watch({dir / "link"});
    dir.write("real/x.so", "changed");
    const auto opened = open_trusted(dir / "link/x.so");
    ASSERT_TRUE(opened);
    EXPECT_THAT(watch.look(), ElementsAre(opened->path));
}

}  // namespace
}  // namespace tenon::plugins
