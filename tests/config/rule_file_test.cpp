#include "host/config/rule_file.h"

#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/config/config_file.h"
#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

std::string contents(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

Result<void> add(const fs::path& folder, const Lines& rules) {
    const auto shown = rule_lines(folder, rules);
    if (!shown) return shown.error();
    return add_rule_lines(folder, rules, *shown);
}

TEST(RuleFile, HoldsTheLinesThatWereShown) {
    const testing::TempDir dir;
    const fs::path folder = dir / "config/tenon";
    EXPECT_EQ(rule_lines(folder, {"Bash(make)", "Read(x)"})->lines,
              (Lines{"permissions.allow.1=Bash(make)", "permissions.allow.2=Read(x)"}));
    ASSERT_TRUE(add(folder, {"Bash(make)", "Read(x)"}));
    ASSERT_TRUE(add(folder, {"Read(x)", "Edit(y)"}));  // what stands there is not repeated
    const std::string bytes = contents(folder / "allowed.properties");
    EXPECT_EQ(bytes.substr(bytes.find('\n') + 1),
              "permissions.allow.1=Bash(make)\npermissions.allow.2=Read(x)\n"
              "permissions.allow.3=Edit(y)\n");
    EXPECT_EQ(rule_lines(folder, {"Edit(y)"})->lines, Lines());
}

TEST(RuleFile, IsReadBackExactlyAndWithoutAWarning) {
    const testing::TempDir dir;
    const Lines rules = {"Bash(printf 'a\\tb')",
                         "Read(app/\\[id]/**)",
                         "Bash(grep 'a\\|b\\\\')",
                         "Bash(a = b: c)",
                         "Edit(#x)",
                         "Bash(cat <<E\n  x # y\r\n\\nE)",
                         "Bash(x\\)",
                         "Bash(${HOME} \"a & b\" <x>)",
                         "Bash(echo \xc3\xa4\t\xe4\xb8\xad)",
                         "Bash(\n\n)"};
    for (const std::string& rule : rules)
        ASSERT_TRUE(add(dir.path(), {rule})) << rule;
    const fs::path file = dir / "allowed.properties";
    const auto parsed = parse_config(file, contents(file));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->problems, Lines());
    EXPECT_EQ(parsed->warnings, Lines());
    Lines read;
    for (const ConfigEntry& entry : parsed->entries)
        read.push_back(entry.value);
    EXPECT_EQ(read, rules);
}

TEST(RuleFile, IsPrivate) {
    const testing::TempDir dir;
    ASSERT_TRUE(add(dir / "a/tenon", {"Bash(make)"}));
    EXPECT_EQ(testing::mode_of(dir / "a/tenon/allowed.properties"), 0600U);
    ::chmod((dir / "a/tenon/allowed.properties").c_str(), 0644);
    ASSERT_TRUE(add(dir / "a/tenon", {"Bash(cmake)"}));
    EXPECT_EQ(testing::mode_of(dir / "a/tenon/allowed.properties"), 0600U);
}

TEST(RuleFile, StaysALinkWhereItIsOne) {
    const testing::TempDir dir;
    ASSERT_TRUE(add(dir / "dotfiles", {"Read(x)"}));
    fs::create_directories(dir / "config");
    fs::create_symlink(dir / "dotfiles/allowed.properties", dir / "config/allowed.properties");
    ASSERT_TRUE(add(dir / "config", {"Bash(make)"}));
    EXPECT_TRUE(fs::is_symlink(dir / "config/allowed.properties"));
    EXPECT_NE(contents(dir / "dotfiles/allowed.properties").find(".2=Bash(make)\n"),
              std::string::npos);
}

TEST(RuleFile, IsLeftAloneWhenTheLinesWouldBeOthers) {
    const testing::TempDir dir;
    const auto shown = rule_lines(dir.path(), {"Bash(make)"});
    ASSERT_TRUE(add(dir.path(), {"Read(x)"}));
    const std::string before = contents(dir / "allowed.properties");
    const auto added = add_rule_lines(dir.path(), {"Bash(make)"}, *shown);
    ASSERT_FALSE(added);
    EXPECT_NE(added.error().message.find("changed meanwhile"), std::string::npos);
    EXPECT_EQ(contents(dir / "allowed.properties"), before);
}

TEST(RuleFile, ThatAPersonHasWrittenTakesRulesThatNeedNoEscape) {
    const testing::TempDir dir;
    dir.write("allowed.properties", "# mine\npermissions.allow.7 = Read(a\\b)");
    EXPECT_FALSE(rule_lines(dir.path(), {"Bash(grep 'a\\|b')"}));
    ASSERT_TRUE(add(dir.path(), {"Bash(make)"}));
    EXPECT_EQ(contents(dir / "allowed.properties"),
              "# mine\npermissions.allow.7 = Read(a\\b)\npermissions.allow.8=Bash(make)\n");
}

TEST(RuleFile, IsLeftAloneWhenItCannotBeRead) {
    for (const char* text : {"a.b = 1\na.b = 2\n", "\xff\n", "nonsense\n", "model.name = x\n",
                             "# mine\npermissions.allow.1 = Read(x)\nfoo = 1\n",
                             "# values are escaped: \\\\ \\n \\r\npermissions.allow.1=\\x\n"}) {
        SCOPED_TRACE(text);
        const testing::TempDir dir;
        dir.write("allowed.properties", text);
        const auto lines = rule_lines(dir.path(), {"Bash(make)"});
        ASSERT_FALSE(lines);
        EXPECT_NE(lines.error().message.find("allowed.properties"), std::string::npos);
        EXPECT_EQ(contents(dir / "allowed.properties"), text);
    }
}

TEST(RuleFile, IsNotWaitedForWhenAnotherChangesIt) {
    const testing::TempDir dir;
    const UniqueFd other(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
    const auto added = add(dir.path(), {"Bash(make)"});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().message,
              dir.path().string() + " is being changed by another tenon; try again");
    EXPECT_FALSE(fs::exists(dir / "allowed.properties"));
    ASSERT_EQ(::flock(other.get(), LOCK_UN), 0);
    EXPECT_TRUE(add(dir.path(), {"Bash(make)"}));
}

TEST(RuleFile, IsNotWrittenForARuleThatNoConfigurationHolds) {
    for (const std::string& rule : {std::string("Bash(a\0b)", 9), std::string("Bash(\xff)"),
                                    std::string("Bash(\033[2J)"), std::string(" Bash(x)")}) {
        const testing::TempDir dir;
        EXPECT_FALSE(add(dir.path(), {rule}));
        EXPECT_FALSE(fs::exists(dir / "allowed.properties"));
    }
    EXPECT_FALSE(rule_lines({}, {"Bash(make)"}));
}

}  // namespace
}  // namespace tenon::config
