#include "plugins/front_matter/document.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::front_matter {
namespace {

using ::testing::HasSubstr;

/// The document with `yaml` as its front matter.
Document with(const std::string& yaml) {
    return parse("---\n" + yaml + "\n---\nbody\n");
}

std::string refusal(const std::string& bytes) {
    try {
        (void)parse(bytes);
        return "(accepted)";
    } catch (const Malformed& e) {
        return e.what();
    }
}

std::string repeated(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i)
        out += text;
    return out;
}

TEST(FrontMatter, ReadsFieldsAndBody) {
    const Document document = parse(
        "---\nname: pdf\ndescription: >\n  Work with\n  PDF files.\nversion: 2\n---\n\n# PDF\n\n"
        "  Do it.\n\n---\nmore\n\n");
    EXPECT_EQ(document.text("name"), "pdf");
    EXPECT_EQ(document.text("description"), "Work with PDF files.");
    EXPECT_EQ(document.text("version"), "2");
    EXPECT_EQ(document.text("missing"), "");
    EXPECT_EQ(document.body, "# PDF\n\n  Do it.\n\n---\nmore");
    EXPECT_FALSE(document.mended);
}

TEST(FrontMatter, IsTheSameWithAllLineEndsAndByteOrderMarks) {
    for (const std::string bytes :
         {"---\nname: a\n---\none\ntwo\n", "\xEF\xBB\xBF---\nname: a\n---\none\ntwo",
          "---\r\nname: a\r\n---\r\n\r\none\r\ntwo\r\n",
          "---  \nname: 'a'\n---\t\n \n\none\ntwo\n\n",
          "---\n# comment\n\"name\": \"a\"\n---\none\ntwo\n"}) {
        SCOPED_TRACE(bytes);
        const Document document = parse(bytes);
        EXPECT_EQ(document.text("name"), "a");
        EXPECT_EQ(document.body, "one\ntwo");
    }
}

TEST(FrontMatter, MayBeEmptyAndSoMayTheBody) {
    for (const std::string bytes :
         {"---\n---\n", "---\n---", "---\n\n---\n\n \n", "---\n# x\n---"}) {
        SCOPED_TRACE(bytes);
        const Document document = parse(bytes);
        EXPECT_TRUE(document.fields.empty());
        EXPECT_EQ(document.body, "");
    }
}

