#include "host/ui/markdown_block.h"
#include "host/ui/markdown_stream.h"
#include "tests/ui/lines.h"

namespace tenon::ui {
namespace {

/// ESC as ^, so that it can be read here.
std::string marked(const std::vector<std::string>& lines) {
    std::string out = screen(lines);
    std::replace(out.begin(), out.end(), '\x1b', '^');
    return out;
}

std::string plain(std::string_view text, std::size_t width = 40) {
    return screen(render_markdown(text, width, Style::kPlain));
}

std::string coloured(std::string_view text, std::size_t width = 40) {
    return marked(render_markdown(text, width, Style::kColour));
}

constexpr std::string_view kDrawnPage = R"md(# Fixing the *parser*
The loop in `parse()` **never ends** when the input holds ~~no~~ an unclosed quote; see [the manual](https://example.org/manual) or <https://example.org>.
1. Read the file, all of it, before anything else is decided about what it could be
   - [x] small files
   - [ ] large files
2. Parse
```cpp
int main() {
	return parse("a string that is longer than forty columns");
}
```
3. Print

> Quoted **text** that is long enough to be wrapped somewhere
> - with a list

| Name | Size | What it is |
|:-----|-----:|------------|
| `a.c` | 12 | the parser, which is to be mended today |
| 漢字 | 1300 | a &lt;file&gt; |

***
<details>
    indented code
</details>
)md";

TEST(Markdown, BreaksLongCodeAtItsBlanks) {
    const std::string url = "https://example.com/" + std::string(30, 'x');
    const std::string code =
        "+ the quick brown fox jumps over the lazy dog\n" + url + "\n    " + url + "\nshort";
    const std::string rows =
        "+ the quick brown fox\njumps over the lazy dog\n" + url + "\n    " + url + "\nshort\n";
    EXPECT_EQ(screen(render_markdown("```\n" + code + "\n```", 24, Style::kPlain)),
              "```\n" + rows + "```\n");
    EXPECT_EQ(screen(render_markdown("- x\n  ```diff\n  + one two three four five\n  ```", 20,
                                     Style::kColour)),
              "- x\n  \x1b[2m```diff\x1b[0m\n  \x1b[32m+ one two three\x1b[0m\n"
              "  \x1b[32mfour five\x1b[0m\n  \x1b[2m```\x1b[0m\n");
}

TEST(Markdown, DrawsAWholePageForEachWidth) {
    EXPECT_EQ(plain(kDrawnPage, 20), R"md(# Fixing the parser
The loop in
`parse()` never ends
when the input holds
~~no~~ an unclosed
quote; see the
manual
(https://example.org
/manual) or
https://example.org.
1. Read the file,
   all of it, before
   anything else is
   decided about
   what it could be
   - [x] small files
   - [ ] large files
2. Parse
```cpp
int main() {
    return parse("a
string that is
longer than forty
columns");
}
```
3. Print

│ Quoted text that
│ is long enough to
│ be wrapped
│ somewhere
│
│ - with a list

Name: `a.c`
Size: 12
What it is: the
parser, which is to
be mended today

Name: 漢字
Size: 1300
What it is: a <file>

───
<details>
    indented code
</details>
)md");
    EXPECT_EQ(plain(kDrawnPage, 40), R"md(# Fixing the parser
The loop in `parse()` never ends when
the input holds ~~no~~ an unclosed
quote; see the manual
(https://example.org/manual) or
https://example.org.
1. Read the file, all of it, before
   anything else is decided about what
   it could be
   - [x] small files
   - [ ] large files
2. Parse
```cpp
int main() {
    return parse("a string that is
longer than forty columns");
}
```
3. Print

│ Quoted text that is long enough to be
│ wrapped somewhere
│
│ - with a list

Name  │ Size │ What it is
──────┼──────┼──────────────────────────
`a.c` │   12 │ the parser, which is to
      │      │ be mended today
──────┼──────┼──────────────────────────
漢字  │ 1300 │ a <file>

───
<details>
    indented code
</details>
)md");
    EXPECT_EQ(plain(kDrawnPage, 80), R"md(# Fixing the parser
The loop in `parse()` never ends when the input holds ~~no~~ an unclosed quote;
see the manual (https://example.org/manual) or https://example.org.
1. Read the file, all of it, before anything else is decided about what it could
   be
   - [x] small files
   - [ ] large files
2. Parse
```cpp
int main() {
    return parse("a string that is longer than forty columns");
}
```
3. Print

│ Quoted text that is long enough to be wrapped somewhere
│
│ - with a list

Name  │ Size │ What it is
──────┼──────┼────────────────────────────────────────
`a.c` │   12 │ the parser, which is to be mended today
漢字  │ 1300 │ a <file>

───
<details>
    indented code
</details>
)md");
    EXPECT_EQ(plain(kDrawnPage, 200), R"md(# Fixing the parser
The loop in `parse()` never ends when the input holds ~~no~~ an unclosed quote; see the manual (https://example.org/manual) or https://example.org.
1. Read the file, all of it, before anything else is decided about what it could be
   - [x] small files
   - [ ] large files
2. Parse
```cpp
int main() {
    return parse("a string that is longer than forty columns");
}
```
3. Print

│ Quoted text that is long enough to be wrapped somewhere
│
│ - with a list

Name  │ Size │ What it is
──────┼──────┼────────────────────────────────────────
`a.c` │   12 │ the parser, which is to be mended today
漢字  │ 1300 │ a <file>

───
<details>
    indented code
</details>
)md");
}

TEST(Markdown, SetsOffWithColours) {
    EXPECT_EQ(coloured(kDrawnPage, 40), R"md(^[1mFixing the ^[0m^[1;3mparser^[0m
The loop in ^[36mparse()^[0m ^[1mnever ends^[0m when the
input holds ^[9mno^[0m an unclosed quote; see
^[4mthe manual^[0m ^[2m(https://example.org/manual)^[0m
or ^[4mhttps://example.org^[0m.
1. Read the file, all of it, before
   anything else is decided about what
   it could be
   - [x] small files
   - [ ] large files
2. Parse
^[2m```cpp^[0m
^[36mint main() {^[0m
^[36m    return parse("a string that is^[0m
^[36mlonger than forty columns");^[0m
^[36m}^[0m
^[2m```^[0m
3. Print

^[2m│^[0m Quoted ^[1mtext^[0m that is long enough to be
^[2m│^[0m wrapped somewhere
^[2m│^[0m
^[2m│^[0m - with a list

^[1mName^[0m^[2m │ ^[0m^[1mSize^[0m^[2m │ ^[0m^[1mWhat it is^[0m
^[2m─────┼──────┼───────────────────────────^[0m
^[36ma.c^[0m ^[2m │ ^[0m  12^[2m │ ^[0mthe parser, which is to be
    ^[2m │ ^[0m    ^[2m │ ^[0mmended today
^[2m─────┼──────┼───────────────────────────^[0m
漢字^[2m │ ^[0m1300^[2m │ ^[0ma <file>

^[2m───^[0m
<details>
    indented code
</details>
)md");
    EXPECT_EQ(coloured(kDrawnPage, 80), R"md(^[1mFixing the ^[0m^[1;3mparser^[0m
The loop in ^[36mparse()^[0m ^[1mnever ends^[0m when the input holds ^[9mno^[0m an unclosed quote; see
^[4mthe manual^[0m ^[2m(https://example.org/manual)^[0m or ^[4mhttps://example.org^[0m.
1. Read the file, all of it, before anything else is decided about what it could
   be
   - [x] small files
   - [ ] large files
2. Parse
^[2m```cpp^[0m
^[36mint main() {^[0m
^[36m    return parse("a string that is longer than forty columns");^[0m
^[36m}^[0m
^[2m```^[0m
3. Print

^[2m│^[0m Quoted ^[1mtext^[0m that is long enough to be wrapped somewhere
^[2m│^[0m
^[2m│^[0m - with a list

^[1mName^[0m^[2m │ ^[0m^[1mSize^[0m^[2m │ ^[0m^[1mWhat it is^[0m
^[2m─────┼──────┼────────────────────────────────────────^[0m
^[36ma.c^[0m ^[2m │ ^[0m  12^[2m │ ^[0mthe parser, which is to be mended today
漢字^[2m │ ^[0m1300^[2m │ ^[0ma <file>

^[2m───^[0m
<details>
    indented code
</details>
)md");
    EXPECT_EQ(coloured(kDrawnPage, 200), R"md(^[1mFixing the ^[0m^[1;3mparser^[0m
The loop in ^[36mparse()^[0m ^[1mnever ends^[0m when the input holds ^[9mno^[0m an unclosed quote; see ^[4mthe manual^[0m ^[2m(https://example.org/manual)^[0m or ^[4mhttps://example.org^[0m.
1. Read the file, all of it, before anything else is decided about what it could be
   - [x] small files
   - [ ] large files
2. Parse
^[2m```cpp^[0m
^[36mint main() {^[0m
^[36m    return parse("a string that is longer than forty columns");^[0m
^[36m}^[0m
^[2m```^[0m
3. Print

^[2m│^[0m Quoted ^[1mtext^[0m that is long enough to be wrapped somewhere
^[2m│^[0m
^[2m│^[0m - with a list

^[1mName^[0m^[2m │ ^[0m^[1mSize^[0m^[2m │ ^[0m^[1mWhat it is^[0m
^[2m─────┼──────┼────────────────────────────────────────^[0m
^[36ma.c^[0m ^[2m │ ^[0m  12^[2m │ ^[0mthe parser, which is to be mended today
漢字^[2m │ ^[0m1300^[2m │ ^[0ma <file>

^[2m───^[0m
<details>
    indented code
</details>
)md");
}

struct SmallDocument {
    const char* what;
    std::string source, drawn;
};

std::string long_lines(std::string_view line, int count) {
    std::string text(line);
    for (int i = 1; i < count; ++i)
        text.append("\n").append(line);
    return text;
}

TEST(Markdown, DrawsEachKindOfBlockAndSpan) {
    const SmallDocument cases[] = {
        {"line ends of prose stay", "one\ntwo", "one\ntwo\n"},
        {"hard break", "one  \ntwo\\\nthree", "one\ntwo\nthree\n"},
        {"blank lines between paragraphs are one", "a\n\n\n\nb", "a\n\nb\n"},
        {"a list below its paragraph", "Steps:\n- a\n- b", "Steps:\n- a\n- b\n"},
        {"a heading stands apart", "a\n## b\nc", "a\n\n## b\nc\n"},
        {"underlined headings", "a\n===\n\nb\n---", "# a\n\n## b\n"},
        {"numbers go on", "7) a\n7) b\n7) c", "7) a\n8) b\n9) c\n"},
        {"numbers go on behind code", "1. a\n```\nx\n```\n2. b", "1. a\n```\nx\n```\n2. b\n"},
        {"another bullet begins another list", "1. a\n\n- b", "1. a\n\n- b\n"},
        {"code in an item", "- a\n\n  ```sh\n  ls\n\n  pwd\n  ```\n- b",
         "- a\n\n  ```sh\n  ls\n\n  pwd\n  ```\n- b\n"},
        {"loose lists", "- a\n\n- b", "- a\n\n- b\n"},
        {"an empty item", "-\n- b", "-\n- b\n"},
        {"tasks", "- [ ] a\n- [X] b", "- [ ] a\n- [x] b\n"},
        {"deep quotes", "> a\n>> b", "│ a\n│\n│ │ b\n"},
        {"indented code", "    a\n\n      b\nc", "    a\n\n      b\nc\n"},
        {"a longer fence", "````md\n```\n````", "````md\n```\n````\n"},
        {"an unterminated fence", "~~~\na\n\n", "~~~\na\n\n~~~\n"},
        {"long code is whole", "```\n" + std::string(50, 'x') + "\n```",
         "```\n" + std::string(50, 'x') + "\n```\n"},
        {"tabs in code", "```\na\tb\n```", "```\na   b\n```\n"},
        {"HTML is text", "a <b>c</b>\n\n<!-- d -->", "a <b>c</b>\n\n<!-- d -->\n"},
        {"entities", "&lt;&amp;&hellip; &#65; &#x42; &nothing; &#xD800;",
         "<&… A B &nothing; &#xD800;\n"},
        {"links", "[a](b) [b](b) <mailto:x@y.z> <x@y.z> [](u)", "a (b) b mailto:x@y.z x@y.z (u)\n"},
        {"images", "![alt](x.png)", "[image: alt] (x.png)\n"},
        {"definitions of links are shown", "See [a].\n\n[a]: http://b",
         "See [a].\n\n[a]: http://b\n"},
        {"definitions of links on two lines", "[a]:\nb", "[a]:\nb\n"},
        {"a definition of a link below a list", "- a\n\n[b]: c", "- a\n\n[b]: c\n"},
        {"code that looks like a definition", "- a\n  ```\n  [b]: c\n  ```",
         "- a\n  ```\n  [b]: c\n  ```\n"},
        {"lines of blanks in code", "```\n    \n\n  ~~~\n```", "```\n    \n\n  ~~~\n```\n"},
        {"an indented fence", "  ```\n    a\n  b\n c\n   ```", "```\n  a\nb\nc\n```\n"},
        {"an HTML comment ends on its line", "a\n<!-- b -->\n*c*", "a\n<!-- b -->\nc\n"},
        {"an element begins a line of prose", "<b>a</b> *b*", "<b>a</b> b\n"},
        {"a rule is no part of an item", "- a\n***\nb", "- a\n───\nb\n"},
        {"only 1 ends a paragraph", "a\n2. b\n1. c", "a\n2. b\n1. c\n"},
        {"a long item goes on",
         "- " + std::string(36, 'a') + "\n\n" + long_lines("  b", 70) + "\n  c\n- d",
         "- " + std::string(36, 'a') + "\n\n" + long_lines("  b", 70) + "\n  c\n- d\n"},
        {"underscores in words", "a_b_c *d*", "a_b_c d\n"},
        {"unclosed emphasis", "a **b", "a **b\n"},
        {"a table below its paragraph", "Look:\n|a|b|\n|-|-|\n|1|2|",
         "Look:\na │ b\n──┼──\n1 │ 2\n"},
        {"alignment", "|aaa|bbb|ccc|\n|:-|:-:|-:|\n|1|2|3|",
         "aaa │ bbb │ ccc\n────┼─────┼────\n1   │  2  │   3\n"},
        {"breaks in cells", "|a|b|\n|-|-|\n|1<br>2|3|", "a │ b\n──┼──\n1 │ 3\n2 │\n"},
        {"bars in cells", "|a|\n|-|\n|`x\\|y`|", "a\n─────\n`x|y`\n"},
        {"short rows", "|a|b|\n|-|-|\n|1|", "a │ b\n──┼──\n1 │\n"},
        {"a header alone", "|a|b|\n|-|-|", "a │ b\n──┼──\n"},
        {"nothing", "", ""},
        {"only blanks", "\n  \n\n", ""}};
    for (const SmallDocument& c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(plain(c.source), c.drawn);
    }
}

TEST(Markdown, ColoursChangesInCodeOfDiffs) {
    EXPECT_EQ(coloured("```diff\n@@ -1 +1 @@\n-a\n+b\n c\n```"),
              "^[2m```diff^[0m\n^[36m@@ -1 +1 @@^[0m\n^[31m-a^[0m\n^[32m+b^[0m\n c\n^[2m```^[0m\n");
}

TEST(Markdown, FitsEveryWidthButForCode) {
    for (std::size_t width = 20; width <= 200; ++width) {
        SCOPED_TRACE(width);
        std::string page(kDrawnPage);
        page.erase(page.find("```cpp"), page.find("3. Print") - page.find("```cpp"));
        page += "- 1. 2. 3. - - - - - - - - - - deep\n> > > > > > > > > > > > > > > deep\n";
        expect_width(render_markdown(page, width, Style::kPlain), width);
        expect_width(render_markdown(page, width, Style::kColour), width);
    }
}

TEST(Markdown, DrawsATooWideTableAsPairs) {
    EXPECT_EQ(
        plain("|a|b|c|d|\n|-|-|-|-|\n|one word|two words|three words|four words|\n|x||y|z|", 24),
        "a: one word\nb: two words\nc: three words\nd: four words\n\na: x\nc: y\nd: z\n");
}

std::string repeated(std::string_view piece, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes)
        out += piece;
    return out;
}

// Each of these takes well under a second a megabyte; anything quadratic would take hours.
TEST(Markdown, TakesHostileTextInItsStride) {
    constexpr std::size_t kSize = 1U << 20U;
    const std::string pieces[] = {"[",
                                  "![",
                                  "](",
                                  "[a](b)",
                                  "[a](<b",
                                  "*",
                                  "*a",
                                  "a*",
                                  "**a *b _c ",
                                  "~~a ~b ",
                                  "`",
                                  "`a``b```c",
                                  "> ",
                                  ">",
                                  "> > a\n",
                                  "- ",
                                  "1. ",
                                  "|",
                                  "|a\n",
                                  "a|b\n-|-\n",
                                  "<",
                                  "<!--",
                                  "<a ",
                                  "&",
                                  "[a]: b\n",
                                  "\\",
                                  "```\na\n",
                                  "a\n",
                                  "a\n=\n",
                                  " ",
                                  "\t",
                                  "- a\n",
                                  "- a\n\n",
                                  "e\u0301",
                                  "\u0301",
                                  "👩\u200d",
                                  "🇩",
                                  "\x1b]",
                                  "\xC2\x9D",
                                  "\x1b[1;",
                                  "\r",
                                  "\n",
                                  "p\na|b\n-|-\n",
                                  "*_`[<&\\"};
    for (const std::string& piece : pieces) {
        SCOPED_TRACE(piece);
        expect_harmless(render_markdown(repeated(piece, kSize / 16), 80, Style::kColour));
    }
    const std::string wide = repeated("a|", 2000) + "\n" + repeated("-|", 2000) + "\n";
    const std::string pages[] = {repeated("[", kSize),
                                 "```\n" + repeated("aaa\n", kSize),
                                 repeated("> ", kSize / 2) + "a\n" + repeated("a\n", kSize / 2),
                                 repeated("1. ", kSize / 2) + "a\n" + repeated("b\n", kSize / 2),
                                 wide + repeated("a|\n", kSize),
                                 "|a|\n|-|\n|" + repeated("<br>", kSize)};
    for (const std::string& page : pages) {
        SCOPED_TRACE(page.substr(0, 20));
        EXPECT_FALSE(render_markdown(page, 20, Style::kPlain).empty());
    }
}

}  // namespace
}  // namespace tenon::ui
