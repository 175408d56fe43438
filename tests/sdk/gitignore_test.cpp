#include <cstdio>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include <tenon/gitignore.hpp>

#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

TEST(IgnoreFile, JudgesAsTheManualSays) {
    struct Case {
        std::string rules, path;
        bool is_folder, ignored;
    };
    const std::vector<Case> cases = {
        {"*.o", "a.o", false, true},
        {"*.o", "x/y/a.o", false, true},
        {"/a.o", "x/a.o", false, false},
        {"build/", "build", true, true},
        {"build/", "x/build", true, true},
        {"build/", "build", false, false},
        {"doc/*.txt", "doc/a.txt", false, true},
        {"doc/*.txt", "x/doc/a.txt", false, false},
        {"**/logs", "x/y/logs", true, true},
        {"logs/**", "logs", true, false},
        {"logs/**", "logs/x", false, true},
        {"a/**/b", "a/x/y/b", false, true},
        {"a/**/b", "a/b", false, true},
        {"*.o\n!keep.o", "keep.o", false, false},
        {"!keep.o\n*.o", "keep.o", false, true},
        {"# comment", "# comment", false, false},
        {"\\#file", "#file", false, true},
        {"\\!file", "!file", false, true},
        {"trailing   ", "trailing", false, true},
        {"trailing\\ ", "trailing ", false, true},
        {"crlf\r\nnext\r\n", "crlf", false, true},
        {"\xEF\xBB\xBF"
         "bom",
         "bom", false, true},
        {"\n\n/\n!\n", "x", false, false},
        {"[ab].c", "b.c", false, true},
        {"foo", "foobar", false, false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.rules + " / " + c.path);
        IgnoreStack stack;
        stack.push(IgnoreFile("", c.rules));
        EXPECT_EQ(stack.ignores(c.path, c.is_folder), c.ignored);
    }
}

TEST(IgnoreStack, LetsTheNearestFileHaveTheLastWord) {
    IgnoreStack stack;
    stack.push(IgnoreFile("", "*.log\n/sub/x"));
    stack.push(IgnoreFile("sub", "!keep.log\n/own"));
    EXPECT_TRUE(stack.ignores("sub/other.log", false));
    EXPECT_FALSE(stack.ignores("sub/keep.log", false));
    EXPECT_TRUE(stack.ignores("sub/x", false));
    EXPECT_TRUE(stack.ignores("sub/own", false));
    EXPECT_FALSE(stack.ignores("sub/deep/own", false));
    EXPECT_FALSE(stack.ignores("sub/x", false, 1));
}

