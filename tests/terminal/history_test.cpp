#include "host/terminal/history.h"

#include <sys/stat.h>

#include "tests/terminal/terminal_fixture.h"

namespace tenon::terminal {
namespace {

using testing::Pty;
using testing::TempDir;
using Entries = std::vector<std::string>;

TEST(History, KeepsEntriesOfManyLinesForTheNextSession) {
    const TempDir folder;
    const Entries entries = {"one", "two\nlines", "back\\slash\\n", "\n"};
    History history(folder / "history");
    for (const std::string& entry : entries)
        history.add(entry);
    EXPECT_EQ(History(folder / "history").entries(), entries);
    struct stat file {};
    ASSERT_EQ(::stat((folder / "history").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST(History, LosesNothingBetweenTwoSessions) {
    const TempDir folder;
    History first(folder / "history"), second(folder / "history");
    first.add("a");
    second.add("b");
    first.add("c");
    EXPECT_EQ(first.entries(), (Entries{"a", "b", "c"}));
    EXPECT_EQ(History(folder / "history").entries(), (Entries{"a", "b", "c"}));
}

TEST(History, LeavesOutRepetitionsAndWhatBeginsWithABlank) {
    const TempDir folder;
    History history(folder / "history");
    history.add("a");
    history.add("a");
    history.add(" private");
    history.add("shown", "[redacted]");
    EXPECT_EQ(history.entries(), (Entries{"a", " private", "shown"}));
    EXPECT_EQ(folder.read("history"), "a\n[redacted]\n");
}

TEST(History, CutsAFileThatHasGrownWhileAnotherSessionGoesOn) {
    const TempDir folder;
    History other(folder / "history");
    other.add("first");
    std::string lines;
    for (std::size_t i = 0; i < 2 * History::kMaxEntries; ++i)
        lines += "entry " + std::to_string(i) + "\n";
    std::ofstream(folder / "history", std::ios::app) << lines;
    const History cutting(folder / "history");
    EXPECT_LT(folder.read("history").size(), lines.size());
    other.add("last");
    const Entries entries = History(folder / "history").entries();
    ASSERT_GE(entries.size(), History::kMaxEntries);
    EXPECT_EQ(entries.back(), "last");
    EXPECT_EQ(entries[entries.size() - 2], "entry " + std::to_string(2 * History::kMaxEntries - 1));
}

TEST(History, GoesOnWithoutAFileThatCannotBeUsed) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "history");
    History history(folder / "history");
    history.add("a");
    EXPECT_EQ(history.entries(), Entries{"a"});
}

using TheLinesBefore = testing::ATerminal;

TEST_F(TheLinesBefore, ComeBackWithTheArrowsAfterARestart) {
    auto pty = start();
    type(*pty, "one\r", "line: one");
    type(*pty, "two\nlines\r", "line: two|lines");
    pty->send("leave\r");
    pty->wait();
    pty = start();
    type(*pty, "half", "> half");
    type(*pty, "\033[A", "> leave");
    type(*pty, "\033[A", "> two");
    type(*pty, "\033[A\033[A", "> one");  // first to its upper line
    type(*pty, "\033[B\033[B\033[B\033[B", "> half");
    type(*pty, "\r", "line: half");
}

TEST_F(TheLinesBefore, AreFoundBackwards) {
    auto pty = start();
    for (const std::string line : {"alpha one", "beta", "alpha two"})
        type(*pty, line + "\r", "line: " + line);
    type(*pty,
         "kept\x12"
         "alpha",
         "history: alpha");
    EXPECT_TRUE(pty->wait_for("> alpha two"));
    type(*pty, "\x12", "> alpha one");
    type(*pty, "\x12", "not found: alpha");
    type(*pty, "\x07", "> kept");
    type(*pty,
         "\x12"
         "bet\r",
         "line: beta");
}

}  // namespace
}  // namespace tenon::terminal
