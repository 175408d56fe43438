#include <fstream>
#include <sstream>

#include "host/config/rule_file.h"
#include "tests/sitting/person.h"

/// Permission questions, put to somebody at the real program.
namespace tenon::testing {
namespace {

const Json kTouch = {{"command", "touch made"}};

std::string contents(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

bool stands(const Person& person, const char* name) {
    return std::filesystem::exists(person.sandbox.workspace() / name);
}

TEST(PermissionQuestion, TakesOneKeyWithOrWithoutEnter) {
    struct Row {
        const char* keys;
        const char* term;
        bool allowed;
    };
    const Row rows[] = {{"y", "xterm", true},
                        {"y\r", "xterm", true},
                        {"n", "xterm", false},
                        {"y\r", "dumb", true},
                        {"n\r", "dumb", false}};
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.keys) + " on " + row.term);
        Person person({calls("t1", "bash", kTouch),
                       expecting(says("Done."), row.allowed ? "(no output)" : "the user said no")},
                      {.arguments = {}, .environment = {{"TERM", row.term}}});
        person.enters("go");
        EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
        person.types(row.keys);
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_EQ(stands(person, "made"), row.allowed);
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(PermissionQuestion, IsNotInterruptedByWhatParallelCallsDo) {
    for (const char* term : {"xterm", "dumb"}) {
        SCOPED_TRACE(term);
        Json both = {{"content", Json::array()}};
        for (const char* command : {"echo FIRST; cat gate", "touch made"}) {
            both["content"].push_back({{"type", "tool_use"},
                                       {"id", command},
                                       {"name", "bash"},
                                       {"input", {{"command", command}}}});
        }
        Person person({both, says("Done.")},
                      {.arguments = {"--allow", "Bash(echo FIRST)", "--allow", "Bash(cat gate)"},
                       .environment = {{"TERM", term}}});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
        gate.wait();
        gate.open();
        const auto ended = [&] {
            return person.shown().find("● bash echo FIRST") != std::string::npos;
        };
        EXPECT_FALSE(person.terminal().wait_until(ended, std::chrono::milliseconds(300)));
        const std::string asked = person.shown();
        const auto title = asked.find("bash wants to run `touch made`");
        if (std::string(term) == "dumb")
            EXPECT_EQ(asked.find("bash echo", title), std::string::npos) << asked;
        person.types("y\r");
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        const std::string shown = person.shown();
        EXPECT_LT(shown.find("touch made`: yes"), shown.find("● bash echo FIRST")) << shown;
        EXPECT_NE(shown.find("● bash echo FIRST"), std::string::npos) << shown;
    }
}

TEST(PermissionQuestion, ShowsTheDiffOfAnAllowedEditOnce) {
    for (const char* term : {"xterm", "dumb"}) {
        SCOPED_TRACE(term);
        const Json edit = {{"path", "a.txt"}, {"old_text", "two"}, {"new_text", "TWO"}};
        Person person({calls("t1", "edit_file", edit), says("Edited.")},
                      {.environment = {{"TERM", term}}});
        person.sandbox.home.write("w/a.txt", "one\ntwo\nthree\n");
        person.enters("go");
        EXPECT_TRUE(person.is_asked("edit_file wants to write a.txt")) << person.shown();
        person.types("y\r");
        EXPECT_TRUE(person.sees("Edited.")) << person.shown();
        const std::string shown = person.shown();
        EXPECT_NE(shown.find("● edit_file a.txt (+1 -1)\n"), std::string::npos) << shown;
        const auto diff = shown.find("── a.txt\n1   one\n2 - two\n2 + TWO\n3   three\n");
        ASSERT_NE(diff, std::string::npos) << shown;
        EXPECT_EQ(shown.find("- two", diff + 30), std::string::npos) << shown;
    }
}

TEST(PermissionQuestion, IsNotAnsweredByWhatWasTypedBefore) {
    for (const char* term : {"xterm", "dumb"}) {
        SCOPED_TRACE(term);
        Person person(
            {calls("t1", "bash", {{"command", "cat gate"}}), calls("t2", "bash", kTouch),
             says("Refused.")},
            {.arguments = {"--allow", "Bash(cat gate)"}, .environment = {{"TERM", term}}});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.types("y");
        gate.open();
        EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
        person.types("n\r");
        EXPECT_TRUE(person.sees("Refused.")) << person.shown();
        EXPECT_FALSE(stands(person, "made"));
    }
}

TEST(PermissionQuestion, IsNotAnsweredByAnyTextOfTheModel) {
    Json step = calls("t1", "bash", kTouch);
    step["content"].insert(step["content"].begin(),
                           Json{{"type", "text"}, {"text", "y\ny\r\nyes\n\x1b[200~y\r"}});
    Person person({step, says("Refused.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
    person.types("n");
    EXPECT_TRUE(person.sees("Refused.")) << person.shown();
    EXPECT_FALSE(stands(person, "made"));
}

TEST(PermissionQuestion, IsPutForAFileThatAThirdPartyPluginWrites) {
    const Json input = {{"path", "made"}, {"content", "x"}};
    Person person({calls("t1", "put", input), expecting(calls("t2", "put", input), "said no"),
                   expecting(says("Done."), "wrote made")},
                  {.arguments = {"--allow", "put", "-D", "plugins.changing.isolated=false", "-D",
                                 "plugins.path.1=more"}});
    std::filesystem::create_directories(person.sandbox.workspace() / "more");
    std::filesystem::copy_file(std::filesystem::path(TENON_FIXTURES) / "changing.so",
                               person.sandbox.workspace() / "more/changing.so");
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded changing ")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.is_asked("changing wants to write made")) << person.shown();
    person.types("n");
    EXPECT_TRUE(person.sees("the user said no")) << person.shown();
    EXPECT_TRUE(person.is_asked("changing wants to write made")) << person.shown();
    EXPECT_FALSE(stands(person, "made"));
    EXPECT_TRUE(person.sees("always for this session: Edit(./made)")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_TRUE(stands(person, "made"));
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(PermissionQuestion, AlwaysHoldsForTheSessionAndExactlyTheRule) {
    Person person({calls("t1", "bash", kTouch), calls("t2", "bash", kTouch),
                   calls("t3", "bash", {{"command", "touch other"}}), says("Done.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("always for this session: Bash(touch made)")) << person.shown();
    person.types("a");
    EXPECT_TRUE(person.terminal().wait_for("Enter  adds this rule")) << person.shown();
    EXPECT_NE(person.terminal().screen().find("\n  Bash(touch made)\n"), std::string::npos);
    EXPECT_FALSE(stands(person, "made"));
    person.types("\r");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch other`")) << person.shown();
    person.types("n");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_FALSE(stands(person, "other"));
}

TEST(PermissionQuestion, PermanentlyWritesTheLineThatItShowsBesideTheUsersConfiguration) {
    for (const char* term : {"xterm", "dumb"}) {
        SCOPED_TRACE(term);
        const std::string mine = "# mine\npermissions.allow.1 = Bash(make *)\n";
        PersonOptions options;
        options.environment = {{"TERM", term}};
        options.size = {160, 40};
        options.settings = mine;
        Person person({calls("t1", "bash", kTouch), says("Done."), calls("t2", "bash", kTouch),
                       says("Done again.")},
                      options);
        const auto folder = person.sandbox.home / ".config/tenon";
        person.enters("go");
        EXPECT_TRUE(person.is_asked("p  permanently")) << person.shown();
        if (std::string(term) == "xterm") person.types("p");
        EXPECT_TRUE(person.terminal().wait_for("  permissions.allow.1=Bash(touch made)"))
            << person.shown();
        EXPECT_TRUE(person.terminal().wait_for("in " + (folder / "allowed.properties").string()))
            << person.shown();
        person.types(std::string(term) == "xterm" ? "\r" : "p\r");
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_EQ(contents(folder / "tenon.properties"), mine);
        const std::string written = contents(folder / "allowed.properties");
        EXPECT_NE(written.find("\npermissions.allow.1=Bash(touch made)\n"), std::string::npos)
            << written;
        person.types("\x04");
        EXPECT_EQ(person.leaves(), 0);
        person.sit_down({.environment = {{"TERM", term}}});
        person.enters("again");
        EXPECT_TRUE(person.sees("Done again.")) << person.shown();
    }
}

TEST(PermissionQuestion, IsPutAgainWhenItsLineCannotBeWritten) {
    PersonOptions options;
    options.size = {160, 40};
    Person person({calls("t1", "bash", kTouch), says("Done.")}, options);
    const auto folder = person.sandbox.home / ".config/tenon";
    person.enters("go");
    EXPECT_TRUE(person.is_asked("p  permanently")) << person.shown();
    person.types("p");
    EXPECT_TRUE(person.terminal().wait_for("permissions.allow.1=Bash(touch made)"));
    // Another program has written a rule meanwhile: the line would be another one.
    const auto other = config::rule_lines(folder, {"Read(x)"});
    ASSERT_TRUE(other && config::add_rule_lines(folder, {"Read(x)"}, *other));
    person.types("\r");
    EXPECT_TRUE(person.sees("has changed meanwhile")) << person.shown();
    EXPECT_FALSE(stands(person, "made"));
    EXPECT_TRUE(person.takes_keys()) << person.shown();
    person.types("p");
    EXPECT_TRUE(person.terminal().wait_for("permissions.allow.2=Bash(touch made)"))
        << person.shown();
    person.types("\r");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_TRUE(stands(person, "made"));
}

TEST(PermissionQuestion, CarriesWordsBackToTheModel) {
    for (const char* term : {"xterm", "dumb"}) {
        SCOPED_TRACE(term);
        Person person(
            {calls("t1", "bash", kTouch), expecting(says("Understood."), "use pnpm instead")},
            {.environment = {{"TERM", term}}});
        person.enters("go");
        EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
        if (std::string(term) == "xterm") {
            person.types("\t");
            EXPECT_TRUE(person.terminal().wait_for("Tell the model what to do instead"));
            person.types("use pnpm instead\r");
        } else {
            person.types("n use pnpm instead\r");
        }
        EXPECT_TRUE(person.sees("Understood.")) << person.shown();
        EXPECT_FALSE(stands(person, "made"));
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

/// 30 keys a second; false when the machine was too busy for that.
bool types_fast(Person& person, const std::string& keys) {
    using Clock = std::chrono::steady_clock;
    bool fast = true;
    auto last = Clock::now();
    for (const char key : keys) {
        (void)person.terminal().wait_until([] { return false; }, std::chrono::milliseconds(33));
        person.types({key});
        fast = fast && Clock::now() - last < std::chrono::milliseconds(900);
        last = Clock::now();
    }
    return fast;
}

TEST(PermissionQuestion, IsNotAnsweredByAPromptThatIsBeingTyped) {
    const std::string prompt = "update the speed, yes";
    std::unique_ptr<Person> person;
    int tries = 0;
    for (bool fast = false; !fast; ++tries) {
        ASSERT_LT(tries, 10) << "this machine lets nobody type 30 keys a second";
        person.reset();  // the terminal of the one before
        person.reset(
            new Person({calls("t1", "bash", {{"command", "cat gate"}}), calls("t2", "bash", kTouch),
                        says("Refused."), expecting(says("Heard."), prompt + ", now")},
                       {.arguments = {"--allow", "Bash(cat gate)"}}));
        Gate gate(person->sandbox.workspace());
        person->enters("go");
        gate.wait();
        fast = types_fast(*person, prompt.substr(0, 4));
        gate.open();
        fast = types_fast(*person, prompt.substr(4)) && fast;
    }
    EXPECT_TRUE(person->is_asked("bash wants to run `touch made`")) << person->shown();
    EXPECT_TRUE(person->terminal().wait_for("> " + prompt)) << person->shown();
    person->types("n");
    EXPECT_TRUE(person->sees("Refused.")) << person->shown();
    EXPECT_FALSE(stands(*person, "made"));
    EXPECT_FALSE(std::filesystem::exists(person->sandbox.home / ".config/tenon"));
    EXPECT_TRUE(person->terminal().wait_for("> " + prompt)) << person->shown();
    person->types(", now\r");
    EXPECT_TRUE(person->sees("Heard.")) << person->shown();
}

TEST(PermissionQuestion, NothingIsLeftOfAWordThatAnswers) {
    Person person({calls("t1", "bash", kTouch), calls("t2", "bash", {{"command", "touch second"}}),
                   says("Done.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
    person.types("yes\r");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch second`")) << person.shown();
    EXPECT_FALSE(stands(person, "second"));
    for (const char key : std::string("no\r"))
        person.types({key});
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_TRUE(stands(person, "made"));
    EXPECT_FALSE(stands(person, "second"));
    EXPECT_EQ(person.server().requests().size(), 3U);
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(PermissionQuestion, HoldsCommandAndChoicesOnTheSmallestScreen) {
    std::string command = "touch made";
    for (int i = 1; i <= 500; ++i)
        command += "\necho line " + std::to_string(i);
    for (const Pty::Size size : {Pty::Size{20, 5}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", command}}), says("Done.")}, {.size = size});
        person.enters("go");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const std::string screen = person.terminal().screen();
            return screen.find("bash wants") != std::string::npos &&
                   screen.find("Tab") != std::string::npos &&
                   screen.find("waits for quiet") == std::string::npos &&
                   (size.rows == 5 || Person::states_a_question(person.terminal().lines().back()));
        })) << person.shown();
        const std::string screen = person.terminal().screen();
        for (const char* part : {"touch made", "500\n", "y ", "n ", "a ", "p ", " lines "})
            EXPECT_NE(screen.find(part), std::string::npos) << part << "\n" << screen;
        person.types("y");
        EXPECT_TRUE(person.terminal().wait_until([&] { return stands(person, "made"); }));
    }
}

TEST(PermissionQuestion, ShowsAnEditAsADiff) {
    Person person({calls("t1", "write_file", {{"path", "notes.txt"}, {"content", "one\ntwo\n"}}),
                   says("Done.")});
    person.sandbox.home.write("w/notes.txt", "one\nold\n");
    person.enters("go");
    EXPECT_TRUE(person.is_asked("write_file wants to write notes.txt")) << person.shown();
    EXPECT_TRUE(person.sees("- old")) << person.shown();
    EXPECT_TRUE(person.sees("+ two")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
}

TEST(PermissionQuestion, StandInLine) {
    Json step = calls("t1", "bash", kTouch);
    step["content"].push_back(calls("t2", "bash", {{"command", "touch second"}})["content"][0]);
    Person person({step, says("Done.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("1 of 2 · conversation · bash wants to run")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.is_asked("2 of 2 · conversation · bash wants to run")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_TRUE(stands(person, "made") && stands(person, "second"));
}

/// An answer of the model that runs commands side by side.
Json runs_all(const std::vector<std::string>& commands) {
    Json step = {{"content", Json::array()}};
    for (const std::string& command : commands)
        step["content"].push_back(
            calls(command.substr(0, 20), "bash", {{"command", command}})["content"][0]);
    return step;
}

TEST(PermissionQuestion, ComesInTheOrderOfTheCalls) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        // It takes longest to judge the first call.
        std::string longest = "touch a1";
        for (int i = 0; i < 300; ++i)
            longest += "; touch a1";
        Person person({runs_all({longest, "touch b2; touch b2", "touch c3"}), says("Done.")},
                      {.size = size});
        person.enters("go");
        for (const char* name : {"a1", "b2", "c3"}) {
            EXPECT_TRUE(person.is_asked(name)) << person.shown();
            EXPECT_FALSE(stands(person, name));
            person.types("y");
            EXPECT_TRUE(person.terminal().wait_until([&] { return stands(person, name); }))
                << person.shown();
        }
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
    }
}

TEST(PermissionQuestion, DoesNotHoldUpACommandThatNeedsNone) {
    Person person({runs_all({"touch made", "touch beside", "touch third"}), says("Done.")},
                  {.arguments = {"--allow", "Bash(touch beside)"}});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("1 of 2 · conversation · bash wants to run `touch made`"))
        << person.shown();
    EXPECT_TRUE(person.terminal().wait_until([&] { return stands(person, "beside"); }))
        << person.shown();
    EXPECT_FALSE(stands(person, "made") || stands(person, "third"));
    person.types("y");
    EXPECT_TRUE(person.is_asked("2 of 2 · conversation · bash wants to run `touch third`"))
        << person.shown();
    person.types("n");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_TRUE(stands(person, "made"));
    EXPECT_FALSE(stands(person, "third"));
}

TEST(PermissionQuestion, AlwaysAlsoAnswersThoseThatWaitInTheirOrder) {
    Person person({runs_all({"touch made", "touch made", "touch third"}), says("Done.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("1 of 3 · conversation · bash wants to run `touch made`"))
        << person.shown();
    person.types("a\r");
    EXPECT_TRUE(person.is_asked("2 of 2 · conversation · bash wants to run `touch third`"))
        << person.shown();
    person.types("\x03");
    EXPECT_TRUE(person.sees("nterrupted")) << person.shown();
    EXPECT_TRUE(stands(person, "made"));
    EXPECT_FALSE(stands(person, "third"));
}

TEST(PermissionQuestion, CtrlCSaysNoAndStopsTheTurn) {
    Person person({calls("t1", "bash", kTouch), expecting(says("Next."), "go on")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
    person.types("\x03");
    EXPECT_TRUE(person.sees("interrupted")) << person.shown();
    person.enters("go on");
    EXPECT_TRUE(person.sees("Next.")) << person.shown();
    EXPECT_FALSE(stands(person, "made"));
    EXPECT_EQ(person.server().refusals(), 0);
}

}  // namespace
}  // namespace tenon::testing
