#include "host/plugins/folder_watch.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

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
    EXPECT_THAT(watch.look(), ElementsAre(dir / "a/new.so", dir / "a/old.so"));
    EXPECT_THAT(watch.look(), IsEmpty());

    std::filesystem::remove(dir / "a/new.so");
    dir.write("missing/late.so", "late");
    EXPECT_THAT(watch.look(), ElementsAre(dir / "missing/late.so", dir / "a/new.so"));
}

}  // namespace
}  // namespace tenon::plugins
