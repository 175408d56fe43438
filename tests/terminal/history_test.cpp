#include "host/terminal/history.h"

#include <sys/stat.h>

#include "tests/terminal/terminal_fixture.h"

namespace tenon::terminal {
namespace {

using testing::Pty;
using testing::TempDir;
using Entries = std::vector<std::string>;

/// The texts of all entries.
Entries texts(const History& history) {
    Entries all;
    for (const HistoryEntry& entry : history.entries())
        all.push_back(entry.text);
    return all;
}

History history_of(const TempDir& folder, const std::string& workspace = "/w") {
    return {folder / "history", workspace};
}

TEST(History, KeepsEntriesOfManyLinesForTheNextSession) {
    const TempDir folder;
    const Entries entries = {"one", "two\nlines", "back\\slash\\n", "\n"};
    History history = history_of(folder);
    for (const std::string& entry : entries)
        history.add(entry);
    EXPECT_EQ(texts(history_of(folder)), entries);
    struct stat file {};
    ASSERT_EQ(::stat((folder / "history").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST(History, LosesNothingBetweenTwoSessions) {
    const TempDir folder;
    History first = history_of(folder), second = history_of(folder);
    first.add("a");
    second.add("b");
    first.add("c");
    EXPECT_EQ(texts(first), (Entries{"a", "b", "c"}));
    EXPECT_EQ(texts(history_of(folder)), (Entries{"a", "b", "c"}));
}

TEST(History, LeavesOutRepetitionsAndWhatBeginsWithABlank) {
    const TempDir folder;
    History history = history_of(folder);
    history.add("a");
    history.add("a");
    history.add(" private");
    history.add("shown", {"[redacted]"});
    EXPECT_EQ(texts(history), (Entries{"a", " private", "shown"}));
    EXPECT_EQ(folder.read("history"),
              "{\"v\":1,\"workspace\":\"/w\",\"text\":\"a\"}\n"
              "{\"v\":1,\"workspace\":\"/w\",\"text\":\"[redacted]\"}\n");
}

TEST(History, CutsAFileThatHasGrownWhileAnotherSessionGoesOn) {
    const TempDir folder;
    History other = history_of(folder);
    other.add("first");
    std::string lines;
    for (std::size_t i = 0; i < 2 * History::kMaxEntries; ++i)
        lines += "entry " + std::to_string(i) + "\n";
    std::ofstream(folder / "history", std::ios::app) << lines;
    const History cutting = history_of(folder);
    EXPECT_LT(folder.read("history").size(), lines.size());
    other.add("last");
    const Entries entries = texts(history_of(folder));
    ASSERT_GE(entries.size(), History::kMaxEntries);
    EXPECT_EQ(entries.back(), "last");
    EXPECT_EQ(entries[entries.size() - 2], "entry " + std::to_string(2 * History::kMaxEntries - 1));
}

TEST(History, GoesOnWithoutAFileThatCannotBeUsed) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "history");
    History history = history_of(folder);
    history.add("a");
    EXPECT_EQ(texts(history), Entries{"a"});
}

TEST(History, KnowsWhichEntriesAreOfThisWorkspace) {
    const TempDir folder;
    History here = history_of(folder, "/here");
    here.add("common");
    History there = history_of(folder, "/there");
    there.add("common");
    there.add("there");
    here.add("common");  // the newest of this workspace already
    here.add("here");
    EXPECT_EQ(here.entries(),
              (std::vector<HistoryEntry>{
                  {"common", true}, {"common", false}, {"there", false}, {"here", true}}));
    EXPECT_EQ(history_of(folder, "/there").entries(),
              (std::vector<HistoryEntry>{
                  {"common", false}, {"common", true}, {"there", true}, {"here", false}}));
}

TEST(History, ReadsLinesOfOlderVersionsAndLeavesNewerRecordsAlone) {
    const TempDir folder;
    const std::string before =
        "old\nwith\\nfeed\\\\\n{\"v\":\n{\"v\":1}\n[1]\n{\"v\":0,\"text\":\"x\"}\n"
        "{\"v\":2,\"text\":\"of tomorrow\"}\n"
        "{\"v\":1,\"workspace\":\"/w\",\"text\":\"new\",\"also\":[1]}\n\n";
    folder.write("history", before);
    History history = history_of(folder);
    EXPECT_EQ(history.entries(), (std::vector<HistoryEntry>{{"old", false},
                                                            {"with\nfeed\\", false},
                                                            {"{\"v\":", false},
                                                            {"{\"v\":1}", false},
                                                            {"[1]", false},
                                                            {"{\"v\":0,\"text\":\"x\"}", false},
                                                            {"new", true}}));
    history.add("more");
    EXPECT_EQ(folder.read("history").substr(0, before.size()), before);
}

TEST(History, KeepsPastesBesideTheirPlaceholders) {
    const TempDir folder;
    const std::vector<LongPaste> pastes = {{"[pasted text #1, 20 lines]", "a\nb"}};
    History history = history_of(folder);
    history.add("see [pasted text #1, 20 lines]", {"see [pasted text #1, 20 lines]", pastes});
    history.add("see [pasted text #1, 20 lines]", {"see [pasted text #1, 20 lines]", pastes});
    history.add("large", {"large", {{"[pasted text #2, 1 line]", std::string(65536, 'x')}}});
    const HistoryEntry entry{"see [pasted text #1, 20 lines]", true, pastes};
    EXPECT_EQ(history_of(folder).entries(), std::vector<HistoryEntry>{entry});
}

TEST(HistoryWalk, PassesOverTheEntriesOfOtherWorkspaces) {
    const std::vector<HistoryEntry> entries = {
        {"x", false}, {"a", true}, {"y", false}, {"b", true}, {"z", false}};
    HistoryWalk walk;
    const auto shown = [](const HistoryEntry* entry) {
        return entry == nullptr ? "-" : entry->text;
    };
    std::string seen;
    for (const char step : std::string("<<<>>>"))
        seen += shown(step == '<' ? walk.back(entries, "line") : walk.forward(entries)) + " ";
    EXPECT_EQ(seen, "b a - b line - ");
    const std::vector<HistoryEntry> others = {{"x", false}};
    EXPECT_EQ(shown(HistoryWalk().back(others, "line")), "-");
}

TEST(HistorySearch, FindsEachTextOnceInTheEntriesOfAllWorkspaces) {
    const std::vector<HistoryEntry> entries = {
        {"make all", false}, {"make", true}, {"ls", true}, {"make", false}};
    HistorySearch search("");
    search.add("ma", entries);
    EXPECT_EQ(search.found().text, "make");
    search.older(entries);
    EXPECT_EQ(search.found().text, "make all");
    search.older(entries);
    EXPECT_TRUE(search.failed());
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

TEST_F(TheLinesBefore, OfOtherWorkspacesAreOnlyFoundBySearching) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(std::to_string(size.columns) + " columns");
        folder.write("history", "an old line\n");
        auto pty = start(size, "one");
        type(*pty, "from one\r", "line: from one");
        pty->send("leave\r");
        pty->wait();
        pty = start(size, "two");
        type(*pty, "from two\r", "line: from two");
        type(*pty, "half\033[A", "> from two");
        type(*pty, "\033[A\033[B", "> half");
        type(*pty, "\x10", "> from two");
        type(*pty, "\x0e", "> half");
        type(*pty,
             "\x12"
             "from o",
             "> from one");
        type(*pty,
             "\x07\x12"
             "old",
             "> an old line");
        type(*pty, "\r", "line: an old line");
        pty->send("leave\r");
        pty->wait();
    }
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
    type(*pty,
         "\x12"
         "two\x0f",
         "show folded");  // a key of the session keeps its effect
    type(*pty, "!\r", "line: alpha two!");
}

}  // namespace
}  // namespace tenon::terminal
