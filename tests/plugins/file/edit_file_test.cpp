#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

namespace tenon::file::testing {
namespace {

CallResult edit(const PluginUnderTest& plugin, const std::string& old_text,
                const std::string& new_text, bool all = false) {
    return plugin.call(
        "edit_file",
        {{"path", "f"}, {"old_text", old_text}, {"new_text", new_text}, {"replace_all", all}});
}

TEST(EditFile, ReplacesTheOneOccurrenceOrAllOfThem) {
    struct Case {
        std::string before, old_text, new_text;
        bool all;
        CallResult expected;
        std::string after;
    };
    const std::vector<Case> cases = {
        {"a b c", "b", "x", false, ok("Edited f"), "a x c"},
        {"a b c", "b ", "", false, ok("Edited f"), "a c"},
        {"a a a", "a", "bb", true, ok("Edited f (3 replacements)"), "bb bb bb"},
        {"a b c", "b", "x", true, ok("Edited f (1 replacement)"), "a x c"},
        {"one\r\ntwo\r\n", "one\ntwo", "1\n2\n3", false, ok("Edited f"), "1\r\n2\r\n3\r\n"},
        {"\xFF\xFE a \x80", "a", "b", false, ok("Edited f"), "\xFF\xFE b \x80"},
        {"a\na\n", "a", "b", false,
         failed(
             "old_text occurs 2 times in f (lines 1, 2). Add lines around it until it is the only "
             "one, or set replace_all."),
         "a\na\n"},
        {"text", "none", "x", false,
         failed("old_text was not found in f. Read the file again: it may have changed."), "text"},
        {"\n\tif (x) {\n", "    if (x) {", "x", false,
         failed("old_text was not found in f. It would match at line 2 with other white space "
                "(indentation, tabs, blanks or line breaks): copy the text as read_file shows it."),
         "\n\tif (x) {\n"},
        {"a\nb\nc\n", "b\nd", "x", false,
         failed(
             "old_text was not found in f. Its first line stands at line 2, but what follows there "
             "differs."),
         "a\nb\nc\n"},
        {"text", "", "x", false,
         bad_args(
             "old_text is empty: say which text to replace, or make a new file with write_file."),
         "text"},
        {"text", "t", "t", false,
         bad_args("old_text and new_text are the same: there is nothing to change."), "text"},
    };
    const PluginUnderTest plugin;
    for (const Case& c : cases) {
        SCOPED_TRACE(c.before + " / " + c.old_text);
        plugin.write("f", c.before);
        EXPECT_EQ(edit(plugin, c.old_text, c.new_text, c.all), c.expected);
        EXPECT_EQ(plugin.read("f"), c.after);
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(plugin.ws()), {}), 1);
}

TEST(EditFile, KeepsModeAndLinks) {
    const PluginUnderTest plugin;
    plugin.write("target", "old");
    plugin.link("target", "f");
    fs::permissions(plugin.ws() / "target", fs::perms(0750));
    EXPECT_EQ(edit(plugin, "old", "new"), ok("Edited f"));
    EXPECT_EQ(plugin.read("target"), "new");
    EXPECT_TRUE(fs::is_symlink(plugin.ws() / "f"));
    EXPECT_EQ(fs::status(plugin.ws() / "target").permissions(), fs::perms(0750));
}

TEST(EditFile, RefusesWhatIsNoFileOrMayNotBeChanged) {
    const PluginUnderTest plugin;
    plugin.write("src/main.cpp", "a");
    plugin.write("x.lock", "a");
    plugin.write("x.secret", "a");
    const std::string docs = plugin.dir.write("docs/d", "a").string();
    struct Case {
        std::string path;
        CallResult expected;
    };
    const std::vector<Case> cases = {
        {"src", failed("src is a folder, not a file.")},
        {"src/mian.cpp", failed("No such file: src/mian.cpp. Did you mean src/main.cpp?")},
        {"new/x", failed("No such file: new/x. There is no folder new.")},
        {"x.lock",
         {TENON_DENIED,
          "A permission rule forbids to edit x.lock: Edit(*.lock). No allow rule overrides it."}},
        {"x.secret",
         {TENON_DENIED,
          "A permission rule forbids to read x.secret: Read(*.secret). No allow rule overrides "
          "it."}},
        {docs, failed(docs + " is outside the folders that may be written: " +
                      plugin.ws().string() + ", " + (plugin.dir / "add").string())},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        EXPECT_EQ(
            plugin.call("edit_file", {{"path", c.path}, {"old_text", "a"}, {"new_text", "b"}}),
            c.expected);
    }
    EXPECT_FALSE(fs::exists(plugin.ws() / "new"));
    EXPECT_EQ(plugin.dir.read("docs/d"), "a");
}

TEST(EditFile, RefusesAFileTooLargeToHold) {
    const PluginUnderTest plugin;
    plugin.write("f", "a");
    fs::resize_file(plugin.ws() / "f", 1ULL << 40U);
    EXPECT_EQ(edit(plugin, "a", "b"), failed("f is larger than 64 MiB; change it with a command."));
}

}  // namespace
}  // namespace tenon::file::testing