TEST(FrontMatter, SaysWhyAFileCannotBeUsed) {
    struct Case {
        std::string bytes, why;
    };
    const std::vector<Case> cases = {
        {"", "it does not begin with front matter"},
        {"# Title\n", "it does not begin with front matter"},
        {"\n---\nname: a\n---\n", "it does not begin with front matter"},
        {"----\nname: a\n----\n", "it does not begin with front matter"},
        {"---\nname: a\n", "its front matter has no end (---)"},
        {"---\nname: a\n----\n", "its front matter has no end (---)"},
        {"---\n[a\n---\n", "not valid YAML"},
        {"---\n\n@a\n---\n", "(line 3)"},
        {"---\n- a\n---\n", "it is no list of `key: value`"},
        {"---\njust text\n---\n", "it is no list of `key: value`"},
        {"---\nname: caf\xE9\n---\n", "it is not UTF-8 (byte 14)"},
        {"---\nname: a\n---\n\xFF", "it is not UTF-8 (byte 17)"},
        {"---\nx: " + std::string(70'000, 'x') + "\n---\n", "longer than 64 KiB"},
        {"---\nx: y\n---\n" + std::string(kMaxBytes, 'x'), "larger than 1 MiB"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.bytes.substr(0, 60));
        EXPECT_THAT(refusal(c.bytes), HasSubstr(c.why));
    }
}

TEST(FrontMatter, TellsWhatKindOfValueAFieldHas) {
    const Document document = with(
        "text: a\nnothing:\ntilde: ~\nlist: [a, 'b c', 3]\nblock:\n- a\n- b\nempty: []\n"
        "map: {a: b}\nnested: [a, [b]]\nlist_of_maps:\n- a: b\nanchor: &x y\nalias: *x\n"
        "aliases: [a, *x]\n? [complex, key]\n: v\n? {k: v}\n: [w]\nlast: z\ntext: again");
    using Kind = Field::Kind;
    const std::map<std::string, std::pair<Kind, std::vector<std::string>>> expected = {
        {"text", {Kind::kText, {}}},           {"nothing", {Kind::kNothing, {}}},
        {"tilde", {Kind::kNothing, {}}},       {"list", {Kind::kTexts, {"a", "b c", "3"}}},
        {"block", {Kind::kTexts, {"a", "b"}}}, {"empty", {Kind::kTexts, {}}},
        {"map", {Kind::kOther, {}}},           {"nested", {Kind::kOther, {"a"}}},
        {"list_of_maps", {Kind::kOther, {}}},  {"anchor", {Kind::kText, {}}},
        {"alias", {Kind::kOther, {}}},         {"aliases", {Kind::kOther, {"a"}}},
        {"last", {Kind::kText, {}}},
    };
    std::map<std::string, std::pair<Kind, std::vector<std::string>>> found;
    for (const auto& [name, field] : document.fields)
        found[name] = {field.kind, field.texts};
    EXPECT_EQ(found, expected);
    EXPECT_EQ(document.text("text"), "again");
    EXPECT_EQ(document.text("list"), "");
}

TEST(FrontMatter, UnderstandsYes) {
    for (const char* yes : {"true", "True", "TRUE", "yes", "on", "'true'"})
        EXPECT_TRUE(with("f: " + std::string(yes)).yes("f")) << yes;
    for (const char* no : {"false", "no", "1", "", "[true]", "truely"})
        EXPECT_FALSE(with("f: " + std::string(no)).yes("f")) << no;
    EXPECT_FALSE(with("g: true").yes("f"));
}

TEST(FrontMatter, MendsTextsThatNeedQuotes) {
    struct Case {
        std::string yaml, description;
    };
    const std::vector<Case> cases = {
        {"description: Use when: it is late", "Use when: it is late"},
        {"description: it's so: really", "it's so: really"},
        {"description: the last one:", "the last one:"},
        {"description: one: two\n  three: four\n  five", "one: two three: four five"},
        {"description: `make` runs the build", "`make` runs the build"},
        {"description: @here is allowed", "@here is allowed"},
        {"tools: [a, b]\ndescription: a: b\nurl: http://x", "a: b"},
        {"description: text\nargument-hint: [a] [b]", "text"},
        {"description: [beta] makes PDFs", "[beta] makes PDFs"},
        {"description: [beta", "[beta"},
        {"description: {name} is filled in", "{name} is filled in"},
        {"description: {name", "{name"},
        {"description: *important* work", "*important* work"},
        {"description: *", "*"},
        {"description: \"quoted\" and more", "\"quoted\" and more"},
        {"description: 'Don't do it'", "'Don't do it'"},
        {"description: \"open", "open"},
        {"description: | one line", "| one line"},
        {"description: > 3 files", "> 3 files"},
        {"description: - do this", "- do this"},
        {"description: ? what", "? what"},
        {"description: %done", "%done"},
        {"description: &", "&"},
        {"description: &a &b c", "&a &b c"},
        {"description: ]", "]"},
        {"description: }", "}"},
        {"description: , then", ", then"},
        {"description:\tafter\ta: tab", "after a: tab"},
        {"description:no blank: here", "no blank: here"},
        {"description : blank: before", "blank: before"},
        {"description: plain\nargument-hint: <file>: [x", "plain"},
        {"description: goes on\nat the margin", "goes on at the margin"},
        {"description: see: this\nhttps://x.example/a: b", "see: this https://x.example/a: b"},
        {"description: |\n  One: two\n  three\nhint: [a] [b]", "One: two three"},
        {"description: >\n\tone\n\ttwo", "one two"},
        {"# hint: x\ndescription: text\nhint: @x", "text"},
        {"description: \"a: b\"\nhint: `x`", "a: b"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.yaml);
        const Document document = with("name: n\n" + c.yaml + "\nlast: z");
        EXPECT_TRUE(document.mended);
        EXPECT_EQ(document.text("description"), c.description);
        EXPECT_EQ(document.text("name"), "n");
        EXPECT_EQ(document.text("last"), "z");
    }
}

TEST(FrontMatter, KeepsTheListsOfWhatItMends) {
    struct Case {
        std::string yaml;
        std::vector<std::string> items;
    };
    const std::vector<Case> cases = {
        {"hint: [a] [b]\ntools: [Read, 'Bash(a: b)']", {"Read", "Bash(a: b)"}},
        {"hint: [a] [b]\ntools:\n- Read\n- Grep", {"Read", "Grep"}},
        {"tools:\n  - *\n  - Bash(git: *)\n  - \"Read\"", {"*", "Bash(git: *)", "Read"}},
        {"tools:\n\t- Read\n\t- @x", {"Read", "@x"}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.yaml);
        const Document document = with("name: n\n" + c.yaml);
        EXPECT_TRUE(document.mended);
        EXPECT_EQ(document.fields.at("tools").kind, Field::Kind::kTexts);
        EXPECT_EQ(document.fields.at("tools").texts, c.items);
    }
}

TEST(FrontMatter, MendsWhatIsIndentedAsAWhole) {
    for (const std::string blanks : {"  ", "\t"}) {
        const Document document =
            with(blanks + "name: n\n" + blanks + "description: a: b\n" + blanks + "last: z");
        EXPECT_EQ(document.text("name"), "n");
        EXPECT_EQ(document.text("description"), "a: b");
        EXPECT_EQ(document.text("last"), "z");
    }
}

TEST(FrontMatter, ReadsAsTextWhatCanOnlyBeText) {
    struct Case {
        std::string yaml, description;
    };
    const std::vector<Case> cases = {
        {"description: [beta]", "[beta]"},
        {"description: {fast: true}", "{fast: true}"},
        {"description: #1 tool", "#1 tool"},
        {"description: !important", "!important"},
        {"description: &x", "&x"},
        {"description: !new text", "!new text"},
        {"description: !!str text", "text"},
        {"description:\n  - one\n  - two", "- one - two"},
        {"description:\n  short: text", "short: text"},
        {"description: ~", ""},
        {"description: null", ""},
        {"description:", ""},
        {"description: ''", ""},
        {"description: |", ""},
        {"other: [x]", ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.yaml);
        const Document document = with("name: n\n" + c.yaml + "\nlast: z");
        EXPECT_FALSE(document.mended);
        EXPECT_EQ(document.text_as_written("description"), c.description);
        EXPECT_EQ(document.text("last"), "z");
    }
}

TEST(FrontMatter, LeavesValidYamlAsItIs) {
    const Document document = with("description: \"a: b\"\nurl: http://x:80/\nother: 'x: #y'");
    EXPECT_FALSE(document.mended);
    EXPECT_EQ(document.text("description"), "a: b");
    EXPECT_EQ(document.text("url"), "http://x:80/");
}

TEST(FrontMatter, LimitsWhatHostileYamlExpandsTo) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 40; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
                repeated(before + ", ", 8) + before + "]\n";
    }
    EXPECT_EQ(with(bomb + "name: n").text("name"), "n");
    for (const char* deep : {"[", "{", "- ", "? ", "{a: ", "&a ", "!"}) {
        SCOPED_TRACE(deep);
        const Document document = with("name: n\nx: " + repeated(deep, 9'000) + "\nlast: z");
        EXPECT_TRUE(document.mended);
        EXPECT_EQ(document.text("name"), "n");
        EXPECT_EQ(document.text("last"), "z");
        EXPECT_THAT(refusal("---\n" + repeated(deep, 9'000) + "\n---\n"),
                    HasSubstr("not valid YAML"));
    }
}

}  // namespace
}  // namespace tenon::front_matter
