#include <sys/resource.h>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

#include "plugins/file/tools.h"

namespace tenon::file::testing {
namespace {

TEST(GlobTool, ListsWhatMatchesInTheOrderOfTheBytes) {
    const PluginUnderTest plugin;
    for (const char* name :
         {"a.txt", "a/b.txt", "a-b/c.txt", "B.txt", "a/z/d.txt", ".hidden.txt", ".git/config.txt",
          "a/.git/x.txt", "c.md", "keys.secret", "a/keys.secret"})
        plugin.write(name, "");
    plugin.link("a", "linked");
    plugin.link("..", "a/up");
    const std::string docs = plugin.dir.write("docs/guide/x.txt", "").string();
    struct Case {
        Json args;
        std::string expected;
    };
    const std::vector<Case> cases = {
        {{{"pattern", "*.txt"}}, ".hidden.txt\nB.txt\na.txt"},
        {{{"pattern", "**/*.txt"}}, ".hidden.txt\nB.txt\na-b/c.txt\na.txt\na/b.txt\na/z/d.txt"},
        {{{"pattern", "a/*"}}, "a/b.txt\na/up"},
        {{{"pattern", "*.txt"}, {"path", "a"}}, "a/b.txt"},
        {{{"pattern", "**"}, {"path", "a/z/"}}, "a/z/d.txt"},
        {{{"pattern", "*.{md,txt}"}, {"path", "."}}, ".hidden.txt\nB.txt\na.txt\nc.md"},
        {{{"pattern", (plugin.ws() / "a/**/*.txt").string()}}, "a/b.txt\na/z/d.txt"},
        {{{"pattern", (plugin.ws() / "c.md").string()}}, "c.md"},
        {{{"pattern", "*"}, {"path", (plugin.dir / "docs/guide").string()}}, docs},
        {{{"pattern", "*/"}}, "a-b/\na/"},
        {{{"pattern", "**/z/"}}, "a/z/"},
        {{{"pattern", "link*"}}, "linked"},
        {{{"pattern", "**/*.secret"}}, "No matches"},
        {{{"pattern", "*.rs"}}, "No matches (to look in folders below too: **/*.rs)"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.args.dump());
        EXPECT_EQ(plugin.call("glob", c.args), ok(c.expected));
    }
}

TEST(GlobTool, GoesThroughTheLinksThatAPatternNames) {
    const PluginUnderTest plugin;
    plugin.write("real/a.txt", "");
    plugin.write("real/deep/b.txt", "");
    plugin.write("real/k.secret", "");
    plugin.write("real/.gitignore", "*.log");
    plugin.write("real/x.log", "");
    plugin.dir.write("docs/d.txt", "");
    plugin.dir.write("outside/o.txt", "");
    plugin.link("real", "linked");
    plugin.link("../real", "real/self");
    plugin.link(plugin.dir / "docs", "docs");
    plugin.link(plugin.dir / "outside", "out");
    struct Case {
        std::string pattern, expected;
    };
    const std::vector<Case> cases = {
        {"linked/*.txt", "linked/a.txt"},
        {"link*/*.txt", "linked/a.txt"},
        {"./linked/*.txt", "linked/a.txt"},
        {"linked/**/*.txt", "linked/a.txt\nlinked/deep/b.txt"},
        {"linked/**", "linked/.gitignore\nlinked/a.txt\nlinked/deep/b.txt\nlinked/self"},
        {"linked/self/deep/*", "linked/self/deep/b.txt"},
        {"**/linked/deep/*.txt", "linked/deep/b.txt"},
        {"{linked,real}/*.txt", "linked/a.txt\nreal/a.txt"},
        {"docs/*.txt", "docs/d.txt"},
        {"*/*.txt", "docs/d.txt\nlinked/a.txt\nreal/a.txt"},
        {"linked/", "linked/"},
        {"linked/*/", "linked/deep/"},
        {"linked/*.secret", "No matches"},
        {"**/b.txt", "real/deep/b.txt"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.pattern);
        EXPECT_EQ(plugin.call("glob", {{"pattern", c.pattern}}), ok(c.expected));
    }
}

TEST(GlobTool, FollowsLinksInACircleOnlySoFar) {
    const PluginUnderTest plugin;
    plugin.write("f", "");
    plugin.link(".", "l");
    std::string pattern;
    for (int i = 0; i < 60; ++i)
        pattern += "l/";
    EXPECT_EQ(plugin.call("glob", {{"pattern", pattern.substr(0, 60) + "f"}}),
              ok(pattern.substr(0, 60) + "f"));
    EXPECT_EQ(plugin.call("glob", {{"pattern", pattern + "f"}}).text.substr(0, 10), "No matches");
}

TEST(GlobTool, SaysWhyAPatternThatMeansSomethingElsewhereMatchesNothing) {
    const PluginUnderTest plugin;
    plugin.write("src/a.ts", "");
    plugin.dir.write("docs/d.js", "");
    plugin.link(plugin.dir / "docs", "docs");
    const std::string roots = plugin.ws().string() + ", " + (plugin.dir / "add").string() + ", " +
                              (plugin.dir / "docs").string();
    struct Case {
        std::string pattern, expected;
    };
    const std::string bang =
        " makes no sense: a ! at the beginning excludes nothing here; write \\! "
        "for the character itself.";
    const std::vector<Case> cases = {
        {"!*.ts", "The pattern !*.ts" + bang},
        {"!(a|b)", "The pattern !(a|b)" + bang},
        {"src/**.js", "No matches (** stands for folders only between slashes: src/**/*.c)"},
        {"src/*.ts|src/*.js", "No matches (alternatives are written {a,b})"},
        {"src/*.js,src/*.ts", "No matches (alternatives are written {a,b})"},
        {"src/@(a|b).ts", "No matches (alternatives are written {a,b})"},
        {"src/{1..3}.ts", "No matches ({1..3} is no range here: write {1,2,3} or [1-3])"},
        {"src/.*\\.ts$", "No matches (the pattern is a glob, not a regular expression: *.c)"},
        {"src\\a.ts",
         "No matches (to look in folders below too: **/src\\a.ts; the separator of a "
         "path is /, and \\ makes what follows literal)"},
        {"**/*.js",
         "No matches (not searched, because a link to a folder is followed only where the "
         "path or the pattern names it: docs)"},
        {"~/*.ts", "open ~: ~ is not expanded; write the path out"},
        {"scr/*.ts", "No matches (No such file: scr. Did you mean src?)"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.pattern);
        EXPECT_EQ(plugin.call("glob", {{"pattern", c.pattern}}).text, c.expected);
    }
}

TEST(GlobTool, BoundsAPattern) {
    const PluginUnderTest plugin;
    const CallResult answer = plugin.call("glob", {{"pattern", std::string(5'000'000, 'x')}});
    EXPECT_EQ(answer,
              bad_args("The pattern " + std::string(200, 'x') +
                       "... (5000000 bytes) makes no sense: it is longer than 4096 bytes."));
}

TEST(GlobTool, ShowsANameWithLineEndsOnOneLine) {
    const PluginUnderTest plugin;
    for (const char* name : {"a\nb.txt", "d\ndir/c.txt", "q\"\n\\", "\"q\"", "esc\x1b", "tab\t",
                             "r\r", "nel\xC2\x85", "ls\xE2\x80\xA8", "plain \"x\"", "\xC3\xA4"})
        plugin.write(name, "needle\n");
    EXPECT_EQ(plugin.call("glob", {{"pattern", "**"}}), ok(R"("\"q\"")"
                                                           "\n"
                                                           R"("a\nb.txt")"
                                                           "\n"
                                                           R"("d\ndir/c.txt")"
                                                           "\n"
                                                           R"("esc\033")"
                                                           "\n"
                                                           R"("ls\342\200\250")"
                                                           "\n"
                                                           R"("nel\302\205")"
                                                           "\nplain \"x\"\n"
                                                           R"("q\"\n\\")"
                                                           "\n"
                                                           R"("r\r")"
                                                           "\n"
                                                           R"("tab\t")"
                                                           "\n\xC3\xA4"));
    EXPECT_EQ(plugin.call("glob", {{"pattern", "d*/"}}), ok(R"("d\ndir/")"));
    EXPECT_EQ(plugin.call("grep", {{"pattern", "needle"}, {"glob", "a*"}}),
              ok(R"("a\nb.txt":1:needle)"));
    EXPECT_EQ(plugin.call("read_file", {{"path", "a\nc.txt"}}).text,
              "No such file: a\nc.txt. Did you mean \"a\\nb.txt\"?");
}

