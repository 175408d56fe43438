#include <filesystem>

#include <gtest/gtest.h>

#include "tests/sitting/person.h"

/// A plugin inside the host that hangs, prints or crashes while a person sits at the terminal.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kFaultsBelongToASanitizer = true;
#else
constexpr bool kFaultsBelongToASanitizer = false;
#endif

PersonOptions with_unruly() {
    // The folder is a copy, since the host refuses one that others may write to.
    static const TempDir folder;
    static const fs::path copied = [] {
        const fs::path to = folder / "plugins/unruly.so";
        fs::create_directories(to.parent_path());
        fs::copy_file(fs::path(TENON_FIXTURES) / "unruly.so", to);
        return to.parent_path();
    }();
    return {.arguments = {"--yes", "--plugin-dir", copied.string(), "-D",
                          "plugins.unruly.isolated=false"},
            .size = {200, 24}};  // no message is wrapped
}

void wait_until_it_hangs(const Person& person) {
    while (!fs::exists(person.sandbox.workspace() / "hanging"))
        std::this_thread::yield();
}

/// Presses Ctrl-C again and again until the program says what hangs.
bool is_named(Person& person, const std::string& what) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
        person.types("\x03");
        const bool named = person.terminal().wait_until(
            [&] { return person.shown().find("has not stopped within") != std::string::npos; },
            std::chrono::seconds(1));
        if (named) return person.shown().find(what) != std::string::npos;
    }
    return false;
}

TEST(UnrulyPlugin, ThatHangsInATurnIsNamedWhenCtrlCEndsTheProgram) {
    Person person({calls("a", "hang", Json::object())}, with_unruly());
    const termios before = person.terminal().modes();
    EXPECT_EQ(before.c_lflag & ECHO, 0U);
    person.enters("go");
    wait_until_it_hangs(person);
    EXPECT_TRUE(is_named(person, "the plugin unruly, tool hang")) << person.shown();
    const termios after = person.terminal().modes();
    EXPECT_NE(after.c_lflag & ECHO, 0U);
    EXPECT_EQ(person.leaves(), 130);
}

TEST(UnrulyPlugin, ThatHangsAfterSigtermIsEndedByCtrlC) {
    Person person({calls("a", "hang", Json::object())}, with_unruly());
    person.enters("go");
    wait_until_it_hangs(person);
    person.terminal().send_signal(SIGTERM);
    EXPECT_TRUE(is_named(person, "the plugin unruly, tool hang")) << person.shown();
    EXPECT_EQ(person.leaves(), 130);
}

TEST(UnrulyPlugin, ThatHangsWhenTheSessionClosesIsEndedByCtrlC) {
    PersonOptions options = with_unruly();
    options.arguments.insert(options.arguments.end(), {"-D", "plugins.unruly.hangs_in=destroy"});
    Person person({}, options);
    person.enters("/exit");
    wait_until_it_hangs(person);
    EXPECT_TRUE(is_named(person, "the plugin unruly, its function destroy")) << person.shown();
    EXPECT_EQ(person.leaves(), 130);
}

TEST(UnrulyPlugin, ThatPrintsIsShownAsLinesOfTheLog) {
    Person person({calls("a", "print", Json::object()), says("All printed.")}, with_unruly());
    person.enters("go");
    EXPECT_TRUE(person.sees("All printed.")) << person.shown();
    for (const char* text : {"by printf", "by cout", "by write 2", "by a child", "no line end"}) {
        EXPECT_TRUE(person.sees("warning: plugin unruly: printed: " + std::string(text)))
            << person.shown();
    }
    person.enters("/exit");
    EXPECT_EQ(person.leaves(), 0);
    EXPECT_EQ(person.terminal().raw().find("by stderr \x1b"), std::string::npos);
}

TEST(UnrulyPlugin, ThatCrashesIsNamedOnATerminalWithItsOldModes) {
    if (kFaultsBelongToASanitizer) GTEST_SKIP() << "the sanitizer handles these signals itself";
    Person person({calls("a", "crash", Json::object())}, with_unruly());
    person.enters("go");
    EXPECT_TRUE(person.sees("SIGSEGV in the plugin unruly, tool crash")) << person.shown();
    EXPECT_NE(person.terminal().modes().c_lflag & ECHO, 0U);
    EXPECT_EQ(person.terminal().wait().signal, SIGSEGV);
}

TEST(UnrulyPlugin, ThatCallsExitIsNamedOnATerminalWithItsOldModes) {
    Person person({calls("a", "exit", Json::object())}, with_unruly());
    person.enters("go");
    EXPECT_TRUE(person.sees("exit(0) was called in the plugin unruly, tool exit"))
        << person.shown();
    EXPECT_NE(person.terminal().modes().c_lflag & ECHO, 0U);
    EXPECT_EQ(person.leaves(), 1);
}

}  // namespace
}  // namespace tenon::testing
