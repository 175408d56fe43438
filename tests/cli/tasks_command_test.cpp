#include <gmock/gmock.h>
#include <sstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/cli/commands.h"
#include "tests/config/world.h"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TasksCommand : public ::testing::Test {
protected:
    TasksCommand() { world_.sources.prefix = TENON_PREFIX; }

    void task(int id, const Json& members) const {
        Json all = {{"id", id}, {"subject", "s" + std::to_string(id)}, {"status", "pending"}};
        all.update(members);
        world_.dir.write("ws/.tasks/task_" + std::to_string(id) + ".json", all.dump());
    }
    int run(std::vector<std::string> words) {
        out_.str("");
        err_.str("");
        Options options;
        options.command = "tasks";
        options.rest = std::move(words);
        return run_tasks(options, world_.sources, {out_, err_});
    }

    config::World world_;
    std::ostringstream out_, err_;
};

TEST_F(TasksCommand, ListsThemAsATable) {
    task(1, {{"status", "completed"}});
    task(2, {{"status", "in_progress"}, {"owner", "ann"}, {"blocks", {3}}});
    task(3, {{"subject", "build \x1b[2J"}});
    EXPECT_EQ(run({"list"}), 0);
    EXPECT_EQ(out_.str(),
              "ID  STATUS       OWNER  BLOCKED BY  SUBJECT\n"
              "1   completed    -      -           s1\n"
              "2   in_progress  ann    -           s2\n"
              "3   pending      -      2           build \\x1b[2J\n");
    EXPECT_EQ(err_.str(), "");
    world_.sources.environment["COLUMNS"] = "40";
    EXPECT_EQ(run({"list"}), 0);
    EXPECT_THAT(out_.str(), StartsWith("ID  STATUS       SUBJECT\n"));
}

TEST_F(TasksCommand, DrawsTheirGraph) {
    task(1, {{"blocks", {2}}});
    task(2, Json::object());
    EXPECT_EQ(run({"graph"}), 0);
    EXPECT_EQ(out_.str(), "[ ] 1: s1\n└─ [ ] 2: s2\n");
    EXPECT_EQ(run({"graph", "--dot"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("  1 -> 2;\n"));
}

TEST_F(TasksCommand, PrintsOneDocumentForPrograms) {
    EXPECT_EQ(run({"list", "--json"}), 0);
    EXPECT_EQ(out_.str(), "[]\n");
    task(1, {{"blocks", {2}}});
    task(2, Json::object());
    EXPECT_EQ(run({"list", "--json"}), 0);
    EXPECT_EQ(Json::parse(out_.str())[1]["blockedBy"], Json({1}));
    EXPECT_EQ(run({"graph", "--json"}), 0);
    EXPECT_EQ(Json::parse(out_.str())["edges"], Json::array({{{"from", 1}, {"to", 2}}}));
    EXPECT_EQ(Json::parse(out_.str())["tasks"].size(), 2U);
}

TEST_F(TasksCommand, ReportsFilesThatCannotBeUsedAndShowsTheOthers) {
    task(1, Json::object());
    world_.dir.write("ws/.tasks/task_2.json", "[]");
    EXPECT_EQ(run({"list"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("s1"));
    EXPECT_THAT(err_.str(), HasSubstr("task_2.json: no JSON object"));
    world_.dir.write("ws2/.tasks", "a file");
    EXPECT_EQ(run({"list", "--workspace", (world_.dir / "ws2").string()}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("is no folder"));
}

TEST_F(TasksCommand, TakesKnownKeysOutOfWhatItShows) {
    world_.sources.credentials.anthropic = "key-0123456789";
    task(1, {{"subject", "use key-0123456789"}});
    for (const char* verb : {"list", "graph"}) {
        EXPECT_EQ(run({verb}), 0);
        EXPECT_THAT(out_.str(), HasSubstr("use [redacted]"));
    }
}

TEST_F(TasksCommand, RefusesWrongUsage) {
    const struct {
        std::vector<std::string> words;
        const char* error;
    } rows[] = {
        {{}, "usage: tenon tasks list or graph"},
        {{"lst"}, "did you mean list?"},
        {{"zzzz"}, "it is list or graph"},
        {{"list", "x"}, "unexpected argument \"x\""},
        {{"list", "--dot"}, "--dot does not go with 'tenon tasks list'"},
        {{"graph", "--dot", "--json"}, "exclude each other"},
        {{"list", "--all"}, "unknown option --all"},
        {{"list", "--workspace", "/no/such/folder"}, "/no/such/folder"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.error);
        EXPECT_EQ(run(row.words), 2);
        EXPECT_THAT(err_.str(), HasSubstr(row.error));
        EXPECT_EQ(out_.str(), "");
    }
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("tenon tasks graph"));
}

}  // namespace
}  // namespace tenon::cli
