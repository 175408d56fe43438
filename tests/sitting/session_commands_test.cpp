#include <gtest/gtest.h>

#include "tests/sitting/person.h"

/// What the commands about the session itself show: /status, /cost, /todos, /model.
namespace tenon::testing {
namespace {

constexpr Pty::Size kCommandSizes[] = {{20, 5}, {40, 12}, {80, 24}, {200, 50}};

/// Without blanks and line ends: at 20 columns lines are broken anywhere.
std::string squeezed(const std::string& text) {
    std::string out;
    for (const char c : text)
        if (c != '\n' && c != ' ') out += c;
    return out;
}

bool sees_words(Person& person, const std::string& words) {
    return person.terminal().wait_until(
        [&] { return squeezed(person.shown()).find(squeezed(words)) != std::string::npos; });
}

const Json kTodos = {{"items",
                      {{{"id", "1"}, {"text", "look"}, {"status", "completed"}},
                       {{"id", "2"}, {"text", "write"}, {"status", "in_progress"}}}}};

TEST(SessionCommands, StatusShowsWhatTheSessionIs) {
    for (const Pty::Size size : kCommandSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("One.")}, {.arguments = {"--session", "s1"}, .size = size});
        person.enters("go");
        ASSERT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
        person.enters("/status");
        const char* between = size.columns < 50 ? ": " : " ";
        for (const auto& [name, text] :
             std::vector<std::pair<std::string, std::string>>{{"session", "s1"},
                                                              {"mode", "ask"},
                                                              {"turns", "1"},
                                                              {"jobs", "none running"},
                                                              {"sandbox", "off"}}) {
            EXPECT_TRUE(sees_words(person, name + between + text)) << name << person.shown();
        }
        EXPECT_TRUE(sees_words(person, "test-model (anthropic,")) << person.shown();
        EXPECT_TRUE(sees_words(person, "s1.jsonl")) << person.shown();
        EXPECT_TRUE(sees_words(person, "bash")) << person.shown();
    }
}

TEST(SessionCommands, StatusAndModelListTheFallbackModelsWithTheirServers) {
    for (const char* command : {"/status", "/model"}) {
        for (const Pty::Size size : kCommandSizes) {
            SCOPED_TRACE(command + std::to_string(size.columns));
            Person person({}, {.arguments = {"-D", "model.fallback.2.name=third", "-D",
                                             "model.fallback.1.name=second", "-D",
                                             "model.fallback.2.provider=openai", "-D",
                                             "model.fallback.2.baseUrl=http://h:1/v1"},
                               .size = size});
            person.enters(command);
            const std::string name = size.columns < 50 ? "fallback:" : "fallback";
            EXPECT_TRUE(sees_words(person, name + "second (anthropic, " + person.server().url() +
                                               ")" + name + "third (openai, http://h:1/v1)"))
                << person.shown();
        }
    }
}

TEST(SessionCommands, StatusTellsModelsOfOneNameApartByTheirServers) {
    const ModelServer second(Json::array({says("Of the second.")}).dump());
    Person person(
        {{{"status", 529}, {"repeat", 0}}},
        {.arguments = {"-D", "model.retry.maxAttempts=1", "-D", "model.fallback.1.name=test-model",
                       "-D", "model.fallback.1.baseUrl=" + second.url()}});
    person.enters("go");
    ASSERT_TRUE(person.sees("Of the second.") && person.turn_is_over()) << person.shown();
    person.enters("/status");
    EXPECT_TRUE(sees_words(person, "test-model (anthropic, " + person.server().url() +
                                       "); the last answer is of test-model (anthropic, " +
                                       second.url() + ")"))
        << person.shown();
}

TEST(SessionCommands, StatusCountsATurnForAPromptAndAllItsRequests) {
    Person person({calls("t1", "bash", {{"command", "true"}}), says("One."), says("SUMMARY")},
                  {.arguments = {"--yes"}});
    person.enters("go");
    ASSERT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
    person.enters("/compact");
    ASSERT_TRUE(person.sees("tokens became") && person.turn_is_over()) << person.shown();
    person.enters("/status");
    EXPECT_TRUE(person.sees("turns      1 since it was opened\n")) << person.shown();
    EXPECT_TRUE(person.sees("mode       no questions\n")) << person.shown();
}

