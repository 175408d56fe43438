#include <fstream>

#include "host/base/atomic_file.h"
#include "tests/sitting/person.h"

/// What a person sees of the conversation of a session that goes on.
namespace tenon::testing {
namespace {

std::string session_of(const Person& person) {
    for (const auto& file :
         std::filesystem::directory_iterator(person.sandbox.state() / "sessions"))
        if (file.path().extension() == ".jsonl") return file.path().stem().string();
    return {};
}

void leave(Person& person) {
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
}

/// How often `text` is in `all`.
std::size_t count_in(const std::string& all, const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = all.find(text); at != all.npos; at = all.find(text, at + 1))
        ++count;
    return count;
}

constexpr Pty::Size kRecordSizes[] = {{20, 5}, {40, 12}, {80, 24}, {200, 50}};

TEST(Resume, ShowsTheLastTurnsAtEverySizeWithEachWayToGoOn) {
    for (const Pty::Size& size : kRecordSizes) {
        for (const char* way : {"--continue", "--session", "/resume"}) {
            SCOPED_TRACE(std::to_string(size.columns) + " " + way);
            Person person({calls("t1", "bash", {{"command", "echo one; false"}}),
                           says("All **well**."), says("Other.")},
                          {.arguments = {"--yes"}, .size = size});
            person.enters("go on");
            EXPECT_TRUE(person.sees("All well.")) << person.shown();
            EXPECT_TRUE(person.turn_is_over()) << person.shown();
            const std::string id = session_of(person);
            leave(person);
            if (std::string(way) == "/resume") {
                person.sit_down({.size = size});
                person.enters("/resume " + id);
            } else if (std::string(way) == "--session") {
                person.sit_down({.arguments = {way, id}, .size = size});
            } else {
                person.sit_down({.arguments = {way}, .size = size});
            }
            EXPECT_TRUE(person.sees("All well.\n\n")) << person.shown();
            EXPECT_TRUE(person.sees("> go on\n\n✗ bash")) << person.shown();
            EXPECT_TRUE(person.sees("  one\n")) << person.shown();
            EXPECT_EQ(count_in(person.shown(), "All well."), 1U) << person.shown();
        }
    }
}

TEST(Resume, ASessionOfAnotherProviderIsNotChangedByACommand) {
    Person person({says("Of openai."), says("Of anthropic.")},
                  {.arguments = {"--session", "mine"}});
    leave(person);
    person.sit_down({.arguments = {"--provider", "openai", "--model", "m", "--session", "other"},
                     .environment = {{"OPENAI_BASE_URL", person.server().url()},
                                     {"OPENAI_API_KEY", "test-key-0123456789"}}});
    person.enters("go");
    EXPECT_TRUE(person.sees("Of openai.") && person.turn_is_over()) << person.shown();
    leave(person);
    const std::string journal = person.sandbox.state() / "sessions/other.jsonl";
    const std::string before = read_whole_file(journal, 1'000'000).value_or("");
    person.sit_down({.arguments = {"--session", "mine"}});
    person.enters("/resume other");
    EXPECT_TRUE(person.sees("tenon --session other")) << person.shown();
    person.enters("/resume");
    EXPECT_TRUE(person.sees("Enter a number")) << person.shown();
    person.enters("1");
    EXPECT_TRUE(person.terminal().wait_until([&] {
        return count_in(person.shown(), "tenon --session other") == 2;
    })) << person.shown();
    person.enters("and now");
    EXPECT_TRUE(person.sees("Of anthropic.") && person.turn_is_over()) << person.shown();
    EXPECT_EQ(read_whole_file(journal, 1'000'000).value_or("?"), before);
    leave(person);
    person.sit_down({.arguments = {"--session", "mine", "--provider", "anthropic"}});
    person.enters("/resume other");
    EXPECT_TRUE(person.sees("goes on with the provider anthropic")) << "as asked";
}

TEST(Resume, TheStatusLineHasTheTokensOfTheLastAnswer) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Json answer = says("Well.");
        answer["usage"] = {{"input_tokens", 1200}, {"output_tokens", 100}};
        Person person({answer}, {.size = size});
        person.enters("go on");
        EXPECT_TRUE(person.sees("Well.") && person.turn_is_over()) << person.shown();
        leave(person);
        person.sit_down({.arguments = {"--continue"}, .size = size});
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            return !lines.empty() && lines.back().rfind("1.3k", 0) == 0;
        })) << person.shown();
    }
}

