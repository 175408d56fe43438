#include <sys/wait.h>

#include <gtest/gtest.h>

#include "tests/plugins/file/plugin_under_test.h"

namespace tenon::file::testing {
namespace {

/// The files that git finds in the same tree: neither ignored nor in .git.
std::string listed_by_git(const fs::path& folder) {
    const std::string command =
        "cd '" + folder.string() +
        "' && git -c core.excludesFile=/dev/null -c core.quotePath=false ls-files"
        " --cached --others --exclude-standard 2>/dev/null | LC_ALL=C sort";
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;)
        out += static_cast<char>(c);
    ::pclose(pipe);
    if (!out.empty()) out.pop_back();
    return out;
}

TEST(Ignore, LeavesOutExactlyWhatGitLeavesOut) {
    const PluginUnderTest plugin;
    const std::string init = "git init -q '" + plugin.ws().string() + "' 2>/dev/null";
    if (std::system(init.c_str()) != 0) GTEST_SKIP() << "there is no git here";
    const std::map<std::string, std::string> rules = {
        {".gitignore",
         "*.o\n!keep.o\nbuild/\n/only_here\n/docs/*.tmp\ndeep/**/cache\nabc/**\n**/logs/*.log\n"
         "temp*\n!temporary.txt\n\\#odd\nspace\\ \nq?x\n[0-9]*.n\nvendor/*\n!vendor/ours\n"},
        {"sub/.gitignore", "!a.o\n/build2\n*.md\n!/top.md\n"},
        {"sub/deeper/.gitignore", "*\n!.gitignore\n!wanted\n!folder/\n"},
        {".git/info/exclude", "excluded\n!excluded_not\n*.bak\n"},
    };
    for (const auto& [name, text] : rules)
        plugin.write(name, text);
    for (const char* name : {"a.o",
                             "keep.o",
                             "sub/a.o",
                             "sub/b.o",
                             "build/x",
                             "sub/build/y",
                             "sub/build2/z",
                             "x/build2/z",
                             "only_here",
                             "sub/only_here",
                             "docs/a.tmp",
                             "docs/a.txt",
                             "sub/docs/b.tmp",
                             "deep/cache/1",
                             "deep/a/b/cache/2",
                             "deep/cache2",
                             "abc/x/y",
                             "logs/a.log",
                             "x/logs/b.log",
                             "x/logs/c.txt",
                             "temp1",
                             "temporary.txt",
                             "x/temp/y",
                             "#odd",
                             "space ",
                             "qax",
                             "qaax",
                             "7a.n",
                             "a7.n",
                             "vendor/theirs/a",
                             "vendor/ours/b",
                             "sub/read.md",
                             "sub/top.md",
                             "sub/x/top.md",
                             "read.md",
                             "sub/deeper/no",
                             "sub/deeper/wanted",
                             "sub/deeper/folder/no",
                             "sub/deeper/folder/wanted",
                             "excluded",
                             "x/excluded",
                             "excluded_not",
                             "x.bak",
                             ".hidden/file",
                             "a b/c d",
                             "\xC3\xA4/\xC3\xB6"})
        plugin.write(name, "");
    plugin.link("sub", "link_to_folder");
    plugin.link("a.o", "link_to_file");
    EXPECT_EQ(plugin.call("glob", {{"pattern", "**"}}), ok(listed_by_git(plugin.ws())));
}

}  // namespace
}  // namespace tenon::file::testing
