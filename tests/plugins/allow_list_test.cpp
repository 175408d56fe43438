#include "host/plugins/allow_list.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/plugins/workbench.h"

namespace tenon::plugins {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Workbench;

const std::string kHash(64, 'a');

TEST(AllowList, TakesTheLinesOfSha256sumAndComments) {
    tenon::testing::TempDir dir;
    const auto file = dir.write(
        "plugins.allow", "# ours\n\n" + kHash + "  x.so\n" + std::string(64, 'B') + " *y.so\n\\" +
                             std::string(64, 'c') + "  a\\nb.so\r\n" + std::string(64, 'd'));
    const auto list = AllowList::read(file);
    ASSERT_TRUE(list) << list.error().reason;
    for (const char digit : {'a', 'b', 'c', 'd'})
        EXPECT_TRUE(list->check(std::string(64, digit), "/p/x.so")) << digit;
    const auto refused = list->check(std::string(64, 'e'), "/p/x.so");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().reason,
                HasSubstr(file.string() + " does not list its SHA-256 eee"));
    EXPECT_THAT(refused.error().remedy, HasSubstr(std::string(64, 'e') + "  x.so"));
}

TEST(AllowList, RefusesAnotherLineAndNamesIt) {
    for (const std::string& line :
         {std::string("abc  x.so"), kHash + "0  x.so", kHash.substr(1) + "g  x.so"}) {
        SCOPED_TRACE(line);
        tenon::testing::TempDir dir;
        const auto list = AllowList::read(dir.write("plugins.allow", "# x\n" + line + "\n"));
        ASSERT_FALSE(list);
        EXPECT_THAT(list.error().reason, HasSubstr("plugins.allow:2: "));
        EXPECT_NE(list.error().remedy, "");
    }
}

TEST(AllowList, CountsOnlyWhereNobodyElseCouldHaveWrittenIt) {
    tenon::testing::TempDir dir;
    const auto file = dir.write("plugins.allow", kHash + "  x.so\n");
    ::chmod(file.c_str(), 0666);
    const auto list = AllowList::read(file);
    ASSERT_FALSE(list);
    EXPECT_THAT(list.error().reason, HasSubstr("writable by everybody"));
}

TEST(AllowList, SaysWhatToDoAboutAnotherKindOrOwner) {
    tenon::testing::TempDir dir;
    const auto file = dir / "plugins.allow";
    std::filesystem::create_directory(file);
    const auto folder = AllowList::read(file);
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error(),
              (plugin::Refusal{file.string() + " is not a regular file",
                               "put a file with lines as sha256sum prints them in its place"}));
    std::filesystem::remove(file);
    dir.write("plugins.allow", kHash + "  x.so\n");
    if (::chown(file.c_str(), 65534, 65534) != 0) GTEST_SKIP() << "needs root";
    const auto of_another = AllowList::read(file);
    ASSERT_FALSE(of_another);
    EXPECT_EQ(of_another.error(), (plugin::Refusal{file.string() + " does not belong to root",
                                                   "chown root " + file.string()}));
}

TEST(AllowList, OfAMissingFileIsEmpty) {
    const auto list = AllowList::read("/nowhere/plugins.allow");
    ASSERT_TRUE(list);
    const auto refused = list->check(kHash, "/p/x.so");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().reason, HasSubstr("/nowhere/plugins.allow does not exist"));
}

TEST(AllowList, DecidesWhichThirdPartyFilesAreLoaded) {
    Workbench bench;
    const auto file = bench.put("plain", "plain");
    bench.put("second");
    bench.write_manifest(R"({"v":1,"plugins":["second.so"]})");
    bench.options.allow_file = bench.dir / "plugins.allow";
    Loaded loaded = load(bench.options, bench.services);
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_EQ(loaded.problems[0].file, file);
    const std::string& reason = loaded.problems[0].reason;
    const auto at = reason.find("SHA-256 ");
    ASSERT_NE(at, std::string::npos) << reason;
    EXPECT_EQ(loaded.plugins.size(), 1U) << "the host's own need not be listed";

    bench.dir.write("plugins.allow", reason.substr(at + 8, 64) + "  plain.so\n");
    loaded = load(bench.options, bench.services);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.plugins.size(), 2U);
}

}  // namespace
}  // namespace tenon::plugins
