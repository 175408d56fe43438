#include "host/model/replay.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/model/support.h"
#include "tests/support/model_server/server.h"
#include "tests/support/temp_dir.h"

namespace tenon::model {
namespace {

using tenon::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kHeader = "{\"v\":1,\"type\":\"replay\"}\n";

std::string call(const std::string& id, const std::string& name, const std::string& input) {
    return R"({"type":"tool_use","id":")" + id + R"(","name":")" + name + R"(","input":)" + input +
           "}";
}

TEST(Replay, PlaysAFileWrittenByHand) {
    const TempDir dir;
    const auto file = dir.write(
        "run.jsonl",
        kHeader +
            "\n{\"type\":\"answer\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\","
            "\"signature\":\"s\"},{\"type\":\"text\",\"text\":\"Go.\"}," +
            call("toolu_1", "bash", "{\"b\":1,\"a\":2}") + "],\"from_the_future\":1}\r\n" +
            "{\"v\":1,\"type\":\"answer\",\"content\":\"Done.\",\"usage\":{\"input_tokens\":7,"
            "\"output_tokens\":2},\"id\":\"msg_9\",\"model\":\"m\",\"stop_reason\":\"refusal\"}");
    auto replay = Replay::open(file);
    ASSERT_TRUE(replay) << replay.error().message;
    Watcher watcher;
    const Talk talk;
    const auto first = (*replay)->ask(talk.request(), watcher, {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->stop_reason, "tool_use");
    EXPECT_EQ(first->id, "msg_replay_1");
    EXPECT_EQ(first->model, "claude-test");
    EXPECT_EQ(first->text, "Go.");
    EXPECT_EQ(watcher.text(), "Go.");
    EXPECT_EQ(watcher.thinking, "hm");
    EXPECT_THAT(first->content, HasSubstr(R"("input":{"b":1,"a":2})"));
    ASSERT_EQ(first->calls.size(), 1U);

    const auto second = (*replay)->ask(talk.request(), watcher, {});
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->content, R"([{"type":"text","text":"Done."}])");
    EXPECT_EQ(second->stop_reason, "refusal");
    EXPECT_EQ(second->usage.input_tokens, 7);
    EXPECT_EQ(second->id, "msg_9");

    const auto third = (*replay)->ask(talk.request(), watcher, {});
    ASSERT_FALSE(third);
    EXPECT_FALSE(third.error().retryable);
    EXPECT_THAT(third.error().message, HasSubstr(file.string()));
    EXPECT_THAT(third.error().message, HasSubstr("it has 2 answers"));
}

TEST(Replay, ReplacesRecordedJobIdsByLiveOnes) {
    const TempDir dir;
    const auto file = dir.write(
        "run.jsonl",
        kHeader + R"({"type":"answer","content":[)" +
            call("t1", "background_run", R"({"command":"a"})") + "," +
            call("t2", "background_run", R"({"command":"b"})") + "]}\n" +
            R"({"type":"answer","jobs":["00000001","00000002"],"content":[)" +
            R"({"type":"thinking","thinking":"00000001","signature":"x"},)" +
            R"({"type":"text","text":"00000001, a00000001 00000002x and 00000002"},)" +
            call("t3", "background_wait", R"({"job_ids":["00000002",{"deep":"00000001"}],"n":1})") +
            "]}\n" +
            R"({"type":"answer","jobs":["00000003"],"content":"00000003 after 00000001"})"
            "\n");
    auto replay = Replay::open(file);
    ASSERT_TRUE(replay) << replay.error().message;
    Watcher watcher;
    Talk talk;
    ASSERT_TRUE((*replay)->ask(talk.request(), watcher, {}));
    talk.assistant(R"([{"type":"text","text":"Background job 99999999 started: not a result"}])");
    // The live ids are the recorded ones in the other order: replacing must take one pass.
    talk.user({result_block("t1", "Background job 00000002 started: a"),
               result_block("t2", "Background job 00000001 queued: b, see job 00000002")});
    const auto second = (*replay)->ask(talk.request(), watcher, {});
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->text, "00000002, a00000001 00000002x and 00000001");
    EXPECT_THAT(second->content, HasSubstr(R"("thinking":"00000001")"));
    EXPECT_EQ(second->calls.at(0).input,
              Json::parse(R"({"job_ids":["00000001",{"deep":"00000002"}],"n":1})"));
    talk.user({text_block("Error: Unknown job ffffffff\n[bg:0badcafe] completed: ok")});
    const auto third = (*replay)->ask(talk.request(), watcher, {});
    EXPECT_EQ(third->text, "0badcafe after 00000002");
}

TEST(Replay, PlaysFailures) {
    const TempDir dir;
    const auto file = dir.write(
        "run.jsonl",
        kHeader +
            R"({"type":"failure","message":"HTTP 529","http_status":529,"error_type":"overloaded_error",)"
            R"("retryable":true,"retry_after_ms":5})"
            "\n");
    Watcher watcher;
    const auto answer = (*Replay::open(file))->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, "HTTP 529");
    EXPECT_EQ(answer.error().http_status, 529);
    EXPECT_EQ(answer.error().type, "overloaded_error");
    EXPECT_TRUE(answer.error().retryable);
    EXPECT_EQ(answer.error().retry_after, std::chrono::milliseconds(5));
}

