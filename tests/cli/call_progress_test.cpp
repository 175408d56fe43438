#include "host/cli/call_progress.h"

#include <vector>

#include <gtest/gtest.h>

namespace tenon::cli {
namespace {

using Texts = std::vector<std::string>;

/// The progress of a call on a screen, with a clock that stands still unless it is moved.
struct ProgressBench {
    explicit ProgressBench(Screen screen)
        : progress("greet", screen,
                   {[this](std::string_view line) { lines.emplace_back(line); },
                    [this](std::string_view bytes) { written.emplace_back(bytes); },
                    [this] { return now; }}) {}
    void note(const std::string& text) { progress.on_event(agent::ToolProgressed{"call_1", text}); }

    Texts lines, written;
    CallProgress::Clock::time_point now{};
    CallProgress progress;
};

Screen terminal_of(std::size_t columns) {
    Screen screen;
    screen.terminal = screen.escapes = true;
    screen.columns = columns;
    return screen;
}

TEST(CallProgress, RewritesOneLineOfATerminalAndRemovesItAtTheEnd) {
    ProgressBench bench(terminal_of(20));
    bench.note("10 %");
    bench.note("\x1b[31m reading a long way");
    bench.progress.finish();
    bench.note("too late");
    bench.progress.finish();
    EXPECT_EQ(bench.written,
              (Texts{"\r\x1b[Kgreet: 10 %\r", "\r\x1b[Kgreet: \\x1b[31m re…\r", "\r\x1b[K"}));
    EXPECT_EQ(bench.lines, Texts{});
}

TEST(CallProgress, RemovesTheLineBeforeAnotherOneIsPrinted) {
    ProgressBench bench(terminal_of(80));
    bench.progress.say("first");
    EXPECT_EQ(bench.written, Texts{});
    bench.note("10 %");
    bench.progress.say("second");
    EXPECT_EQ(bench.written.back(), "\r\x1b[K");
    EXPECT_EQ(bench.lines, (Texts{"first", "second"}));
}

TEST(CallProgress, PrintsAFewLinesASecondWhereThereIsNoTerminal) {
    ProgressBench bench(Screen{});
    for (int i = 1; i <= 10; ++i)
        bench.note(std::to_string(i));
    EXPECT_EQ(bench.lines, (Texts{"greet: 1", "greet: 2", "greet: 3"}));
    bench.now += std::chrono::seconds(1);
    bench.note("11");
    bench.note("11");
    EXPECT_EQ(bench.lines.size(), 4U) << "the same note is printed once";
    EXPECT_EQ(bench.lines.back(), "greet: 11");
    bench.progress.finish();
    EXPECT_EQ(bench.lines.size(), 4U) << "nothing newer was left out";
    EXPECT_EQ(bench.written, Texts{});
}

TEST(CallProgress, PrintsTheLastNoteAtTheEndIfItWasLeftOut) {
    ProgressBench bench(Screen{});
    for (const char* text : {"1", "2", "3", "4", "5"})
        bench.note(text);
    bench.progress.finish();
    EXPECT_EQ(bench.lines, (Texts{"greet: 1", "greet: 2", "greet: 3", "greet: 5"}));
}

TEST(CallProgress, RewritesATerminalNotAllTheTime) {
    ProgressBench bench(terminal_of(80));
    for (int i = 0; i < 1000; ++i)
        bench.note(std::to_string(i));
    EXPECT_EQ(bench.written.size(), CallProgress::kMostRewritesASecond);
}

}  // namespace
}  // namespace tenon::cli
