#include "host/config/config_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

using ::testing::HasSubstr;

/// `key=value@origin` a line; problems after `!`.
std::string spell(const Result<ConfigFile>& file) {
    if (!file) return "error: " + file.error().message;
    std::string out;
    for (const ConfigEntry& entry : file->entries)
        out += entry.key + "=" + entry.value + "@" + entry.origin + "\n";
    for (const std::string& problem : file->problems)
        out += "!" + problem + "\n";
    return out;
}

TEST(ConfigFile, ReadsXmlAsDottedKeysInOrder) {
    const std::string text =
        "<?xml version=\"1.0\"?>\n<!-- <!DOCTYPE in words> -->\n<tenon>\n"
        "  <model><name> m &amp; n </name>\n  <retry><maxAttempts>3</maxAttempts></retry></model>\n"
        "  <permissions><deny>Bash(rm *)</deny>\n<deny><![CDATA[Bash(a && "
        "b)]]></deny></permissions>\n"
        "  <plugins><x-1><Own.key>${env.HOME}</Own.key></x-1></plugins>\n  "
        "<log><file/></log>\n</tenon>\n";
    EXPECT_EQ(spell(parse_config("t.xml", text)),
              "model.name=m & n@t.xml:4\nmodel.retry.maxAttempts=3@t.xml:5\n"
              "permissions.deny=Bash(rm *)@t.xml:6\npermissions.deny=Bash(a && b)@t.xml:7\n"
              "plugins.x-1.Own.key=${env.HOME}@t.xml:8\nlog.file=@t.xml:9\n");
}

TEST(ConfigFile, ReadsPropertiesRawInOrderWithTheirLines) {
    const std::string text =
        "# comment\n! comment\n\nmodel.name = m\npermissions.deny.2: b\npermissions.deny.1=a=b\n"
        "log.file=one\\\ntwo\nplugins.x.key=${system.env.HOME}\njobs.timeout=1h";
    EXPECT_EQ(spell(parse_config("t.properties", text)),
              "model.name=m@t.properties:4\npermissions.deny.2=b@t.properties:5\n"
              "permissions.deny.1=a=b@t.properties:6\nlog.file=onetwo@t.properties:8\n"
              "plugins.x.key=${system.env.HOME}@t.properties:9\njobs.timeout=1h@t.properties:10\n");
}

TEST(ConfigFile, ReadsABackslashInPropertiesAsItself) {
    const std::pair<const char*, const char*> rows[] = {
        {"Read(app/\\[id]/**)", "Read(app/\\[id]/**)"},
        {"C:\\temp\\new\\fine", "C:\\temp\\new\\fine"},
        {"a\\\\b", "a\\\\b"},
        {"\\ x\\ y", "\\ x\\ y"},
        {"two\\\\\\\\", "two\\\\\\\\"},
        {"\\u0041\\=\\:\\#", "\\u0041\\=\\:\\#"},
    };
    for (const auto& [written, meant] : rows) {
        SCOPED_TRACE(written);
        const auto parsed =
            parse_config("t.properties", std::string("log.file = ") + written + "\r\nlog.level=x");
        ASSERT_TRUE(parsed) << parsed.error().message;
        ASSERT_EQ(parsed->entries.size(), 2U);
        EXPECT_EQ(parsed->entries[0].value, meant);
        EXPECT_EQ(parsed->entries[1].value, "x");
    }
}

TEST(ConfigFile, ContinuesAPropertyBehindABackslashAtTheEndOfItsLine) {
    EXPECT_EQ(spell(parse_config("t.properties", "a.b=one\\\r\n  two\\\nthree\nc.d=x\\\\\ne.f=y")),
              "a.b=one  twothree@t.properties:3\nc.d=x\\\\@t.properties:4\ne.f=y@t.properties:5\n");
    // A comment does not go on, and at the end of the file there is nothing to go on with.
    EXPECT_EQ(spell(parse_config("t.properties", "# a \\\nc.d=x\\")), "c.d=x\\@t.properties:2\n");
}

TEST(ConfigFile, WarnsWhereABackslashMeantSomethingElseBefore) {
    const std::string text =
        "log.file=C:\\temp\npermissions.deny.1=Read(app/\\[id]/**)\nmodel.name=m\\\n2\n";
    const auto parsed = parse_config("/etc/t.properties", text);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->problems.empty());
    ASSERT_EQ(parsed->warnings.size(), 2U);
    EXPECT_THAT(parsed->warnings[0], HasSubstr("/etc/t.properties:1: log.file"));
    EXPECT_THAT(parsed->warnings[1], HasSubstr("/etc/t.properties:2: permissions.deny.1"));
    // Until somebody has looked.
    const auto checked = parse_config("/etc/t.properties", "# backslashes checked\n" + text);
    ASSERT_TRUE(checked);
    EXPECT_TRUE(checked->warnings.empty());
}

