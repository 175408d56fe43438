#include "host/session/named_files.h"

#include <set>

#include <gtest/gtest.h>

namespace tenon::session {
namespace {

using Found = std::vector<NamedFile>;

Found found_in(const std::string& prompt, const std::set<std::string>& files) {
    return named_files(prompt, [&](const std::string& path) { return files.count(path) > 0; });
}

TEST(NamedFiles, AreWordsWithASignThatNameAFile) {
    struct Case {
        std::string prompt;
        std::vector<std::string> paths;
    };
    const std::set<std::string> files = {"a.txt",  "src/a.c", "my file.txt", "/etc/x",
                                         "~/n.md", "v1.",     "it's",        "example.org",
                                         "b",      "dir/",    "a\"b",        "größe.c"};
    for (const Case& c : std::vector<Case>{
             {"look at @a.txt", {"a.txt"}},
             {"@a.txt", {"a.txt"}},
             {"@a.txt, please", {"a.txt"}},
             {"(@a.txt) and [@src/a.c].", {"a.txt", "src/a.c"}},
             {"is it \"@a.txt\"?", {"a.txt"}},
             {"`@a.txt`", {"a.txt"}},
             {"@\"my file.txt\" now", {"my file.txt"}},
             {"@'my file.txt': why?", {"my file.txt"}},
             {"@my\\ file.txt", {"my file.txt"}},
             {"@\"a\\\"b\"", {"a\"b"}},
             {"@/etc/x @~/n.md", {"/etc/x", "~/n.md"}},
             {"@a.txt @a.txt", {"a.txt"}},
             {"one\n@a.txt\ttwo\n@b", {"a.txt", "b"}},
             {"@v1.", {"v1."}},
             {"@größe.c!", {"größe.c"}},
             {"me@example.org", {}},
             {"@example.org", {"example.org"}},
             {"@nobody wrote this", {}},
             {"@ a.txt", {}},
             {"@", {}},
             {"@@a.txt", {}},
             {"@\"unclosed", {}},
             {"a.txt", {}},
             {"", {}},
         }) {
        SCOPED_TRACE(c.prompt);
        Found expected;
        for (const std::string& path : c.paths)
            expected.push_back({path, false});
        EXPECT_EQ(found_in(c.prompt, files), expected);
    }
}

TEST(NamedFiles, ArePathsOfImagesAsTerminalsPasteThem) {
    struct Case {
        std::string prompt;
        std::vector<std::string> paths;
    };
    const std::set<std::string> files = {"/tmp/a.png", "/tmp/my shot.PNG", "~/b.jpeg",
                                         "./c.webp",   "/tmp/x.txt",       "d.gif",
                                         "../e.jpg"};
    for (const Case& c : std::vector<Case>{
             {"/tmp/a.png", {"/tmp/a.png"}},
             {"/tmp/a.png what is this?", {"/tmp/a.png"}},
             {"see /tmp/a.png.", {"/tmp/a.png"}},
             {"'/tmp/my shot.PNG' ", {"/tmp/my shot.PNG"}},
             {"\"/tmp/my shot.PNG\"", {"/tmp/my shot.PNG"}},
             {"/tmp/my\\ shot.PNG", {"/tmp/my shot.PNG"}},
             {"file:///tmp/my%20shot.PNG", {"/tmp/my shot.PNG"}},
             {"file://localhost/tmp/a.png", {"/tmp/a.png"}},
             {"file://elsewhere/tmp/a.png", {}},
             {"~/b.jpeg ./c.webp ../e.jpg", {"~/b.jpeg", "./c.webp", "../e.jpg"}},
             {"/tmp/x.txt", {}},
             {"rename d.gif", {}},
             {"/tmp/missing.png", {}},
             {"https://example.org/tmp/a.png", {}},
         }) {
        SCOPED_TRACE(c.prompt);
        Found expected;
        for (const std::string& path : c.paths)
            expected.push_back({path, true});
        EXPECT_EQ(found_in(c.prompt, files), expected);
    }
}

/// Minified code has no blanks. Looked at up to the next blank from each bracket on, it would take
/// hours.
TEST(NamedFiles, AreFoundSoonInALongTextWithoutBlanks) {
    const std::string brackets(std::size_t{1} << 20U, '(');
    EXPECT_EQ(found_in(brackets + " @a.txt", {"a.txt"}), (Found{{"a.txt", false}}));
    std::size_t asked = 0;
    const std::string too_long = "@" + std::string(std::size_t{1} << 20U, ')');
    EXPECT_EQ(named_files(too_long, [&](const std::string&) { return ++asked == 0; }), Found());
    EXPECT_EQ(asked, 0U) << "no path is as long as that";
}

}  // namespace
}  // namespace tenon::session
