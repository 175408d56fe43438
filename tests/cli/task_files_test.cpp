#include "host/cli/task_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TaskFilesTest : public ::testing::Test {
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
    [[nodiscard]] TaskFiles read() const {
        auto files = read_task_files(dir_.path());
        EXPECT_TRUE(files) << files.error().message;
        return files ? *files : TaskFiles();
    }

    testing::TempDir dir_;
};

TEST_F(TaskFilesTest, AreReadByNumber) {
    EXPECT_TRUE(read().tasks.empty()) << "where there is no folder there are no tasks";
    for (const int id : {10, 2})
        write(id, "pending", Json::array(), Json::array());
    const Json task = {
        {"id", 1},          {"subject", "build"}, {"description", "all"}, {"status", "in_progress"},
        {"blockedBy", {2}}, {"blocks", {10}},     {"owner", "ann"}};
    write("task_1.json", task.dump());
    write("notes.txt", "mine");
    const TaskFiles files = read();
    ASSERT_EQ(files.tasks.size(), 3U);
    EXPECT_EQ(to_json(files.tasks[0]), task);
    EXPECT_EQ(files.tasks[1].id, 2);
    EXPECT_EQ(files.tasks[2].id, 10);
    EXPECT_THAT(files.problems, ElementsAre());
}

TEST_F(TaskFilesTest, HaveTheirDependenciesOnBothSides) {
    write(1, "completed", Json::array(), {2});
    write(2, "pending", {1}, {3, 9});
    write(3, "pending", {9}, {4});
    write(4, "pending", Json::array(), Json::array());
    write("task_5.json", "{");
    write(6, "pending", {5, 6}, Json::array());
    const TaskFiles files = read();
    using Ids = std::set<std::int64_t>;
    std::map<std::int64_t, std::pair<Ids, Ids>> seen;
    for (const TaskFile& task : files.tasks)
        seen[task.id] = {task.blocked_by, task.blocks};
    EXPECT_EQ(seen,
              (std::map<std::int64_t, std::pair<Ids, Ids>>{
                  {1, {{}, {}}}, {2, {{}, {3}}}, {3, {{2}, {4}}}, {4, {{3}, {}}}, {6, {{5}, {}}}}));
}

TEST_F(TaskFilesTest, ThatCannotBeUsedAreNamedWithTheirReason) {
    const struct {
        const char* text;
        const char* reason;
    } rows[] = {
        {"", "parse error"},
        {"[]", "no JSON object"},
        {R"({"v":2,"id":1,"subject":"s","status":"pending"})", "another version"},
        {R"({"id":2,"subject":"s","status":"pending"})", "its id is not"},
        {R"({"id":1,"subject":" ","status":"pending"})", "its subject is missing or blank"},
        {R"({"id":1,"subject":"s","status":"done"})", "its status is not"},
        {R"({"id":1,"subject":"s","status":"pending","owner":1})", "is no text"},
        {R"({"id":1,"subject":"s","status":"pending","blocks":[0]})", "no list of task ids"},
        {"{\"id\":1,\"subject\":\"\xff\",\"status\":\"pending\"}", "parse error"},
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
                                             HasSubstr("task_3.json: not a regular file"),
                                             HasSubstr("task_4.json: not a regular file")));
}

TEST_F(TaskFilesTest, AreNotLookedForBehindALinkOrInAFile) {
    std::filesystem::create_directory(dir_ / "real");
    std::filesystem::create_symlink("real", dir_ / ".tasks");
    EXPECT_THAT(read_task_files(dir_.path()).error().message, HasSubstr("is no folder"));
    std::filesystem::remove(dir_ / ".tasks");
    dir_.write(".tasks", "x");
    EXPECT_THAT(read_task_files(dir_.path()).error().message, HasSubstr("is no folder"));
}

}  // namespace
}  // namespace tenon::cli
