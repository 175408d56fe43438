#include "host/plugins/known_plugins.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/plugins/content_hash.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using tenon::testing::TempDir;

const KnownPlugin kKnown{"1.2",
                         R"({"type":"object"})",
                         "confighash",
                         {{"a", "Does a.", R"({"type":"object"})", 17, "{}"}},
                         {plugin::Hook::kBegin, plugin::Hook::kRemind}};

TEST(KnownPlugins, FindsWhatItHasRemembered) {
    const TempDir dir;
    const KnownPlugins known(dir / "cache");
    EXPECT_FALSE(known.find("p", "abc"));
    known.remember("p", "abc", kKnown);
    EXPECT_EQ(known.find("p", "abc"), kKnown);
    EXPECT_FALSE(known.find("p", "abd"));
    EXPECT_EQ(tenon::testing::mode_of(known.file_of("p", "abc")), 0600U);
}

TEST(KnownPlugins, RemembersAFileThatBreaks) {
    const TempDir dir;
    const KnownPlugins known(dir.path());
    KnownPlugin broken;
    broken.refusal = plugin::Refusal{"it crashed", "build it again"};
    known.remember("p", "abc", broken);
    EXPECT_EQ(known.find("p", "abc"), broken);
}

TEST(KnownPlugins, RemembersWhyAPluginWasLeftOutBesideWhatItKnows) {
    const TempDir dir;
    const KnownPlugins known(dir.path());
    known.remember_left_out("new", "abc", {"no licence", "buy one"}, "config");
    const auto fresh = known.find("new", "abc");
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->extent, KnownPlugin::Extent::kNothing);
    known.remember("p", "abc", kKnown);
    known.remember_left_out("p", "abc", {"no licence", "buy one"}, "config");
    KnownPlugin expected = kKnown;
    expected.left_out = {{"no licence", "buy one"}, "config"};
    EXPECT_EQ(known.find("p", "abc"), expected);

    KnownPlugin broken;
    broken.refusal = plugin::Refusal{"it crashed", "build it again"};
    known.remember("q", "abc", broken);
    known.remember_left_out("q", "abc", {"no licence", "buy one"}, "config");
    EXPECT_EQ(known.find("q", "abc"), broken) << "a file that breaks is not tried again";
}

TEST(KnownPlugins, RefusesABrokenFileOnlyWithTheConfigurationThatBrokeIt) {
    const TempDir dir;
    const KnownPlugins known(dir.path());
    KnownPlugin broken;
    EXPECT_FALSE(known.refusal_of_broken("p", "abc", broken, "one"));
    broken.refusal = plugin::Refusal{"it crashed", "build it again"};
    EXPECT_TRUE(known.refusal_of_broken("p", "abc", broken, "one"));
    EXPECT_TRUE(known.refusal_of_broken("p", "abc", broken, ""));
    broken.config_hash = "one";
    EXPECT_TRUE(known.refusal_of_broken("p", "abc", broken, "one"));
    EXPECT_FALSE(known.refusal_of_broken("p", "abc", broken, "two"));
    EXPECT_FALSE(known.refusal_of_broken("p", "abc", broken, ""));
}

TEST(KnownPlugins, TakesNoFileThatIsMalformedOrOfAnotherVersion) {
    const TempDir dir;
    const KnownPlugins known(dir.path());
    known.remember("p", "abc", kKnown);
    const std::string good = dir.read("p.abc.json");
    for (const std::string& text :
         {std::string(), std::string("{"), std::string(R"({"v":1})"), good.substr(0, 90),
          std::string(R"({"v":1,"host":"0.0.1","tools":[]})"),
          std::string(R"({"v":2,"host":")" TENON_VERSION R"(","tools":[]})")}) {
        SCOPED_TRACE(text);
        dir.write("p.abc.json", text);
        EXPECT_FALSE(known.find("p", "abc"));
    }
}

TEST(KnownPlugins, KeepsTheLatestFilesOfAPlugin) {
    const TempDir dir;
    const KnownPlugins known(dir.path());
    known.remember("other", "x", kKnown);
    for (int i = 0; i < 30; ++i)
        known.remember("p", "hash" + std::to_string(i), kKnown);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
        files += entry.is_regular_file() ? 1 : 0;
    EXPECT_EQ(files, 9U);
    EXPECT_TRUE(known.find("other", "x"));
    EXPECT_TRUE(known.find("p", "hash29"));
}

TEST(ContentHashes, KnowsAFileByItsTimesOnlyWhenTheyAreOld) {
    const TempDir dir;
    const auto file = dir.write("x.so", "first");
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string first = content_hash("first");
    EXPECT_EQ(first.size(), 64U);
    {
        ContentHashes hashes(dir / "cache/files.json");
        EXPECT_EQ(hashes.of(fd.get()).value_or(""), first);
    }
    // The file was made a moment ago: its times may stay the same when it changes again.
    EXPECT_FALSE(std::filesystem::exists(dir / "cache/files.json"));
    dir.write("x.so", "other");
    ContentHashes hashes(dir / "cache/files.json");
    EXPECT_EQ(hashes.of(fd.get()).value_or(""), content_hash("other"));
}

TEST(ContentHashes, RemembersAnOldFile) {
    const UniqueFd fd(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
    const TempDir dir;
    std::string hash;
    {
        ContentHashes hashes(dir / "files.json");
        hash = hashes.of(fd.get()).value_or("");
    }
    EXPECT_EQ(hash, content_hash_of_file(fd.get()).value_or("?"));
    std::string text = dir.read("files.json");
    ASSERT_NE(text.find(hash), std::string::npos);
    text.replace(text.find(hash), 4, "beef");
    dir.write("files.json", text);
    ContentHashes hashes(dir / "files.json");
    EXPECT_EQ(hashes.of(fd.get()).value_or("").substr(0, 4), "beef") << "it was not read again";
}

}  // namespace
}  // namespace tenon::plugins