TEST(GlobTool, SaysWhatIsWrongWithItsArguments) {
    const PluginUnderTest plugin;
    plugin.write("file", "");
    const std::string roots = plugin.ws().string() + ", " + (plugin.dir / "add").string() + ", " +
                              (plugin.dir / "docs").string();
    struct Case {
        Json args;
        CallResult expected;
    };
    const std::vector<Case> cases = {
        {{{"pattern", "[x"}},
         bad_args(
             "The pattern [x makes no sense: a [ has no ]; write \\[ for the character itself.")},
        {{{"pattern", "../*"}},
         bad_args("The pattern ../* makes no sense: it must name something below the folder, "
                  "without ...")},
        {{{"pattern", "*"}, {"path", "file"}}, failed("open file: Not a directory")},
        {{{"pattern", "*"}, {"path", "fil"}}, failed("No such file: fil. Did you mean file?")},
        {{{"pattern", "*"}, {"path", ".."}},
         failed(".. is outside the folders that may be read: " + roots)},
        {{{"pattern", "/etc/*"}}, failed("/etc is outside the folders that may be read: " + roots)},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.args.dump());
        EXPECT_EQ(plugin.call("glob", c.args), c.expected);
    }
}

TEST(GlobTool, SaysWhenItCuts) {
    const PluginUnderTest plugin;
    std::string expected;
    for (int i = 1000; i < 2000; ++i) {
        plugin.write(std::to_string(i), "");
        expected += std::to_string(i) + "\n";
    }
    expected.pop_back();
    EXPECT_EQ(plugin.call("glob", {{"pattern", "*"}}), ok(expected));
    plugin.write("2000", "");
    EXPECT_EQ(plugin.call("glob", {{"pattern", "*"}}),
              ok(expected + "\n[cut at 1000 paths: narrow the pattern or the path]"));
}