TEST(Resume, WhatTheShownTurnsFoldCanBeOpened) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "seq 1000 1060"}}), says("Counted.")},
                      {.arguments = {"--yes"}, .size = size});
        person.enters("go on");
        EXPECT_TRUE(person.sees("Counted.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        leave(person);
        person.sit_down({.arguments = {"--continue"}, .size = size});
        EXPECT_TRUE(person.sees("Counted.")) << person.shown();
        person.types("\x0f");
        EXPECT_TRUE(person.terminal().wait_for("q: back")) << person.shown();
        person.types("/1030\r");
        EXPECT_TRUE(person.terminal().wait_for("1030")) << person.shown();
    }
}

TEST(Resume, ALongPromptIsShownByItsFirstLinesAndCanBeOpened) {
    std::string rows;
    for (int i = 1; i <= 3000; ++i)
        rows += "row " + std::to_string(i) + ".\n";
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("Fine.")}, {.size = size});
        person.types("\x1b[200~" + rows + "\x1b[201~");
        EXPECT_TRUE(person.terminal().wait_for("3,000 lines]")) << person.shown();
        person.types("\r");
        EXPECT_TRUE(person.sees("Fine.") && person.turn_is_over()) << person.shown();
        leave(person);
        person.sit_down({.arguments = {"--continue"}, .size = size});
        EXPECT_TRUE(person.sees("> row 1.\n  row 2.\n  row 3.\n  … +2,997 lines\n\nFine.\n"))
            << person.shown();
        EXPECT_EQ(person.shown().find("row 4."), std::string::npos) << person.shown();
        person.types("\x0f");
        EXPECT_TRUE(person.terminal().wait_for("of 300")) << person.shown();
        person.types("/row 1500\r");
        EXPECT_TRUE(person.terminal().wait_for("row 1500.")) << person.shown();
    }
}

TEST(Resume, TheListHasTheFirstPromptOfEachSessionAtEveryWidth) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("Fine.")}, {.size = size});
        person.enters("first words");
        EXPECT_TRUE(person.sees("Fine.") && person.turn_is_over()) << person.shown();
        leave(person);
        person.sit_down({.size = size});
        person.enters("/resume");
        EXPECT_TRUE(person.sees("ID.")) << person.shown();
        EXPECT_TRUE(
            person.sees(size.columns == 20 ? " ago\n   first words\n" : " ago  first words\n"))
            << person.shown();
    }
}

TEST(Resume, ADumbTerminalGetsTheSameAsPlainText) {
    Person person({says("All **well**.")}, {.environment = {{"TERM", "dumb"}}});
    person.enters("go on");
    EXPECT_TRUE(person.sees("All well.\n>")) << person.shown();
    leave(person);
    person.sit_down({.arguments = {"--continue"}, .environment = {{"TERM", "dumb"}}});
    EXPECT_TRUE(person.sees("> go on\n\nAll well.\n\n>")) << person.shown();
    EXPECT_EQ(person.terminal().raw().find('\x1b'), std::string::npos);
}

TEST(Resume, OfALongConversationShowsTwoScreensAndSaysHowManyTurnsComeBefore) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("unused")}, {.size = size});
        leave(person);
        const std::string id = session_of(person);
        std::string more;
        for (int i = 1; i <= 100; ++i) {
            more += R"({"v":1,"seq":)" + std::to_string(2 * i + 50) +
                    R"(,"type":"user","origin":"prompt","text":"p)" + std::to_string(i) + "\"}\n" +
                    R"({"v":1,"seq":)" + std::to_string(2 * i + 51) +
                    R"(,"type":"assistant","content":[{"type":"text","text":"a)" +
                    std::to_string(i) + "\"}]}\n";
        }
        const auto journal = person.sandbox.state() / "sessions" / (id + ".jsonl");
        std::ofstream(journal, std::ios::app) << more;
        person.sit_down({.arguments = {"--continue"}, .size = size});
        EXPECT_TRUE(person.sees("> p100\n\na100\n")) << person.shown();
        const int shown = static_cast<int>(count_in(person.shown(), "> p"));
        EXPECT_GE(shown, 1);
        EXPECT_LE(shown * 4, 2 * size.rows);
        EXPECT_TRUE(person.sees("… " + std::to_string(100 - shown) + " earlier")) << person.shown();
        EXPECT_TRUE(person.sees("/history\n")) << person.shown();
    }
}

