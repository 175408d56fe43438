// The folder .tasks with unexpected contents.
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "tests/plugins/task/task_session.h"
#include "tests/support/temp_dir.h"

namespace tenon::task::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TaskFolderTest : public ::testing::Test {
protected:
    [[nodiscard]] fs::path file(const std::string& name) const { return dir_ / ".tasks" / name; }
    void write(int id, const Json& task) const {
        dir_.write(".tasks/task_" + std::to_string(id) + ".json", task.dump());
    }
    void write(int id, const char* status, const Json& blocked_by, const Json& blocks) const {
        write(id, {{"id", id},
                   {"subject", "s"},
                   {"status", status},
                   {"blockedBy", blocked_by},
                   {"blocks", blocks}});
    }
    Json read(int id) const {
        return Json::parse(dir_.read(".tasks/task_" + std::to_string(id) + ".json"));
    }
    std::string update(const Json& input) { return session_.text("task_update", input); }
    std::string list() { return session_.text("task_list"); }

    tenon::testing::TempDir dir_;
    TaskSession session_{dir_.path(), dir_ / "session"};
};

TEST_F(TaskFolderTest, ReportsFilesThatCannotBeUsedAndLeavesThemAlone) {
    const std::string good = R"("subject":"s","status":"pending")";
    const struct {
        std::string text;
        const char* reason;
    } rows[] = {
        {"", "not valid JSON (or not UTF-8)"},
        {"{\"id\":1," + good, "not valid JSON (or not UTF-8)"},
        {"{\"id\":1,\"subject\":\"\xff\",\"status\":\"pending\"}", "not valid JSON (or not UTF-8)"},
        {"[1]", "no JSON object"},
        {std::string(100'000, '['), "nested too deeply"},
        {"{\"id\":1,\"x\":" + std::string(70, '[') + std::string(70, ']') + "," + good + "}",
         "nested too deeply"},
        {"{" + good + "}", "its id is not the number in its name"},
        {"{\"id\":2," + good + "}", "its id is not the number in its name"},
        {"{\"id\":\"1\"," + good + "}", "its id is not the number in its name"},
        {"{\"id\":1.5," + good + "}", "its id is not the number in its name"},
        {R"({"id":1,"status":"pending"})", "its subject is missing or blank"},
        {R"({"id":1,"subject":" ","status":"pending"})", "its subject is missing or blank"},
        {R"({"id":1,"subject":5,"status":"pending"})", "subject is no text"},
        {R"({"id":1,"subject":"s"})", "its status is not pending"},
        {R"({"id":1,"subject":"s","status":"done"})", "its status is not pending"},
        {"{\"id\":1,\"owner\":[]," + good + "}", "owner is no text"},
        {"{\"id\":1,\"blocks\":2," + good + "}", "blocks is no list of task ids"},
        {"{\"id\":1,\"blockedBy\":[0]," + good + "}", "blockedBy holds something that is no task"},
        {"{\"id\":1,\"blockedBy\":[18446744073709551615]," + good + "}",
         "blockedBy holds something that is no task"},
        {"{\"v\":2,\"id\":1," + good + "}", "written by another version"},
        {"{\"id\":1,\"description\":\"" + std::string(1U << 20U, 'x') + "\"," + good + "}",
         "larger than 1 MiB"},
    };
    write(2, "pending", Json::array(), Json::array());
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text.substr(0, 80));
        dir_.write(".tasks/task_1.json", row.text);
        EXPECT_THAT(list(), StartsWith("[ ] 2: s\nLeft alone: .tasks/task_1.json: "));
        EXPECT_THAT(list(), HasSubstr(row.reason));
        EXPECT_THAT(
            session_.text("task_get", {{"task_id", 1}}),
            HasSubstr(std::string("Error: .tasks/task_1.json cannot be used: ") + row.reason));
        EXPECT_THAT(update({{"task_id", 1}, {"status", "completed"}}), HasSubstr(row.reason));
        EXPECT_THAT(update({{"task_id", 2}, {"add_blocks", {1}}}), HasSubstr(row.reason));
        EXPECT_EQ(dir_.read(".tasks/task_1.json"), row.text);
    }
    session_.call("task_create", {{"subject", "next"}});
    EXPECT_EQ(read(3)["subject"], "next");
}

TEST_F(TaskFolderTest, FollowsNoLinkAndOpensNothingButFiles) {
    dir_.write("elsewhere.json", R"({"id":1,"subject":"secret","status":"pending"})");
    fs::create_directories(file("task_2.json"));
    fs::create_symlink("../elsewhere.json", file("task_1.json"));
    ASSERT_EQ(::mkfifo(file("task_3.json").c_str(), 0600), 0);
    dir_.write(".tasks/task_04.json", "{}");
    dir_.write(".tasks/task_x.json", "{}");
    dir_.write(".tasks/task_99999999999999999999.json", "{}");
    dir_.write(".tasks/notes.txt", "mine");
    EXPECT_EQ(list(),
              "No tasks.\n"
              "Left alone: .tasks/task_04.json: its name is not task_<number>.json\n"
              "Left alone: .tasks/task_1.json: a symbolic link, which is not followed\n"
              "Left alone: .tasks/task_2.json: a folder, not a file\n"
              "Left alone: .tasks/task_3.json: not a regular file\n"
              "Left alone: .tasks/task_99999999999999999999.json: its name is not "
              "task_<number>.json\n"
              "Left alone: .tasks/task_x.json: its name is not task_<number>.json");
    session_.call("task_create", {{"subject", "next"}});
    EXPECT_EQ(read(4)["subject"], "next");
    EXPECT_TRUE(fs::is_symlink(file("task_1.json")));
    EXPECT_EQ(dir_.read(".tasks/notes.txt"), "mine");
}

TEST_F(TaskFolderTest, ReportsFilesThatMayNotBeRead) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
    write(1, "pending", Json::array(), Json::array());
    fs::permissions(file("task_1.json"), fs::perms::none);
    EXPECT_EQ(list(),
              "No tasks.\nLeft alone: .tasks/task_1.json: it cannot be read: Permission denied");
}