TEST(GlobTool, SaysWhenTheTimeWasOver) {
    const PluginUnderTest plugin;
    plugin.write("f", "");
    GlobArgs args;
    args.pattern = "*";
    args.time = std::chrono::milliseconds(0);
    EXPECT_EQ(plugin.inside_a_call([&](const Host& host) { return glob(host, args); }),
              "[stopped when the time was over: narrow the pattern or the path]");
}

TEST(GlobTool, LooksIntoAnIgnoredFolderOnlyWhenItIsNamedAsThePath) {
    const PluginUnderTest plugin;
    plugin.write(".gitignore", "build/\n*.log\n");
    plugin.write("build/x.txt", "");
    plugin.write("build/sub/.gitignore", "*.tmp");
    plugin.write("build/sub/y.tmp", "");
    plugin.write("build/sub/y.txt", "");
    plugin.write("src/z.log", "");
    plugin.write("src/z.txt", "");
    EXPECT_EQ(plugin.call("glob", {{"pattern", "**/*.t*"}}), ok("src/z.txt"));
    EXPECT_EQ(plugin.call("glob", {{"pattern", "build/*"}}), ok("No matches"));
    EXPECT_EQ(plugin.call("glob", {{"pattern", "**/*.t*"}, {"path", "build"}}),
              ok("build/sub/y.txt\nbuild/x.txt"));
    EXPECT_EQ(plugin.call("glob", {{"pattern", "*"}, {"path", "src"}}), ok("src/z.txt"));
}

TEST(GlobTool, RulesEndWhereAnotherRepositoryBegins) {
    const PluginUnderTest plugin;
    plugin.write(".gitignore", "*.log");
    plugin.write("module/.git/HEAD", "");
    plugin.write("module/a.log", "");
    plugin.write("plain/b.log", "");
    EXPECT_EQ(plugin.call("glob", {{"pattern", "**/*.log"}}), ok("module/a.log"));
}

TEST(GlobTool, ADeepTreeNeedsNoDescriptorForEachLevel) {
    const PluginUnderTest plugin;
    std::string deep;
    for (int i = 0; i < 200; ++i)
        deep += "d/";
    plugin.write(deep + "f", "");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few{64, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    EXPECT_EQ(plugin.call("glob", {{"pattern", "**/f"}}), ok(deep + "f"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(GlobTool, StopsWhenCancelled) {
    PluginUnderTest plugin;
    plugin.write("f", "");
    plugin.cancelled = true;
    EXPECT_EQ(plugin.call("glob", {{"pattern", "*"}}).rc, TENON_CANCELLED);
}

}  // namespace
}  // namespace tenon::file::testing
