#include "host/terminal/completion.h"

#include <gtest/gtest.h>

#include "host/terminal/completer.h"
#include "tests/terminal/terminal_fixture.h"

namespace tenon::terminal {
namespace {

std::string word_at_cursor(const std::string& before, const std::string& after) {
    const auto word = word_to_complete(before, after);
    if (!word) return "-";
    return (word->kind == WordToComplete::Kind::kCommand ? "command " : "path ") +
           std::to_string(word->start) + (word->is_quoted ? " quoted " : " ") + word->typed;
}

TEST(WordToComplete, IsACommandOrAPathBeforeTheCursor) {
    struct Case {
        std::string before, after, word;
    };
    const std::vector<Case> cases = {
        {"/", "", "command 0 "},
        {"/he", "", "command 0 he"},
        {"/he", " x", "command 0 he"},
        {"/he", "lp", "-"},
        {"/jobs 1", "", "-"},
        {"/usr/bin", "", "-"},
        {"a /he", "", "-"},
        {"@", "", "path 0 "},
        {"see @src/a", "", "path 4 src/a"},
        {"see (@src/a", "", "path 5 src/a"},
        {"/jobs @a", "", "path 6 a"},
        {"line\n@a", "\nmore", "path 5 a"},
        {"me@example.org", "", "-"},
        {"@a b", "", "-"},
        {"@a @b", "", "path 3 b"},
        {"@\"my fi", "", "path 0 quoted my fi"},
        {"@\"my file\"", "", "-"},
        {"@\"my file\" @b", "", "path 11 b"},
        {"@\"a @b", "", "path 0 quoted a @b"},
        {"@\"a\n", "", "-"},
        {"", "", "-"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.before + "|" + c.after);
        EXPECT_EQ(word_at_cursor(c.before, c.after), c.word);
    }
}

TEST(Mention, HasQuotationMarksWhereItNeedsThem) {
    EXPECT_EQ(mention_of("a.txt"), "@a.txt");
    EXPECT_EQ(mention_of("my file.txt"), "@\"my file.txt\"");
    EXPECT_EQ(mention_of("my folder/"), "@\"my folder/");
    EXPECT_EQ(mention_of("what?"), "@\"what?\"");
    EXPECT_EQ(mention_of("'s"), "@\"'s\"");
    EXPECT_EQ(begun_mention_of("src/a", false), "@src/a");
    EXPECT_EQ(begun_mention_of("src/a", true), "@\"src/a");
    EXPECT_EQ(begun_mention_of("my f", false), "@\"my f");
}

struct ACompletion : testing::ATerminal {
    ACompletion() {
        for (const char* name : {"work/host/terminal/screen.cpp", "work/host/terminal/keys.cpp",
                                 "work/my file.txt", "work/ignored.log", "work/.hidden",
                                 "work/src/main.cpp", "work/src/Makefile", "elsewhere/up.txt"})
            folder.write(name, "");
        folder.write("work/.gitignore", "*.log\n");
    }
    static std::string without_blanks(std::string text) {
        text.erase(
            std::remove_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; }),
            text.end());
        return text;
    }
    /// Waits for a line that may be wrapped.
    static bool shows(testing::Pty& pty, const std::string& line) {
        return pty.wait_until([&] {
            return without_blanks(pty.everything()).find(without_blanks(line)) != std::string::npos;
        });
    }
};

