#pragma once

#include <fcntl.h>
#include <poll.h>

#include <gtest/gtest.h>

#include "tests/support/pty.h"
#include "tests/support/temp_dir.h"

namespace tenon::testing {

/// Tests with terminal_child in a pseudo-terminal.
struct ATerminal : ::testing::Test {
    std::unique_ptr<Pty> start(Pty::Size size = {80, 24}, const std::string& workspace = "work") {
        auto pty = std::make_unique<Pty>(
            std::vector<std::string>{TERMINAL_CHILD, (folder / "history").string(),
                                     (folder / workspace).string()},
            environment, folder.path(), size);
        EXPECT_TRUE(pty->wait_for("ready")) << pty->everything();
        return pty;
    }
    /// Types `keys` and waits for the output `brings`.
    static void type(Pty& pty, std::string_view keys, std::string_view brings) {
        pty.send(keys);
        EXPECT_TRUE(pty.wait_for(brings)) << "after " << keys << ":\n" << pty.screen();
    }
    /// Lets terminal_child do a line that waits for the pipe `fifo`, and waits until that is done.
    void let_go(const std::string& fifo) const {
        const UniqueFd fd(::open((folder / fifo).c_str(), O_WRONLY | O_CLOEXEC));
        pollfd closed{fd.get(), 0, 0};
        EXPECT_EQ(::poll(&closed, 1, static_cast<int>(kPatience.count())), 1);
    }
    static bool has_screen(Pty& pty, const std::string& screen) {
        return pty.wait_until([&] { return pty.screen() == screen; }, kPatience);
    }

    TempDir folder;
    Environment environment = {{"PATH", "/usr/bin:/bin"},
                               {"TERM", "xterm-256color"},
                               {"NO_COLOR", "1"},
                               {"HOME", folder.path().string()}};
};

}  // namespace tenon::testing
