#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

namespace tenon::file::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string numbered_lines(int from, int to) {
    std::string out;
    for (int i = from; i <= to; ++i)
        out += "line " + std::to_string(i) + "\n";
    return out;
}

TEST(ReadFile, ReturnsTheLinesAskedForAndSaysHowManyFollow) {
    const PluginUnderTest plugin;
    plugin.write("f", numbered_lines(1, 5));
    plugin.write("unended", "a\nb");
    plugin.write("empty", "");
    plugin.write("crlf", "a\r\nb\r\n");
    struct Case {
        Json args;
        CallResult expected;
    };
    const std::vector<Case> cases = {
        {{{"path", "f"}}, ok(numbered_lines(1, 5))},
        {{{"path", (plugin.ws() / "f").string()}}, ok(numbered_lines(1, 5))},
        {{{"path", "f"}, {"limit", 5}}, ok(numbered_lines(1, 5))},
        {{{"path", "f"}, {"limit", 2}}, ok("line 1\nline 2\n... (3 more lines)")},
        {{{"path", "f"}, {"offset", 2}, {"limit", 3}},
         ok("line 2\nline 3\nline 4\n... (1 more lines)")},
        {{{"path", "f"}, {"offset", 4}}, ok("line 4\nline 5\n")},
        {{{"path", "f"}, {"offset", 5}, {"limit", INT64_MAX}}, ok("line 5\n")},
        {{{"path", "unended"}}, ok("a\nb")},
        {{{"path", "unended"}, {"limit", 1}}, ok("a\n... (1 more lines)")},
        {{{"path", "empty"}}, ok("(empty file)")},
        {{{"path", "crlf"}}, ok("a\r\nb\r\n")},
        {{{"path", "f"}, {"offset", 6}}, failed("f has 5 lines; offset 6 is beyond its end.")},
        {{{"path", "empty"}, {"offset", 2}},
         failed("empty has 0 lines; offset 2 is beyond its end.")},
        {{{"path", "f"}, {"offset", 0}}, bad_args("offset counts lines from 1")},
        {{{"path", "f"}, {"limit", 0}}, bad_args("limit must be at least 1")},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.args.dump());
        EXPECT_EQ(plugin.call("read_file", c.args), c.expected);
    }
}

TEST(ReadFile, GivesAnImageAsOne) {
    const PluginUnderTest plugin;
    plugin.write("p.png", std::string("\x89PNG\r\n\x1A\npixels", 14));
    plugin.write("large.gif", "GIF89a" + std::string(std::size_t{5} << 20U, 'x'));
    CallResult expected = ok("[image p.png: image/png, 14 bytes]");
    expected.images = {{"image/png", "iVBORw0KGgpwaXhlbHM="}};
    EXPECT_EQ(plugin.call("read_file", {{"path", "p.png"}}), expected);
    EXPECT_EQ(plugin.call("read_file", {{"path", "p.png"}, {"offset", 2}}), expected);
    const CallResult refused = plugin.call("read_file", {{"path", "large.gif"}});
    EXPECT_EQ(refused.rc, TENON_FAILED);
    EXPECT_NE(refused.text.find("large.gif is an image that cannot be shown: the image has 5.0 MB"),
              std::string::npos)
        << refused.text;
}

