#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

#include "plugins/file/tools.h"

namespace tenon::file::testing {
namespace {

TEST(GrepTool, AnswersPathLineAndText) {
    const PluginUnderTest plugin;
    plugin.write("a.c", "int one;\nint two;\r\nfloat One;\n");
    plugin.write("sub/b.h", "int three;");
    plugin.write("sub/deep/c.c", "// one");
    plugin.write("binary", std::string("one\0", 4));
    plugin.write("ignored/x", "one\n");
    plugin.write(".gitignore", "ignored\n");
    plugin.write(".git/x", "one\n");
    plugin.write("regex", "a.b\n(x)\n");
    plugin.link("a.c", "link");
    ASSERT_EQ(::mkfifo((plugin.ws() / "fifo").c_str(), 0600), 0);
    const std::string docs = plugin.dir.write("docs/d", "one\n").string();
    struct Case {
        Json args;
        std::string expected;
    };
    const std::vector<Case> cases = {
        {{{"pattern", "one"}}, "a.c:1:int one;\nsub/deep/c.c:1:// one"},
        {{{"pattern", "one"}, {"ignore_case", true}},
         "a.c:1:int one;\na.c:3:float One;\nsub/deep/c.c:1:// one"},
        {{{"pattern", "^int .*;$"}}, "a.c:1:int one;\na.c:2:int two;\nsub/b.h:1:int three;"},
        {{{"pattern", "t(wo|hree)\\b"}}, "a.c:2:int two;\nsub/b.h:1:int three;"},
        {{{"pattern", "a\\.b|\\(x\\)"}}, "regex:1:a.b\nregex:2:(x)"},
        {{{"pattern", "int"}, {"glob", "*.h"}}, "sub/b.h:1:int three;"},
        {{{"pattern", "one"}, {"glob", "sub/**/*.c"}}, "sub/deep/c.c:1:// one"},
        {{{"pattern", "one"}, {"glob", "*.{c,h}"}, {"path", "sub"}}, "sub/deep/c.c:1:// one"},
        {{{"pattern", "int"}, {"path", "a.c"}}, "a.c:1:int one;\na.c:2:int two;"},
        {{{"pattern", "one"}, {"path", "link"}}, "a.c:1:int one;"},
        {{{"pattern", "one"}, {"path", "ignored"}}, "ignored/x:1:one"},
        {{{"pattern", "one"}, {"path", docs}}, docs + ":1:one"},
        {{{"pattern", "nothing"}}, "No matches"},
        {{{"pattern", "int"}, {"max_results", 2}},
         "a.c:1:int one;\na.c:2:int two;\n"
         "[cut at 2 results: narrow the pattern, path or glob, or raise max_results]"},
        {{{"pattern", "int"}, {"max_results", 3}},
         "a.c:1:int one;\na.c:2:int two;\nsub/b.h:1:int three;"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.args.dump());
        EXPECT_EQ(plugin.call("grep", c.args), ok(c.expected));
    }
}

TEST(GrepTool, ShowsLinesAroundAMatchInGroups) {
    const PluginUnderTest plugin;
    plugin.write("f", "1\n2\nx 3\n4\n5\n6\n7\nx 8\nx 9\n10\n");
    plugin.write("g", "x\n");
    struct Case {
        Json args;
        std::string expected;
    };
    const std::vector<Case> cases = {
        {{{"pattern", "x"}, {"context", 1}},
         "f-2-2\nf:3:x 3\nf-4-4\n--\nf-7-7\nf:8:x 8\nf:9:x 9\nf-10-10\n--\ng:1:x"},
        {{{"pattern", "x"}, {"context", 2}, {"path", "f"}},
         "f-1-1\nf-2-2\nf:3:x 3\nf-4-4\nf-5-5\nf-6-6\nf-7-7\nf:8:x 8\nf:9:x 9\nf-10-10"},
        {{{"pattern", "x"}, {"context", 1}, {"max_results", 1}},
         "f-2-2\nf:3:x 3\nf-4-4\n"
         "[cut at 1 result: narrow the pattern, path or glob, or raise max_results]"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.args.dump());
        EXPECT_EQ(plugin.call("grep", c.args), ok(c.expected));
    }
}

TEST(GrepTool, CutsALongLineAroundItsMatch) {
    const PluginUnderTest plugin;
    plugin.write("f", std::string(1000, 'a') + "\xC3\xA4needle" + std::string(1000, 'b') + "\n");
    plugin.write("g", "needle" + std::string(394, 'c') + "\n");
    EXPECT_EQ(plugin.call("grep", {{"pattern", "needle"}}),
              ok("f:1:..." + std::string(99, 'a') + "\xC3\xA4needle" + std::string(294, 'b') +
                 "... [line of 2007 characters]\ng:1:needle" + std::string(394, 'c')));
}

TEST(GrepTool, ShowsNoPieceOfAKeyInALineThatItCuts) {
    const std::string key = "key-abcdefghijklmnopqrstuvwxyz";
    PluginUnderTest plugin;
    plugin.secrets.add(key);
    for (std::size_t before = 0; before < 450; before += 3) {
        SCOPED_TRACE(before);
        // Keys before, at and after the match, at different places of the shown line.
        const std::string line = std::string(before, '.') + key + std::string(200, '.') + "match" +
                                 std::string(450 - before, '.') + key + std::string(500, '.');
        plugin.write("long", key + "\n" + line + "\n" + line + "\n");
        for (const char* pattern : {"match", "klm"}) {
            const CallResult answer =
                plugin.call("grep", {{"pattern", pattern}, {"path", "long"}, {"context", 1}});
            const std::string shown = plugin.secrets.redact(answer.text);  // as the host does
            for (std::size_t i = 0; i + 4 <= key.size(); ++i)
                EXPECT_EQ(shown.find(key.substr(i, 4)), std::string::npos) << shown;
        }
    }
}

TEST(GrepTool, CutsAnAnswerThatIsTooLong) {
    const PluginUnderTest plugin;
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += std::string(300, 'x') + "\n";
    plugin.write("f", text);
    const CallResult answer = plugin.call("grep", {{"pattern", "x"}, {"max_results", 1000}});
    EXPECT_EQ(answer.rc, TENON_OK);
    EXPECT_LT(answer.text.size(), 51'000U);
    const std::string note = "\n[cut at 50000 characters: narrow the pattern, path or glob]";
    EXPECT_EQ(answer.text.substr(answer.text.size() - note.size()), note);
}

TEST(GrepTool, SearchesBytesThatAreNoUtf8) {
    const PluginUnderTest plugin;
    plugin.write("latin", "caf\xE9 needle\n");
    EXPECT_EQ(plugin.call("grep", {{"pattern", "needle$"}}), ok("latin:1:caf\xE9 needle"));
}

TEST(GrepTool, SaysHowManyFilesItCouldNotRead) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
    const PluginUnderTest plugin;
    plugin.write("f", "x");
    plugin.write("mine", "x");
    fs::permissions(plugin.ws() / "f", fs::perms::none);
    EXPECT_EQ(plugin.call("grep", {{"pattern", "x"}}), ok("mine:1:x\n[1 file could not be read]"));
}

TEST(GrepTool, SaysHowManyFilesARuleKeptItFromSearching) {
    const PluginUnderTest plugin;
    plugin.write("kept/a.secret", "x");
    EXPECT_EQ(plugin.call("grep", {{"pattern", "x"}}),
              ok("No matches\n[1 file not searched, because a permission rule forbids it]"));
    EXPECT_EQ(plugin.call("grep", {{"pattern", "x"}, {"glob", "*.secret"}}),
              ok("No matches\n[1 file not searched, because a permission rule forbids it]"))
        << "the glob fits a file";
    plugin.write("kept/b.secret", "x");
    plugin.write("mine", "x");
    EXPECT_EQ(plugin.call("grep", {{"pattern", "x"}}),
              ok("mine:1:x\n[2 files not searched, because a permission rule forbids it]"));
    EXPECT_EQ(plugin.call("grep", {{"pattern", "x"}, {"glob", "mine"}}), ok("mine:1:x"));
}

TEST(GrepTool, SaysWhatIsWrongWithItsArguments) {
    const PluginUnderTest plugin;
    plugin.write("binary", std::string("one\0", 4));
    const std::string syntax =
        ". The syntax is RE2's: no look-around, no back-references; \\ before a character that is "
        "meant "
        "literally.";
    const std::string line_break =
        "The pattern asks for a line break, but lines are searched one by one: look for one of the "
        "lines, "
        "with context.";
    struct Case {
        Json args;
        CallResult expected;
    };
    const std::vector<Case> cases = {
        {{{"pattern", "(x"}}, bad_args("The pattern (x makes no sense: missing ): (x" + syntax)},
        {{{"pattern", "x(?=y)"}},
         bad_args("The pattern x(?=y) makes no sense: invalid perl operator: (?=" + syntax)},
        {{{"pattern", "(a)\\1"}},
         bad_args("The pattern (a)\\1 makes no sense: invalid escape sequence: \\1" + syntax)},
        {{{"pattern", "a\\nb"}}, bad_args(line_break)},
        {{{"pattern", "a\nb"}}, bad_args(line_break)},
        {{{"pattern", "a\\\\n"}}, ok("No matches")},
        {{{"pattern", "x"}, {"glob", "[x"}},
         bad_args("The glob [x makes no sense: a [ has no ]; write \\[ for the character itself.")},
        {{{"pattern", "x"}, {"glob", "x/"}},
         bad_args("The glob x/ makes no sense: it names folders.")},
        {{{"pattern", "x"}, {"path", "binray"}},
         failed("No such file: binray. Did you mean binary?")},
        {{{"pattern", "x"}, {"path", "binary"}},
         failed("binary is a binary file and was not searched.")},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.args.dump());
        EXPECT_EQ(plugin.call("grep", c.args), c.expected);
    }
}

TEST(GrepTool, TakesGlobsThatNameLinksOrLeaveOut) {
    const PluginUnderTest plugin;
    plugin.write("real/a.ts", "one\n");
    plugin.write("real/b.js", "one\n");
    plugin.write("vendor/c.js", "one\n");
    plugin.link("real", "linked");
    struct Case {
        std::string glob, expected;
    };
    const std::vector<Case> cases = {
        {"linked/*.ts", "linked/a.ts:1:one"},
        {"linked/**", "linked/a.ts:1:one\nlinked/b.js:1:one"},
        {"!*.ts", "real/b.js:1:one\nvendor/c.js:1:one"},
        {"!vendor/", "real/a.ts:1:one\nreal/b.js:1:one"},
        {"!vendor", "real/a.ts:1:one\nreal/b.js:1:one"},
        {"!vendor/**", "real/a.ts:1:one\nreal/b.js:1:one"},
        {"!**/*.{ts,js}", "No matches (no file was searched: none fits the glob !**/*.{ts,js})"},
        {"*.ts,*.js",
         "No matches (no file was searched: none fits the glob *.ts,*.js; alternatives are written "
         "{a,b})"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.glob);
        EXPECT_EQ(plugin.call("grep", {{"pattern", "one"}, {"glob", c.glob}}), ok(c.expected));
    }
    EXPECT_EQ(plugin.call("grep", {{"pattern", "one"}, {"path", "linked"}, {"glob", "*.ts"}}),
              ok("real/a.ts:1:one"));
}

TEST(GrepTool, SaysWhyAPatternThatMeansSomethingElsewhereMatchesNothing) {
    const PluginUnderTest plugin;
    plugin.write("f", "foo\nbar|x\r\n");
    plugin.dir.write("docs/d", "elsewhere\n");
    plugin.link(plugin.dir / "docs", "docs");
    const std::string basic =
        "No matches (\\ makes the character behind it literal: alternatives are written a|b, "
        "groups (a), "
        "repetitions a+ and a{2})";
    const std::string lines =
        "No matches (lines are searched one by one: no match goes over a line end, with (?s) "
        "neither)";
    struct Case {
        std::string pattern, expected;
    };
    const std::vector<Case> cases = {
        {"foo\\|bar", basic},    {"\\(foo\\)", basic},
        {"fo\\+", basic},        {"bar\\|x", "f:2:bar|x"},
        {"(?s)foo.*bar", lines}, {"foo[\\s\\S]*bar", lines},
        {"(?s:foo.bar)", lines}, {"(?m)^bar$", lines},
        {"(?s)foo", "f:1:foo"},  {"x\\r$", "No matches (line ends are no part of a line)"},
        {"none", "No matches"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.pattern);
        EXPECT_EQ(plugin.call("grep", {{"pattern", c.pattern}, {"path", "f"}}), ok(c.expected));
    }
    EXPECT_EQ(
        plugin.call("grep", {{"pattern", "elsewhere"}}),
        ok("No matches (not searched, because a link to a folder is followed only where the path "
           "or the pattern names it: docs)"));
    for (const char* pattern : {"a\\x0ab", "a\\x{A}b", "a\\012b"})
        EXPECT_EQ(plugin.call("grep", {{"pattern", pattern}}).rc, TENON_BAD_ARGS) << pattern;
}

TEST(GrepTool, BoundsAPatternAndSaysWhereALineWasCut) {
    const PluginUnderTest plugin;
    plugin.write("f", std::string(3U << 20U, 'x') + "needle\nneedle\n");
    EXPECT_EQ(
        plugin.call("grep", {{"pattern", std::string(5'000'000, 'x')}}),
        bad_args("The pattern has 5000000 bytes; at most 32768 are possible: look for a part of "
                 "it."));
    EXPECT_EQ(plugin.call("grep", {{"pattern", "needle"}}),
              ok("f:2:needle\n[1 line longer than 1 MiB: only the beginning was searched]"));
    const CallResult wrong = plugin.call("grep", {{"pattern", "(" + std::string(30'000, 'x')}});
    EXPECT_EQ(wrong.rc, TENON_BAD_ARGS);
    EXPECT_LT(wrong.text.size(), 1'000U);
    const CallResult glob =
        plugin.call("grep", {{"pattern", "x"}, {"glob", std::string(5'000'000, 'x')}});
    EXPECT_EQ(glob.rc, TENON_BAD_ARGS);
    EXPECT_LT(glob.text.size(), 1'000U);
}

TEST(GrepTool, AFolderSwappedForALinkAllTheTimeNeverLeadsOutside) {
    const PluginUnderTest plugin;
    plugin.write("sub/deep/f", "harmless\n");
    plugin.dir.write("outside/deep/f", "private\n");
    plugin.link(plugin.dir / "outside", "other");
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
        while (!stop) {
            ::renameat2(AT_FDCWD, (plugin.ws() / "sub").c_str(), AT_FDCWD,
                        (plugin.ws() / "other").c_str(), RENAME_EXCHANGE);
        }
    });
    int found = 0;
    for (int i = 0; i < 500; ++i) {
        const CallResult answer = plugin.call("grep", {{"pattern", "harmless|private"}});
        EXPECT_EQ(answer.text.find("private"), std::string::npos) << answer;
        found += answer.text.find("harmless") != std::string::npos ? 1 : 0;
    }
    stop = true;
    swapper.join();
    EXPECT_GT(found, 0);
}

TEST(GrepTool, SaysWhenTheTimeWasOver) {
    const PluginUnderTest plugin;
    plugin.write("f", "x");
    GrepArgs args;
    args.pattern = "x";
    args.time = std::chrono::milliseconds(0);
    EXPECT_EQ(plugin.inside_a_call([&](const Host& host) { return grep(host, args); }),
              "No matches\n[stopped when the time was over: narrow the path or glob]");
    args.path = "f";
    EXPECT_EQ(plugin.inside_a_call([&](const Host& host) { return grep(host, args); }),
              "No matches\n[stopped when the time was over: narrow the path or glob]");
}

}  // namespace
}  // namespace tenon::file::testing