/// The answer to the next request of a conversation.
std::string next_text(agent::Provider& provider, std::string_view agent) {
    const Talk talk;
    agent::Request request = talk.request();
    request.agent = agent;
    Watcher watcher;
    const auto answer = provider.ask(request, watcher, {});
    return answer ? answer->text : answer.error().message;
}

TEST(Replay, GivesEachSubagentTheAnswersOfItsOwnConversation) {
    const TempDir dir;
    const auto file = dir.write("run.jsonl", kHeader +
                                                 R"({"type":"answer","content":"main 1"}
{"type":"answer","agent":"t1","content":"one 1"}
{"type":"answer","agent":"t2","content":"two 1"}
{"type":"answer","agent":"t1","content":"one 2"}
{"type":"answer","content":"main 2"}
)");
    auto replay = Replay::open(file);
    ASSERT_TRUE(replay) << replay.error().message;
    std::vector<std::string> texts;
    for (const char* agent : {"t2", "t1", "", "t1", ""})
        texts.push_back(next_text(**replay, agent));
    EXPECT_THAT(texts, ElementsAre("two 1", "one 1", "main 1", "one 2", "main 2"));
    EXPECT_THAT(next_text(**replay, "t1"), HasSubstr("it has 2 answers for the agent t1"));
}

TEST(Replay, PlaysLinesWithoutAnAgentToASubagentWithoutLinesOfItsOwn) {
    const TempDir dir;
    const auto file = dir.write("run.jsonl", kHeader + R"({"type":"answer","content":"1"}
{"type":"answer","content":"2"}
{"type":"answer","content":"3"}
)");
    auto replay = Replay::open(file);
    ASSERT_TRUE(replay) << replay.error().message;
    EXPECT_EQ(next_text(**replay, ""), "1");
    EXPECT_EQ(next_text(**replay, "t1"), "2");
    EXPECT_EQ(next_text(**replay, ""), "3");
}

TEST(Replay, KeepsTheJobIdsOfConversationsApart) {
    const TempDir dir;
    const auto file = dir.write(
        "run.jsonl",
        kHeader +
            R"({"type":"answer","agent":"t1","jobs":["00000002"],"content":"00000002 00000001"}
{"type":"answer","jobs":["00000001"],"content":"00000001 00000002"}
)");
    auto replay = Replay::open(file);
    ASSERT_TRUE(replay) << replay.error().message;
    Watcher watcher;
    const auto ask = [&](const char* agent, const std::string& text) {
        Talk talk;
        talk.user({text_block(text)});
        agent::Request request = talk.request();
        request.agent = agent;
        return (*replay)->ask(request, watcher, {})->text;
    };
    EXPECT_EQ(ask("", "[bg:0000000a] completed"), "0000000a 00000002");
    EXPECT_EQ(ask("t1", "see job 0000000b"), "0000000b 0000000a");
}

