// The checklist of a session: its lines, its storage, its reminders.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/task/task_session.h"
#include "tests/support/temp_dir.h"

namespace tenon::task::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Todos : public ::testing::Test {
protected:
    Todos() { begin("new"); }

    void begin(const std::string& reason) { session_->registry.begin_session("s1", reason); }
    /// The host ends, and another one opens the session.
    void restart(const std::string& reason = "resumed") {
        session_ = std::make_unique<TaskSession>(dir_.path(), dir_ / "session");
        begin(reason);
    }
    std::string write(const std::vector<std::pair<const char*, const char*>>& todos) {
        Json items = Json::array();
        for (const auto& [text, status] : todos)
            items.push_back(
                {{"id", std::to_string(items.size() + 1)}, {"text", text}, {"status", status}});
        return session_->text("todo", {{"items", items}});
    }
    /// The numbers of the next requests that have a reminder, from 1.
    std::vector<int> reminded(int requests) {
        std::vector<int> found;
        for (int i = 1; i <= requests; ++i) {
            const std::string text = session_->registry.reminders();
            if (text.empty()) continue;
            EXPECT_EQ(text, "Update your todos.");
            found.push_back(i);
        }
        return found;
    }

    tenon::testing::TempDir dir_;
    std::unique_ptr<TaskSession> session_ =
        std::make_unique<TaskSession>(dir_.path(), dir_ / "session");
};

TEST_F(Todos, AreShownWithTheirMarks) {
    EXPECT_EQ(write({{"read", "completed"}, {"write", "in_progress"}, {"test", "pending"}}),
              "[x] read\n[>] write\n[ ] test\n(1/3 completed)");
    EXPECT_EQ(write({}), "(0/0 completed)");
}

TEST_F(Todos, HaveTwentyItemsAtMost) {
    EXPECT_THAT(write(std::vector<std::pair<const char*, const char*>>(20, {"x", "pending"})),
                HasSubstr("(0/20 completed)"));
}

TEST_F(Todos, StayOnOneLineEach) {
    EXPECT_EQ(write({{" a\n[x] b\t", "pending"}}), "[ ] a [x] b\n(0/1 completed)");
}

TEST_F(Todos, AreRemindedOfAfterThreeTurnsAndEveryThirdOneAfterThat) {
    write({{"a", "pending"}});
    // The first request has the result of the call itself; the reminder comes three answers later.
    EXPECT_THAT(reminded(11), ElementsAre(4, 7, 10));
    write({{"a", "in_progress"}});
    EXPECT_THAT(reminded(5), ElementsAre(4));
}

TEST_F(Todos, AreNotRemindedOfWhenNoneIsOpen) {
    EXPECT_THAT(reminded(5), ElementsAre());
    write({{"a", "completed"}});
    EXPECT_THAT(reminded(5), ElementsAre());
}

TEST_F(Todos, SurviveARestartAndCountOn) {
    write({{"a", "pending"}, {"b", "completed"}});
    EXPECT_THAT(reminded(2), ElementsAre());
    restart();
    EXPECT_EQ(session_->registry.carried_on(), "Open todos:\n[ ] a");
    EXPECT_THAT(reminded(3), ElementsAre(2));
}

TEST_F(Todos, AreEmptiedByAClearedConversationForGood) {
    write({{"a", "pending"}});
    begin("cleared");
    EXPECT_EQ(session_->registry.carried_on(), "");
    EXPECT_THAT(reminded(5), ElementsAre());
    restart();
    EXPECT_EQ(session_->registry.carried_on(), "");
}

TEST_F(Todos, OfAnEarlierSessionOfThatNameAreForgotten) {
    write({{"a", "pending"}});
    restart("new");
    EXPECT_EQ(session_->registry.carried_on(), "");
}

TEST_F(Todos, ThatCannotBeReadAreReportedAndCountAsNone) {
    for (const char* stored : {"nonsense", "{}", R"({"items":[],"turns":"x"})"}) {
        SCOPED_TRACE(stored);
        dir_.write("session/task.json", Json{{"v", 1}, {"values", {{"todos", stored}}}}.dump());
        restart();
        EXPECT_THAT(session_->logged, ElementsAre(HasSubstr("the stored todos cannot be read")));
        EXPECT_EQ(write({{"a", "pending"}}), "[ ] a\n(0/1 completed)");
    }
}

TEST_F(Todos, ThatCannotBeStoredAreAnErrorAndTheOldOnesStay) {
    write({{"a", "pending"}});
    const std::string endless(40'000, 'x');
    const std::string answer = write({{endless.c_str(), "pending"}, {endless.c_str(), "pending"}});
    EXPECT_THAT(answer, HasSubstr("Error: the todos could not be stored"));
    EXPECT_THAT(answer, HasSubstr("64 KiB"));
    EXPECT_EQ(session_->registry.carried_on(), "Open todos:\n[ ] a");
}

TEST_F(Todos, AndTasksThatAreOpenAreCarriedOn) {
    write({{"a", "completed"}, {"b", "in_progress"}});
    session_->call("task_create", {{"subject", "one"}});
    session_->call("task_create", {{"subject", "two"}});
    session_->call("task_create", {{"subject", "three"}});
    session_->call("task_update", {{"task_id", 2}, {"add_blocks", {3}}});
    session_->call("task_update", {{"task_id", 1}, {"status", "completed"}});
    EXPECT_EQ(session_->registry.carried_on(),
              "Open todos:\n[>] b\n\nOpen tasks:\n[ ] 2: two\n[ ] 3: three (blocked by: 2)");
}

TEST_F(Todos, AreCarriedOnAlsoWhereTasksCannotBe) {
    write({{"a", "pending"}});
    dir_.write(".tasks", "a file");
    EXPECT_EQ(session_->registry.carried_on(), "Open todos:\n[ ] a");
    EXPECT_THAT(session_->logged, ElementsAre(HasSubstr(".tasks in the workspace is no folder")));
}

TEST_F(Todos, CarryTheFirstFiftyTasksAlone) {
    for (int i = 1; i <= 52; ++i)
        dir_.write(".tasks/task_" + std::to_string(i) + ".json",
                   Json{{"id", i}, {"subject", "s"}, {"status", "pending"}}.dump());
    const std::string carried = session_->registry.carried_on();
    EXPECT_THAT(carried, HasSubstr("[ ] 50: s\n(2 more; task_list shows all)"));
    EXPECT_THAT(carried, ::testing::Not(HasSubstr("51: s")));
}

}  // namespace
}  // namespace tenon::task::testing
