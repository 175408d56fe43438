#include "host/permission/arguments.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <random>

#include <gtest/gtest.h>

#include "host/permission/path_pattern.h"
#include "host/permission/surroundings.h"
#include "host/shell/grammar.h"
#include "tests/support/temp_dir.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

/// The output of a bash script that is run in `directory`.
std::string output_of(const testing::TempDir& dir, const fs::path& directory,
                      const std::string& script) {
    dir.write("script", script);
    const std::string command = "cd '" + directory.string() + "' && HOME=/nowhere bash '" +
                                (dir / "script").string() + "' > '" + (dir / "output").string() +
                                "' 2>/dev/null </dev/null";
    (void)std::system(command.c_str());  // NOLINT(cert-env33-c)
    return dir.read("output");
}

Strings split(const std::string& text, char at) {
    Strings out;
    std::string::size_type begin = 0;
    for (auto end = text.find(at); end != std::string::npos; end = text.find(at, begin)) {
        out.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

/// Two slashes mean the same as one.
std::string squeezed(std::string text) {
    for (auto at = text.find("//"); at != std::string::npos; at = text.find("//"))
        text.erase(at, 1);
    return text;
}

/// A pattern of a few letters, wildcards, quotes and slashes.
std::string random_pattern(std::mt19937& random) {
    static const Strings pieces = {"a",    "b",   "*",   "?",       "[ab]", "[!a]", "[a-c]", ".",
                                   "/",    "..",  "*",   "d",       "\\*",  "'*'",  "\"a\"", "-",
                                   "[]a]", "[",   "]",   "link",    "é",    "d/",   "*/",    "^",
                                   "[^b]", "\\a", "'?'", "[a'-'c]", "**",   "./",   "_"};
    std::string out;
    for (auto n = 1 + random() % 5; n > 0; --n)
        out += pieces[random() % pieces.size()];
    return out;
}

TEST(Arguments, AreTheNamesThatBashFindsForPatterns) {
    const testing::TempDir dir;
    for (const char* name : {"w/a", "w/b", "w/ab", "w/abc", "w/.a", "w/.hidden", "w/*", "w/-a",
                             "w/d/a", "w/d/b", "w/d/.x", "w/d/d/a", "w/é", "w/aé", "w/[a]", "w/^"})
        dir.write(name, "");
    fs::create_directory_symlink("d", dir / "w/link");
    fs::create_symlink("nowhere", dir / "w/dangling");
    constexpr unsigned kSeed = 20'261'129;
    std::mt19937 random(kSeed);
    Strings patterns;
    std::string script;
    while (patterns.size() < 3'000) {
        const std::string pattern = random_pattern(random);
        // Directories above the workspace may change while the test runs.
        const bool elsewhere = pattern[0] == '/' || pattern.find("..") != std::string::npos;
        if (elsewhere || shell::understand("x " + pattern).parts.size() != 1) continue;
        patterns.push_back(pattern);
        script += "printf '%s\\0' " + pattern + "; printf '\\1'\n";
    }
    const Strings found = split(output_of(dir, dir / "w", script), '\1');
    ASSERT_EQ(found.size(), patterns.size());
    std::size_t known = 0;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        SCOPED_TRACE(patterns[i]);
        const shell::Part part = shell::understand("x " + patterns[i]).parts.at(0);
        const auto ours = arguments_of(part, dir / "w", "/nowhere");
        if (!ours) continue;
        ++known;
        Strings names;
        for (std::size_t at = 1; at < ours->size(); ++at)
            names.push_back(squeezed((*ours)[at].text));
        // There may be more names than bash finds: judging them all is safe.
        for (const std::string& name : split(squeezed(found[i]), '\0'))
            EXPECT_NE(std::find(names.begin(), names.end(), name), names.end())
                << "bash also finds " << name;
        if (patterns[i].find_first_of("[.\xC3") == std::string::npos) {
            Strings theirs = split(squeezed(found[i]), '\0');
            std::sort(theirs.begin(), theirs.end());
            std::sort(names.begin(), names.end());
            EXPECT_EQ(names, theirs);
        }
    }
    EXPECT_GT(known, 2'000U);
}

TEST(Arguments, AreNotKnownWhereOnlyTheShellKnowsThem) {
    const testing::TempDir dir;
    const auto arguments = [&](const std::string& text) {
        shell::Word word;
        word.written = text;
        word.decoded = text;
        word.tilde = text[0] == '~';
        word.pattern = text.find_first_of("*{") != std::string::npos;
        word.expands = text.find('$') != std::string::npos;
        return arguments_of(word, dir.path(), "/home/u");
    };
    EXPECT_EQ(arguments("~")->at(0).text, "/home/u");
    EXPECT_EQ(arguments("~/x")->at(0).text, "/home/u/x");
    for (const char* text :
         {"~root", "~+", "~-/x", "$x", "*$x", "{a,b}", "*{a,b}", "~/*", "a=~/x", "a:~/x"}) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(arguments(text));
    }
}

TEST(BaseDirectories, HoldTheDirectoryThatEachPartOfACommandRunsIn) {
    const testing::TempDir dir;
    for (const char* name : {"w/a/b", "w/c", "out/d"})
        fs::create_directories(dir / name);
    fs::create_directory_symlink("../out", dir / "w/link");
    fs::create_directory_symlink("b/..", dir / "w/a/up");
    fs::create_directory_symlink("../../out/d", dir / "w/a/deep");
    const Strings targets = {"a", "b",  "..",    "link", "a/b",     "c",      ".",       "missing",
                             "-", "up", "../..", "deep", "link/..", "a/up/b", "deep/..", "./a"};
    const Strings joints = {" && ", " && ", "; ", " || ", " & ", " | "};
    constexpr unsigned kSeed = 7;
    std::mt19937 random(kSeed);
    std::string script;
    Strings commands;
    for (int i = 0; i < 400; ++i) {
        std::string command;
        for (auto n = 1 + random() % 4; n > 0; --n)
            command +=
                "cd " + targets[random() % targets.size()] + joints[random() % joints.size()];
        commands.push_back(command + "/bin/pwd -P");
        script += "( cd '" + (dir / "w").string() + "'; OLDPWD=/; " + commands.back() +
                  "; wait ); printf '\\1'\n";
    }
    const Strings found = split(output_of(dir, dir / "w", script), '\1');
    ASSERT_EQ(found.size(), commands.size());
    std::size_t known = 0;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        SCOPED_TRACE(commands[i]);
        const shell::Understood understood = shell::understand(commands[i]);
        ASSERT_FALSE(understood.parts.empty());
        const RunDirectories where =
            run_directories_of(commands[i], understood.parts, dir / "w", "/nowhere", {}).back();
        if (!where.known) continue;
        ++known;
        Strings ours;
        for (const fs::path& directory : where.paths)
            ours.push_back(resolved(directory).string());
        // A `cd -` prints its directory: the last line is that of pwd.
        for (const std::string& line : split(found[i], '\n'))
            EXPECT_NE(std::find(ours.begin(), ours.end(), line), ours.end()) << line;
    }
    EXPECT_GT(known, 100U);
}

}  // namespace
}  // namespace tenon::permission
