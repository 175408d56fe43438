// What each tool of the plugin answers to wrong arguments.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/task/task_session.h"
#include "tests/support/temp_dir.h"

namespace tenon::task::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TaskArguments : public ::testing::Test {
protected:
    void expect_failure(const std::string& tool, const Json& input, const std::string& text) {
        SCOPED_TRACE(tool + " " + input.dump());
        const auto result = session_.call(tool, input);
        EXPECT_TRUE(result.is_error);
        EXPECT_THAT(result.text, HasSubstr(text));
    }

    tenon::testing::TempDir dir_;
    TaskSession session_{dir_.path(), dir_ / "session"};
};

Json item(const char* id, const char* text, const char* status = "pending") {
    return {{"id", id}, {"text", text}, {"status", status}};
}

Json items(const std::vector<Json>& list) {
    return {{"items", list}};
}

TEST_F(TaskArguments, OffersTheFiveToolsWithTheirFlags) {
    std::vector<std::string> seen;
    for (const auto* spec : session_.registry.specs())
        seen.push_back(spec->name + (spec->concurrent ? " concurrent" : "") +
                       (spec->read_only ? " read-only" : "") + (spec->first_party ? " ours" : ""));
    EXPECT_THAT(seen, ElementsAre("todo ours", "task_create ours", "task_update ours",
                                  "task_list concurrent read-only ours",
                                  "task_get concurrent read-only ours"));
}

TEST_F(TaskArguments, AreDescribedInLittleRoom) {
    Json tools = Json::array();
    for (const auto* spec : session_.registry.specs())
        tools.push_back({{"name", spec->name},
                         {"description", spec->description},
                         {"input_schema", spec->input_schema}});
    EXPECT_LE(tools.dump().size(), 1700U);
}

TEST_F(TaskArguments, OfTodoThatAreWrongGetAnErrorThatSaysWhatToDo) {
    std::vector<Json> too_many;
    for (int i = 0; i < 21; ++i)
        too_many.push_back(item(std::to_string(i).c_str(), "x"));
    const struct {
        Json input;
        const char* text;
    } rows[] = {
        {Json::object(), "items"},
        {{{"items", "x"}}, "items"},
        {{{"items", {5}}}, "items[0]"},
        {{{"items", Json::array()}, {"more", 1}}, "more"},
        {items({{{"id", "1"}, {"text", "x"}}}), "status"},
        {items({{{"id", "1"}, {"status", "pending"}}}), "text"},
        {items({{{"text", "x"}, {"status", "pending"}}}), "id"},
        {items({{{"id", 1}, {"text", "x"}, {"status", "pending"}}}), "id"},
        {items({{{"id", "1"}, {"text", 5}, {"status", "pending"}}}), "text"},
        {items({item("1", "x", "done")}), "status"},
        {items({item("1", "")}), "the text of item '1' is blank"},
        {items({item("1", " \t\n")}), "the text of item '1' is blank"},
        {items({item(" ", "x")}), "blank id"},
        {items({item("a", "x"), item("a", "y")}), "two items have the id 'a'"},
        {items({item("a", "x", "in_progress"), item("b", "y"), item("c", "z", "in_progress")}),
         "items 'a' and 'c' are both in_progress; only one"},
        {items(too_many), "21 items; a list has at most 20"},
    };
    for (const auto& row : rows)
        expect_failure("todo", row.input, row.text);
    EXPECT_EQ(session_.registry.carried_on(), "") << "a list that was refused is not there";
}

