#include "host/cli/workspace_tasks.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkspaceTasksTest : public ::testing::Test {
protected:
    void write(const std::string& name, const std::string& text) const {
        dir_.write(".tasks/" + name, text);
    }
    void write(int id, const char* status, const Json& blocked_by, const Json& blocks) const {
        write("task_" + std::to_string(id) + ".json", Json{{"id", id},
                                                           {"subject", "s"},
                                                           {"status", status},
                                                           {"blockedBy", blocked_by},
                                                           {"blocks", blocks}}
                                                          .dump());
    }
    [[nodiscard]] Result<WorkspaceTasks> try_to_read() const {
        config::Settings settings;
        settings.workspace = dir_.path();
        settings.prefix = TENON_PREFIX;
        return read_workspace_tasks(settings);
    }
    [[nodiscard]] WorkspaceTasks read() const {
        auto found = try_to_read();
        EXPECT_TRUE(found) << found.error().message;
        return found ? *found : WorkspaceTasks();
    }

    testing::TempDir dir_;
};

TEST_F(WorkspaceTasksTest, AreReadByNumber) {
    EXPECT_TRUE(read().tasks.empty()) << "where there is no folder there are no tasks";
    for (const int id : {10, 2})
        write(id, "pending", Json::array(), Json::array());
    const Json task = {
        {"id", 1},          {"subject", "build"}, {"description", "all"}, {"status", "in_progress"},
        {"blockedBy", {2}}, {"blocks", {10}},     {"owner", "ann"}};
    write("task_1.json", task.dump());
    write("notes.txt", "mine");
    const WorkspaceTasks files = read();
    ASSERT_EQ(files.tasks.size(), 3U);
    EXPECT_EQ(to_json(files.tasks[0]), task);
    EXPECT_EQ(files.tasks[1].id, 2);
    EXPECT_EQ(files.tasks[2].id, 10);
    EXPECT_THAT(files.problems, ElementsAre());
}

TEST_F(WorkspaceTasksTest, HaveTheirDependenciesOnBothSides) {
    write(1, "completed", Json::array(), {2});
    write(2, "pending", {1}, {3, 9});
    write(3, "pending", {9}, {4});
    write(4, "pending", Json::array(), Json::array());
    write("task_5.json", "{");
    write(6, "pending", {5, 6}, Json::array());
    const WorkspaceTasks files = read();
    using Ids = std::set<std::int64_t>;
    std::map<std::int64_t, std::pair<Ids, Ids>> seen;
    for (const Task& task : files.tasks)
        seen[task.id] = {task.blocked_by, task.blocks};
    EXPECT_EQ(seen,
              (std::map<std::int64_t, std::pair<Ids, Ids>>{
                  {1, {{}, {}}}, {2, {{}, {3}}}, {3, {{2}, {4}}}, {4, {{3}, {}}}, {6, {{5}, {}}}}));
}

TEST_F(WorkspaceTasksTest, ThatCannotBeUsedAreNamedWithTheirReason) {
    const struct {
        const char* text;
        const char* reason;
    } rows[] = {
        {"", "not valid JSON"},
        {"[]", "no JSON object"},
        {R"({"v":2,"id":1,"subject":"s","status":"pending"})", "another version"},
        {R"({"id":2,"subject":"s","status":"pending"})", "its id is not"},
        {R"({"id":1,"subject":" ","status":"pending"})", "its subject is missing or blank"},
        {R"({"id":1,"subject":"s","status":"done"})", "its status is not"},
        {R"({"id":1,"subject":"s","status":"pending","owner":1})", "owner is no text"},
        {R"({"id":1,"subject":"s","status":"pending","blocks":[0]})",
         "blocks holds something that is no task id"},
        {"{\"id\":1,\"subject\":\"\xff\",\"status\":\"pending\"}", "not UTF-8"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        write("task_1.json", row.text);
        EXPECT_TRUE(read().tasks.empty());
        EXPECT_THAT(read().problems, ElementsAre(HasSubstr(row.reason)));
    }
    write("task_1.json", std::string((1U << 20U) + 1, ' '));
    std::filesystem::create_symlink("task_1.json", dir_ / ".tasks/task_2.json");
    std::filesystem::create_directory(dir_ / ".tasks/task_3.json");
    ASSERT_EQ(::mkfifo((dir_ / ".tasks/task_4.json").c_str(), 0600), 0);
    write("task_05.json", "{}");
    EXPECT_THAT(read().problems, ElementsAre(HasSubstr("task_05.json: its name is not"),
                                             HasSubstr("task_1.json: larger than 1 MiB"),
                                             HasSubstr("task_2.json: a symbolic link"),
                                             HasSubstr("task_3.json: a folder, not a file"),
                                             HasSubstr("task_4.json: not a regular file")));
}

TEST_F(WorkspaceTasksTest, AreNotLookedForBehindALinkOrInAFile) {
    std::filesystem::create_directory(dir_ / "real");
    std::filesystem::create_symlink("real", dir_ / ".tasks");
    EXPECT_THAT(try_to_read().error().message, HasSubstr("is a symbolic link"));
    std::filesystem::remove(dir_ / ".tasks");
    dir_.write(".tasks", "x");
    EXPECT_THAT(try_to_read().error().message, HasSubstr("is no folder"));
}

TEST_F(WorkspaceTasksTest, AreUnknownWithoutThePluginThatKeepsThem) {
    config::Settings settings;
    settings.workspace = dir_.path();
    settings.prefix = dir_ / "nothing-installed";
    const auto none = read_workspace_tasks(settings);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("no plugin that keeps tasks is loaded from " +
                                                (dir_ / "nothing-installed").string()));
}

}  // namespace
}  // namespace tenon::cli