TEST(Replay, NamesFileAndLineOfAMistake) {
    struct Case {
        std::string text;
        const char* where;
        const char* message;
    };
    const std::string answer = R"({"type":"answer","content":"x"})";
    const std::vector<Case> cases = {
        {"", "", "empty"},
        {"\n\n", "", "empty"},
        {answer + "\n", ":1: ", "begins with"},
        {"{\"type\":\"replay\"}\n", ":1: ", "v is missing"},
        {"{\"v\":2,\"type\":\"replay\"}\n", ":1: ", "version 2 is newer"},
        {kHeader + "\n" + answer + "\n{\"v\":3,\"type\":\"answer\",\"content\":\"\"}\n",
         ":4: ", "version 3 is newer"},
        {kHeader + kHeader, ":2: ", "second header"},
        {kHeader + R"({"content":"x"})"
                   "\n",
         ":2: ", "no type"},
        {kHeader + R"({"type":"song"})"
                   "\n",
         ":2: ", "unknown type \"song\""},
        {kHeader + "[1]\n", ":2: ", "not a JSON object"},
        {kHeader + answer + "\n" + answer.substr(0, 20), ":3: ", "may have been cut off"},
        {kHeader + "{\"type\":\"answer\",\"content\":\"\xFF\"}\n", ":2: ", "not UTF-8"},
        {kHeader + R"({"type":"answer"})"
                   "\n",
         ":2: ", "without content"},
        {kHeader + R"({"type":"answer","agent":7,"content":"x"})"
                   "\n",
         ":2: ", "agent is no tool_use id"},
        {kHeader + R"({"type":"answer","content":7})"
                   "\n",
         ":2: ", "neither an array nor a string"},
        {kHeader + R"({"type":"answer","content":[7]})"
                   "\n",
         ":2: ", "not an object"},
        {kHeader + R"({"type":"answer","content":[{"text":"x"}]})"
                   "\n",
         ":2: ", "no type"},
        {kHeader + R"({"type":"answer","content":[{"type":"tool_use","name":"x","input":{}}]})"
                   "\n",
         ":2: ", "no id"},
        {kHeader + R"({"type":"answer","content":[{"type":"tool_use","id":"a","input":{}}]})"
                   "\n",
         ":2: ", "no name"},
        {kHeader + R"({"type":"answer","content":[{"type":"tool_use","id":"a","name":"x"}]})"
                   "\n",
         ":2: ", "input is no object"},
        {kHeader + R"({"type":"answer","content":[)" + call("a", "x", "[]") + "]}\n",
         ":2: ", "input is no object"},
        {kHeader + R"({"type":"answer","content":[)" + call("a", "x", "{}") + "," +
             call("a", "x", "{}") + "]}\n",
         ":2: ", "twice"},
        {kHeader + R"({"type":"answer","jobs":"x","content":""})"
                   "\n",
         ":2: ", "jobs"},
        {kHeader + R"({"type":"answer","jobs":["x"],"content":""})"
                   "\n",
         ":2: ", "no job id"},
        {kHeader + std::string(3000, '[') + "\n", ":2: ", "deeper"},
    };
    const TempDir dir;
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text.substr(0, 200));
        const auto file = dir.write("bad.jsonl", c.text);
        const auto replay = Replay::open(file);
        ASSERT_FALSE(replay);
        EXPECT_THAT(replay.error().message, HasSubstr(file.string() + c.where));
        EXPECT_THAT(replay.error().message, HasSubstr(c.message));
    }
    EXPECT_THAT(Replay::open(dir / "none").error().message, HasSubstr("none"));
}

