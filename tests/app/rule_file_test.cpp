#include "host/app/rule_file.h"

#include <fstream>
#include <sstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/app/config_file.h"
#include "tests/support/temp_dir.h"

namespace tenon::app {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

TEST(RuleFile, KeepsWhatStandsInTheFileAndAddsTheRule) {
    struct Row {
        const char* file;
        const char* before;
        const char* after;
    };
    const Row rows[] = {
        {"tenon.properties", "", "permissions.allow.1 = Bash(make \"a & b\" <x>)\n"},
        {"tenon.properties", "# mine\nmodel.name = x",
         "# mine\nmodel.name = x\npermissions.allow.1 = Bash(make \"a & b\" <x>)\n"},
        {"tenon.properties", "permissions.allow.3 = Read(x)\npermissions.deny.7 = Bash(rm *)\n",
         "permissions.allow.3 = Read(x)\npermissions.deny.7 = Bash(rm *)\n"
         "permissions.allow.4 = Bash(make \"a & b\" <x>)\n"},
        {"tenon.xml",
         "<tenon>\n  <!-- </permissions> -->\n  <model><name>x</name></model>\n</tenon>\n",
         "<tenon>\n  <!-- </permissions> -->\n  <model><name>x</name></model>\n  <permissions>\n"
         "    <allow>Bash(make \"a &amp; b\" &lt;x&gt;)</allow>\n  </permissions>\n</tenon>\n"},
        {"tenon.xml",
         "<?xml version=\"1.0\"?>\n<tenon>\n  <permissions>\n    <allow>Read(x)</allow><!-- why "
         "-->\n"
         "    <deny>Bash(rm *)</deny>\n  </permissions>\n  "
         "<log><level>info</level></log>\n</tenon>\n",
         "<?xml version=\"1.0\"?>\n<tenon>\n  <permissions>\n    <allow>Read(x)</allow><!-- why "
         "-->\n"
         "    <deny>Bash(rm *)</deny>\n    <allow>Bash(make \"a &amp; b\" &lt;x&gt;)</allow>\n"
         "  </permissions>\n  <log><level>info</level></log>\n</tenon>\n"},
        {"tenon.xml", "<tenon/>",
         "<tenon>\n  <permissions>\n    <allow>Bash(make \"a &amp; b\" &lt;x&gt;)</allow>\n"
         "  </permissions>\n</tenon>"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.before);
        const testing::TempDir dir;
        if (*row.before != '\0') dir.write(row.file, row.before);
        const auto file = allow_permanently(dir.path(), {"Bash(make \"a & b\" <x>)"});
        ASSERT_TRUE(file) << file.error().message;
        EXPECT_EQ(*file, dir / row.file);
        EXPECT_EQ(contents(dir / row.file), row.after);
    }
}

TEST(RuleFile, WritesWhatIsReadBackExactlyAndWithoutAWarning) {
    const testing::TempDir dir;
    for (const char* rule : {"Bash(printf 'a\\tb')", "Read(app/\\[id]/**)",
                             "Bash(grep 'a\\|b\\\\')", "Bash(a = b: c)", "Edit(#x)"}) {
        SCOPED_TRACE(rule);
        ASSERT_TRUE(allow_permanently(dir.path(), {rule}));
        const std::string once = contents(dir / "tenon.properties");
        const auto parsed = parse_config(dir / "tenon.properties", once);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->entries.back().value, rule);
        EXPECT_TRUE(parsed->warnings.empty());
        ASSERT_TRUE(allow_permanently(dir.path(), {rule}));  // it stands there: read back the same
        EXPECT_EQ(contents(dir / "tenon.properties"), once);
    }
}

TEST(RuleFile, PutsWhatNoLineCanHoldIntoXml) {
    for (const std::string rule : {"Bash(cat <<E\nx\nE)", "Bash(x)\\"}) {
        SCOPED_TRACE(rule);
        const testing::TempDir dir;
        const auto file = allow_permanently(dir.path(), {rule});
        ASSERT_TRUE(file) << file.error().message;
        EXPECT_EQ(*file, dir / "tenon.xml");
        EXPECT_EQ(user_configuration(dir.path(), {rule}), *file);
        const auto parsed = parse_config(*file, contents(*file));
        ASSERT_TRUE(parsed);
        ASSERT_EQ(parsed->entries.size(), 1U);
        EXPECT_EQ(parsed->entries[0].value, rule);

        const testing::TempDir other;
        other.write("tenon.properties", "model.name=m\n");
        const auto refused = allow_permanently(other.path(), {rule});
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("tenon.xml"), std::string::npos);
        EXPECT_EQ(contents(other / "tenon.properties"), "model.name=m\n");
    }
}

TEST(RuleFile, LeavesAFileAloneThatItCannotRead) {
    struct Row {
        const char* file;
        const char* text;
    };
    for (const Row& row : {Row{"tenon.xml", "<tenon><permissions></tenon>"},
                           Row{"tenon.xml", "<tenon a=\"b\"></tenon>"},
                           Row{"tenon.properties", "a.b = 1\na.b = 2\n"}}) {
        SCOPED_TRACE(row.text);
        const testing::TempDir dir;
        dir.write(row.file, row.text);
        const auto file = allow_permanently(dir.path(), {"Bash(make)"});
        ASSERT_FALSE(file);
        EXPECT_NE(file.error().message.find(row.file), std::string::npos);
        EXPECT_EQ(contents(dir / row.file), row.text);
    }
}

TEST(RuleFile, KeepsTheModeAndALinkToTheFile) {
    const testing::TempDir dir;
    const fs::path real = dir.write("dotfiles/tenon.xml", "<tenon></tenon>");
    fs::create_directories(dir / "config");
    fs::create_symlink(real, dir / "config/tenon.xml");
    ::chmod(real.c_str(), 0640);
    ASSERT_TRUE(allow_permanently(dir / "config", {"Bash(make)"}));
    EXPECT_TRUE(fs::is_symlink(dir / "config/tenon.xml"));
    EXPECT_NE(contents(real).find("<allow>Bash(make)</allow>"), std::string::npos);
    struct stat info {};
    ASSERT_EQ(::stat(real.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST(RuleFile, MakesTheFolderAndAPrivateFile) {
    const testing::TempDir dir;
    ASSERT_TRUE(allow_permanently(dir / "a/tenon", {"Bash(make)"}));
    struct stat info {};
    ASSERT_EQ(::stat((dir / "a/tenon/tenon.properties").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

}  // namespace
}  // namespace tenon::app
