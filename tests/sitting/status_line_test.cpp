#include "host/sitting/status_line.h"

#include <gtest/gtest.h>

namespace tenon::sitting {
namespace {

TEST(StatusLine, TellsModelTurnsTokensJobsAndTime) {
    SessionStatus status;
    status.model = "fable";
    EXPECT_EQ(status_line(status, 1'000'000), "fable");
    status.turns = 3;
    status.last = {100, 300, 800, 100};
    EXPECT_EQ(status_line(status, 1'000'000), "fable · turn 3 · 1.3k tokens, 80% cached");
    status.working_since_ms = 995'000;
    status.jobs = {2, 1, 3, 935'000};
    status.queued_prompts = 1;
    status.waiting_questions = 2;
    EXPECT_EQ(status_line(status, 1'000'000),
              "fable · turn 3 · 1.3k tokens, 80% cached · 2 jobs (1m05s), 1 job queued · 2 "
              "questions wait · 1 prompt queued · working 5s");
}

TEST(StatusLine, AgreesWithTheNumberOfQuestions) {
    SessionStatus status;
    status.model = "fable";
    status.waiting_questions = 1;
    EXPECT_EQ(status_line(status, 1'000'000), "fable · 1 question waits");
}

TEST(StatusLine, WritesNumbersShort) {
    struct Row {
        std::int64_t number;
        const char* text;
    };
    for (const Row& row : {Row{0, "0"}, Row{999, "999"}, Row{1000, "1.0k"}, Row{12'345, "12.3k"},
                           Row{999'949, "999.9k"}, Row{999'950, "1.0M"}, Row{1'200'000, "1.2M"}}) {
        EXPECT_EQ(short_count(row.number), row.text);
    }
}

}  // namespace
}  // namespace tenon::sitting
