#include <gtest/gtest.h>

#include "tests/sitting/person.h"

/// What a person sees of requests that fail: the wait for the next attempt, and what to do.
namespace tenon::testing {
namespace {

constexpr Pty::Size kFailureSizes[] = {{20, 5}, {40, 12}, {80, 24}, {200, 50}};

Json refuses(int status, const char* wait_s = "0") {
    return {{"status", status}, {"headers", {{"retry-after", wait_s}}}};
}

std::string squeezed(const std::string& text) {
    std::string out;
    for (const char c : text)
        if (c != '\n' && c != ' ') out += c;
    return out;
}

/// Without blanks and line ends, since narrow screens break lines anywhere.
bool sees_text(Person& person, const std::string& words) {
    return person.terminal().wait_until(
        [&] { return squeezed(person.shown()).find(squeezed(words)) != std::string::npos; });
}

TEST(FailedRequests, TheWaitForTheNextAttemptIsOneLineThatIsReplaced) {
    for (const Pty::Size size : kFailureSizes) {
        SCOPED_TRACE(size.columns);
        Person person({refuses(529), refuses(529), refuses(529, "2"), says("Answered.")},
                      {.size = size});
        person.enters("go");
        const auto counts_down = [&] {
            const std::string screen = person.terminal().screen();
            return screen.find("↻ overloaded (529)") != std::string::npos &&
                   squeezed(screen).find("4of10in2s") != std::string::npos &&
                   screen.find("2 s") != std::string::npos;
        };
        ASSERT_TRUE(person.terminal().wait_until(counts_down)) << person.shown();
        ASSERT_TRUE(person.sees("Answered.") && person.turn_is_over()) << person.shown();
        EXPECT_TRUE(sees_text(person, "overloaded (529); attempt 4 of 10 was answered"))
            << person.shown();
        const std::string shown = person.shown();
        EXPECT_EQ(shown.find("↻"), shown.rfind("↻")) << shown;
    }
}

TEST(FailedRequests, ADumbTerminalHasALineForEachAttempt) {
    Person person({refuses(529), refuses(503), says("Answered.")},
                  {.environment = {{"TERM", "dumb"}}});
    person.enters("go");
    EXPECT_TRUE(person.sees("Answered.")) << person.shown();
    EXPECT_TRUE(person.sees("↻ overloaded (529); attempt 2 of 10")) << person.shown();
    EXPECT_TRUE(person.sees("↻ error of the server (503); attempt 3 of 10")) << person.shown();
    EXPECT_EQ(person.terminal().raw().find('\x1b'), std::string::npos);
}

TEST(FailedRequests, SayWhereTheKeyCameFrom) {
    for (const Pty::Size size : kFailureSizes) {
        SCOPED_TRACE(size.columns);
        Person person({refuses(401)}, {.size = size});
        person.enters("go");
        EXPECT_TRUE(sees_text(person, "Error: ")) << person.shown();
        EXPECT_TRUE(sees_text(person,
                              "the key (ANTHROPIC_API_KEY of the environment) was sent as "
                              "x-api-key"))
            << person.shown();
        EXPECT_TRUE(sees_text(person, "does not accept the key. Correct it")) << person.shown();
    }
}

TEST(FailedRequests, NameTheModelThatIsNotFoundAndTheWayBack) {
    for (const Pty::Size size : kFailureSizes) {
        SCOPED_TRACE(size.columns);
        Person person({refuses(404), says("Back.")}, {.size = size});
        person.enters("/model other");
        ASSERT_TRUE(sees_text(person, "the model is other.")) << person.shown();
        person.enters("go");
        EXPECT_TRUE(sees_text(person, "Does the server know the model other?")) << person.shown();
        EXPECT_TRUE(sees_text(person, "; /model test-model goes back.")) << person.shown();
        person.enters("/model test-model");
        person.enters("go on");
        EXPECT_TRUE(person.sees("Back.")) << person.shown();
    }
}

TEST(FailedRequests, SayThatNothingListensAtTheAddress) {
    for (const Pty::Size size : kFailureSizes) {
        SCOPED_TRACE(size.columns);
        Person person({}, {.arguments = {"-D", "model.retry.maxAttempts=1"},
                           .environment = {{"ANTHROPIC_BASE_URL", "http://127.0.0.1:1"}},
                           .size = size});
        person.enters("go");
        EXPECT_TRUE(sees_text(person, "Nothing listens at http://127.0.0.1:1: start the server"))
            << person.shown();
    }
}

TEST(FailedRequests, TheWaitNamesTheServerThatDoesNotAnswer) {
    for (const Pty::Size size : kFailureSizes) {
        SCOPED_TRACE(size.columns);
        Person person(
            {}, {.environment = {{"ANTHROPIC_BASE_URL", "http://127.0.0.1:1"}}, .size = size});
        person.enters("go");
        const auto counts_down = [&] {
            const std::string screen = person.terminal().screen();
            return screen.find(size.columns < 40
                                   ? "↻ Connection refuse…"
                                   : "↻ Connection refused (127.0.0.1:1);") != std::string::npos &&
                   squeezed(screen).find("of10in") != std::string::npos;
        };
        EXPECT_TRUE(person.terminal().wait_until(counts_down)) << person.shown();
    }
}

TEST(FailedRequests, ADumbTerminalNamesTheServerToo) {
    Person person(
        {}, {.environment = {{"ANTHROPIC_BASE_URL", "http://127.0.0.1:1"}, {"TERM", "dumb"}}});
    person.enters("go");
    EXPECT_TRUE(person.sees("↻ Connection refused (127.0.0.1:1); attempt 2 of 10 in "))
        << person.shown();
}

TEST(FailedRequests, AreRedAndPlainWithoutColour) {
    for (const bool colour : {true, false}) {
        SCOPED_TRACE(colour);
        Environment environment;
        if (!colour) environment["NO_COLOR"] = "1";
        Person person({refuses(400)}, {.environment = environment});
        person.enters("go");
        ASSERT_TRUE(sees_text(person, "begin anew with /clear")) << person.shown();
        EXPECT_EQ(person.terminal().raw().find("\x1b[31mError: ") != std::string::npos, colour);
    }
}

}  // namespace
}  // namespace tenon::testing
