#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

namespace tenon::file::testing {
namespace {

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(WriteFile, MakesAndReplacesFilesWithTheirParents) {
    const PluginUnderTest plugin;
    fs::create_directory(plugin.dir / "add");
    const std::string added = (plugin.dir / "add/x").string();
    plugin.write("old", "something longer");
    struct Case {
        std::string path, content;
        std::string answer;
    };
    const std::vector<Case> cases = {
        {"new", "hello", "Wrote 5 bytes to new"},
        {"old", "short", "Wrote 5 bytes to old"},
        {"a/b/c.txt", "\xC3\xA4\n", "Wrote 3 bytes to a/b/c.txt"},
        {"empty", "", "Wrote 0 bytes to empty"},
        {"../add/y", "y", "Wrote 1 bytes to ../add/y"},
        {added, "x", "Wrote 1 bytes to " + added},
        {std::string(255, 'n'), "x", "Wrote 1 bytes to " + std::string(255, 'n')},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        EXPECT_EQ(plugin.call("write_file", {{"path", c.path}, {"content", c.content}}),
                  ok(c.answer));
        std::ifstream in(plugin.ws() / c.path, std::ios::binary);
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), c.content);
    }
    EXPECT_EQ(entries(plugin.ws()), 5U);  // and no temporary file
}

TEST(WriteFile, KeepsTheModeOfAFile) {
    const PluginUnderTest plugin;
    plugin.write("script", "old");
    fs::permissions(plugin.ws() / "script", fs::perms(0751));
    EXPECT_EQ(plugin.call("write_file", {{"path", "script"}, {"content", "new"}}).rc, TENON_OK);
    EXPECT_EQ(tenon::testing::mode_of(plugin.ws() / "script"), 0751U);
}

