#include "host/terminal/live_area.h"

#include <gtest/gtest.h>

namespace tenon::terminal {
namespace {

TEST(LiveArea, WritesLinesThatFinishWhileTheSizeChangesAlsoWhenTheyDoNotFit) {
    const LiveRows rows{{"> ", "status"}, 0, 2};
    for (const ScreenSize before : {ScreenSize{80, 24}, ScreenSize{20, 12}}) {
        SCOPED_TRACE(before.columns);
        LiveArea area;
        (void)area.update("old 1\nold 2\nold 3\nold 4\n", rows, before);
        const std::string bytes =
            area.update_resized("new 1\nnew 2\nnew 3\nnew 4\nnew 5\n", rows, {20, 5});
        std::size_t at = 0;
        for (const char* line : {"new 1", "new 2", "new 3", "new 4", "new 5"}) {
            at = bytes.find(line, at);
            ASSERT_NE(at, std::string::npos) << line;
        }
    }
}

/// Of a screen that has become lower, tmux has removed the rows below the cursor.
TEST(LiveArea, GoesDownInAWayThatMakesTheRowsThatAScreenHasLost) {
    LiveArea area;
    (void)area.update("finished\n", {{"tail 1", "> ", "status 1"}, 1, 2}, {80, 24});
    const std::string bytes = area.update({}, {{"tail 2", "> ", "status 2"}, 1, 2}, {80, 24});
    EXPECT_EQ(bytes,
              "\x1b[?2026h\x1b[?7l\x1b[1A\r\x1b[Ktail 2\n\n\r\x1b[Kstatus 2\x1b[1A\x1b[?7h"
              "\r\x1b[2C\x1b[?2026l");
}

TEST(LiveArea, WritesLinesAgainOnlyForATerminalThatMayHaveCutThem) {
    const LiveRows rows{{"> ", "status"}, 0, 2};
    for (const bool known : {false, true}) {
        SCOPED_TRACE(known);
        LiveArea area;
        if (known) area.terminal_rewraps();
        (void)area.update("a line of 24 characters.\n", rows, {80, 24});
        const std::string bytes = area.update_resized({}, rows, {20, 5});
        EXPECT_EQ(bytes.find("a line of") == std::string::npos, known);
    }
}

}  // namespace
}  // namespace tenon::terminal
