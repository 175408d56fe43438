// Tasks as the tools show and change them.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/task/task_session.h"
#include "tests/support/temp_dir.h"

namespace tenon::task::testing {
namespace {

class Tasks : public ::testing::Test {
protected:
    void create(int count) {
        for (int i = 0; i < count; ++i)
            session_.call("task_create", {{"subject", std::string(1, static_cast<char>('a' + i))}});
    }
    Json update(Json input) {
        const auto result = session_.call("task_update", input);
        EXPECT_FALSE(result.is_error) << result.text;
        return Json::parse(result.text);
    }
    Json get(int id) { return Json::parse(session_.text("task_get", {{"task_id", id}})); }
    std::string list() { return session_.text("task_list"); }
    Json file(int id) const {
        return Json::parse(dir_.read(".tasks/task_" + std::to_string(id) + ".json"));
    }

    tenon::testing::TempDir dir_;
    TaskSession session_{dir_.path(), dir_ / "session"};
};

TEST_F(Tasks, AreCreatedInAFileOfTheirOwn) {
    const Json wanted = {{"id", 1},
                         {"subject", "build it"},
                         {"description", "all\nof it"},
                         {"status", "pending"},
                         {"blockedBy", Json::array()},
                         {"blocks", Json::array()},
                         {"owner", ""}};
    const Json answer = Json::parse(
        session_.text("task_create", {{"subject", " build\nit "}, {"description", "all\nof it"}}));
    EXPECT_EQ(answer, wanted);
    EXPECT_EQ(file(1), wanted);
    EXPECT_EQ(get(1), wanted);
    EXPECT_EQ(session_.text("task_get", {{"task_id", 1}}).rfind(R"({"id":1,"subject":)", 0), 0U)
        << "members in the order of reading";
}

TEST_F(Tasks, AreListedByNumberWithMarksDependenciesAndOwners) {
    create(11);
    update({{"task_id", 2}, {"add_blocked_by", {11, 1}}});
    update({{"task_id", 3}, {"status", "in_progress"}, {"owner", "ann"}});
    update({{"task_id", 4}, {"status", "completed"}});
    EXPECT_EQ(list().substr(0, list().find("[ ] 5")),
              "[ ] 1: a\n[ ] 2: b (blocked by: 1, 11)\n[>] 3: c (owner: ann)\n[x] 4: d\n");
    EXPECT_EQ(list().substr(list().find("[ ] 9")), "[ ] 9: i\n[ ] 10: j\n[ ] 11: k");
}

TEST_F(Tasks, KeepADependencyOnBothSides) {
    create(3);
    EXPECT_EQ(update({{"task_id", 2}, {"add_blocked_by", {1}}, {"add_blocks", {3}}})["blocks"],
              Json({3}));
    EXPECT_EQ(file(1)["blocks"], Json({2}));
    EXPECT_EQ(file(2)["blockedBy"], Json({1}));
    EXPECT_EQ(file(3)["blockedBy"], Json({2}));
    update({{"task_id", 2}, {"add_blocked_by", {1, 1}}});
    EXPECT_EQ(file(2)["blockedBy"], Json({1})) << "said again, it is the same";
}

TEST_F(Tasks, ThatAreCompletedUnblockTheOthers) {
    create(3);
    update({{"task_id", 1}, {"add_blocks", {2, 3}}});
    update({{"task_id", 2}, {"add_blocks", {3}}});
    update({{"task_id", 1}, {"status", "completed"}});
    EXPECT_EQ(list(), "[x] 1: a\n[ ] 2: b\n[ ] 3: c (blocked by: 2)");
    for (const int id : {1, 2, 3})
        EXPECT_EQ(file(id)["blockedBy"], id == 3 ? Json({2}) : Json::array());
    EXPECT_EQ(file(1)["blocks"], Json::array());
    update({{"task_id", 3}, {"add_blocked_by", {1}}});
    EXPECT_EQ(file(3)["blockedBy"], Json({2})) << "what is done is not waited for";
}

TEST_F(Tasks, MayDependTheOtherWayRoundOnceTheFirstIsDone) {
    create(2);
    update({{"task_id", 1}, {"add_blocks", {2}}});
    update({{"task_id", 1}, {"status", "completed"}});
    update({{"task_id", 1}, {"status", "pending"}, {"add_blocked_by", {2}}});
    EXPECT_EQ(list(), "[ ] 1: a (blocked by: 2)\n[ ] 2: b");
}

TEST_F(Tasks, ChangeAsAWholeOrNotAtAll) {
    create(3);
    update({{"task_id", 1}, {"add_blocks", {2}}});
    const std::string before = list();
    EXPECT_TRUE(
        session_
            .call(
                "task_update",
                {{"task_id", 2}, {"status", "completed"}, {"owner", "ann"}, {"add_blocks", {3, 1}}})
            .is_error == false)
        << "a completed task blocks nobody, so there is no cycle";
    update({{"task_id", 2}, {"status", "pending"}, {"owner", ""}});
    EXPECT_EQ(list(), before);
    EXPECT_TRUE(session_
                    .call("task_update", {{"task_id", 2},
                                          {"status", "in_progress"},
                                          {"owner", "ann"},
                                          {"add_blocks", {3, 1}}})
                    .is_error);
    EXPECT_EQ(list(), before);
}

TEST_F(Tasks, BelongToOneOwnerUntilGivenBack) {
    create(1);
    EXPECT_EQ(update({{"task_id", 1}, {"owner", "ann"}})["owner"], "ann");
    EXPECT_EQ(update({{"task_id", 1}, {"owner", "ann"}})["owner"], "ann");
    EXPECT_TRUE(session_.call("task_update", {{"task_id", 1}, {"owner", "bob"}}).is_error);
    EXPECT_EQ(update({{"task_id", 1}, {"owner", ""}})["owner"], "");
    EXPECT_EQ(update({{"task_id", 1}, {"owner", "bob"}})["owner"], "bob");
}

TEST_F(Tasks, NeverShareAnIdAlsoAfterFilesWereRemoved) {
    create(3);
    for (const int id : {2, 3})
        fs::remove(dir_ / (".tasks/task_" + std::to_string(id) + ".json"));
    create(1);
    EXPECT_EQ(list(), "[ ] 1: a\n[ ] 4: a");
    fs::remove(dir_ / ".tasks/.last_id");
    dir_.write(".tasks/task_9.json", "half a fil");
    create(1);
    EXPECT_EQ(get(10)["subject"], "a");
    dir_.write(".tasks/.last_id", "rubbish");
    create(1);
    EXPECT_EQ(get(11)["subject"], "a");
}

}  // namespace
}  // namespace tenon::task::testing
