#include "tests/sitting/person.h"

/// What is not finished, between the answer and the prompt: queued prompts, todos, subagents, jobs.
namespace tenon::testing {
namespace {

constexpr const char* kUpKey = "\x1b[A";
constexpr const char* kEscapeKeyAlone = "\x1b";
constexpr const char* kInterruptKey = "\x03";
constexpr Pty::Size kWaitingSizes[] = {{20, 5}, {40, 24}, {80, 24}, {200, 24}};

PersonOptions at(Pty::Size size, std::vector<std::string> more = {}) {
    PersonOptions options;
    options.arguments = {"--yes"};
    options.arguments.insert(options.arguments.end(), more.begin(), more.end());
    options.size = size;
    return options;
}

Json runs_gate(const std::string& id = "t1") {
    return calls(id, "bash", {{"command", "cat gate"}});
}

Json todo(const std::string& id, const Json& statuses) {
    Json items = Json::array();
    for (const Json& status : statuses)
        items.push_back({{"id", std::to_string(items.size())},
                         {"text", "item" + std::to_string(items.size())},
                         {"status", status}});
    return calls(id, "todo", {{"items", items}});
}

/// The texts of the last message of a request, after its tool results.
std::vector<std::string> last_texts(const Received& request) {
    std::vector<std::string> texts;
    const Json body = request.json();
    for (const Json& block : body["messages"].back()["content"]) {
        if (block["type"] == "text") texts.push_back(block["text"]);
    }
    return texts;
}

std::size_t times(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

/// Waits until no row of the screen has the text.
bool is_gone(Person& person, const std::string& text) {
    return person.terminal().wait_until(
        [&] { return person.terminal().screen().find(text) == std::string::npos; });
}

TEST(WaitingPrompt, IsDeliveredWithTheNextResultsAndThenPartOfTheHistory) {
    for (const Pty::Size size : kWaitingSizes) {
        SCOPED_TRACE(size.columns);
        Person person({runs_gate(), expecting(says("Seen."), "and then")}, at(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.enters("and then");
        EXPECT_TRUE(person.terminal().wait_for("Queued: and then")) << person.shown();
        EXPECT_EQ(person.shown().find("> and then"), std::string::npos) << person.shown();
        gate.open("OUT");
        EXPECT_TRUE(person.sees("Seen.")) << person.shown();
        EXPECT_TRUE(is_gone(person, "Queued")) << person.shown();
        EXPECT_EQ(times(person.shown(), "> and then"), 1U) << person.shown();
        EXPECT_EQ(person.terminal().scrollback().find("Queued"), std::string::npos);
        ASSERT_EQ(person.server().requests().size(), 2U);
        EXPECT_EQ(last_texts(person.server().requests().back()),
                  std::vector<std::string>{"and then"});
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(WaitingPrompt, IsSentAfterTheTurnWhenTheConfigurationSaysSo) {
    Person person({runs_gate(), says("First."), expecting(says("Second."), "and then")},
                  at({80, 24}, {"-D", "agent.queue=turn"}));
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("and then");
    EXPECT_TRUE(person.terminal().wait_for("Queued: and then")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("Second.")) << person.shown();
    EXPECT_LT(person.shown().find("First."), person.shown().find("> and then"));
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(WaitingPrompt, OfATurnWithoutFurtherResultsBeginsTheNextTurn) {
    Json slow = says("First.");
    slow["delay_ms"] = 300;
    Person person({slow, expecting(says("Second."), "and then")}, at({80, 24}));
    person.enters("go");
    EXPECT_TRUE(person.terminal().wait_for("working")) << person.shown();
    person.enters("and then");
    EXPECT_TRUE(person.sees("Second.")) << person.shown();
    EXPECT_LT(person.shown().find("First."), person.shown().find("> and then")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(WaitingPrompt, MayNameASkillWhoseTextIsDelivered) {
    PersonOptions options = at({80, 24});
    options.files = {
        {"skills/pdf/SKILL.md", "---\nname: pdf\ndescription: About PDF.\n---\nUse pdftotext.\n"}};
    Person person({runs_gate(), says("Seen.")}, options);
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("/pdf a.pdf");
    EXPECT_TRUE(person.terminal().wait_for("Queued: /pdf a.pdf")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("Seen.")) << person.shown();
    EXPECT_EQ(times(person.shown(), "> /pdf a.pdf"), 1U) << person.shown();
    EXPECT_EQ(person.shown().find("Use pdftotext."), std::string::npos) << person.shown();
    const auto texts = last_texts(person.server().requests().back());
    ASSERT_EQ(texts.size(), 1U);
    EXPECT_NE(texts[0].find("Use pdftotext."), std::string::npos) << texts[0];
}

TEST(WaitingPrompt, BehindACommandWaitsForIt) {
    Person person({runs_gate(), says("First."), expecting(says("Second."), "anew")}, at({80, 24}));
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("/clear");
    person.enters("anew");
    EXPECT_TRUE(person.terminal().wait_for("Queued: anew")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("Second.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().body.find("cat gate"), std::string::npos);
}

TEST(WaitingPrompt, CanBeACommandWhichIsPrintedOnceWhenItBegins) {
    Person person({runs_gate(), says("First."), says("SUMMARY")}, at({80, 24}));
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("/compact the plan");
    EXPECT_TRUE(person.terminal().wait_for("Queued: /compact the plan")) << person.shown();
    EXPECT_EQ(times(person.shown(), "> /compact"), 0U) << person.shown();
    person.types(kUpKey);
    EXPECT_TRUE(person.terminal().wait_for("> /compact the plan")) << person.shown();
    person.types("s\r");
    gate.open();
    EXPECT_TRUE(person.sees("tokens became") && person.turn_is_over()) << person.shown();
    EXPECT_EQ(times(person.shown(), "> /compact"), 1U) << person.shown();
    EXPECT_LT(person.shown().find("First."), person.shown().find("> /compact the plans\n"));
}

TEST(WaitingPrompt, ComesBackIntoTheLineToBeEdited) {
    for (const std::string key : {kUpKey, kEscapeKeyAlone}) {
        for (const Pty::Size size : kWaitingSizes) {
            SCOPED_TRACE((key == kUpKey ? "Up " : "Esc ") + std::to_string(size.columns));
            Person person({runs_gate(), expecting(says("Seen."), "later on")}, at(size));
            Gate gate(person.sandbox.workspace());
            person.enters("go");
            gate.wait();
            person.enters("now");
            EXPECT_TRUE(person.terminal().wait_for("Queued: now")) << person.shown();
            person.enters("later");
            EXPECT_TRUE(person.terminal().wait_for("Queued: later")) << person.shown();
            person.types(key);
            EXPECT_TRUE(person.terminal().wait_for("> later")) << person.shown();
            EXPECT_TRUE(is_gone(person, "Queued: later")) << person.shown();
            person.enters(" on");
            EXPECT_TRUE(person.terminal().wait_for("Queued: later on")) << person.shown();
            gate.open();
            EXPECT_TRUE(person.sees("Seen.")) << person.shown();
            EXPECT_EQ(last_texts(person.server().requests().back()),
                      (std::vector<std::string>{"now", "later on"}));
        }
    }
}

TEST(WaitingPrompt, IsTakenBackWithThoseBeforeItByUpAgain) {
    Person person({runs_gate(), expecting(says("Seen."), "one")}, at({80, 24}));
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    for (const char* prompt : {"one", "two", "three"})
        person.enters(prompt);
    EXPECT_TRUE(person.terminal().wait_for("Queued: three")) << person.shown();
    person.types(std::string(kUpKey) + kUpKey + kUpKey);
    EXPECT_TRUE(is_gone(person, "Queued: ")) << person.shown();
    person.enters("!");
    gate.open();
    EXPECT_TRUE(person.sees("Seen.")) << person.shown();
    EXPECT_EQ(last_texts(person.server().requests().back()),
              std::vector<std::string>{"one\ntwo\nthree!"});
}

TEST(WaitingPrompt, ComesBackWithItsPastesAtCtrlCBeforeWhatIsTyped) {
    for (const Pty::Size size : kWaitingSizes) {
        SCOPED_TRACE(size.columns);
        Person person({runs_gate(), expecting(says("Fresh."), "line 30")}, at(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        std::string paste;
        for (int i = 1; i <= 30; ++i)
            paste += "line " + std::to_string(i) + "\n";
        person.enters("one");
        person.types("\x1b[200~" + paste + "\x1b[201~");
        person.enters("");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            return times(person.terminal().screen(), "Queued: ") == 2;
        })) << person.shown();
        EXPECT_EQ(person.shown().find("line 30"), std::string::npos);
        person.types("typed");
        EXPECT_TRUE(person.terminal().wait_for("> typed")) << person.shown();
        person.types(kInterruptKey);
        EXPECT_TRUE(person.sees("interrupted")) << person.shown();
        EXPECT_TRUE(is_gone(person, "Queued: ")) << person.shown();
        EXPECT_TRUE(person.terminal().wait_for("typed")) << person.shown();
        EXPECT_EQ(person.shown().find("line 30"), std::string::npos) << person.shown();
        person.enters("");
        EXPECT_TRUE(person.sees("Fresh.")) << person.shown();
        EXPECT_EQ(last_texts(person.server().requests().back()),
                  std::vector<std::string>{"one\n" + paste + "\ntyped"});
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(WaitingPrompt, IsPrintedOnADumbTerminalAndNeverLost) {
    PersonOptions options = at({80, 24});
    options.environment = {{"TERM", "dumb"}};
    Person person({runs_gate(), runs_gate("t2"), says("Unused.")}, options);
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("and then");
    EXPECT_TRUE(person.sees("Queued: and then")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("> and then")) << person.shown();
    EXPECT_EQ(person.shown().find("> go\n> go"), std::string::npos) << person.shown();
    gate.wait();
    person.enters("last words");
    EXPECT_TRUE(person.sees("Queued: last words")) << person.shown();
    person.types(kInterruptKey);
    EXPECT_TRUE(person.sees("Not sent: last words")) << person.shown();
    EXPECT_EQ(person.terminal().raw().find('\x1b'), std::string::npos);
}

TEST(WaitingArea, HasTheTodosUntilAllAreCompleted) {
    for (const Pty::Size size : kWaitingSizes) {
        SCOPED_TRACE(size.columns);
        Person person({todo("t1", {"completed", "in_progress", "pending"}), runs_gate("t2"),
                       todo("t3", {"completed", "completed", "completed"}), says("Over.")},
                      at(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        EXPECT_TRUE(person.terminal().wait_for("[>] item1")) << person.shown();
        EXPECT_EQ(times(person.shown(), "item1"), 1U) << person.shown();
        EXPECT_EQ(times(person.shown(), "● todo"), 0U) << person.shown();
        gate.open();
        EXPECT_TRUE(person.sees("Over.")) << person.shown();
        EXPECT_TRUE(person.sees("[x] item2")) << person.shown();
        EXPECT_TRUE(is_gone(person, "[>]")) << person.shown();
        EXPECT_EQ(times(person.shown(), "item1"), 1U) << person.shown();
        EXPECT_EQ(person.terminal().scrollback().find("[>]"), std::string::npos);
    }
}

TEST(WaitingArea, IsMissingOnADumbTerminalSoEachListOfTodosIsPrinted) {
    Person person({todo("t1", {"in_progress", "pending"}), says("Listed.")},
                  {.arguments = {"--yes"}, .environment = {{"TERM", "dumb"}}});
    person.enters("go");
    EXPECT_TRUE(person.sees("Listed.")) << person.shown();
    EXPECT_TRUE(person.sees("● todo\n  [>] item0\n  [ ] item1\n")) << person.shown();
}

TEST(WaitingArea, HasTheOpenTodosAgainAfterTheSessionIsResumedAndNotAfterItIsCleared) {
    Person person({todo("t1", {"in_progress", "pending"}), says("Listed.")},
                  at({80, 24}, {"--session", "s1"}));
    person.enters("go");
    EXPECT_TRUE(person.sees("Listed.") && person.turn_is_over()) << person.shown();
    person.enters("/exit");
    EXPECT_EQ(person.leaves(), 0);
    person.sit_down(at({80, 24}, {"--session", "s1"}));
    EXPECT_TRUE(person.terminal().wait_for("[>] item0")) << person.shown();
    person.enters("/clear");
    // The recorded turns, which are indented, stay.
    EXPECT_TRUE(person.terminal().wait_until([&] {
        const auto lines = person.terminal().lines();
        return std::find(lines.begin(), lines.end(), "[>] item0") == lines.end();
    })) << person.shown();
}

TEST(WaitingArea, HasRunningSubagents) {
    for (const Pty::Size size : kWaitingSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "agent", {{"prompt", "look"}, {"description", "Find x"}}),
                       runs_gate("t2"), says("Found."), says("Over.")},
                      at(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        EXPECT_TRUE(person.terminal().wait_for("○ Find x (")) << person.shown();
        if (size.columns >= 40)
            EXPECT_TRUE(person.terminal().wait_for(" tokens)")) << person.shown();
        gate.open();
        EXPECT_TRUE(person.sees("Over.")) << person.shown();
        EXPECT_TRUE(is_gone(person, "○")) << person.shown();
    }
}

TEST(WaitingArea, HasRunningJobsAndSaysWhenIdleSinceWhen) {
    for (const Pty::Size size : kWaitingSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "background_run", {{"command", "cat gate"}, {"name", "web"}}),
                       says("Started."), says("Heard.")},
                      at(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        EXPECT_TRUE(person.sees("Started.")) << person.shown();
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const std::string screen = person.terminal().screen();
            return screen.find("(since ") != std::string::npos &&
                   screen.find("○ job ") != std::string::npos;
        })) << person.shown();
        gate.open();
        EXPECT_TRUE(person.sees("Heard.")) << person.shown();
        EXPECT_TRUE(is_gone(person, "(since ")) << person.shown();
    }
}

}  // namespace
}  // namespace tenon::testing
