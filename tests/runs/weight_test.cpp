#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"

namespace tenon::testing {
namespace {

/// What every request of every session costs before the conversation begins.
TEST(FirstRequest, WithAllToolsIsAtMostNineKilobytes) {
    const RunFolders folders;
    folders.home.write("w/skills/one/SKILL.md",
                       "---\nname: one\ndescription: so that skills are offered\n---\nbody\n");
    const ModelServer server(R"([{"content":"done"}])");
    Process tenon({TENON_PROGRAM, "-p", "x"}, folders.environment(&server), folders.workspace());
    ASSERT_EQ(tenon.wait().code, 0) << tenon.errors;
    ASSERT_EQ(tenon.errors, "") << "no plugin is left out";
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1U);
    std::string weights;
    const Json request = requests[0].json();
    for (const Json& tool : request["tools"])
        weights +=
            tool["name"].get<std::string>() + " " + std::to_string(tool.dump().size()) + "\n";
    RecordProperty("bytes", static_cast<int>(requests[0].body.size()));
    EXPECT_LE(requests[0].body.size(), 9'216U) << weights;
}

}  // namespace
}  // namespace tenon::testing