TEST(WriteFile, KeepsLineEndsAndByteOrderMarkOfTheFileItReplaces) {
    const std::string bom = "\xEF\xBB\xBF";
    const std::string crlf = " (CRLF line ends kept, as the file had it)";
    const std::string mark = " (byte order mark kept, as the file had it)";
    struct Case {
        std::string old, content, stored, note;
    };
    const std::vector<Case> cases = {
        {"a\r\nb\r\n", "1\n2\n", "1\r\n2\r\n", crlf},
        {"a\r\nb", "1\n\n2", "1\r\n\r\n2", crlf},
        {"a\r\n", "1\r\n2\n", "1\r\n2\r\n", crlf},
        {"a\r\n", "1\r\n2\r\n", "1\r\n2\r\n", ""},
        {"a\r\n", "one line", "one line", ""},
        {"a\r\nb\n", "1\n2\n", "1\n2\n", ""},
        {"a\nb\n", "1\n2\n", "1\n2\n", ""},
        {"a\nb\n", "1\r\n2\r\n", "1\r\n2\r\n", ""},
        {"no line end", "1\n", "1\n", ""},
        {bom + "a\n", "1\n", bom + "1\n", mark},
        {bom + "a\n", bom + "1\n", bom + "1\n", ""},
        {bom, "1", bom + "1", mark},
        {bom + "a\r\n", "1\n", bom + "1\r\n",
         " (CRLF line ends and byte order mark kept, as the file had it)"},
        {bom + "a\r\n", "", "", ""},
        {std::string("\0\r\n", 3), "1\n", "1\n", ""},
        {"a\r\n", std::string("1\0\n", 3), std::string("1\0\n", 3), ""},
        {std::string(300'000, 'x') + "\r\n" + std::string(300'000, 'y') + "\r\n", "1\n", "1\r\n",
         crlf},
        {std::string(262'143, 'x') + "\r\n", "1\n", "1\r\n", crlf},
        {std::string(300'000, 'x') + "\r\n\n", "1\n", "1\n", ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(::testing::PrintToString(c.old.substr(0, 20) + " -> " + c.content));
        const PluginUnderTest plugin;
        plugin.write("f", c.old);
        EXPECT_EQ(plugin.call("write_file", {{"path", "f"}, {"content", c.content}}),
                  ok("Wrote " + std::to_string(c.stored.size()) + " bytes to f" + c.note));
        EXPECT_EQ(plugin.read("f"), c.stored);
    }
}

TEST(WriteFile, WritesTheTargetOfALinkInside) {
    const PluginUnderTest plugin;
    plugin.write("sub/target", "old");
    plugin.link("sub/target", "link");
    plugin.link("sub/later", "dangling");
    EXPECT_EQ(plugin.call("write_file", {{"path", "link"}, {"content", "new"}}),
              ok("Wrote 3 bytes to link"));
    EXPECT_EQ(plugin.call("write_file", {{"path", "dangling"}, {"content", "made"}}),
              ok("Wrote 4 bytes to dangling"));
    EXPECT_TRUE(fs::is_symlink(plugin.ws() / "link"));
    EXPECT_EQ(plugin.read("sub/target"), "new");
    EXPECT_EQ(plugin.read("sub/later"), "made");
}

TEST(WriteFile, RefusesWithoutATrace) {
    const PluginUnderTest plugin;
    fs::create_directories(plugin.dir / "outside");
    fs::create_directories(plugin.dir / "docs");
    fs::create_directories(plugin.ws() / "folder");
    plugin.write("file", "");
    plugin.link(plugin.dir / "outside", "out");
    ASSERT_EQ(::mkfifo((plugin.ws() / "fifo").c_str(), 0600), 0);
    const std::size_t before = entries(plugin.ws());
    const std::string outside =
        " is outside the folders that may be written: " + plugin.ws().string() + ", " +
        (plugin.dir / "add").string();
    const std::string docs = (plugin.dir / "docs/x").string();
    struct Case {
        std::string path;
        CallResult expected;
    };
    const std::vector<Case> cases = {
        {"folder", failed("folder is a folder, not a file.")},
        {"folder/", failed("folder/ names a folder, not a file")},
        {"fifo",
         failed("fifo is not a regular file (a FIFO, device, socket or link), and is left alone.")},
        {"file/x", failed("open file/x: Not a directory")},
        {"out/x", failed("out/x" + outside)},
        {"../outside/x", failed("../outside/x" + outside)},
        {docs, failed(docs + outside)},
        {"new/x.lock",
         {TENON_DENIED,
          "A permission rule forbids to edit new/x.lock: Edit(*.lock). No allow rule overrides "
          "it."}},
        {"", failed("the path is empty")},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        EXPECT_EQ(plugin.call("write_file", {{"path", c.path}, {"content", "x"}}), c.expected);
    }
    EXPECT_EQ(entries(plugin.ws()), before);
    EXPECT_EQ(entries(plugin.dir / "outside"), 0U);
}

TEST(WriteFile, AsksTheFileItselfWhetherItMayBeReplaced) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may write every file";
    const PluginUnderTest plugin;
    plugin.write("f", "old");
    fs::permissions(plugin.ws() / "f", fs::perms(0444));
    EXPECT_EQ(plugin.call("write_file", {{"path", "f"}, {"content", "new"}}),
              failed("write f: Permission denied"));
    EXPECT_EQ(plugin.read("f"), "old");
}

TEST(WriteFile, ReplacesNothingThatSomebodyElseHasChangedMeanwhile) {
    PluginUnderTest plugin;
    plugin.write("f", "old");
    plugin.before_finish = [&] { plugin.write("f", "theirs"); };
    const CallResult changed = failed("f was changed by somebody else meanwhile; read it again.");
    EXPECT_EQ(plugin.call("write_file", {{"path", "f"}, {"content", "new"}}), changed);
    EXPECT_EQ(plugin.read("f"), "theirs");
    plugin.before_finish = [&] { plugin.write("f", "edited too"); };
    EXPECT_EQ(
        plugin.call("edit_file", {{"path", "f"}, {"old_text", "theirs"}, {"new_text", "mine"}}),
        changed);
    EXPECT_EQ(plugin.read("f"), "edited too");
    plugin.before_finish = [&] { plugin.write("g", "was not there"); };
    EXPECT_EQ(plugin.call("write_file", {{"path", "g"}, {"content", "new"}}),
              failed("g was changed by somebody else meanwhile; read it again."));
    EXPECT_EQ(plugin.read("g"), "was not there");
    EXPECT_EQ(entries(plugin.ws()), 2U);
}

TEST(WriteFile, ReplacesInsteadOfWritingIntoTheFileThatOthersHaveOpen) {
    const PluginUnderTest plugin;
    plugin.write("f", "old");
    std::ifstream reader(plugin.ws() / "f");
    EXPECT_EQ(plugin.call("write_file", {{"path", "f"}, {"content", "new"}}).rc, TENON_OK);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old");
    EXPECT_EQ(plugin.read("f"), "new");
}

}  // namespace
}  // namespace tenon::file::testing