TEST_F(TaskArguments, OfTasksThatAreWrongGetAnErrorThatSaysWhatToDo) {
    session_.call("task_create", {{"subject", "one"}});
    session_.call("task_create", {{"subject", "two"}});
    session_.call("task_create", {{"subject", "three"}});
    session_.call("task_update", {{"task_id", 1}, {"add_blocks", {2}}});
    session_.call("task_update", {{"task_id", 2}, {"add_blocks", {3}}, {"owner", "ann"}});
    const std::string before = session_.text("task_list");
    const struct {
        const char* tool;
        Json input;
        const char* text;
    } rows[] = {
        {"task_create", Json::object(), "subject"},
        {"task_create", {{"subject", 5}}, "subject"},
        {"task_create", {{"subject", "x"}, {"description", 5}}, "description"},
        {"task_create", {{"subject", "x"}, {"status", "pending"}}, "status"},
        {"task_create", {{"subject", ""}}, "the subject is blank"},
        {"task_create", {{"subject", " \n "}}, "the subject is blank"},
        {"task_create", {{"subject", std::string(501, 'x')}}, "has 501 characters; at most 500"},
        {"task_create",
         {{"subject", "x"}, {"description", std::string(1 << 20, 'x')}},
         "960 KiB fit: put long text into a file"},
        {"task_update", Json::object(), "task_id"},
        {"task_update", {{"task_id", "1"}, {"status", "pending"}}, "task_id"},
        {"task_update", {{"task_id", 1.5}, {"status", "pending"}}, "task_id"},
        {"task_update", {{"task_id", 1}}, "nothing to change in task 1; give status"},
        {"task_update", {{"task_id", 1}, {"add_blocks", Json::array()}}, "nothing to change"},
        {"task_update", {{"task_id", 1}, {"status", "done"}}, "status"},
        {"task_update", {{"task_id", 1}, {"subject", "x"}}, "subject"},
        {"task_update", {{"task_id", 1}, {"owner", 5}}, "owner"},
        {"task_update", {{"task_id", 1}, {"owner", "  "}}, "the owner is blank"},
        {"task_update", {{"task_id", 1}, {"owner", std::string(501, 'x')}}, "has 501 characters"},
        {"task_update", {{"task_id", 1}, {"add_blocks", 2}}, "add_blocks"},
        {"task_update", {{"task_id", 1}, {"add_blocks", {"2"}}}, "add_blocks"},
        {"task_update", {{"task_id", 9}, {"status", "pending"}}, "Error: Unknown task 9"},
        {"task_update", {{"task_id", 0}, {"status", "pending"}}, "Error: Unknown task 0"},
        {"task_update", {{"task_id", -1}, {"status", "pending"}}, "Error: Unknown task -1"},
        {"task_update",
         {{"task_id", 1}, {"add_blocks", {9}}},
         "Error: Unknown task 9; task_list shows all (in add_blocks); nothing was changed"},
        {"task_update",
         {{"task_id", 1}, {"add_blocked_by", {8}}},
         "Error: Unknown task 8; task_list shows all (in add_blocked_by); nothing was changed"},
        {"task_update", {{"task_id", 1}, {"add_blocks", {1}}}, "task 1 cannot block itself"},
        {"task_update", {{"task_id", 1}, {"add_blocked_by", {1}}}, "task 1 cannot block itself"},
        {"task_update",
         {{"task_id", 1}, {"add_blocked_by", {2}}},
         "task 2 cannot block task 1, since that would be a cycle: 2 -> 1 -> 2"},
        {"task_update",
         {{"task_id", 3}, {"add_blocks", {1}}},
         "task 3 cannot block task 1, since that would be a cycle: 3 -> 1 -> 2 -> 3"},
        {"task_update",
         {{"task_id", 2}, {"status", "in_progress"}, {"owner", "bob"}},
         "task 2 belongs to ann; take another one"},
        {"task_list", {{"all", true}}, "all"},
        {"task_get", Json::object(), "task_id"},
        {"task_get", {{"task_id", "1"}}, "task_id"},
        {"task_get", {{"task_id", 7}}, "Error: Unknown task 7; task_list shows all"},
    };
    for (const auto& row : rows)
        expect_failure(row.tool, row.input, row.text);
    EXPECT_EQ(session_.text("task_list"), before) << "and nothing was changed";
}

TEST_F(TaskArguments, OfTasksWhereNoneIsThereFindNone) {
    EXPECT_EQ(session_.text("task_list"), "No tasks.");
    expect_failure("task_get", {{"task_id", 1}}, "Error: Unknown task 1");
    expect_failure("task_update", {{"task_id", 1}, {"status", "pending"}}, "Error: Unknown task 1");
    EXPECT_FALSE(fs::exists(dir_ / ".tasks")) << "looking makes nothing";
}

}  // namespace
}  // namespace tenon::task::testing
