#include "host/session/agent_file_service.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/path_text.h"
#include "host/config/trust.h"
#include "tests/support/temp_dir.h"

namespace tenon::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(AgentFileService, AnswersWhatMayBeUsedAndNamesWhatMayNot) {
    const testing::TempDir dir;
    const auto ws = dir / "ws";
    dir.write("ws/.tenon/agents/trusted.md", "one");
    const auto folders = config::agent_folders(ws, dir / "home", {});
    ASSERT_TRUE(config::record_trust(dir / "state", ws, std::nullopt,
                                     config::read_agent_files(folders.of_workspace).files));
    dir.write("ws/.claude/agents/new\x1b.md", "two");
    dir.write("home/.claude/agents/own.md", "three");
    dir.write("home/.claude/agents/bad.md", "\xFF");

    std::vector<std::string> notices;
    AgentFileService service(folders, dir / "state",
                             [&](std::string text) { notices.push_back(std::move(text)); });
    plugins::Services services;
    service.add_to(services);
    for (int i = 0; i < 2; ++i) {
        const auto reply = services.request("p", true, "agent.definitions/1", "{}", "", nullptr);
        ASSERT_EQ(reply.rc, TENON_OK);
        const auto own = (dir / "home/.claude/agents/own.md").string();
        EXPECT_EQ(*parse_json(reply.out),
                  Json({{"definitions",
                         {{{"path", (ws / ".tenon/agents/trusted.md").string()},
                           {"text", "one"},
                           {"scope", "workspace"}},
                          {{"path", own}, {"text", "three"}, {"scope", "user"}}}},
                        {"untrusted", {{{"path", (ws / ".claude/agents/new\x1b.md").string()}}}}}));
    }
    EXPECT_THAT(
        notices,
        ElementsAre(HasSubstr("bad.md is not UTF-8"),
                    "agent definitions that are not used, because nobody has trusted them "
                    "as they are now: .claude/agents/new\\x1b.md; see them and say yes with "
                    "'tenon config trust'"));
}

TEST(AgentFileService, ServesAWorkspaceWhosePathIsNotUtf8) {
    const testing::TempDir dir;
    const auto ws = dir / "caf\xe9";
    dir.write("caf\xe9/.claude/agents/trusted.md", "one");
    const auto folders = config::agent_folders(ws, {}, {});
    const auto found = config::read_agent_files(folders.of_workspace);
    ASSERT_EQ(found.files.size(), 1U);
    ASSERT_TRUE(config::record_trust(dir / "state", ws, std::nullopt, found.files));
    dir.write("caf\xe9/.claude/agents/new.md", "two");
    dir.write("caf\xe9/.claude/agents/caf\xe9.md", "three");

    std::vector<std::string> notices;
    AgentFileService service(folders, dir / "state",
                             [&](std::string text) { notices.push_back(std::move(text)); });
    plugins::Services services;
    service.add_to(services);
    const auto reply = services.request("p", true, "agent.definitions/1", "{}", "", nullptr);
    ASSERT_EQ(reply.rc, TENON_OK);
    const std::string agents = path_to_text((ws / ".claude/agents/").native());
    EXPECT_THAT(agents, ::testing::StartsWith("file:///"));
    EXPECT_EQ(*parse_json(reply.out),
              Json({{"definitions",
                     {{{"path", agents + "trusted.md"}, {"text", "one"}, {"scope", "workspace"}}}},
                    {"untrusted", {{{"path", agents + "new.md"}}}}}));
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_THAT(notices[0], HasSubstr("/caf\uFFFD.md: the file's name is not UTF-8; rename it"));
    EXPECT_THAT(notices[1], HasSubstr(": .claude/agents/new.md; see them"));
}

TEST(AgentFileService, SumsUpWhatIsWrongWithManyFiles) {
    const testing::TempDir dir;
    for (int i = 10; i < 60; ++i) {
        dir.write("ws/.claude/agents/n" + std::to_string(i) + ".md", "new");
        dir.write("home/.claude/agents/b" + std::to_string(i) + ".md", "\xFF");
    }
    std::vector<std::string> notices;
    AgentFileService service(config::agent_folders(dir / "ws", dir / "home", {}), dir / "state",
                             [&](std::string text) { notices.push_back(std::move(text)); });
    (void)service.definitions();
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_THAT(notices[0], ::testing::StartsWith("50 problems with agent definitions: "));
    EXPECT_THAT(notices[0], HasSubstr("b12.md is not UTF-8; and 47 more"));
    EXPECT_THAT(notices[1], HasSubstr(".claude/agents/n19.md and 40 more; see them"));
}

}  // namespace
}  // namespace tenon::session
