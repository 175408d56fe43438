#include "host/ui/transcript.h"

#include "tests/support/tool_facts.h"
#include "tests/ui/lines.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

Json answer(std::initializer_list<const char*> texts, bool calls = false) {
    Json content = Json::array();
    for (const char* text : texts)
        content.push_back({{"type", "text"}, {"text", text}});
    if (calls) content.push_back({{"type", "tool_use"}, {"id", "t"}, {"name", "bash"}});
    return {{"role", "assistant"}, {"content", content}};
}

agent::ToolCall bash(std::string command, std::string id = "t1") {
    return {std::move(id), "bash", {{"command", std::move(command)}}, {}};
}

agent::ToolStarted started(const agent::ToolCall& call) {
    return {call, testing::facts_of(call.name)};
}

agent::ToolFinished finished(const agent::ToolCall& call, const std::string& text, int ms = 0) {
    return {call, {text, false, {}}, milliseconds(ms), false, testing::facts_of(call.name)};
}

class TranscriptTest : public ::testing::Test {
protected:
    void on(agent::AgentEvent event) { print(transcript.on_event(event, width, now)); }
    void print(const std::vector<std::string>& lines) { printed += screen(lines); }
    std::string tail(std::size_t rows = 10) { return screen(transcript.tail(width, rows, now)); }
    void wait(int seconds) { now += std::chrono::seconds(seconds); }

    Transcript transcript{Style::kPlain};
    std::size_t width = 80;
    Transcript::Clock::time_point now;
    std::string printed;
};