/// Rules that git judges, too, each in a repository of its own with the paths below.
const std::vector<std::string>& odd_rules() {
    static const std::vector<std::string> rules = {"./x",
                                                   "//x",
                                                   "a//b",
                                                   "a/./b",
                                                   "a/../x",
                                                   "..",
                                                   "x/..",
                                                   ".",
                                                   "./",
                                                   "x\\",
                                                   "a/\\",
                                                   "x\\ ",
                                                   "x \\",
                                                   "\\x",
                                                   "\\",
                                                   "\\\\",
                                                   "a\\/b",
                                                   "\\/x",
                                                   "/",
                                                   "//",
                                                   "///",
                                                   "a//",
                                                   "/a/",
                                                   "/a",
                                                   "a/",
                                                   "a/b/",
                                                   "a/*",
                                                   "a/**",
                                                   "a/**/",
                                                   "**",
                                                   "**/",
                                                   "/**",
                                                   "/**/",
                                                   "**/b",
                                                   "/**/b",
                                                   "**/a/b",
                                                   "**/**/b",
                                                   "a/**/b",
                                                   "a/**/**/b",
                                                   "a/***/b",
                                                   "***",
                                                   "***/b",
                                                   "**b",
                                                   "a**",
                                                   "a**/b",
                                                   "ab**/b",
                                                   "a/**b",
                                                   "a/b**",
                                                   "*/b",
                                                   "*/*/b",
                                                   "*",
                                                   "/*",
                                                   "/*/b",
                                                   "?",
                                                   "a?b",
                                                   "a/?",
                                                   "?/b",
                                                   "[ab]",
                                                   "[!a]",
                                                   "[^a]",
                                                   "[]x]",
                                                   "[!]x]",
                                                   "[a-]",
                                                   "[-a]",
                                                   "[a-c]",
                                                   "[c-a]",
                                                   "[a",
                                                   "a[",
                                                   "[",
                                                   "[]",
                                                   "[!]",
                                                   "x[]",
                                                   "[[:alpha:]]",
                                                   "[[:digit:]x]",
                                                   "[[:nope:]]",
                                                   "[[:alpha]",
                                                   "[[x]",
                                                   "[[:]x]",
                                                   "[\\]]",
                                                   "[a\\-c]",
                                                   "a[/]b",
                                                   "a[^x]b",
                                                   "[!x]/b",
                                                   "{a,b}",
                                                   "x ",
                                                   "x\t",
                                                   " x",
                                                   "x\r",
                                                   "\\#x",
                                                   "\\!x",
                                                   "#x",
                                                   "!x",
                                                   "!",
                                                   "!/",
                                                   "*\n!x",
                                                   "*\n!a/",
                                                   "*\n!a/\n!a/b",
                                                   "/*\n!/a",
                                                   "x\n!x\nx",
                                                   "x\n!./x",
                                                   "*.o",
                                                   "*x",
                                                   "x*",
                                                   "*x*",
                                                   "*a*b*",
                                                   "a*b/x",
                                                   "*.[a-o]",
                                                   "*?",
                                                   "*???",
                                                   "a*?",
                                                   "a*b",
                                                   "abc*c",
                                                   "*\\]",
                                                   "\\[*x]",
                                                   "/*b",
                                                   "a/*b",
                                                   "a/**x",
                                                   "a*/*b",
                                                   "a*c*/**/x",
                                                   "**/a*/x",
                                                   "**/?/x",
                                                   "**/?b/*",
                                                   "*[!b]/x",
                                                   "?*/**/?*b",
                                                   "*a*?*",
                                                   "a/**/[bx]*",
                                                   "q?x",
                                                   "q??x",
                                                   "q[\xC3\xA4]x",
                                                   "\xC3\xA4",
                                                   "a/b\\",
                                                   "a/b \\",
                                                   "a/\\b",
                                                   "a/[b",
                                                   "a/[]b]",
                                                   "**/x\\",
                                                   "x/",
                                                   "x//",
                                                   "./a/b",
                                                   "a/b/.",
                                                   "a\\",
                                                   "abc/",
                                                   "/abc/",
                                                   "/ab/",
                                                   "ab/",
                                                   "a/b/c/../c",
                                                   "A",
                                                   "X"};
    return rules;
}

const std::vector<std::string>& odd_paths() {
    static const std::vector<std::string> paths = {
        "x",     "b",   "a/b/c/x",    "a/x", "a/xb/b",   "ab/b", "abc/d/b",
        "abc/x", "a.o", "q\xC3\xA4x", "qax", "\xC3\xA4", "]",    "-",
        "[",     "x\\", "\\",         "#x",  "!x",       "x ",   " x",
        "x\t",   "x\r", "{a,b}",      "axb", "c",        "[]x]", "a]"};
    return paths;
}

std::string output_of(const std::string& command) {
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;)
        out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
}

TEST(Ignore, TakesOddRulesAsGitDoes) {
    const tenon::testing::TempDir dir;
    for (const std::string& path : odd_paths())
        dir.write("tree/" + path, "");
    const std::string git = "git -C '" + (dir / "tree").string() + "' ";
    if (std::system((git + "init -q 2>/dev/null").c_str()) != 0)
        GTEST_SKIP() << "there is no git here";
    std::string names;
    for (const std::string& path : odd_paths())
        names += path + '\0';
    dir.write("names", names);
    for (const std::string& rules : odd_rules()) {
        SCOPED_TRACE(::testing::PrintToString(rules));
        dir.write("tree/.gitignore", rules + "\n");
        std::string answer =
            output_of(git + "-c core.excludesFile=/dev/null check-ignore --no-index -z --stdin <'" +
                      (dir / "names").string() + "'");
        std::set<std::string> of_git;
        for (std::size_t at = 0; at < answer.size();) {
            const std::size_t end = answer.find('\0', at);
            of_git.insert(answer.substr(at, end - at));
            at = end + 1;
        }
        IgnoreStack stack;
        stack.push(IgnoreFile("", rules + "\n"));
        std::set<std::string> of_tenon;
        for (const std::string& path : odd_paths()) {
            bool ignored = false;
            for (std::size_t slash = path.find('/'); slash != std::string::npos && !ignored;
                 slash = path.find('/', slash + 1))
                ignored = stack.ignores(path.substr(0, slash), true);
            if (ignored || stack.ignores(path, false)) of_tenon.insert(path);
        }
        EXPECT_EQ(of_tenon, of_git);
    }
}

}  // namespace
}  // namespace tenon::sdk
