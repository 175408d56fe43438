#include "tests/sitting/person.h"
#include "tests/support/file_size_limit.h"

/// What happens between a prompt and the exit, typed at the real program.
namespace tenon::testing {
namespace {

constexpr const char* kCtrlB = "\x02";
constexpr const char* kCtrlC = "\x03";
constexpr const char* kCtrlD = "\x04";

TEST(Sitting, AnswersPromptsAndSaysHowToGoOn) {
    for (const int columns : {40, 80, 200}) {
        for (const char* term : {"xterm-256color", "dumb"}) {
            SCOPED_TRACE(std::to_string(columns) + " columns, " + term);
            PersonOptions options;
            options.size = {columns, 24};
            options.environment = {{"TERM", term}};
            Person person({says("Hello to **you**."), says("And again.")}, options);
            person.enters("hello");
            EXPECT_TRUE(person.sees("Hello to ")) << person.shown();
            person.enters("again");
            EXPECT_TRUE(person.sees("And again.")) << person.shown();
            person.types(kCtrlD);
            EXPECT_EQ(person.leaves(), 0);
            EXPECT_NE(person.shown().find("tenon --session "), std::string::npos);
            EXPECT_EQ(person.server().refusals(), 0);
        }
    }
}

TEST(Sitting, ShowsWhatIsUnderWayInTheStatusLine) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "cat gate"}}), says("One.")},
                      {.arguments = {"--allow", "Bash(cat gate)"}, .size = size});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            return !lines.empty() && lines.back().starts_with("working ");
        })) << person.shown();
        gate.wait();
        gate.open();
        EXPECT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
    }
}

TEST(Sitting, SaysWhyATurnFailedAfterWhatTheModelHadSaid) {
    Json refused = says("Half a thought");
    refused["stop_reason"] = "refusal";
    Person person({refused});
    person.enters("go");
    EXPECT_TRUE(person.sees("Error: the model refused")) << person.shown();
    const std::string shown = person.shown();
    EXPECT_LT(shown.find("Half a thought"), shown.find("Error: ")) << shown;
}

TEST(Sitting, SaysThatAnAnswerIsEmpty) {
    Person person({says(""), calls("t1", "bash", {{"command", "true"}}), says("")},
                  {.arguments = {"--yes"}});
    person.enters("go");
    EXPECT_TRUE(person.sees("(the answer is empty)")) << person.shown();
    person.enters("again");
    EXPECT_TRUE(person.sees("● bash true\n(the answer is empty)\n")) << person.shown();
}

TEST(Sitting, CountsATurnForAPromptAndAllItsRequests) {
    Person person({calls("t1", "bash", {{"command", "true"}}),
                   calls("t2", "bash", {{"command", "true"}}), says("One."), says("Two."),
                   says("SUMMARY"), calls("t3", "bash", {{"command", "true"}}), says("Three.")},
                  {.arguments = {"--yes", "--session", "counted"}});
    person.enters("go");
    EXPECT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
    person.enters("again");
    EXPECT_TRUE(person.sees("Two.") && person.turn_is_over()) << person.shown();
    person.enters("/compact");
    EXPECT_TRUE(person.sees("tokens became") && person.turn_is_over()) << person.shown();
    EXPECT_EQ(person.terminal().lines().back().find("queued"), std::string::npos);
    person.enters("more");
    EXPECT_TRUE(person.sees("Three.") && person.turn_is_over()) << person.shown();
    person.enters("/exit");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    person.sit_down({.arguments = {"--session", "counted"}, .size = {200, 24}});
    EXPECT_TRUE(person.sees("resumed after 1 turn")) << "the summary replaced the others";
}