TEST(ReadFile, SaysWhyAFileCannotBeRead) {
    const PluginUnderTest plugin;
    plugin.write("src/main.cpp", "");
    plugin.write("src/Notes.md", "");
    plugin.write("src/nots.secret", "");
    plugin.write("binary", std::string("ELF\0\1", 5));
    plugin.dir.write("outside/f", "");
    plugin.link("../outside/f", "out");
    ASSERT_EQ(::mkfifo((plugin.ws() / "fifo").c_str(), 0600), 0);
    const std::string roots = " is outside the folders that may be read: " + plugin.ws().string() +
                              ", " + (plugin.dir / "add").string() + ", " +
                              (plugin.dir / "docs").string();
    struct Case {
        std::string path;
        CallResult expected;
    };
    const std::vector<Case> cases = {
        {"src",
         failed("src is a folder, not a file. List it with glob: pattern \"*\", path \"src\".")},
        {"binary",
         failed("binary is a binary file; look at it with a command such as `file` or `xxd`.")},
        {"src/mian.cpp", failed("No such file: src/mian.cpp. Did you mean src/main.cpp?")},
        {"src/main.cc", failed("No such file: src/main.cc. Did you mean src/main.cpp?")},
        {"src/notes.md", failed("No such file: src/notes.md. Did you mean src/Notes.md?")},
        {"src/nothing like it", failed("No such file: src/nothing like it.")},
        {"scr/main.cpp",
         failed("No such file: scr/main.cpp. There is no folder scr. Did you mean src?")},
        {"x/y/z", failed("No such file: x/y/z. There is no folder x.")},
        {"fifo", failed("open fifo: is a FIFO, neither a regular file nor a folder")},
        {"src/main.cpp/x", failed("open src/main.cpp/x: Not a directory")},
        {"", failed("the path is empty")},
        {"~/x", failed("open ~/x: ~ is not expanded; write the path out")},
        {"../outside/f", failed("../outside/f" + roots)},
        {"../outside/none", failed("../outside/none" + roots)},
        {"out", failed("out" + roots)},
        {"/etc/passwd", failed("/etc/passwd" + roots)},
        {"src/nots.secret",
         {TENON_DENIED,
          "A permission rule forbids to read src/nots.secret: Read(*.secret). No allow rule "
          "overrides it."}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        EXPECT_EQ(plugin.call("read_file", {{"path", c.path}}), c.expected);
    }
}

TEST(ReadFile, ReadsAlsoWhatMayOnlyBeRead) {
    const PluginUnderTest plugin;
    const auto path = plugin.dir.write("docs/d", "text").string();
    EXPECT_EQ(plugin.call("read_file", {{"path", path}}), ok("text"));
}

TEST(ReadFile, CutsALongFileBetweenLinesAndSaysWhereToReadOn) {
    const PluginUnderTest plugin;
    const std::string line = std::string(97, 'x') + "\xC3\xA4\n";  // 99 characters, 100 bytes
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += line;
    plugin.write("f", text);
    const CallResult first = plugin.call("read_file", {{"path", "f"}});
    EXPECT_EQ(first,
              ok(text.substr(0, 505 * 100) + "... (495 more lines)\n[read on with offset 506]"));
    const CallResult second = plugin.call("read_file", {{"path", "f"}, {"offset", 506}});
    EXPECT_EQ(second, ok(text.substr(505 * 100)));
}

TEST(ReadFile, CutsALineThatIsTooLongByItself) {
    const PluginUnderTest plugin;
    plugin.write("f", std::string(300'000, 'x') + "\nnext\n");
    EXPECT_EQ(plugin.call("read_file", {{"path", "f"}}),
              ok(std::string(50'000, 'x') +
                 "\n[line 1 is longer than 50000 characters and cut here]\n... (1 more lines)\n"
                 "[read on with offset 2]"));
    EXPECT_EQ(plugin.call("read_file", {{"path", "f"}, {"offset", 2}}), ok("next\n"));
}

TEST(ReadFile, ShowsNoPieceOfAKeyWhereItCutsALine) {
    const std::string key = "key-abcdefghijklmnopqrstuvwxyz";
    PluginUnderTest plugin;
    plugin.secrets.add(key);
    for (std::size_t shift = 0; shift <= key.size(); ++shift) {
        SCOPED_TRACE(shift);
        std::string line(50'000 - shift, '.');
        plugin.write("long", line + key + std::string(300'000, '.'));
        const std::string shown =
            plugin.secrets.redact(plugin.call("read_file", {{"path", "long"}}).text);
        for (std::size_t i = 0; i + 4 <= key.size(); ++i)
            EXPECT_EQ(shown.find(key.substr(i, 4)), std::string::npos) << shown.substr(49'900);
    }
}

TEST(ReadFile, ReadsAFileLargerThanMemoryShouldHold) {
    const PluginUnderTest plugin;
    plugin.write("sparse", "first\nsecond\n" + std::string(8192, ' '));
    fs::resize_file(plugin.ws() / "sparse", 1ULL << 40U);
    const CallResult answer = plugin.call("read_file", {{"path", "sparse"}, {"limit", 2}});
    EXPECT_EQ(answer, ok("first\nsecond\n... (more than 1 more lines)"));
}

TEST(ReadFile, SaysThatBytesWereNotUtf8) {
    const PluginUnderTest plugin;
    plugin.write("latin", "na\xEFve\n");
    const CallResult answer = plugin.call("read_file", {{"path", "latin"}});
    EXPECT_EQ(answer.rc, TENON_OK);
    EXPECT_THAT(answer.text,
                HasSubstr("\n[not valid UTF-8: other bytes are shown as \xEF\xBF\xBD]"));
}

TEST(ReadFile, StopsWhenCancelled) {
    PluginUnderTest plugin;
    plugin.write("f", "text");
    plugin.cancelled = true;
    EXPECT_EQ(plugin.call("read_file", {{"path", "f"}}).rc, TENON_CANCELLED);
}

}  // namespace
}  // namespace tenon::file::testing