TEST(SessionCommands, CostCountsTheTokensSinceTheSessionWasOpenedAndInItsJournal) {
    const Json spent = {{"input_tokens", 100}, {"output_tokens", 7}};
    Json one = says("One."), two = says("Two.");
    one["usage"] = two["usage"] = spent;
    for (const Pty::Size size : kCommandSizes) {
        SCOPED_TRACE(size.columns);
        const PersonOptions options{.arguments = {"--session", "s1"}, .size = size};
        Person person({one, two}, options);
        person.enters("go");
        ASSERT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
        person.enters("/exit");
        ASSERT_EQ(person.leaves(), 0);
        person.sit_down(options);
        person.enters("again");
        ASSERT_TRUE(person.sees("Two.") && person.turn_is_over()) << person.shown();
        person.enters("/cost");
        const char* between = size.columns < 50 ? ": " : " ";
        EXPECT_TRUE(sees_words(person, "since it was opened" + std::string(between) +
                                           "input 100, output 7, cache read 0"))
            << person.shown();
        EXPECT_TRUE(sees_words(person, "in the journal" +
                                           std::string(size.columns < 50 ? ": " : " ") +
                                           "input 200, output 14, cache read 0"))
            << person.shown();
    }
}

TEST(SessionCommands, CostShowsMoneyWithPricesAndTheBudgetOfTheRun) {
    const Json spent = {{"input_tokens", 1000},
                        {"output_tokens", 200},
                        {"cache_read_input_tokens", 0},
                        {"cache_creation_input_tokens", 0}};
    Json one = says("One."), two = says("Two.");
    one["usage"] = two["usage"] = spent;
    const std::string prices = "model.price.input=3\nmodel.price.output=15\n";
    Person person({one, two}, {.arguments = {"--session", "s1"}, .settings = prices});
    person.enters("go");
    ASSERT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
    person.enters("/exit");
    ASSERT_EQ(person.leaves(), 0);
    person.sit_down({.arguments = {"--session", "s1", "--max-budget-usd", "0.5",
                                   "--max-tokens-total", "5000"}});
    person.enters("again");
    ASSERT_TRUE(person.sees("Two.") && person.turn_is_over()) << person.shown();
    person.enters("/cost");
    EXPECT_TRUE(sees_words(person, "(1 turn, subagents included); $0.006 ")) << person.shown();
    EXPECT_TRUE(sees_words(person, "cache written 0 (subagents included); $0.012 "))
        << person.shown();
    EXPECT_TRUE(sees_words(person, "budget of this run $0.006 of $0.50; 1200 of 5000 tokens"))
        << person.shown();
}

TEST(SessionCommands, EstimatesAreShownForTokensThatTheServerDoesNotState) {
    Json one = says("One.");
    one["sloppy"] = {"no_usage"};
    Person person({one}, {.arguments = {"--session", "s1"}});
    person.enters("/status");
    EXPECT_TRUE(sees_words(person, "context not known before the next answer"));
    person.enters("go");
    ASSERT_TRUE(person.sees("One.") && person.turn_is_over()) << person.shown();
    person.enters("/status");
    EXPECT_TRUE(sees_words(person, "0 % of the last request cached")) << person.shown();
    person.enters("/cost");
    EXPECT_TRUE(sees_words(person, "(1 turn, subagents included, partly estimated)"))
        << person.shown();
    EXPECT_TRUE(sees_words(person, "cache written 0 (subagents included, partly estimated)"))
        << person.shown();
}