TEST(Sitting, GoesOnWithTrueResultsOnceTheFullDiskHasRoomAgain) {
    const Json two_calls = {{"content",
                             {{{"type", "tool_use"},
                               {"id", "t1"},
                               {"name", "bash"},
                               {"input", {{"command", "cat gate"}}}},
                              {{"type", "tool_use"},
                               {"id", "t2"},
                               {"name", "bash"},
                               {"input", {{"command", "echo SECOND"}}}}}}};
    Json repaired = says("All there.");
    repaired["expect"] = {"OPENED", "SECOND", "are you there"};
    Person person({calls("t0", "background_run", {{"command", "cat gate2; echo DONE"}}), two_calls,
                   repaired, expecting(says("Heard."), "DONE")},
                  {.arguments = {"--yes", "--session", "s1"}});
    Gate gate(person.sandbox.workspace());
    ASSERT_EQ(::mkfifo((person.sandbox.workspace() / "gate2").c_str(), 0600), 0);
    person.enters("go");
    gate.wait();
    ASSERT_TRUE(person.sees("cat gate")) << person.shown();
    {
        const FileSizeLimit full(
            std::filesystem::file_size(person.sandbox.state() / "sessions/s1.jsonl"),
            person.terminal().pid());
        gate.open("OPENED");
        EXPECT_TRUE(person.sees("Error: ")) << person.shown();
    }
    person.enters("are you there");
    EXPECT_TRUE(person.sees("All there.")) << person.shown();
    ASSERT_TRUE(person.turn_is_over()) << person.shown();  // the answer is in the journal
    {
        const FileSizeLimit full(
            std::filesystem::file_size(person.sandbox.state() / "sessions/s1.jsonl"),
            person.terminal().pid());
        UniqueFd end(::open((person.sandbox.workspace() / "gate2").c_str(), O_WRONLY | O_CLOEXEC));
        end.reset();
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const std::string shown = person.shown();
            const std::size_t first = shown.find("Error: ");
            return shown.find("Error: ", first + 1) != std::string::npos;
        })) << person.shown();
    }
    person.enters("and now");
    EXPECT_TRUE(person.sees("Heard.")) << person.shown();
    for (const auto& request : person.server().requests())
        EXPECT_EQ(request.refusal, "") << person.shown();
}