TEST(Resume, ShowsWhatCanBeReadOfADamagedJournal) {
    Person person({says("Before."), says("After.")}, {.size = {80, 40}});
    person.enters("one");
    EXPECT_TRUE(person.sees("Before.")) << person.shown();
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    leave(person);
    const auto journal = person.sandbox.state() / "sessions" / (session_of(person) + ".jsonl");
    std::ofstream(journal, std::ios::app) << "{\"v\":1,\"seq\":90,\"type\":\"user\"\x1b[31m\n";
    person.sit_down({.arguments = {"--continue"}, .size = {80, 40}});
    EXPECT_TRUE(person.sees("damaged, skipped")) << person.shown();
    EXPECT_TRUE(person.sees("> one\n\nBefore.\n")) << person.shown();
    person.enters("two");
    EXPECT_TRUE(person.sees("> two\n\nAfter.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(Resume, ShowsThatTheLastTurnWasInterrupted) {
    Person person({calls("t1", "bash", {{"command", "cat gate"}}), says("Unused.")},
                  {.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.terminal().send_signal(SIGKILL);
    person.leaves();
    person.sit_down({.arguments = {"--continue"}});
    EXPECT_TRUE(person.sees("> go\n\n")) << person.shown();
    EXPECT_TRUE(person.sees("✗ interrupted\n")) << person.shown();
    gate.open();
}

// /history

TEST(History, IsTheWholeConversationInAPagerAtEverySize) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("First."), says("Second.")}, {.size = size});
        person.enters("one");
        EXPECT_TRUE(person.sees("First.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        person.enters("/clear");
        EXPECT_TRUE(person.sees("The conversation")) << person.shown();
        person.enters("two");
        EXPECT_TRUE(person.sees("Second.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        person.enters("/history");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            return person.terminal().screen().starts_with("> one\n\nFirst.\n");
        })) << person.terminal().screen();
        person.types("G");
        EXPECT_TRUE(person.terminal().wait_for("Second.")) << person.terminal().screen();
        person.types("q");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            return lines.size() > 1 && lines[lines.size() - 2] == ">";
        })) << person.terminal().screen();
    }
}

TEST(History, GoesThroughThePagerOfTheUser) {
    Person person({says("First.")}, {.environment = {{"PAGER", "sed 's/^/paged: /'"}}});
    person.enters("one");
    EXPECT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
    person.enters("/history");
    EXPECT_TRUE(person.sees("paged: > one\npaged:\npaged: First.\n")) << person.shown();
}

TEST(History, IsShownInTenonsPagerWhereThatOfTheUserCannotBeRun) {
    Person person({says("First.")}, {.environment = {{"PAGER", "no-such-pager"}}});
    person.enters("one");
    EXPECT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
    person.enters("/history");
    EXPECT_TRUE(person.sees("1-3 of 3")) << person.shown();
    person.types("q");
    EXPECT_TRUE(person.sees("The pager of $PAGER cannot be run: no-such-pager")) << person.shown();
}

TEST(History, IsPrintedOnADumbTerminal) {
    Person person({says("First.")},
                  {.environment = {{"TERM", "dumb"}, {"PAGER", "sed 's/^/paged: /'"}}});
    person.enters("/history");
    EXPECT_TRUE(person.sees("The conversation is empty.")) << person.shown();
    person.enters("one");
    EXPECT_TRUE(person.sees("First.\n>")) << person.shown();
    person.enters("/history");
    EXPECT_TRUE(person.sees("> one\n\nFirst.\n>")) << person.shown();
    EXPECT_EQ(person.shown().find("paged"), std::string::npos);
}

