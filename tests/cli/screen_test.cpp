#include "host/cli/screen.h"

#include <pty.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"

namespace tenon::cli {
namespace {

/// A terminal of 60 columns and 12 rows.
class TestTerminal {
public:
    TestTerminal() {
        winsize size{};
        size.ws_col = 60;
        size.ws_row = 12;
        int fds[2] = {-1, -1};
        EXPECT_EQ(::openpty(&fds[0], &fds[1], nullptr, nullptr, &size), 0);
        master_.reset(fds[0]);
        slave_.reset(fds[1]);
    }
    [[nodiscard]] int fd() const { return slave_.get(); }

private:
    UniqueFd master_, slave_;
};

TEST(Screen, OfNoTerminalIsEightyColumnsWithoutEscapes) {
    for (const int fd : {-1, 1000}) {
        const Screen screen = screen_of(fd, {{"TERM", "xterm"}});
        EXPECT_FALSE(screen.terminal || screen.escapes || screen.colour);
        EXPECT_EQ(screen.columns, 80U);
    }
}

TEST(Screen, IsAsLargeAsTheTerminalUnlessTheEnvironmentSaysOtherwise) {
    const TestTerminal terminal;
    const Screen screen = screen_of(terminal.fd(), {{"TERM", "xterm"}});
    EXPECT_EQ(screen.columns, 60U);
    EXPECT_EQ(screen.rows, 12U);
    EXPECT_EQ(screen_of(terminal.fd(), {{"COLUMNS", "100"}}).columns, 100U);
    EXPECT_EQ(screen_of(terminal.fd(), {{"COLUMNS", "wide"}}).columns, 60U);
    EXPECT_EQ(screen_of(-1, {{"COLUMNS", "40"}}).columns, 40U);
    EXPECT_GE(screen_of(-1, {{"COLUMNS", "1"}}).columns, 10U);
}

TEST(Screen, HasColoursUnlessNoColorOrTermForbidsThem) {
    const TestTerminal terminal;
    const auto screen = [&](const config::Environment& environment) {
        return screen_of(terminal.fd(), environment);
    };
    EXPECT_TRUE(screen({{"TERM", "xterm"}}).colour);
    EXPECT_TRUE(screen({{"TERM", "xterm"}, {"NO_COLOR", ""}}).colour);
    EXPECT_FALSE(screen({{"TERM", "xterm"}, {"NO_COLOR", "1"}}).colour);
    EXPECT_TRUE(screen({{"TERM", "xterm"}, {"NO_COLOR", "1"}}).escapes);
    EXPECT_FALSE(screen({{"TERM", "dumb"}}).escapes);
    EXPECT_FALSE(screen({}).colour);
}

}  // namespace
}  // namespace tenon::cli
