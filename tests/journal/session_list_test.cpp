#include "host/journal/session_list.h"

#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <gtest/gtest.h>

#include "host/agent/session.h"
#include "tests/support/temp_dir.h"

namespace tenon::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class SessionList : public ::testing::Test {
protected:
    [[nodiscard]] Result<agent::Session> open(const std::string& id,
                                              const std::string& workspace = "/w") const {
        agent::SessionHead head;
        head.id = id;
        head.workspace = workspace;
        head.provider = "anthropic";
        head.model = "m1";
        head.tools = "[]";
        head.created_ms = 1'700'000'000'000;
        return agent::Session::open(dir_.path(), std::move(head));
    }
    /// A session with these prompts, each answered.
    void session(const std::string& id, const std::string& workspace,
                 const std::vector<std::string>& prompts) const {
        auto opened = open(id, workspace);
        ASSERT_TRUE(opened);
        ASSERT_TRUE(opened->add_text("where we are", "environment"));
        for (const std::string& prompt : prompts) {
            ASSERT_TRUE(opened->add_text(prompt, "prompt"));
            agent::Answer answer;
            answer.content = R"([{"type":"text","text":"yes"}])";
            ASSERT_TRUE(opened->add_answer(answer));
        }
    }
    void written_at(const std::string& id, int seconds) const {
        fs::last_write_time(dir_ / (id + ".jsonl"),
                            fs::file_time_type(std::chrono::seconds(seconds)));
    }
    [[nodiscard]] std::vector<std::string> ids(const std::string& workspace = "") const {
        std::vector<std::string> out;
        for (const SessionSummary& found : list_sessions(dir_.path(), workspace))
            out.push_back(found.id);
        return out;
    }

    testing::TempDir dir_;
};

TEST_F(SessionList, HasTheOneWrittenLastFirst) {
    EXPECT_THAT(ids(), ElementsAre());
    for (const char* id : {"a", "b", "c"})
        session(id, "/w", {"x"});
    session("other", "/v", {"x"});
    written_at("a", 300);
    written_at("b", 100);
    written_at("c", 200);
    written_at("other", 400);
    EXPECT_THAT(ids("/w"), ElementsAre("a", "c", "b"));
    EXPECT_THAT(ids(), ElementsAre("other", "a", "c", "b"));
}

TEST_F(SessionList, TellsWhatASessionIsAbout) {
    session("s1", "/w", {"first of all\nthis", "and that"});
    {
        auto opened = open("s1");
        ASSERT_TRUE(opened);
        ASSERT_TRUE(opened->change_model({"openai", "m2"}, ""));
    }
    const auto found = summarise_session(dir_.path(), "s1");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->workspace, "/w");
    EXPECT_EQ(found->provider, "openai");
    EXPECT_EQ(found->model, "m2");
    EXPECT_EQ(found->first_prompt, "first of all\nthis");
    EXPECT_EQ(found->turns, 2);
    EXPECT_EQ(found->created_ms, 1'700'000'000'000);
    EXPECT_FALSE(found->held);
    EXPECT_THAT(summarise_session(dir_.path(), "s2").error().message,
                HasSubstr("there is no session 's2'"));
}

TEST_F(SessionList, ReadsTheWholeJournalForTheModelOnlyAfterASwitch) {
    session("s1", "/w", {"x"});
    const auto journal = dir_ / "s1.jsonl";
    const auto expect = [&](const RecordedModel& expected) {
        const auto found = model_of_session(journal);
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_EQ(found->provider, expected.provider);
        EXPECT_EQ(found->name, expected.name);
        EXPECT_EQ(found->server, expected.server);
    };
    expect({"anthropic", "m1", ""});
    {
        auto opened = open("s1");
        ASSERT_TRUE(opened);
        ASSERT_TRUE(opened->change_model({"openai", "m2"}, "http://a/v1"));
        ASSERT_TRUE(opened->change_model({"openai", "m3"}, "http://a/v1"));
    }
    expect({"anthropic", "m1", ""});
    std::filesystem::create_directories(switched_mark(journal).parent_path());
    std::ofstream(switched_mark(journal)).flush();
    expect({"openai", "m3", "http://a/v1"});
    {
        auto opened = open("s1");
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->head().server, "http://a/v1");
        ASSERT_TRUE(opened->change_model({"anthropic", "m3"}, ""));
    }
    expect({"anthropic", "m3", ""});
    EXPECT_EQ(open("s1")->head().server, "");
    EXPECT_FALSE(model_of_session(dir_ / "s2.jsonl"));
}

TEST_F(SessionList, HoldsNoWholePromptOfAMegabyte) {
    session("s1", "/w", {std::string(1'000'000, 'x')});
    EXPECT_EQ(summarise_session(dir_.path(), "s1")->first_prompt.size(), 4096U);
}

TEST_F(SessionList, SeesThatAHostHasASessionOpenAndLeavesItsLockAlone) {
    session("s1", "/w", {"x"});
    const auto opened = open("s1");
    ASSERT_TRUE(opened);
    EXPECT_TRUE(list_sessions(dir_.path(), "").front().held);
    EXPECT_FALSE(open("s1"));
}

TEST_F(SessionList, PassesOverWhatIsNoJournal) {
    session("good", "/w", {"x"});
    dir_.write("empty.jsonl", "");
    dir_.write("rubbish.jsonl", "{\n");
    dir_.write("newer.jsonl", R"({"v":2,"type":"session","id":"newer"})");
    dir_.write("renamed.jsonl", R"({"v":1,"type":"session","id":"other"})");
    dir_.write("good/agent-1.jsonl", R"({"v":1,"type":"session","id":"agent-1"})");
    dir_.write(".hidden.jsonl", "x");
    dir_.write("notes.txt", "x");
    fs::create_directories(dir_ / "folder.jsonl");
    std::vector<std::string> problems;
    EXPECT_EQ(list_sessions(dir_.path(), "", &problems).size(), 1U);
    std::sort(problems.begin(), problems.end());
    EXPECT_THAT(problems, ElementsAre(HasSubstr("empty.jsonl"), HasSubstr("newer tenon"),
                                      HasSubstr("renamed.jsonl"), HasSubstr("rubbish.jsonl")));
}

TEST_F(SessionList, CountsWhatCanBeReadOfADamagedJournal) {
    session("s1", "/w", {"x", "y"});
    dir_.write("s1.jsonl", dir_.read("s1.jsonl") + "{\"v\":1,\"seq\":9,\"type\":\"assis");
    EXPECT_EQ(summarise_session(dir_.path(), "s1")->turns, 2);
}

}  // namespace
}  // namespace tenon::journal