TEST_F(ACompletion, FindsPathsAndCommandsAtAllSizes) {
    for (const testing::Pty::Size size :
         {testing::Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        auto pty = start(size);
        const std::vector<std::pair<std::string, std::string>> typed = {
            {"@scr\t", "@host/terminal/screen.cpp "},
            {"@SCR\t", "@host/terminal/screen.cpp "},
            {"@hosttekey\t", "@host/terminal/keys.cpp "},
            {"see @my\tend", "see @\"my file.txt\" end"},
            {"@\"my f\t", "@\"my file.txt\" "},
            {"@host/term\t\t\t", "@host/terminal/keys.cpp "},
            {"@ignored\t", "@ignored"},
            {"@.hid\t", "@.hidden "},
            {"@hidden\t", "@hidden"},
            {"@./ignored\t", "@./ignored"},
            {"@./scr\t", "@host/terminal/screen.cpp "},
            {"@../else\tup\t", "@../elsewhere/up.txt "},
            {"@src/ma\t\t\t", "@src/Makefile "},
            {"@src/mai\t", "@src/main.cpp "},
            {"/h\t", "/help "},
            {"/HE\t", "/help "},
            {"/j\tb\t", "/jobs "},
            {"/j\t\t\t", "/jobs "},
            {"a /h\t", "a /h"},
        };
        for (const auto& [keys, line] : typed) {
            SCOPED_TRACE(keys);
            pty->send(keys + "|\r");
            EXPECT_TRUE(shows(*pty, "line: " + line + "|")) << pty->everything();
        }
    }
}

TEST_F(ACompletion, OfAnAbsolutePathReadsItsFolder) {
    auto pty = start({200, 24});
    const std::string path = (folder / "elsewhere").string();
    type(*pty, "@" + path + "/U\t|\r", "line: @" + path + "/up.txt |");
    type(*pty, "@~/elsew\tup\t|\r", "line: @~/elsewhere/up.txt |");
}

/// The paths of a slow workspace come later than the key waits.
TEST(Completer, PutsNoPathOfAnOlderWordIntoTheLine) {
    const testing::TempDir dir;
    Completer completer(dir.path(), [](const FoundPaths&) {});
    const Completer::Time now{};
    completer.typed();
    completer.update("@sr", "", now);
    EXPECT_TRUE(completer.take({"sr", {{"src/"}, 0, 1, "src/"}}));
    EXPECT_EQ(completer.complete(), (Completer::Replacement{0, "@src/"}));
    completer.update("@srz", "", now);
    EXPECT_TRUE(completer.is_open());
    EXPECT_EQ(completer.complete(), std::nullopt);
}

using TheMenu = ACompletion;

TEST_F(TheMenu, OpensWithASlashAndIsFilteredAndChosenFrom) {
    for (const testing::Pty::Size size :
         {testing::Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        auto pty = start(size);
        type(*pty, "/", "  /help");
        type(*pty, "j", "  /jobs");
        EXPECT_TRUE(pty->wait_until([&] {
            return pty->screen().find("/help") == std::string::npos;
        })) << pty->screen();
        type(*pty, "\033[B", "› /jobs");
        type(*pty, "\033[B", "› /join");
        type(*pty, "\033[B", "› /jobs");
        type(*pty, "\033[A\r", "line: /join");
        EXPECT_TRUE(pty->wait_until([&] { return pty->screen().find("› ") == std::string::npos; }));
        type(*pty, "/j", "  /jobs");
        pty->send("\r");
        EXPECT_TRUE(pty->wait_until([&] {
            const auto lines = pty->lines();
            return std::find(lines.begin(), lines.end(), "line: /j") != lines.end();
        })) << pty->screen();
        type(*pty, "/J\x0e\t", "> /jobs");
        type(*pty, "1\r", "line: /jobs 1");
    }
}

TEST_F(TheMenu, ClosesWithEscAndKeepsTheLine) {
    for (const testing::Pty::Size size : {testing::Pty::Size{20, 5}, {80, 24}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        auto pty = start(size);
        type(*pty, "/jo", "  /jobs");
        pty->send("\033");
        EXPECT_TRUE(pty->wait_until([&] {
            const std::string screen = pty->screen();
            return screen.find("  /jobs") == std::string::npos &&
                   screen.find("> /jo") != std::string::npos;
        })) << pty->screen();
        type(*pty, "x\r", "line: /jox");
        type(*pty, "/jo", "  /jobs");  // open again for a new word
    }
}

TEST_F(TheMenu, TakesAChosenPathIntoTheLine) {
    for (const testing::Pty::Size size :
         {testing::Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        auto pty = start(size);
        type(*pty, "a @ma", "  src/Makefile");
        type(*pty, "\033[B", "› src/Makefile");
        type(*pty, "\r", "@src/Makefile");
        pty->send("b\r");
        EXPECT_TRUE(shows(*pty, "line: a @src/Makefile b")) << pty->everything();
    }
}

TEST_F(TheMenu, LeavesTheArrowsToTheHistoryInALineThatComesFromThere) {
    auto pty = start();
    type(*pty, "first\r", "line: first");
    type(*pty, "/jobs\r", "line: /jobs");
    type(*pty, "\033[A", "> /jobs");
    type(*pty, "\033[A", "> first");
}

TEST_F(TheMenu, GivesWayToAQuestion) {
    auto pty = start();
    type(*pty, "ask\r", "May it run?");
    pty->send("/");
    EXPECT_TRUE(pty->wait_for("> /")) << pty->screen();
    EXPECT_EQ(pty->screen().find("/help"), std::string::npos) << pty->screen();
}

}  // namespace
}  // namespace tenon::terminal
