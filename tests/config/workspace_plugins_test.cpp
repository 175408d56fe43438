#include "host/config/workspace_plugins.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/config/trust.h"
#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class WorkspacePluginsTest : public ::testing::Test {
protected:
    WorkspacePluginsTest() {
        write("plugin.json", "{}");
        write("dev.tenon/x.so", "library");
    }
    void write(const std::string& name, const std::string& text) const {
        dir_.write("ws/.tenon/plugins/acme/" + name, text);
    }
    [[nodiscard]] fs::path ws() const { return dir_ / "ws"; }
    [[nodiscard]] fs::path acme() const { return ws() / ".tenon/plugins/acme"; }
    [[nodiscard]] bool is_trusted() const {
        const auto trusted = trusted_plugins(dir_ / "state", ws());
        return trusted && trusted->covers(read_plugin_tree(acme()));
    }
    void trust() const {
        ASSERT_TRUE(record_trust(dir_ / "state", ws(), {}, {}, read_plugin_trees(ws())));
    }

    testing::TempDir dir_;
};

TEST_F(WorkspacePluginsTest, EveryFileIsHashed) {
    fs::create_symlink("plugin.json", acme() / "link");  // a text under another name
    dir_.write("ws/.tenon/plugins/loose.so", "no directory");
    dir_.write("ws/.tenon/plugins/.hidden/plugin.json", "{}");
    const auto trees = read_plugin_trees(ws());
    ASSERT_EQ(trees.size(), 1U);
    EXPECT_EQ(trees[0].path, acme());
    EXPECT_EQ(trees[0].problem, "");
    std::vector<std::string> names;
    for (const auto& file : trees[0].files)
        names.push_back(file.name + (file.is_link ? " (link)" : ""));
    EXPECT_EQ(names, (std::vector<std::string>{"dev.tenon/x.so", "link (link)", "plugin.json"}));
    EXPECT_EQ(trees[0].hash_of(acme() / "dev.tenon/x.so"), sha256_hex("library"));
    EXPECT_EQ(trees[0].hash_of(acme() / "link"), "");
    EXPECT_EQ(trees[0].hash_of(acme() / "../other"), "");
    EXPECT_EQ(trees[0].files[2].text, "{}");
    EXPECT_EQ(trees[0].files[0].text, "") << "a library is not shown";
}

TEST_F(WorkspacePluginsTest, AnyChangeEndsTheTrust) {
    EXPECT_FALSE(is_trusted());
    trust();
    EXPECT_TRUE(is_trusted());
    const std::pair<const char*, std::function<void()>> changes[] = {
        {"a changed file", [&] { write("dev.tenon/x.so", "librarz"); }},
        {"a new file", [&] { write("skills/one/SKILL.md", "x"); }},
        {"a removed file", [&] { fs::remove(acme() / "dev.tenon/x.so"); }},
        {"a renamed file", [&] { fs::rename(acme() / "plugin.json", acme() / "plugin.jsom"); }},
        {"a link in place of a file",
         [&] {
             fs::remove(acme() / "dev.tenon/x.so");
             fs::create_symlink("/etc/passwd", acme() / "dev.tenon/x.so");
         }},
    };
    for (const auto& [what, change] : changes) {
        SCOPED_TRACE(what);
        fs::remove_all(acme());
        write("plugin.json", "{}");
        write("dev.tenon/x.so", "library");
        EXPECT_TRUE(is_trusted());
        change();
        EXPECT_FALSE(is_trusted());
    }
}

TEST_F(WorkspacePluginsTest, TrustInOneSaysNothingOfAnother) {
    trust();
    dir_.write("ws/.tenon/plugins/other/plugin.json", "{}");
    const auto trusted = trusted_plugins(dir_ / "state", ws());
    ASSERT_TRUE(trusted);
    EXPECT_TRUE(trusted->knows(acme()));
    EXPECT_FALSE(trusted->knows(ws() / ".tenon/plugins/other"));
    EXPECT_TRUE(is_trusted());
}

TEST_F(WorkspacePluginsTest, WhatCannotBeHashedCannotBeTrusted) {
    fs::rename(acme(), dir_ / "elsewhere");
    fs::create_directory_symlink(dir_ / "elsewhere", acme());
    EXPECT_THAT(read_plugin_tree(acme()).problem, HasSubstr("symbolic link"));
    trust();
    EXPECT_FALSE(is_trusted());
    fs::remove(acme());

    write("plugin.json", "{}");
    ASSERT_EQ(::mkfifo((acme() / "fifo").c_str(), 0600), 0);
    EXPECT_THAT(read_plugin_tree(acme()).problem,
                HasSubstr("fifo is neither a file nor a directory"));
    fs::remove(acme() / "fifo");

    // What a person does not see cannot be trusted.
    write("notes.txt", "do this");
    fs::create_directories(acme() / "skills/a");
    fs::create_symlink("../../notes.txt", acme() / "skills/a/SKILL.md");
    EXPECT_THAT(read_plugin_tree(acme()).problem,
                HasSubstr("skills/a/SKILL.md is a symbolic link; put the text itself there"));
    fs::remove(acme() / "skills/a/SKILL.md");
    write("skills/a/SKILL.md", std::string(1U << 20U, 'x'));
    EXPECT_THAT(read_plugin_tree(acme()).problem,
                HasSubstr("skills/a/SKILL.md is too large to be shown"));
    fs::remove(acme() / "skills/a/SKILL.md");

    for (int i = 0; i < 2'000; ++i)
        write("many/" + std::to_string(i), "");
    EXPECT_THAT(read_plugin_tree(acme()).problem, HasSubstr("more than 2000 files"));
}

TEST_F(WorkspacePluginsTest, AWorkspaceWithoutThemHasNone) {
    EXPECT_THAT(read_plugin_trees(dir_ / "nowhere"), IsEmpty());
}

}  // namespace
}  // namespace tenon::config