class Turn : public TranscriptTest {
protected:
    /// A whole turn, with a subagent and a job that ends meanwhile.
    void play() {
        on(agent::SessionOpened{"s1", "/work", "m-1", "ask", {"bash"}, true});
        print(transcript.prompt(
            "Why does the build of the parser fail on the new machine?\nTell me.", width));
        on(agent::ThinkingDelta{"hm"});
        on(agent::TextDelta{"I look at the **build**:\n\n```sh\nma"});
        on(agent::TextDelta{"ke\n```\n"});
        on(agent::Answered{answer({"…"}, true)});
        on(agent::JobChanged{"0000000a", "running", "npm test -- --all-of-the-tests", {}});
        on(started(bash("make")));
        wait(12);
        on(finished(bash("make"), "one\n[exit code: 2]", 12'000));
        const agent::ToolCall agent{
            "t2", "agent", {{"prompt", "x"}, {"description", "Find the parser"}}, {}};
        const agent::ToolCall grep{"u1", "grep", {{"pattern", "parse"}}, {}};
        on(started(agent));
        on(agent::SubagentEvent{"t2", "Find the parser",
                                agent::Answered{answer({"I search.\nNow."}, true)}});
        on(agent::SubagentEvent{"t2", "Find the parser", started(grep)});
        on(agent::SubagentEvent{"t2", "Find the parser", finished(grep, "a.c:1")});
        on(agent::SubagentEvent{"t2", "Find the parser",
                                agent::Answered{answer({"It is in a.c"})}});
        on(finished(agent, "It is in a.c", 3'000));
        wait(60);
        on(agent::JobChanged{"0000000a", "error", "npm test -- --all-of-the-tests", 1, "", 0,
                             milliseconds(72'000)});
        on(agent::UserMessageSent{Json::array()});
        on(agent::Notice{"plugin x.so is new; /reload loads it"});
        on(agent::Compacted{"auto", 48'000, 5'000});
        on(agent::Answered{answer({"It is the *parser*."})});
    }
};

TEST_F(Turn, IsReadAt40Columns) {
    width = 40;
    play();
    EXPECT_EQ(printed, R"out(● session s1 goes on, m-1, in /work

> Why does the build of the parser fail
  on the new machine?
  Tell me.

thought for 1 s

I look at the build:

```sh
make
```

○ job 0000000a started: npm test -- --a…
✗ bash make (12 s, exit 2)
  one
▸ Find the parser
  I search. …
  ● grep parse
● agent Find the parser (3 s)
  It is in a.c
✗ job 0000000a err… (1 min 12 s, exit 1)
! plugin x.so is new; /reload loads it
● conversation made shorter: about 48000
  tokens became 5000

It is the parser.
)out");
}

TEST_F(Turn, IsReadAt80Columns) {
    play();
    EXPECT_EQ(printed, R"out(● session s1 goes on, m-1, in /work

> Why does the build of the parser fail on the new machine?
  Tell me.

thought for 1 s

I look at the build:

```sh
make
```

○ job 0000000a started: npm test -- --all-of-the-tests
✗ bash make (12 s, exit 2)
  one
▸ Find the parser
  I search. …
  ● grep parse
● agent Find the parser (3 s)
  It is in a.c
✗ job 0000000a error: npm test -- --all-of-the-tests (1 min 12 s, exit 1)
! plugin x.so is new; /reload loads it
● conversation made shorter: about 48000 tokens became 5000

It is the parser.
)out");
}

TEST_F(Turn, IsReadAt200Columns) {
    width = 200;
    play();
    EXPECT_EQ(printed, R"out(● session s1 goes on, m-1, in /work

> Why does the build of the parser fail on the new machine?
  Tell me.

thought for 1 s

I look at the build:

```sh
make
```

○ job 0000000a started: npm test -- --all-of-the-tests
✗ bash make (12 s, exit 2)
  one
▸ Find the parser
  I search. …
  ● grep parse
● agent Find the parser (3 s)
  It is in a.c
✗ job 0000000a error: npm test -- --all-of-the-tests (1 min 12 s, exit 1)
! plugin x.so is new; /reload loads it
● conversation made shorter: about 48000 tokens became 5000

It is the parser.
)out");
}

TEST_F(Turn, IsReadInColour) {
    transcript = Transcript(Style::kColour);
    play();
    std::replace(printed.begin(), printed.end(), '\x1b', '^');
    EXPECT_EQ(printed, R"out(^[2m●^[0m session s1 goes on, m-1, in /work

^[1m> Why does the build of the parser fail on the new machine?^[0m
^[1m  Tell me.^[0m

^[2mthought for 1 s^[0m

I look at the ^[1mbuild^[0m:

^[2m```sh^[0m
^[36mmake^[0m
^[2m```^[0m

^[2m○^[0m job 0000000a started: npm test -- --all-of-the-tests
^[31m✗^[0m ^[1mbash^[0m make^[2m (12 s, exit 2)^[0m
  ^[2mone^[0m
^[2m▸ Find the parser^[0m
  ^[2mI search. …^[0m
  ^[32m●^[0m ^[1mgrep^[0m parse
^[32m●^[0m ^[1magent^[0m Find the parser^[2m (3 s)^[0m
  ^[2mIt is in a.c^[0m
^[31m✗^[0m job 0000000a error: npm test -- --all-of-the-tests^[2m (1 min 12 s, exit 1)^[0m
^[35m!^[0m plugin x.so is new; /reload loads it
^[2m●^[0m conversation made shorter: about 48000 tokens became 5000

It is the ^[3mparser^[0m.
)out");
}

TEST_F(TranscriptTest, ShowsTheUnfinishedAnswerBelow) {
    on(agent::Notice{"hello"});
    printed.clear();
    on(agent::TextDelta{"one\n\ntwo **th"});
    EXPECT_EQ(printed, "\none\n");
    EXPECT_EQ(tail(), "\ntwo **th\n");
    on(agent::TextDelta{"ree**"});
    EXPECT_EQ(tail(1), "two three\n");
    on(agent::Answered{answer({"one\n\ntwo **three**"})});
    EXPECT_EQ(printed, "\none\n\ntwo three\n");
    EXPECT_EQ(tail(), "");
}

TEST_F(TranscriptTest, ShowsAnAnswerThatWasNotStreamedOnce) {
    on(agent::Answered{answer({"one", "two"})});
    on(agent::Answered{answer({"three"})});
    EXPECT_EQ(printed, "one\n\ntwo\n\nthree\n");
}

TEST_F(TranscriptTest, KeepsTextsApartThatThoughtsSeparate) {
    on(agent::TextDelta{"one"});
    on(agent::ThinkingDelta{"hm"});
    EXPECT_EQ(tail(), "Thinking… 1 s: hm\n");
    on(agent::TextDelta{"two"});
    EXPECT_EQ(tail(), "\ntwo\n");
    on(agent::Answered{answer({"one", "two"})});
    EXPECT_EQ(printed, "one\n\nthought for 1 s\n\ntwo\n");
}

TEST_F(TranscriptTest, DropsTheTailOfAFailedAttempt) {
    on(agent::TextDelta{"one\n\nhalf"});
    on(agent::RetryScheduled{1, 10, milliseconds(500), 529, "overloaded"});
    EXPECT_EQ(tail(), "↻ overloaded (529); attempt 2 of 10 in 0.5 s\n");
    EXPECT_EQ(printed, "one\n\n↻ overloaded (529); the answer starts again\n");
    printed.clear();
    on(agent::TextDelta{"one\n\nwhole"});
    on(agent::Answered{answer({"one\n\nwhole"})});
    EXPECT_EQ(printed, "\none\n\nwhole\n");
}

TEST_F(TranscriptTest, AnAttemptAtAnotherModelIsNoAttemptAtTheSame) {
    on(agent::TextDelta{"one\n\nhalf"});
    on(agent::RetryScheduled{2, 2, {}, 529, "overloaded", "b at http://b"});
    EXPECT_EQ(tail(), "");
    EXPECT_EQ(printed, "one\n\n↻ the answer starts again\n");
    printed.clear();
    on(agent::TextDelta{"whole"});
    on(agent::Answered{answer({"whole"})});
    EXPECT_EQ(printed, "\nwhole\n");
}

TEST_F(TranscriptTest, CountsDownToTheNextAttemptAndKeepsOneLineOfAll) {
    on(agent::RetryScheduled{1, 10, milliseconds(500), 429, "HTTP 429"});
    on(agent::RetryScheduled{2, 10, milliseconds(3000), 0, "connect to x: Connection refused"});
    EXPECT_EQ(tail(), "↻ Connection refused; attempt 3 of 10 in 3 s\n");
    wait(1);
    EXPECT_EQ(tail(), "↻ Connection refused; attempt 3 of 10 in 2 s\n");
    wait(2);
    EXPECT_EQ(tail(), "↻ Connection refused; attempt 3 of 10\n") << "it is under way";
    EXPECT_EQ(printed, "");
    on(agent::Answered{answer({"whole"})});
    EXPECT_EQ(printed, "↻ Connection refused; attempt 3 of 10 was answered\n\nwhole\n");
    EXPECT_EQ(tail(), "");
}

TEST_F(TranscriptTest, CountsDownForEachSubagentAndForgetsThoseThatHaveEnded) {
    const auto retry = agent::RetryScheduled{1, 10, milliseconds(2000), 529, ""};
    on(agent::SubagentEvent{"t1", "", retry});
    on(retry);
    EXPECT_EQ(tail(),
              "  ↻ overloaded (529); attempt 2 of 10 in 2 s\n"
              "↻ overloaded (529); attempt 2 of 10 in 2 s\n");
    on(finished(bash("x", "t1"), "out"));
    EXPECT_EQ(tail(), "↻ overloaded (529); attempt 2 of 10 in 2 s\n");
    print(transcript.failed("no", "", width));
    EXPECT_EQ(tail(), "");
}

TEST_F(TranscriptTest, WrapsTheWaitForTheNextAttemptOnNarrowScreens) {
    width = 20;
    on(agent::RetryScheduled{2, 10, milliseconds(12000), 529, ""});
    EXPECT_EQ(tail(), "↻ overloaded (529);\n  attempt 3 of 10 in\n  12 s\n");
}

TEST_F(TranscriptTest, KeepsTheReasonAndTheWaitForTheNextAttemptInTheRowsThatThereAre) {
    on(agent::RetryScheduled{1, 10, milliseconds(2000), 0,
                             "POST http://127.0.0.1:1/v1/messages: connect to http://127.0.0.1:1: "
                             "connect to 127.0.0.1:1: Connection refused"});
    const auto rows = [&](std::size_t columns, std::size_t most) {
        return screen(transcript.tail(columns, most, now));
    };
    EXPECT_EQ(rows(80, 12), "↻ Connection refused (127.0.0.1:1); attempt 2 of 10 in 2 s\n");
    EXPECT_EQ(rows(57, 12), "↻ Connection refused (127.0.0.1:1); attempt 2 of 10 in\n  2 s\n")
        << "the number and its unit are in one row";
    EXPECT_EQ(rows(20, 2), "↻ Connection refuse…\n  2 of 10 in 2 s\n");
    EXPECT_EQ(rows(20, 1), "↻ Connectio…; in 2 s\n");
    wait(2);
    EXPECT_EQ(rows(20, 2), "↻ Connection refuse…\n  2 of 10\n");
}

TEST_F(TranscriptTest, PrintsEachAttemptWhereThereIsNoTail) {
    Transcript plain(Style::kPlain, {}, RetryLines::kEach);
    const auto lines = [&](const agent::AgentEvent& event) {
        return screen(plain.on_event(event, 80, {}));
    };
    EXPECT_EQ(lines(agent::RetryScheduled{1, 10, milliseconds(12000), 529, ""}),
              "↻ overloaded (529); attempt 2 of 10 in 12 s\n");
    EXPECT_EQ(lines(agent::RetryScheduled{2, 10, milliseconds(12000), 503, ""}),
              "↻ error of the server (503); attempt 3 of 10 in 12 s\n");
    EXPECT_EQ(lines(agent::Answered{answer({"whole"})}), "\nwhole\n");
}

TEST_F(TranscriptTest, ColoursAnErrorAndSaysBelowItWhatToDo) {
    Transcript coloured(Style::kColour);
    EXPECT_EQ(
        screen(coloured.failed("it is not so", "Do this.", 14)),
        "\x1b[31m✗\x1b[0m \x1b[31mError: it is\x1b[0m\n  \x1b[31mnot so\x1b[0m\n  Do this.\n");
}

TEST_F(TranscriptTest, LetsLinesWaitWhileAnAnswerIsWritten) {
    on(agent::TextDelta{"```\na\n"});
    on(agent::JobChanged{"0000000a", "completed", "make", 0});
    EXPECT_EQ(tail(), "```\n● job 0000000a completed: make\n");
    on(agent::TextDelta{"b\n```"});
    on(agent::Answered{answer({"…"})});
    EXPECT_EQ(printed, "```\na\nb\n```\n\n● job 0000000a completed: make\n");
}

TEST_F(TranscriptTest, ShowsWhatRunsWithItsTime) {
    on(started(bash("make")));
    on(started(bash("ls", "t2")));
    on(agent::SubagentEvent{"t3", "", started(bash("cat", "t1"))});
    wait(3);
    on(agent::ToolProgressed{"t2", "half"});
    EXPECT_EQ(tail(), "○ bash make (3 s)\n○ bash ls (3 s) half\n  ○ bash cat (3 s)\n");
    EXPECT_EQ(tail(1), "  ○ bash cat (3 s)\n");
    on(finished(bash("make"), ""));
    EXPECT_EQ(tail(), "○ bash ls (3 s) half\n  ○ bash cat (3 s)\n");
}

TEST_F(TranscriptTest, NamesEachSubagentWhenItSpeaks) {
    const auto ended = [](const char* id) { return finished(bash("ls", id), "x"); };
    on(agent::SubagentEvent{"a", "First", ended("1")});
    on(agent::SubagentEvent{"a", "First", ended("2")});
    on(agent::SubagentEvent{"b", "", ended("3")});
    on(agent::SubagentEvent{"a", "First", agent::Notice{"note"}});
    on(agent::SubagentEvent{"a", "First", agent::TextDelta{"unseen"}});
    EXPECT_EQ(printed,
              "▸ First\n  ● bash ls\n  ● bash ls\n▸ subagent\n  ● bash ls\n▸ First\n  ! note\n");
}

TEST_F(TranscriptTest, NamesARunningSubagentOnceAndShowsItsMarkdown) {
    const agent::ToolCall call{"t2", "agent", {{"prompt", "x"}, {"description", "Find x"}}, {}};
    on(started(call));
    on(agent::ToolProgressed{"t2", "Find x"});
    EXPECT_EQ(tail(), "") << "it is shown with what is not finished";
    on(agent::SubagentEvent{"t2", "Find x", agent::Answered{answer({"I **look**.\nNow."}, true)}});
    on(finished(call, "It is **there**:\n\n1. one\n2. two"));
    EXPECT_EQ(printed,
              "▸ Find x\n  I look. …\n● agent Find x\n  It is there:\n\n  1. one\n  2. two\n");
}

TEST_F(TranscriptTest, SaysOfASummaryWhetherItIsShorter) {
    on(agent::Compacted{"manual", 500, 499});
    on(agent::Compacted{"manual", 300, 1200});
    EXPECT_EQ(printed,
              "● conversation made shorter: about 500 tokens became 499\n"
              "● conversation summed up, but not shorter: about 300 tokens became 1200\n");
}

TEST_F(TranscriptTest, SaysThatATurnWasStopped) {
    on(started(bash("make")));
    on(agent::TextDelta{"one\n\nhal"});
    print(transcript.interrupted(width));
    EXPECT_EQ(printed, "one\n\nhal\n\n✗ interrupted\n");
    EXPECT_EQ(tail(), "");
}

TEST_F(TranscriptTest, ShowsTheStartOfAJobInOneLineWithItsName) {
    const agent::ToolCall call{"t1", "background_run", {{"command", "serve"}, {"name", "web"}}, {}};
    on(started(call));
    EXPECT_EQ(tail(), "○ background_run web: serve\n");
    on(finished(call, "Background job 0000000a started: serve"));
    on(agent::JobChanged{"0000000a", "running", "serve", {}, "web"});
    EXPECT_EQ(printed, "○ job 0000000a started: web: serve\n");
    on(finished(call, "Background job 0000000b queued: serve"));
    agent::ToolFinished refused = finished(call, "Permission denied: x");
    refused.denied = refused.result.is_error = true;
    on(refused);
    on(agent::JobChanged{"0000000a", "completed", "serve", 0, "web"});
    EXPECT_EQ(printed,
              "○ job 0000000a started: web: serve\n● background_run web: serve\n"
              "✗ background_run web: serve (denied)\n  Permission denied: x\n"
              "● job 0000000a completed: web: serve\n");
}

TEST_F(TranscriptTest, SaysWhyATurnFailedAfterTheTextOfItsAnswer) {
    on(agent::TextDelta{"one\n\nhal"});
    print(transcript.failed("the model \x1b[2Jrefused", "", width));
    EXPECT_EQ(printed, "one\n\nhal\n\n✗ Error: the model \\x1b[2Jrefused\n");
    EXPECT_EQ(tail(), "");
    on(agent::Answered{answer({"two"})});
    EXPECT_EQ(printed.substr(printed.size() - 5), "\ntwo\n");
}

TEST_F(TranscriptTest, DoesNotRepeatTheChangeThatAQuestionHasShown) {
    const agent::ToolCall call{"t1", "write_file", {{"path", "a"}, {"content", "x\n"}}, {}};
    print(transcript.on_event(finished(call, "ok"), width, now, {"y\n", true}));
    agent::ToolFinished failed = finished(call, "no space");
    failed.result.is_error = true;
    print(transcript.on_event(failed, width, now, {"y\n", true}));
    EXPECT_EQ(printed, "● write_file a (+1 -1)\n✗ write_file a (error)\n  no space\n");
}

TEST_F(TranscriptTest, TellsHowJobsEnd) {
    const agent::JobChanged ends[] = {
        {"0000000a", "queued", "a", {}},     {"0000000a", "completed", "a", 0},
        {"0000000a", "error", "a\nb", 3},    {"0000000a", "error", "a", {}},
        {"0000000a", "timeout", "a", {}},    {"0000000a", "cancelled", "a", {}},
        {"0000000a", "lost", "a\x1b[2J", {}}};
    for (const agent::JobChanged& end : ends)
        on(end);
    EXPECT_EQ(printed,
              "○ job 0000000a queued: a\n● job 0000000a completed: a\n"
              "✗ job 0000000a error: a … (exit 3)\n✗ job 0000000a error: a\n"
              "✗ job 0000000a timeout: a\n● job 0000000a cancelled: a\n"
              "✗ job 0000000a lost: a\\x1b[2J\n");
}

}  // namespace
}  // namespace tenon::ui