TEST(SessionCommands, ATurnBeyondTheBudgetIsRefusedUntilTheSessionIsOpenedWithALargerOne) {
    const Json spent = {{"input_tokens", 1000},
                        {"output_tokens", 200},
                        {"cache_read_input_tokens", 0},
                        {"cache_creation_input_tokens", 0}};
    Json calling = calls("t1", "bash", {{"command", "echo kept"}});
    calling["usage"] = spent;
    Person person({calling, expecting(says("Two."), "third")},
                  {.arguments = {"--yes", "--session", "s1", "--max-tokens-total", "1200"}});
    person.enters("go");
    ASSERT_TRUE(person.sees("1200 of 1200 tokens") && person.turn_is_over()) << person.shown();
    person.enters("second");
    ASSERT_TRUE(person.terminal().wait_until([&] {
        const std::string shown = person.shown();
        const auto first = shown.find("1200 of 1200 tokens");
        return shown.find("1200 of 1200 tokens", first + 1) != std::string::npos;
    })) << person.shown();
    ASSERT_TRUE(person.turn_is_over());
    person.enters("/compact");
    ASSERT_TRUE(person.turn_is_over());
    person.enters("/exit");
    ASSERT_EQ(person.leaves(), 0);
    EXPECT_EQ(person.server().requests().size(), 1U);

    person.sit_down({.arguments = {"--yes", "--session", "s1", "--max-tokens-total", "5000"}});
    person.enters("third");
    EXPECT_TRUE(person.sees("Two.") && person.turn_is_over()) << person.shown();
    const std::string last = person.server().requests().back().body;
    EXPECT_NE(last.find("kept"), std::string::npos);
    EXPECT_NE(last.find("second"), std::string::npos) << "a refused prompt is not lost";
}

TEST(SessionCommands, TodosShowsThePresentListAlsoAfterASummaryAndAResume) {
    for (const Pty::Size size : kCommandSizes) {
        SCOPED_TRACE(size.columns);
        const PersonOptions options{.arguments = {"--session", "s1"}, .size = size};
        Person person({calls("t1", "todo", kTodos), says("Listed."), says("SUMMARY")}, options);
        person.enters("/todos");
        ASSERT_TRUE(person.sees("No todos.")) << person.shown();
        person.enters("go");
        ASSERT_TRUE(person.sees("Listed.") && person.turn_is_over()) << person.shown();
        person.enters("/compact");
        ASSERT_TRUE(sees_words(person, "tokens became") && person.turn_is_over()) << person.shown();
        person.enters("/exit");
        ASSERT_EQ(person.leaves(), 0);
        person.sit_down(options);
        person.enters("/todos");
        EXPECT_TRUE(person.sees("[x] look\n[>] write\n")) << person.shown();
        person.enters("/clear");
        ASSERT_TRUE(sees_words(person, "begins anew.")) << person.shown();
        person.enters("/todos");
        EXPECT_TRUE(person.sees("No todos.")) << person.shown();
    }
}

TEST(SessionCommands, ModelListsWhatIsKnownAndWhatTheServerOffers) {
    for (const Pty::Size size : kCommandSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("One.")}, {.size = size});
        person.enters("/model");
        EXPECT_TRUE(sees_words(person, "test-model")) << person.shown();
        EXPECT_TRUE(sees_words(person, "/model NAME changes the model")) << person.shown();
        EXPECT_TRUE(person.sees("  offered-model\n")) << person.shown();
        person.enters("/model offered-model");
        EXPECT_TRUE(sees_words(person, "the model is offered-model.")) << person.shown();
        EXPECT_EQ(person.shown().find("It is checked"), std::string::npos) << "it is offered";
        person.enters("/model");
        EXPECT_TRUE(sees_words(
            person, size.columns < 50 ? "used here: test-model" : "used here test-model"))
            << person.shown();
        person.enters("go");
        EXPECT_TRUE(person.sees("One.")) << person.shown();
        EXPECT_EQ(person.server().requests().back().json()["model"], "offered-model");
    }
}

TEST(SessionCommands, ModelSaysThatAnUnknownNameIsCheckedLaterAndHowToGoBack) {
    for (const Pty::Size size : kCommandSizes) {
        SCOPED_TRACE(size.columns);
        Person person({}, {.size = size});
        person.enters("/model offered-modle");
        EXPECT_TRUE(sees_words(person, "It is checked then; /model test-model goes back."))
            << person.shown();
        EXPECT_TRUE(sees_words(person, "did you mean offered-model?")) << person.shown();
        person.enters("/model two words");
        EXPECT_TRUE(sees_words(person, "The name of a model is one word")) << person.shown();
    }
}

}  // namespace
}  // namespace tenon::testing