TEST(History, HasWholeResultsAtEverySize) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person(
            {calls("t1", "bash", {{"command", "seq 101 130"}}), says("Counted.")},
            {.arguments = {"--yes"}, .environment = {{"PAGER", "sed 's/^/p: /'"}}, .size = size});
        person.enters("go");
        EXPECT_TRUE(person.sees("Counted.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        EXPECT_TRUE(person.sees("… +25 lines")) << person.shown();
        person.enters("/history");
        EXPECT_TRUE(person.sees("p:   115\np:   116\n")) << person.shown();
        EXPECT_TRUE(person.sees("p: Counted.")) << person.shown();
        EXPECT_EQ(person.shown().find("p:   … +"), std::string::npos) << person.shown();
    }
}

TEST(History, DuringATurnDoesNotCallItInterrupted) {
    Person person({calls("t1", "bash", {{"command", "cat gate"}}), says("Over.")},
                  {.arguments = {"--yes"}, .environment = {{"PAGER", "sed 's/^/paged: /'"}}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("/history");
    EXPECT_TRUE(person.sees("paged: > go\n")) << person.shown();
    EXPECT_EQ(person.shown().find("interrupted"), std::string::npos) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("Over.")) << person.shown();
}

// /export

TEST(Export, WritesANewFileAndSaysWhereAtEverySize) {
    for (const Pty::Size& size : kRecordSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("All **well**.")}, {.size = size});
        person.enters("one");
        EXPECT_TRUE(person.sees("All well.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        const auto& workspace = person.sandbox.workspace();
        const auto file = workspace / ("tenon-" + session_of(person) + ".md");
        person.enters("/export");
        EXPECT_TRUE(person.sees("The conversation is")) << person.shown();
        const auto text = read_whole_file(file, 1 << 20);
        ASSERT_TRUE(text) << text.error().message;
        EXPECT_NE(text->find("\n## Prompt\n\n> one\n\n## Answer\n\nAll **well**.\n"),
                  std::string::npos)
            << *text;
        person.enters("/export");
        EXPECT_TRUE(person.sees("exists already")) << person.shown();
        EXPECT_EQ(*read_whole_file(file, 1 << 20), *text);
    }
}

TEST(Export, TakesAFileOfTheWorkspaceOrOfTheHomeAndNamesWhatIsWrong) {
    Person person({says("Well.")}, {.size = {200, 50}});
    person.enters("one");
    EXPECT_TRUE(person.sees("Well.")) << person.shown();
    const auto& workspace = person.sandbox.workspace();
    std::filesystem::create_directory(workspace / "docs");
    std::filesystem::create_symlink("elsewhere", workspace / "link");
    person.enters("/export docs/my talk.md");
    EXPECT_TRUE(person.sees("in " + (workspace / "docs/my talk.md").string())) << person.shown();
    person.enters("/export \"docs/other.md\"");
    EXPECT_TRUE(person.sees("in " + (workspace / "docs/other.md").string())) << person.shown();
    person.enters("/export ~/home.md");
    EXPECT_TRUE(person.sees("in " + (person.sandbox.home / "home.md").string())) << person.shown();
    person.enters("/export missing/a.md");
    EXPECT_TRUE(person.sees((workspace / "missing/a.md").string() + ": No such file"))
        << person.shown();
    person.enters("/export docs");
    EXPECT_TRUE(person.sees((workspace / "docs").string() + " exists already")) << person.shown();
    person.enters("/export link");
    EXPECT_TRUE(person.sees((workspace / "link").string() + " exists already")) << person.shown();
    EXPECT_FALSE(std::filesystem::exists(workspace / "elsewhere"));
}

TEST(Export, HasNoKeys) {
    Person person({says("It is test-key-0123456789.")},
                  {.environment = {{"ANTHROPIC_API_KEY", "test-key-0123456789"}}});
    person.enters("one");
    EXPECT_TRUE(person.sees("It is [redacted].")) << person.shown();
    person.enters("/export all.md");
    EXPECT_TRUE(person.sees("The conversation is in")) << person.shown();
    const auto text = read_whole_file(person.sandbox.workspace() / "all.md", 1 << 20);
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("It is [redacted]."), std::string::npos) << *text;
}

}  // namespace
}  // namespace tenon::testing