TEST_F(TaskFolderTest, IsNeitherALinkNorAFile) {
    const auto expect_refusal = [&](const char* reason) {
        for (const char* tool : {"task_list", "task_create"}) {
            const auto result = session_.call(
                tool, std::string(tool) == "task_list" ? Json::object() : Json{{"subject", "x"}});
            EXPECT_TRUE(result.is_error);
            EXPECT_THAT(result.text, HasSubstr(reason));
        }
    };
    fs::create_directories(dir_ / "real");
    fs::create_symlink("real", dir_ / ".tasks");
    expect_refusal(".tasks in the workspace is a symbolic link, which is not followed");
    fs::remove(dir_ / ".tasks");
    fs::create_symlink("nowhere", dir_ / ".tasks");
    expect_refusal(".tasks in the workspace is a symbolic link, which is not followed");
    fs::remove(dir_ / ".tasks");
    dir_.write(".tasks", "a file");
    expect_refusal(".tasks in the workspace is no folder");
    EXPECT_TRUE(fs::is_empty(dir_ / "real"));
}

TEST_F(TaskFolderTest, KeepsWhatItDoesNotKnowAndWhoMayReadIt) {
    write(1, {{"id", 1}, {"subject", "s"}, {"status", "pending"}, {"estimate", {{"hours", 3}}}});
    fs::permissions(file("task_1.json"), fs::perms::owner_read | fs::perms::owner_write);
    update({{"task_id", 1}, {"owner", "ann"}});
    EXPECT_EQ(read(1)["owner"], "ann");
    EXPECT_EQ(read(1)["estimate"], Json({{"hours", 3}}));
    EXPECT_EQ(fs::status(file("task_1.json")).permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
}

/// A crash between the two writes of one change: only one side of it was written.
TEST_F(TaskFolderTest, FinishesADependencyOfWhichOneSideWasWritten) {
    write(1, "pending", Json::array(), {2});
    write(2, "pending", Json::array(), Json::array());
    write(3, "pending", {2}, Json::array());
    EXPECT_EQ(list(), "[ ] 1: s\n[ ] 2: s (blocked by: 1)\n[ ] 3: s (blocked by: 2)");
    EXPECT_EQ(read(2)["blockedBy"], Json::array()) << "looking changes nothing";
    update({{"task_id", 1}, {"owner", "ann"}});
    EXPECT_EQ(read(2)["blockedBy"], Json({1}));
    EXPECT_EQ(read(2)["blocks"], Json({3}));
}

TEST_F(TaskFolderTest, FinishesACompletionThatIsMissingInTheOtherTasks) {
    write(1, "completed", Json::array(), Json::array());
    write(2, "pending", {1}, Json::array());
    EXPECT_EQ(list(), "[x] 1: s\n[ ] 2: s");
    update({{"task_id", 1}, {"status", "pending"}});
    EXPECT_EQ(list(), "[ ] 1: s\n[ ] 2: s") << "what was done stays undone no more";
    EXPECT_EQ(read(2)["blockedBy"], Json::array());
}

TEST_F(TaskFolderTest, ForgetsTasksWhoseFilesAreGoneAndKeepsThoseThatCannotBeRead) {
    write(1, "pending", {1, 7, 8}, {7, 8});
    dir_.write(".tasks/task_8.json", "{");
    EXPECT_THAT(list(), StartsWith("[ ] 1: s (blocked by: 8)\n"));
    update({{"task_id", 1}, {"owner", "ann"}});
    EXPECT_EQ(read(1)["blockedBy"], Json({8}));
    EXPECT_EQ(read(1)["blocks"], Json({8}));
}

TEST_F(TaskFolderTest, EndsOnACycleThatSomebodyWrote) {
    write(1, "pending", {2}, {2});
    write(2, "pending", {1}, {1});
    write(3, "pending", Json::array(), Json::array());
    EXPECT_EQ(list(), "[ ] 1: s (blocked by: 2)\n[ ] 2: s (blocked by: 1)\n[ ] 3: s");
    EXPECT_THAT(update({{"task_id", 3}, {"add_blocks", {1}}}), HasSubstr(R"("blocks":[1])"));
}

TEST_F(TaskFolderTest, RemovesATemporaryFileOfACrash) {
    dir_.write(".tasks/.new", "half a ta");
    session_.call("task_create", {{"subject", "x"}});
    EXPECT_EQ(list(), "[ ] 1: x");
    EXPECT_FALSE(fs::exists(file(".new")));
}

TEST_F(TaskFolderTest, EndsAWaitForTheLockWhenTheCallIsCancelled) {
    session_.call("task_create", {{"subject", "x"}});
    const UniqueFd lock(::open(file(".lock").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    std::stop_source stop;
    stop.request_stop();
    const auto result =
        session_.call("task_update", {{"task_id", 1}, {"owner", "a"}}, stop.get_token());
    EXPECT_TRUE(result.is_error);
    EXPECT_EQ(read(1)["owner"], "");
}

TEST_F(TaskFolderTest, IsReadWithoutTheLockWhenSomebodyKeepsIt) {
    session_.call("task_create", {{"subject", "x"}});
    const UniqueFd lock(::open(file(".lock").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    EXPECT_EQ(list(), "[ ] 1: x");
}

TEST_F(TaskFolderTest, GivesNoNumberBeyondTheHighest) {
    dir_.write(".tasks/.last_id", "999999999999999999");
    EXPECT_THAT(session_.text("task_create", {{"subject", "x"}}),
                HasSubstr("no number is left for a task"));
    EXPECT_EQ(list(), "No tasks.");
}

TEST_F(TaskFolderTest, SaysWhatCouldNotBeWritten) {
    fs::create_directories(file(".new/x"));
    EXPECT_THAT(session_.text("task_create", {{"subject", "x"}}),
                HasSubstr("Error: write .tasks/.last_id: "));
    EXPECT_EQ(list(), "No tasks.");
}

}  // namespace
}  // namespace tenon::task::testing
