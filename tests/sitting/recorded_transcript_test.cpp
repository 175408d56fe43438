#include "host/sitting/recorded_transcript.h"

#include "host/sitting/recorded_conversation.h"
#include "tests/support/tool_facts.h"
#include "tests/ui/lines.h"

namespace tenon::sitting {
namespace {

using journal::RecordType;
using journal::SessionEntry;

SessionEntry text(const std::string& words, const std::string& origin = "prompt") {
    SessionEntry entry;
    entry.origin = origin;
    entry.text = words;
    return entry;
}

SessionEntry answer(std::initializer_list<OrderedJson> blocks) {
    SessionEntry entry;
    entry.type = RecordType::kAnswer;
    entry.content = OrderedJson::array();
    for (const OrderedJson& block : blocks)
        entry.content.push_back(block);
    return entry;
}

OrderedJson says(const std::string& words) {
    return {{"type", "text"}, {"text", words}};
}

OrderedJson call(const std::string& id, const std::string& tool, const OrderedJson& input) {
    return {{"type", "tool_use"}, {"id", id}, {"name", tool}, {"input", input}};
}

SessionEntry result(const std::string& id, const std::string& words, bool is_error = false) {
    SessionEntry entry;
    entry.type = RecordType::kResult;
    entry.tool_use_id = id;
    entry.text = words;
    entry.is_error = is_error;
    return entry;
}

SessionEntry of_type(RecordType type) {
    SessionEntry entry;
    entry.type = type;
    return entry;
}

RecordedFacts known_facts() {
    RecordedFacts facts;
    for (const char* tool : {"bash", "background_run", "todo", "agent", "read_file", "edit_file"})
        facts.tools[tool] = testing::facts_of(tool);
    return facts;
}

std::string shown(const std::vector<SessionEntry>& entries, std::size_t width = 80,
                  const RecordedFacts& facts = known_facts()) {
    RecordedTranscript transcript(ui::Style::kPlain, width, facts);
    std::string all;
    for (const SessionEntry& entry : entries)
        all += ui::screen(transcript.take(entry));
    return all + ui::screen(transcript.end_turn());
}

TEST(RecordedTranscript, ShowsPromptsAnswersAndCallsAsTheyWereShown) {
    EXPECT_EQ(shown({
                  text("the environment", "environment"),
                  text("Why does it fail?\nTell me."),
                  answer({says("I look at the **build**."),
                          call("t1", "bash", {{"command", "make\nmake test"}})}),
                  result("t1", "1\n2\n3\n4\n5\n6\n7\n[exit code: 2]"),
                  text("Update your todos.", "reminder"),
                  answer({says("It **fails**.")}),
              }),
              "> Why does it fail?\n"
              "  Tell me.\n"
              "\n"
              "I look at the build.\n"
              "\n"
              "✗ bash make … (exit 2)\n"
              "  1\n"
              "  2\n"
              "  … +2 lines\n"
              "  5\n"
              "  6\n"
              "  7\n"
              "\n"
              "It fails.\n");
}

TEST(RecordedTranscript, ShowsListsChangesRefusalsAndSubagentsShortly) {
    EXPECT_EQ(
        shown({
            text("go"),
            answer({call("t1", "todo",
                         {{"items", {{{"id", "1"}, {"text", "Build"}, {"status", "pending"}}}}}),
                    call("t2", "bash", {{"command", "rm x"}}),
                    call("t3", "agent", {{"description", "Find it"}, {"prompt", "x"}}),
                    call("t4", "gone", {{"a", 1}})}),
            result("t1", "[ ] Build"),
            result("t2", "Permission denied: the user said no.", true),
            result("t3", "It is **here**."),
            result("t4", "well"),
            answer({says("Done.")}),
        }),
        "> go\n"
        "\n"
        "● todo\n"
        "  [ ] Build\n"
        "✗ bash rm x (denied)\n"
        "  Permission denied: the user said no.\n"
        "● agent Find it\n"
        "  It is here.\n"
        "● gone(a: 1)\n"
        "  well\n"
        "\n"
        "Done.\n");
}

TEST(RecordedTranscript, LeavesNoLineOfAResultOutWhenAskedTo) {
    std::string lines, wide(300, 'x');
    for (int i = 100; i < 150; ++i)
        lines += std::to_string(i) + "\n\n";
    lines += wide + "\n";
    const RecordedFacts facts = known_facts();
    struct Row {
        OrderedJson call;
        std::string text;
        bool is_error = false;
    };
    for (const Row& row :
         {Row{call("t1", "bash", {{"command", "make"}}), lines},
          Row{call("t1", "bash", {{"command", "make"}}), lines, true},
          Row{call("t1", "agent", {{"description", "x"}, {"prompt", "x"}}), lines},
          Row{call("t1", "gone", {{"a", 1}}), lines},
          Row{call("t1", "edit_file", {{"path", "a"}, {"old_text", "old"}, {"new_text", lines}}),
              "ok"}}) {
        SCOPED_TRACE(dump_ordered_json(row.call) + (row.is_error ? " error" : ""));
        RecordedTranscript transcript(ui::Style::kPlain, 40, facts, "Ctrl-O");
        transcript.show_all();
        (void)transcript.take(answer({row.call}));
        const std::string all = ui::screen(transcript.take(result("t1", row.text, row.is_error)));
        EXPECT_NE(all.find("100\n"), std::string::npos) << all;
        EXPECT_NE(all.find("125\n"), std::string::npos) << all;
        EXPECT_NE(all.find("149\n"), std::string::npos) << all;
        EXPECT_GE(std::count(all.begin(), all.end(), 'x'), 300) << all;
        EXPECT_EQ(all.find("… +"), std::string::npos) << all;
        EXPECT_TRUE(transcript.folded().empty());
    }
}

TEST(RecordedTranscript, ShowsTheStartAndTheEndOfAJobInALineEach) {
    RecordedFacts facts = known_facts();
    const std::vector<SessionEntry> entries = {
        text("go"),
        answer({call("t1", "background_run", {{"command", "npm test"}})}),
        result("t1", "Background job 1a2b3c4d started: npm test"),
        answer({says("Started.")}),
        text("<background-results>\n[bg:1a2b3c4d] error: failed: x\n  [bg:00000000] no job\n"
             "  [exit code: 3]\n[bg:0000000b] completed: (no output)\n</background-results>",
             "notification"),
        answer({says("It failed.")}),
    };
    EXPECT_EQ(shown(entries, 80, facts),
              "> go\n"
              "\n"
              "○ job 1a2b3c4d started: npm test\n"
              "\n"
              "Started.\n"
              "\n"
              "✗ job 1a2b3c4d error: npm test (exit 3)\n"
              "● job 0000000b completed\n"
              "\n"
              "It failed.\n");
    facts.jobs.emplace_back();
    facts.jobs.back().id = "1a2b3c4d";
    facts.jobs.back().spec.command = "npm test -- --all";
    facts.jobs.back().spec.name = "unit";
    facts.jobs.back().end.duration_ms = 12'000;
    EXPECT_NE(shown(entries, 80, facts)
                  .find("✗ job 1a2b3c4d error: unit: npm test -- --all (12 s, exit 3)\n"),
              std::string::npos)
        << shown(entries, 80, facts);
}

TEST(RecordedTranscript, ShowsWhatThePersonTypedAttachedAndRan) {
    SessionEntry prompt = text("the text of a skill");
    prompt.typed = "/skill @x";
    prompt.attached = OrderedJson::array({{{"name", "x"}, {"text", "the file"}}});
    EXPECT_EQ(shown({prompt, answer({says("Done.")}),
                     text("<user-command>\nls -l\n</user-command>\n"
                          "<user-command-output>\na\nb\n[exit code: 1]\n</user-command-output>",
                          "command")}),
              "> /skill @x\n\n● attached x\n\nDone.\n\n✗ bash ls -l (exit 1)\n  a\n  b\n");
}

TEST(RecordedTranscript, SaysWhichTurnsWereInterrupted) {
    EXPECT_EQ(shown({
                  text("one"),
                  answer({call("t1", "bash", {{"command", "sleep 9"}})}),
                  result("t1", "interrupted", true),
                  text("two"),
                  answer({says("Two.")}),
                  text("three"),
                  answer({call("t2", "bash", {{"command", "true"}})}),
              }),
              "> one\n"
              "\n"
              "✗ bash sleep 9 (error)\n"
              "  interrupted\n"
              "✗ interrupted\n"
              "\n"
              "> two\n"
              "\n"
              "Two.\n"
              "\n"
              "> three\n"
              "\n"
              "✗ bash(command: true) (error)\n"
              "  interrupted\n"
              "✗ interrupted\n");
}

TEST(RecordedTranscript, APromptThatWasDeliveredWithResultsInterruptsNothing) {
    SessionEntry two = text("two"), three = text("three");
    two.in_turn = three.in_turn = true;
    EXPECT_EQ(shown({
                  text("one"),
                  answer({call("t1", "read_file", {{"path", "x"}})}),
                  result("t1", "how a turn is\ninterrupted"),  // the words say nothing
                  two,
                  three,
                  answer({says("Done.")}),
              }),
              "> one\n\n● read_file x (2 lines)\n\n> two\n\n> three\n\nDone.\n");
}

TEST(RecordedTranscript, ATurnThatWasStoppedBehindResultsWasInterrupted) {
    EXPECT_EQ(shown({
                  text("one"),
                  answer({call("t1", "read_file", {{"path", "x"}})}),
                  result("t1", "a\nb"),
                  text("two"),
                  answer({says("Done.")}),
              }),
              "> one\n\n● read_file x (2 lines)\n✗ interrupted\n\n> two\n\nDone.\n");
}

TEST(RecordedTranscript, MarksWhereTheConversationWasClearedAndMadeShorter) {
    EXPECT_EQ(shown({text("one"), answer({says("One.")}), of_type(RecordType::kCompaction),
                     text("two"), answer({says("Two.")}), of_type(RecordType::kClear),
                     text("three"), answer({says("Three.")})}),
              "> one\n\nOne.\n\n● conversation made shorter\n\n> two\n\nTwo.\n\n"
              "● conversation cleared\n\n> three\n\nThree.\n");
}

TEST(RecordedTranscript, HostileTextIsHarmlessAndWithinTheWidth) {
    const std::string bad =
        "\x1b]0;t\x07\x1b[31mred\x1b[2J \xe2\x80\xae \xff \x9b"
        "2J\r\v";
    const std::vector<SessionEntry> entries = {
        text(bad),
        answer({says(bad), call("t1", bad, {{bad, bad}}), call("t2", "bash", {{"command", bad}})}),
        result("t1", bad),
        result("t2", bad, true),
        result("unknown", bad),
        text("<background-results>\n[bg:" + bad + "] " + bad + ": " + bad + "\n[bg:1a2b3c4d] " +
                 bad + ": x\n[bg:\n[bg:]: ] \n</background-results>",
             "notification"),
    };
    for (const ui::Style style : {ui::Style::kPlain, ui::Style::kColour}) {
        for (const std::size_t width : {1, 10, 20, 80}) {
            SCOPED_TRACE(width);
            const RecordedFacts facts = known_facts();
            RecordedTranscript transcript(style, width, facts);
            std::vector<std::string> all;
            for (const SessionEntry& entry : entries)
                for (std::string& line : transcript.take(entry))
                    all.push_back(std::move(line));
            ui::expect_harmless(all);
            ui::expect_width(all, std::max<std::size_t>(width, 10));
        }
    }
}

// The last turns.

journal::LastTurns turns(std::size_t number, std::size_t earlier = 0) {
    journal::LastTurns last;
    last.earlier = earlier;
    for (std::size_t i = 1; i <= number; ++i) {
        last.turns.emplace_back();
        last.turns.back().entries = {text("p" + std::to_string(i)),
                                     answer({says("A" + std::to_string(i))})};
    }
    return last;
}

std::string last_lines_of(const journal::LastTurns& last, std::size_t rows,
                          std::size_t width = 80) {
    const RecordedFacts facts = known_facts();
    return ui::screen(last_turns_lines(last, facts, {ui::Style::kPlain, width, rows}));
}

TEST(LastTurnsLines, AreThoseThatFitUnderTheNumberOfTheOthers) {
    struct Row {
        std::size_t rows, number, earlier;
        std::string expected;
    };
    const std::string two = "> p1\n\nA1\n\n> p2\n\nA2\n";
    for (const Row& row : {
             Row{20, 0, 0, ""},
             Row{20, 2, 0, two},
             Row{20, 2, 1, "… 1 earlier turn: /history\n\n" + two},
             Row{9, 2, 5, "… 5 earlier turns: /history\n\n" + two},
             Row{8, 2, 5, "… 6 earlier turns: /history\n\n> p2\n\nA2\n"},
             Row{7, 2, 0, two},
             Row{6, 2, 0, "… 1 earlier turn: /history\n\n> p2\n\nA2\n"},
         }) {
        SCOPED_TRACE(row.rows);
        EXPECT_EQ(last_lines_of(turns(row.number, row.earlier), row.rows), row.expected);
    }
}

TEST(LastTurnsLines, ALongTurnHasItsPromptAndItsEnd) {
    journal::LastTurns last = turns(1, 3);
    std::string list;
    for (int i = 1; i <= 30; ++i)
        list += "- x" + std::to_string(i) + "\n";
    last.turns.back().entries.back() = answer({says(list)});
    EXPECT_EQ(last_lines_of(last, 7),
              "… 3 earlier turns: /history\n\n> p1\n… 28 lines: /history\n"
              "- x28\n- x29\n- x30\n");
    last.turns.back().is_whole = false;
    EXPECT_NE(last_lines_of(last, 7).find("\n… more: /history\n"), std::string::npos);
}

TEST(LastTurnsLines, FitOnTwoScreensOfEverySize) {
    journal::LastTurns last = turns(9, 100);
    for (journal::RecordedTurn& turn : last.turns)
        turn.entries.back() = answer({says(std::string("```\n") + std::string(300, 'x') +
                                           "\n```\nand quite a lot of other words behind it")});
    struct Size {
        std::size_t width, height;
    };
    for (const Size& size : {Size{20, 5}, Size{40, 10}, Size{80, 24}, Size{200, 60}}) {
        SCOPED_TRACE(size.width);
        const RecordedFacts facts = known_facts();
        const std::size_t most = 2 * size.height - 4;
        const auto lines = last_turns_lines(last, facts, {ui::Style::kPlain, size.width, most});
        std::size_t rows = 0;
        for (const std::string& line : lines)
            rows += std::max<std::size_t>(1, (width_of(line) + size.width - 1) / size.width);
        EXPECT_LE(rows, 2 * size.height) << ui::screen(lines);
        EXPECT_NE(ui::screen(lines).find("earlier"), std::string::npos);
    }
}

}  // namespace
}  // namespace tenon::sitting
