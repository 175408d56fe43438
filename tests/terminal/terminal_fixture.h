#pragma once

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
