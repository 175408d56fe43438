#include "host/config/trust.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

FoundFile file_of(const std::string& bytes) {
    return {"/ws/.tenon/tenon.xml", bytes, false};
}

/// The one record of a state folder.
std::filesystem::path record_in(const std::filesystem::path& state) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(state / "trust"))
        found.push_back(entry.path());
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? "" : found.front();
}

TEST(Trust, HoldsForTheVeryBytesOfOneWorkspace) {
    const testing::TempDir dir;
    const auto state = dir / "new/state";
    EXPECT_EQ(*trust_in(state, "/ws", file_of("x")), Trust::kNever);
    ASSERT_TRUE(record_trust(state, "/ws", file_of("x"), {}));
    EXPECT_EQ(*trust_in(state, "/ws", file_of("x")), Trust::kTrusted);
    EXPECT_EQ(*trust_in(state, "/ws", file_of("x ")), Trust::kChanged);
    EXPECT_EQ(*trust_in(state, "/ws", FoundFile{"/ws/.tenon/tenon.properties", "x", false}),
              Trust::kChanged);
    EXPECT_EQ(*trust_in(state, "/ws", std::nullopt), Trust::kChanged);
    EXPECT_EQ(*trust_in(state, "/ws2", file_of("x")), Trust::kNever);
    ASSERT_TRUE(record_trust(state, "/ws", file_of("y"), {}));
    EXPECT_EQ(*trust_in(state, "/ws", file_of("y")), Trust::kTrusted);
    EXPECT_EQ(*trust_in(state, "/ws", file_of("x")), Trust::kChanged);
}

TEST(Trust, IsRecordedForItsOwnerAlone) {
    const testing::TempDir dir;
    ASSERT_TRUE(record_trust(dir / "a/b/state", "/ws", file_of("x"), {}));
    const auto record = record_in(dir / "a/b/state");
    EXPECT_EQ(testing::mode_of(record), 0600U);
    for (const char* folder : {"a", "a/b", "a/b/state", "a/b/state/trust"})
        EXPECT_EQ(testing::mode_of(dir / folder), 0700U) << folder;
    const auto json = parse_json(dir.read(std::filesystem::relative(record, dir.path())));
    ASSERT_TRUE(json);
    EXPECT_EQ(json->at("v"), 1);
    EXPECT_EQ(json->at("workspace"), "/ws");
    EXPECT_EQ(json->at("sha256"),
              "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
}

TEST(Trust, IsNotGivenByARecordThatCannotBeUnderstood) {
    const testing::TempDir dir;
    ASSERT_TRUE(record_trust(dir.path(), "/ws", file_of("x"), {}));
    const auto record = record_in(dir.path());
    const std::string good = dir.read(std::filesystem::relative(record, dir.path()));
    std::string newer = good;
    newer.replace(newer.find("\"v\":1"), 5, "\"v\":2");
    for (const std::string& bad :
         {std::string(), std::string("[]"), std::string("{"), std::string("{}"), newer,
          std::string(100'000, '['), std::string("{\"v\":\"1\"}")}) {
        SCOPED_TRACE(bad.substr(0, 40));
        std::ofstream(record, std::ios::binary | std::ios::trunc) << bad;
        const auto trust = trust_in(dir.path(), "/ws", file_of("x"));
        ASSERT_FALSE(trust);
        EXPECT_THAT(trust.error().message, ::testing::HasSubstr(record.string()));
    }
}

TEST(Trust, SaysWhyItCouldNotBeRecorded) {
    const testing::TempDir dir;
    dir.write("state", "a file");
    const auto recorded = record_trust(dir / "state", "/ws", file_of("x"), {});
    ASSERT_FALSE(recorded);
    EXPECT_THAT(recorded.error().message, ::testing::HasSubstr((dir / "state").string()));
}

TEST(Trust, OfAgentDefinitionsIsEachForItself) {
    const testing::TempDir dir;
    const AgentFile a{"/ws/.tenon/agents/a.md", "a"};
    const AgentFile b{"/ws/.claude/agents/b.md", "b"};
    EXPECT_FALSE(trusted_agents(dir / "state", "/ws")->knows(a.path));
    ASSERT_TRUE(record_trust(dir / "state", "/ws", std::nullopt, {a, b}));
    const auto trusted = trusted_agents(dir / "state", "/ws");
    ASSERT_TRUE(trusted);
    EXPECT_TRUE(trusted->covers(a));
    EXPECT_TRUE(trusted->covers(b));
    EXPECT_TRUE(trusted->knows(b.path));
    EXPECT_FALSE(trusted->covers({b.path, "b "}));
    EXPECT_FALSE(trusted->covers({"/ws/.tenon/agents/b.md", "b"}));
    EXPECT_FALSE(trusted->knows("/ws/.tenon/agents/b.md"));
    EXPECT_FALSE(trusted_agents(dir / "state", "/ws2")->covers(a));
    ASSERT_TRUE(record_trust(dir / "state", "/ws", std::nullopt, {b}));
    EXPECT_FALSE(trusted_agents(dir / "state", "/ws")->covers(a));
}

TEST(Trust, IsNotGivenByARecordThatSomebodyElseCouldHaveWritten) {
    const testing::TempDir dir;
    const auto state = dir / "state";
    ASSERT_TRUE(record_trust(state, "/ws", {}, {}));
    const auto record = std::filesystem::directory_iterator(state / "trust")->path();
    const auto trust = [&] { return trust_in(state, "/ws", {}); };
    ASSERT_TRUE(trust());
    for (const auto& path : {state, state / "trust", record}) {
        SCOPED_TRACE(path);
        struct stat info {};
        ASSERT_EQ(::stat(path.c_str(), &info), 0);
        ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
        EXPECT_FALSE(trust());
        EXPECT_FALSE(trusted_agents(state, "/ws"));
        ASSERT_EQ(::chmod(path.c_str(), info.st_mode & 07777U), 0);
        ASSERT_TRUE(trust());
    }
    std::filesystem::rename(record, dir / "planted");
    std::filesystem::create_symlink(dir / "planted", record);
    EXPECT_FALSE(trust());
}

TEST(Trust, TellsPathsApartThatAreNotUtf8) {
    const testing::TempDir dir;
    ASSERT_TRUE(record_trust(dir / "state", "/ws/\xE9", {}, {}));
    EXPECT_EQ(*trust_in(dir / "state", "/ws/\xE9", {}), Trust::kTrusted);
    EXPECT_EQ(*trust_in(dir / "state", "/ws/\xE8", {}), Trust::kNever);
}

}  // namespace
}  // namespace tenon::config