TEST(Recorder, WritesWhatReplayPlays) {
    tenon::testing::ModelServer server(R"([
      {"content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"key sk-secret-1"},
                  {"type":"tool_use","id":"t1","name":"background_run","input":{"z":1,"a":"\n"}}]},
      {"content":[{"type":"tool_use","id":"t2","name":"background_check","input":{"job_id":"{{job:1}}"}}],
       "usage":{"output_tokens":42}},
      {"status":400},
      {"content":[{"type":"tool_use","id":"t3","name":"x","input":{"a":1}}],"stop_reason":"max_tokens"}])");
    const TempDir dir;
    Secrets secrets;
    secrets.add("sk-secret-1");
    auto recorded = RecordFile::open(dir / "run.jsonl", secrets);
    ASSERT_TRUE(recorded) << recorded.error().message;
    Recorder record(*recorded, provider_for(server.url()));
    auto play = [](agent::Provider& provider, const std::string& job) {
        std::vector<Result<agent::Answer, agent::ModelFailure>> out;
        Talk talk;
        Watcher watcher;
        out.push_back(provider.ask(talk.request(), watcher, {}));
        talk.assistant(out.back()->content);
        talk.user({result_block("t1", "Background job " + job + " started: x")});
        for (int i = 0; i < 3; ++i)
            out.push_back(provider.ask(talk.request(), watcher, {}));
        return out;
    };
    const auto live = play(record, "0a0b0c0d");
    const std::string text = dir.read("run.jsonl");
    EXPECT_THAT(text, Not(HasSubstr("sk-secret-1")));
    EXPECT_THAT(text, Not(HasSubstr("sk-test-key")));
    EXPECT_THAT(text, HasSubstr(R"("jobs":["0a0b0c0d"])"));
    EXPECT_THAT(text, HasSubstr("key [redacted]"));
    struct stat info {};
    ASSERT_EQ(::stat((dir / "run.jsonl").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);

    auto replay = Replay::open(dir / "run.jsonl");
    ASSERT_TRUE(replay) << replay.error().message;
    const auto played = play(**replay, "11112222");
    ASSERT_EQ(played.size(), 4U);
    EXPECT_EQ(played[0]->calls.at(0).input, live[0]->calls.at(0).input);
    EXPECT_EQ(played[0]->id, live[0]->id);
    EXPECT_EQ(played[1]->calls.at(0).input, (Json{{"job_id", "11112222"}}));
    EXPECT_EQ(played[1]->usage.output_tokens, 42);
    EXPECT_EQ(played[2].error().message, live[2].error().message);
    EXPECT_EQ(played[2].error().http_status, 400);
    EXPECT_EQ(played[3]->content, live[3]->content);
    EXPECT_EQ(played[3]->calls.at(0).input_error, live[3]->calls.at(0).input_error);
    EXPECT_THAT(played[3]->calls.at(0).input_error, HasSubstr("cut off"));
}

TEST(Recorder, RecordsTwoConversationsAtTheSameTime) {
    const TempDir dir;
    const Secrets secrets;
    auto file = RecordFile::open(dir / "run.jsonl", secrets);
    ASSERT_TRUE(file) << file.error().message;
    tenon::testing::ModelServer first(
        R"([{"content":[{"type":"tool_use","id":"a","name":"x","input":{}}]},{"content":"one"}])");
    tenon::testing::ModelServer second(
        R"([{"content":[{"type":"tool_use","id":"a","name":"x","input":{}}]},{"status":400}])");
    Recorder one(*file, provider_for(first.url()));
    Recorder two(*file, provider_for(second.url()));
    next_text(one, "t1");
    next_text(two, "t2");
    next_text(two, "t2");
    next_text(one, "t1");

    auto replay = Replay::open(dir / "run.jsonl");
    ASSERT_TRUE(replay) << replay.error().message;
    for (const char* agent : {"t1", "t2"})
        EXPECT_EQ(next_text(**replay, agent), "");
    EXPECT_EQ(next_text(**replay, "t1"), "one");
    EXPECT_THAT(next_text(**replay, "t2"), HasSubstr("400"));
}

TEST(Recorder, SaysWhenItsFileCannotBeWritten) {
    const Secrets secrets;
    EXPECT_THAT(RecordFile::open("/nowhere/at/all", secrets).error().message,
                HasSubstr("record to /nowhere/at/all: No such file"));
    EXPECT_THAT(RecordFile::open("/dev/full", secrets).error().message,
                HasSubstr("record to /dev/full"));
}

}  // namespace
}  // namespace tenon::model