TEST(Sitting, IsWokenByAJobThatEndsWhileALineIsHalfTyped) {
    Person person({calls("t1", "background_run",
                         {{"command", "until [ -e go ]; do sleep 0.05; done; echo FOUND"}}),
                   says("Started."), expecting(says("It has ended."), "FOUND"),
                   expecting(says("Heard."), "half and half")},
                  {.arguments = {"--yes"}});
    person.enters("start it");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    person.types("half");
    EXPECT_TRUE(person.terminal().wait_for("> half")) << person.shown();
    person.sandbox.home.write("w/go", "");
    EXPECT_TRUE(person.sees("completed: until")) << person.shown();
    EXPECT_TRUE(person.sees("It has ended.")) << person.shown();
    EXPECT_TRUE(person.terminal().wait_for("> half")) << person.shown();
    person.enters(" and half");
    EXPECT_TRUE(person.sees("Heard.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(Sitting, IsNotWokenWhenTheConfigurationSaysSo) {
    Person person({calls("t1", "background_run", {{"command", "echo FOUND"}}), says("Started."),
                   expecting(says("Heard."), "FOUND")},
                  {.arguments = {"--yes", "-D", "agent.wake=false"}});
    person.enters("start it");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    EXPECT_TRUE(person.sees("completed: echo")) << person.shown();
    EXPECT_EQ(person.server().requests().size(), 2U);
    person.enters("and now");
    EXPECT_TRUE(person.sees("Heard.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(Sitting, CtrlCStopsTheTurnAndItsCommandsButNoBackgroundJob) {
    Person person(
        {calls("t1", "background_run", {{"command", "sleep 1000"}}),
         calls("t2", "bash", {{"command", "sleep 2000"}}), expecting(says("Going on."), "next")},
        {.arguments = {"--yes"}});
    person.enters("go");
    EXPECT_TRUE(person.terminal().wait_for("sleep 2000")) << person.shown();
    person.types(kCtrlC);
    EXPECT_TRUE(person.sees("interrupted")) << person.shown();
    person.enters("/jobs");
    EXPECT_TRUE(person.sees("running")) << person.shown();
    person.enters("next");
    EXPECT_TRUE(person.sees("Going on.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
    EXPECT_EQ(person.shown().find("sleep 2000  "), std::string::npos);
}

TEST(Sitting, NothingWakesItAfterAnInterruptedTurn) {
    Person person({calls("t1", "background_run",
                         {{"command", "until [ -e go ]; do sleep 0.05; done; echo FOUND"}}),
                   calls("t2", "bash", {{"command", "sleep 2000"}}), says("Noted."),
                   expecting(says("Told."), "FOUND"), says("More.")},
                  {.arguments = {"--yes"}});
    person.enters("go");
    EXPECT_TRUE(person.terminal().wait_for("sleep 2000")) << person.shown();
    person.types(kCtrlC);
    EXPECT_TRUE(person.sees("interrupted")) << person.shown();
    person.sandbox.home.write("w/go", "");
    EXPECT_TRUE(person.sees("completed: until")) << person.shown();
    EXPECT_EQ(person.server().requests().size(), 2U);
    // The line is shown shortly before the result can be delivered: with this prompt, or after it.
    const auto delivered = [&] {
        return person.server().requests().back().body.find("completed: FOUND") != std::string::npos;
    };
    person.enters("next");
    EXPECT_TRUE(person.sees("Noted.")) << person.shown();
    if (!delivered()) EXPECT_TRUE(person.sees("Told.")) << person.shown();
    EXPECT_TRUE(delivered());
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(Sitting, ShowsTheStartOfAJobInOneLineWithItsName) {
    for (const char* term : {"xterm-256color", "dumb"}) {
        SCOPED_TRACE(term);
        Person person({calls("t1", "background_run", {{"command", "sleep 1000"}, {"name", "web"}}),
                       says("Started.")},
                      {.arguments = {"--yes"}, .environment = {{"TERM", term}}});
        person.enters("go");
        EXPECT_TRUE(person.sees("Started.")) << person.shown();
        EXPECT_TRUE(person.sees(" started: web: sleep 1000")) << person.shown();
        EXPECT_EQ(person.shown().find("background_run"), std::string::npos) << person.shown();
    }
}

TEST(Sitting, CtrlBMovesTheForegroundCommandToTheBackground) {
    for (const char* term : {"xterm-256color", "dumb"}) {
        SCOPED_TRACE(term);
        Person person({calls("t1", "bash", {{"command", "cat gate"}}),
                       expecting(says("It goes on."),
                                 "[moved to the background; continues as background job "),
                       expecting(says("It is over."), "LATE")},
                      {.arguments = {"--yes"}, .environment = {{"TERM", term}}});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.types(kCtrlB);
        EXPECT_TRUE(person.sees("It goes on.")) << person.shown();
        gate.open("LATE");
        EXPECT_TRUE(person.sees("It is over.")) << person.shown();
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(Sitting, AsksWhatBecomesOfRunningJobs) {
    struct Row {
        const char* key;
        bool runs_on;
    };
    for (const Row& row : {Row{"l", true}, Row{"c", false}}) {
        SCOPED_TRACE(row.key);
        Person person({calls("t1", "background_run",
                             {{"command", "until [ -e go ]; do sleep 0.05; done; touch done"}}),
                       says("Started.")},
                      {.arguments = {"--yes"}});
        person.enters("go");
        EXPECT_TRUE(person.sees("Started.")) << person.shown();
        person.enters("/exit");
        EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
        person.types(row.key);
        EXPECT_EQ(person.leaves(), 0) << person.shown();
        EXPECT_EQ(!person.sandbox.processes().empty(), row.runs_on);
        person.sandbox.home.write("w/go", "");
    }
}

TEST(Sitting, WaitsForJobsAndTheirResultsWhenToldTo) {
    Person person({calls("t1", "background_run",
                         {{"command", "until [ -e go ]; do sleep 0.05; done; echo FOUND"}}),
                   says("Started."), expecting(says("Heard at last."), "FOUND")},
                  {.arguments = {"--yes"}});
    person.enters("go");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    person.types(kCtrlD);
    EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
    person.types("w");
    EXPECT_TRUE(person.sees("Waiting for 1 job")) << person.shown();
    person.sandbox.home.write("w/go", "");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    EXPECT_NE(person.shown().find("Heard at last."), std::string::npos) << person.shown();
}

TEST(Sitting, AsksWhatBecomesOfATurnInProgress) {
    for (const auto& leave : {std::string(kCtrlD), std::string("/exit\r")}) {
        for (const std::string key : {"l", "c", "w"}) {
            SCOPED_TRACE(leave + key);
            Person person({calls("t1", "bash", {{"command", "cat gate"}}), says("It is over.")},
                          {.arguments = {"--yes"}});
            Gate gate(person.sandbox.workspace());
            person.enters("go");
            gate.wait();
            person.types(leave);
            EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
            EXPECT_NE(person.terminal().screen().find("A turn is in progress."), std::string::npos);
            person.types(key);
            if (key == "w") {
                EXPECT_TRUE(person.sees("Waiting for the turn;")) << person.shown();
                gate.open();
            }
            EXPECT_EQ(person.leaves(), 0) << person.shown();
            EXPECT_EQ(person.shown().find("It is over.") != std::string::npos, key == "w");
            EXPECT_EQ(person.sandbox.processes(), std::vector<pid_t>());
        }
    }
}

TEST(Sitting, LeavesWhenTheTurnEndsThatItAskedAbout) {
    Person person({calls("t1", "bash", {{"command", "cat gate"}}), says("It is over.")},
                  {.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.types(kCtrlD);
    EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
    gate.open();
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    EXPECT_NE(person.shown().find("It is over."), std::string::npos) << person.shown();
}

TEST(Sitting, AsksHowToLeaveAlsoAtAQuestionWhichComesBackForOneWhoWaits) {
    Person person({calls("t1", "bash", {{"command", "touch made"}}), says("It is over.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
    person.types(kCtrlD);
    EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
    person.types("w");
    EXPECT_TRUE(person.sees("Waiting for the turn;")) << person.shown();
    EXPECT_TRUE(person.is_asked("y  yes")) << person.shown();
    person.types("y");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    EXPECT_NE(person.shown().find("It is over."), std::string::npos) << person.shown();
}

TEST(Sitting, EndsInOrderOnASignalOrAClosedTerminal) {
    struct Row {
        const char* name;
        void (*end)(Pty&);
        int exit_code;
    };
    const Row rows[] = {
        {"SIGHUP", [](Pty& terminal) { terminal.send_signal(SIGHUP); }, 129},
        {"closed terminal", [](Pty& terminal) { terminal.hang_up(); }, 129},
        {"SIGTERM", [](Pty& terminal) { terminal.send_signal(SIGTERM); }, 143},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Person person({calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started."),
                       says("Unused.")},
                      {.arguments = {"--yes"}});
        person.enters("go");
        EXPECT_TRUE(person.sees("Started.")) << person.shown();
        row.end(person.terminal());
        const Process::Exit exit = person.terminal().wait();
        EXPECT_EQ(exit.code, row.exit_code) << exit.signal;
        EXPECT_EQ(person.sandbox.processes(), std::vector<pid_t>());
        EXPECT_EQ(person.server().requests().size(), 2U);
    }
}

TEST(Sitting, NeedsAPromptForJsonOutput) {
    const RunFolders sandbox;
    const ModelServer server(Json::array({says("Unused.")}).dump());
    Pty terminal({TENON_PROGRAM, "--output-format", "json"}, sandbox.environment(&server),
                 sandbox.workspace());
    EXPECT_EQ(terminal.wait().code, 2);
    EXPECT_NE(terminal.everything().find("no prompt"), std::string::npos);
}

}  // namespace
}  // namespace tenon::testing
