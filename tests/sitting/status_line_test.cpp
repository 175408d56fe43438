#include "host/sitting/status_line.h"

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::sitting {
namespace {

constexpr std::int64_t kNow = 1'000'000;

SessionStatus full_status() {
    SessionStatus status;
    status.questions = 2;
    status.working_since_ms = 995'000;
    status.jobs = {2, 1, 3, 935'000};
    status.queued_prompts = 1;
    status.mode = "plan";
    status.context_tokens = 12'345;
    status.window = 200'000;
    status.model = "fable";
    return status;
}

TEST(SessionStatusLine, HasTheMostImportantPartFirst) {
    SessionStatus status;
    EXPECT_EQ(status_line(status, kNow, 80), "");
    status.model = "fable";
    EXPECT_EQ(status_line(status, kNow, 80), "fable");
    EXPECT_EQ(status_line(full_status(), kNow, 200),
              "2 questions · working 5s · 2 jobs (1m05s), 1 job queued · 1 prompt queued · plan · "
              "12k of 200k, 6 % · fable");
}

TEST(SessionStatusLine, LeavesPartsOutFromTheRightAndThenCutsTheFirst) {
    struct Row {
        std::size_t columns;
        const char* line;
    };
    for (const Row& row :
         {Row{107,
              "2 questions · working 5s · 2 jobs (1m05s), 1 job queued · 1 prompt queued · "
              "plan · 12k of 200k, 6 % · fable"},
          Row{106,
              "2 questions · working 5s · 2 jobs (1m05s), 1 job queued · 1 prompt queued · "
              "plan · 12k of 200k, 6 %"},
          Row{79, "2 questions · working 5s · 2 jobs (1m05s), 1 job queued · 1 prompt queued"},
          Row{40, "2 questions · working 5s"}, Row{20, "2 questions"}, Row{5, "2 qu…"}}) {
        SCOPED_TRACE(row.columns);
        const std::string line = status_line(full_status(), kNow, row.columns);
        EXPECT_EQ(line, row.line);
        EXPECT_LE(width_of(line), row.columns);
    }
}

TEST(SessionStatusLine, ShowsTheContextAgainstTheWindow) {
    struct Row {
        std::int64_t tokens;
        std::optional<std::int64_t> window;
        const char* text;
    };
    for (const Row& row :
         {Row{0, 200'000, ""}, Row{12'000, 200'000, "12k of 200k, 6 %"},
          Row{12'000, {}, "12k tokens"}, Row{12'000, 0, "12k tokens"}, Row{15, {}, "15 tokens"},
          Row{1, {}, "1 token"}, Row{950, 1'000'000, "950 of 1M, 0 %"}}) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(context_text(row.tokens, row.window), row.text);
    }
}

TEST(SessionStatusLine, MakesTheModelsNameHarmless) {
    SessionStatus status;
    status.model = "a\x1b[2Jb";
    EXPECT_EQ(status_line(status, kNow, 80).find('\x1b'), std::string::npos);
}

TEST(SessionStatusLine, NamesTheModelThatAnswersInstead) {
    SessionStatus status;
    status.model = "fable";
    status.instead = "gpt";
    EXPECT_EQ(status_line(status, kNow, 80), "gpt instead of fable");
}

TEST(SessionStatusLine, CountsTheTimeOfALongTurnInMinutes) {
    SessionStatus status;
    status.working_since_ms = kNow - 65'000;
    EXPECT_EQ(status_line(status, kNow, 80), "working 1m05s");
}

TEST(SessionStatusLine, WritesNumbersShort) {
    struct Row {
        std::int64_t number;
        const char* text;
    };
    for (const Row& row : {Row{0, "0"}, Row{999, "999"}, Row{1000, "1k"}, Row{1300, "1.3k"},
                           Row{9'949, "9.9k"}, Row{9'950, "10k"}, Row{12'345, "12k"},
                           Row{999'499, "999k"}, Row{999'500, "1M"}, Row{1'200'000, "1.2M"}}) {
        EXPECT_EQ(short_count(row.number), row.text);
    }
}

}  // namespace
}  // namespace tenon::sitting