TEST(ConfigFile, TakesByteOrderMarksAndCarriageReturns) {
    EXPECT_EQ(spell(parse_config(
                  "a.xml", "\xEF\xBB\xBF<tenon>\r\n<model>\r\n<name>m</name></model></tenon>\r\n")),
              "model.name=m@a.xml:3\n");
    EXPECT_EQ(spell(parse_config("a.properties", "\xEF\xBB\xBFmodel.name=m\r\nlog.level=info\r\n")),
              "model.name=m@a.properties:1\nlog.level=info@a.properties:2\n");
}

TEST(ConfigFile, TellsTheFormatByNameElseByItsFirstCharacter) {
    EXPECT_EQ(spell(parse_config("c", " \n<tenon><model><name>m</name></model></tenon>")),
              "model.name=m@c:2\n");
    EXPECT_EQ(spell(parse_config("c.conf", "model.name=m")), "model.name=m@c.conf:1\n");
    EXPECT_THAT(spell(parse_config("c.xml", "model.name=m")), HasSubstr("not well-formed"));
    EXPECT_EQ(spell(parse_config("c.properties", "")), "");
    EXPECT_EQ(spell(parse_config("c.xml", "<tenon/>")), "");
}

TEST(ConfigFile, RefusesHostileTextNamingFileAndLine) {
    std::string laughs = "<?xml version='1.0'?>\n<!DOCTYPE tenon [<!ENTITY a 'ha'>";
    for (char c = 'b'; c <= 'j'; ++c) {
        laughs += std::string("<!ENTITY ") + c + " '";
        for (int i = 0; i < 10; ++i)
            laughs += std::string("&") + static_cast<char>(c - 1) + ";";
        laughs += "'>";
    }
    laughs += "]>\n<tenon><model><name>&j;</name></model></tenon>";
    std::string deep = "<tenon>";
    for (int i = 0; i < 100'000; ++i)
        deep += "<a>";
    struct Case {
        const char* what;
        std::string name, text, expected;
    };
    const Case cases[] = {
        {"billion laughs", "f.xml", laughs, "f.xml:2: a document type"},
        {"external DTD", "f.xml", "<!DOCTYPE tenon SYSTEM \"http://x/y\"><tenon/>",
         "f.xml:1: a document type"},
        {"unknown entity", "f.xml", "<tenon>\n<model>&x;</model></tenon>",
         "f.xml:2: not well-formed XML"},
        {"nesting", "f.xml", deep, "f.xml:1: elements nested deeper than 12"},
        {"another root", "f.xml", "\n<config/>",
         "f.xml:2: the root element is <config>; allowed: <tenon>"},
        {"cut off", "f.xml", "<tenon>\n<model><na", "f.xml:2: not well-formed XML"},
        {"cut off in a comment", "f.xml", "<!-- x", "f.xml:1: not well-formed XML"},
        {"two roots", "f.xml", "<tenon/><tenon/>", "not well-formed XML"},
        {"nothing", "f.xml", "", "not well-formed XML"},
        {"NUL", "f.properties", std::string("model.name=m\nlog.level=in\0fo", 28),
         "f.properties:2: a NUL byte"},
        {"UTF-16", "f.xml", std::string("\xFF\xFE<\0t\0", 6), "f.xml:1: a NUL byte"},
        {"Latin-1", "f.properties", "a=1\nmodel.name=\xE4\n", "f.properties:2: not UTF-8 text"},
        {"overlong", "f.xml", "<tenon>\n\xC0\xAF</tenon>", "f.xml:2: not UTF-8 text"},
        {"size", "f.properties", std::string(kMaxConfigBytes + 1, '#'),
         "larger than 1048576 bytes"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const std::string result = spell(parse_config(c.name, c.text));
        EXPECT_TRUE(result.starts_with("error: ")) << result.substr(0, 200);
        EXPECT_THAT(result, HasSubstr(c.expected));
    }
}

TEST(ConfigFile, KeepsTheRestWhenSomethingCannotBeASetting) {
    EXPECT_EQ(
        spell(parse_config(
            "f.xml",
            "<tenon xmlns=\"urn:x\">\n<model name=\"x\">stray<name>m</name></model></tenon>")),
        "model.name=m@f.xml:2\n"
        "!f.xml:2: attribute \"name\" of model; allowed: final=\"true\", no other attributes\n"
        "!f.xml:2: text \"stray\" directly in model; allowed there: elements\n");
    EXPECT_EQ(spell(parse_config("f.properties", "a=1\na=2\n")),
              "a=1@f.properties:1\n!f.properties:2: \"a\" is given twice; lists are written as "
              "KEY.1, KEY.2, …\n");
}

TEST(ConfigFile, TellsOnlySoManyProblems) {
    std::string text;
    for (int i = 0; i < 10'000; ++i)
        text += "a=1\n";
    const auto file = parse_config("f.properties", text);
    ASSERT_TRUE(file);
    ASSERT_EQ(file->problems.size(), 51U);
    EXPECT_EQ(file->problems.back(), "f.properties: 9949 more problems");
}

TEST(ConfigFile, IsTheXmlOfAFolderElseTheProperties) {
    const testing::TempDir dir;
    auto found = find_config_file(dir.path());
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
    ASSERT_TRUE(found = find_config_file(dir / "missing/altogether"));
    EXPECT_FALSE(*found);
    dir.write("tenon.properties", "p");
    ASSERT_TRUE(found = find_config_file(dir.path()));
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->bytes, "p");
    EXPECT_FALSE((*found)->hides_properties);
    dir.write("tenon.xml", "x");
    ASSERT_TRUE(found = find_config_file(dir.path()));
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->path, dir / "tenon.xml");
    EXPECT_EQ((*found)->bytes, "x");
    EXPECT_TRUE((*found)->hides_properties);
}

TEST(ConfigFile, IsThePropertiesWhereTheXmlSetsNothing) {
    struct Row {
        const char* xml;
        bool counts;
    };
    const Row rows[] = {
        {"<tenon/>", false},
        {"<?xml version=\"1.0\"?>\n<tenon>\n<!-- <model><name>x</name></model> -->\n</tenon>\n",
         false},
        {"<tenon><model><!-- <name>x</name> --></model><plugins></plugins></tenon>", false},
        {"<tenon><model><name/></model></tenon>", true},  // an error that must be seen
        {"<tenon><model final=\"true\"/></tenon>", true},
        {"<tenon><model><name>x</name></model></tenon>", true},
        {"<tenon><modle/></tenon>", true},
        {"<tenon>", true},
        {"", true},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.xml);
        const testing::TempDir dir;
        dir.write("tenon.xml", row.xml);
        ASSERT_EQ((*find_config_file(dir.path()))->path, dir / "tenon.xml") << "it is alone";
        dir.write("tenon.properties", "model.name=p\n");
        const auto found = find_config_file(dir.path());
        ASSERT_TRUE(found && *found);
        EXPECT_EQ((*found)->path, dir / (row.counts ? "tenon.xml" : "tenon.properties"));
        EXPECT_EQ((*found)->bytes, row.counts ? row.xml : "model.name=p\n");
        EXPECT_EQ((*found)->hides_properties, row.counts);
    }
}

