#include <filesystem>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/runs/run_folders.h"

/// The real program with a server that takes no message of the user behind the results of calls.
namespace tenon::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CommandResult ask(const RunFolders& folders, const ModelServer& server, const std::string& prompt) {
    Process process(
        {TENON_PROGRAM, "-p", prompt, "--yes", "--session", "s1", "-D", "model.provider=openai"},
        folders.environment(&server, "openai"), folders.workspace());
    const auto exit = process.wait();
    return {exit.code, process.output, process.errors};
}

TEST(StrictRoles, LeaveNothingOutOfAConversationWithImages) {
    const RunFolders folders;
    std::filesystem::copy(
        std::filesystem::path(TENON_RUNS_DIR) / "image_is_refused" / "workspace" / "x.gif",
        folders.workspace());
    ModelServer::Options options;
    options.strict.reject_user_after_tool = true;
    const ModelServer server(R"([
      {"content":[{"type":"tool_use","id":"c1","name":"read_file","input":{"path":"x.gif"}}]},
      {"content":[{"type":"tool_use","id":"c2","name":"bash","input":{"command":"echo two"}}],
       "expect":"takes no image here"},
      {"content":"Done.","expect":"two"},
      {"content":"A dot.","expect":"what is in it"}])",
                             options);
    const CommandResult first = ask(folders, server, "go");
    EXPECT_EQ(first.code, 0) << first.errors;
    EXPECT_EQ(first.output, "Done.\n");
    EXPECT_EQ(server.refusals(), 1) << "only the first time";
    EXPECT_THAT(server.requests().back().sent, Not(HasSubstr("image_url")));
    const CommandResult second = ask(folders, server, "what is in it");
    EXPECT_EQ(second.code, 0) << second.errors;
    EXPECT_EQ(second.output, "A dot.\n");
    EXPECT_THAT(server.requests().back().sent,
                AllOf(HasSubstr("From the result of the tool call c1:"),
                      HasSubstr("data:image/gif;base64,"), HasSubstr("what is in it")));
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

}  // namespace
}  // namespace tenon::testing
