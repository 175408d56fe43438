#include "host/journal/last_turns.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::journal {
namespace {

/// A journal as lines of a few words: `session`, `prompt TEXT`, `in_turn TEXT`, `notification
/// TEXT`, `environment TEXT`, `says TEXT`, `calls`, `result TEXT`, `clear`, `compaction`,
/// `damaged`.
class JournalOfLines {
public:
    explicit JournalOfLines(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines)
            text += record(line.substr(0, line.find(' ')), line.substr(line.find(' ') + 1)) + "\n";
        dir_.write("s1.jsonl", text);
    }
    [[nodiscard]] std::filesystem::path path() const { return dir_ / "s1.jsonl"; }

private:
    std::string record(const std::string& kind, const std::string& text) {
        const std::string begin = R"({"v":1,"seq":)" + std::to_string(seq_++) + R"(,"type":")";
        if (kind == "damaged") return begin + "user\",\"origin\":\"prompt";
        if (kind == "session") return begin + R"(session","id":"s1","workspace":"/w","tools":[]})";
        if (kind == "says")
            return begin + R"(assistant","content":[{"type":"text","text":")" + text + "\"}]}";
        if (kind == "calls")
            return begin + R"(assistant","content":[{"type":"tool_use","id":"t","name":"x"}]})";
        if (kind == "result")
            return begin + R"(tool_result","tool_use_id":"t","text":")" + text + "\"}";
        if (kind == "clear") return begin + "clear\"}";
        if (kind == "in_turn")
            return begin + R"(user","origin":"prompt","in_turn":true,"text":")" + text + "\"}";
        if (kind == "compaction") return begin + R"(compaction","text":"sum"})";
        return begin + R"(user","origin":")" + kind + R"(","text":")" + text + "\"}";
    }

    testing::TempDir dir_;
    int seq_ = 0;
};

/// "2 | prompt a, answer | prompt b cut, answer": the number of earlier turns, and the others.
std::string read(const JournalOfLines& journal, const LastTurnsLimits& most) {
    const auto last = read_last_turns(journal.path(), most);
    if (!last) return last.error().message;
    std::string text = std::to_string(last->earlier);
    for (const RecordedTurn& turn : last->turns) {
        std::string between = " | ";
        for (const SessionEntry& entry : turn.entries) {
            text += std::exchange(between, ", ");
            switch (entry.type) {
                case RecordType::kText:
                    text += entry.origin + " " + entry.text;
                    break;
                case RecordType::kAnswer:
                    text += "answer";
                    break;
                case RecordType::kResult:
                    text += "result " + entry.text;
                    break;
                default:
                    text += entry.type == RecordType::kClear ? "clear" : "summary";
            }
        }
        if (!turn.is_whole) text += " (cut)";
    }
    return text;
}

constexpr std::int64_t kPlenty = 1 << 20;

TEST(LastTurns, BeginWithPromptsAndWithEndsOfJobsThatWokeTheSession) {
    const struct {
        std::vector<std::string> journal;
        std::string expected;
    } cases[] = {
        {{}, "0"},
        {{"session", "environment e"}, "0"},
        {{"session", "environment e", "prompt a", "says x"}, "0 | prompt a, answer"},
        {{"session", "prompt a", "calls", "result r", "notification n", "says x"},
         "0 | prompt a, answer, result r, notification n, answer"},
        {{"session", "prompt a", "calls", "result r", "in_turn b", "says x"},
         "0 | prompt a, answer, result r, prompt b, answer"},
        {{"session", "prompt a", "says x", "notification n", "says y"},
         "0 | prompt a, answer | notification n, answer"},
        {{"session", "prompt a", "says x", "prompt b", "notification n", "says y"},
         "0 | prompt a, answer | prompt b, notification n, answer"},
        {{"session", "prompt a", "says x", "compaction", "prompt b"},
         "0 | prompt a, answer, summary | prompt b"},
        {{"session", "prompt a", "says x", "clear", "environment e"}, "0"},
        {{"session", "prompt a", "says x", "clear", "prompt b", "says y"}, "0 | prompt b, answer"},
        {{"session", "prompt a", "damaged", "says x"}, "0 | prompt a, answer"},
        {{"session", "prompt a", "says x", "damaged"}, "0 | prompt a, answer"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.expected);
        EXPECT_EQ(read(JournalOfLines(one.journal), {10, kPlenty}), one.expected);
    }
}

TEST(LastTurns, AreAsManyAsAreAskedFor) {
    const JournalOfLines journal(
        {"session", "prompt a", "says x", "prompt b", "says y", "prompt c"});
    const struct {
        std::size_t turns;
        std::string expected;
    } cases[] = {
        {0, "0"},
        {1, "2 | prompt c"},
        {2, "1 | prompt b, answer | prompt c"},
        {3, "0 | prompt a, answer | prompt b, answer | prompt c"},
        {9, "0 | prompt a, answer | prompt b, answer | prompt c"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.turns);
        EXPECT_EQ(read(journal, {one.turns, kPlenty}), one.expected);
    }
}

TEST(LastTurns, OfALongJournalAreThoseAtItsEnd) {
    const std::string large(5000, 'r');
    const JournalOfLines journal(
        {"session", "prompt a", "calls", "result " + large, "says x", "prompt b", "says y"});
    EXPECT_EQ(read(journal, {10, 2000}), "1 | prompt b, answer");
}

TEST(LastTurns, ALongLastTurnIsCutBetweenItsPromptAndAnAnswer) {
    const std::string large(5000, 'r');
    const JournalOfLines journal({"session", "prompt a", "says x", "prompt b", "calls",
                                  "result " + large, "calls", "result r", "says y"});
    EXPECT_EQ(read(journal, {10, 2000}), "1 | prompt b, answer, result r, answer (cut)");
    EXPECT_EQ(read(journal, {10, 1}), "1 | prompt b, answer (cut)");
}

TEST(LastTurns, APromptWithoutAnAnswerIsWholeHoweverLongItIs) {
    const std::string large(5000, 'p');
    EXPECT_EQ(read(JournalOfLines({"session", "prompt a", "says x", "prompt " + large}), {10, 9}),
              "1 | prompt " + large);
}

TEST(LastTurns, OfAMissingJournalAreAnError) {
    EXPECT_FALSE(read_last_turns("/nowhere/s1.jsonl", {10, kPlenty}));
}

}  // namespace
}  // namespace tenon::journal