TEST(ConfigFile, LocksWithAnAttributeOrWithTheKeyFinal) {
    const auto locks = [](const char* name, const char* text) {
        std::string out;
        const auto parsed = parse_config(name, text);
        for (const ConfigLock& lock : parsed ? parsed->locks : std::vector<ConfigLock>())
            out += lock.origin + " " + lock.key + "\n";
        for (const ConfigEntry& entry : parsed->entries)
            out += entry.key + "=" + entry.value + "\n";
        return out;
    };
    EXPECT_EQ(locks("f.xml",
                    "<tenon>\n<model final=\"true\"><name>x</name></model>\n"
                    "<log><level final=\"true\"/>\n<file final=\"true\">y</file></log></tenon>"),
              "f.xml:2 model\nf.xml:3 log.level\nf.xml:4 log.file\nmodel.name=x\nlog.file=y\n");
    EXPECT_EQ(locks("f.properties", "final.1=model\nmodel.name=x\nfinal.2=log.level\n"),
              "f.properties:1 model\nf.properties:3 log.level\nmodel.name=x\n");
}

TEST(ConfigFile, IsNotReadWhenItIsNoOrdinaryFile) {
    const testing::TempDir dir;
    std::filesystem::create_directories(dir / "folder/tenon.xml");
    std::filesystem::create_directories(dir / "fifo");
    ASSERT_EQ(::mkfifo((dir / "fifo/tenon.xml").c_str(), 0600), 0);
    std::filesystem::create_directories(dir / "loop");
    std::filesystem::create_symlink("tenon.xml", dir / "loop/tenon.xml");
    std::filesystem::create_directories(dir / "device");
    std::filesystem::create_symlink("/dev/zero", dir / "device/tenon.xml");
    // 100 MB that take no room.
    dir.write("big/tenon.xml", "");
    std::filesystem::resize_file(dir / "big/tenon.xml", 100'000'000);
    for (const char* folder : {"folder", "fifo", "loop", "device", "big"}) {
        SCOPED_TRACE(folder);
        const auto found = find_config_file(dir / folder);
        ASSERT_FALSE(found);
        EXPECT_THAT(found.error().message, HasSubstr((dir / folder / "tenon.xml").string()));
    }
}

}  // namespace
}  // namespace tenon::config
