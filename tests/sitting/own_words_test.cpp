#include "tests/sitting/person.h"

/// Tenon's own words on narrow screens.
namespace tenon::testing {
namespace {

TEST(OwnWords, AreBrokenAtBlanksAtEverySize) {
    struct Row {
        Pty::Size size;
        const char* answered;
    };
    for (const Row& row :
         {Row{{20, 5}, "(not wholly\nunderstood: an\n"}, Row{{40, 12}, "(not\nwholly understood"},
          Row{{80, 24}, "understood"}, Row{{200, 50}, "understood"}}) {
        SCOPED_TRACE(row.size.columns);
        Person person({calls("t1", "bash", {{"command", "eval \"$(cat x)\""}}), says("Over.")},
                      {.size = row.size});
        person.enters("go");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            return person.terminal().screen().find("wants to run") != std::string::npos &&
                   Person::states_a_question(lines.back());
        })) << person.shown();
        person.types("n");
        EXPECT_TRUE(person.sees("Over.")) << person.shown();
        EXPECT_TRUE(person.sees(row.answered)) << person.shown();
    }
}

}  // namespace
}  // namespace tenon::testing
