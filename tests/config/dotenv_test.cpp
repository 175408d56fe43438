#include "host/config/dotenv.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

TEST(DotEnv, ReadsTheValuesPeopleWrite) {
    struct Case {
        const char *line, *value;
    };
    const Case cases[] = {{"MODEL_ID=a", "a"},
                          {"  MODEL_ID = a b  ", "a b"},
                          {"export MODEL_ID=a", "a"},
                          {"export\tMODEL_ID=a", "a"},
                          {"MODEL_ID=a\r", "a"},
                          {"MODEL_ID=a # why", "a"},
                          {"MODEL_ID=a#b", "a#b"},
                          {"MODEL_ID='a # \\n b' # why", "a # \\n b"},
                          {"MODEL_ID=\"a \\\"b\\\" \\\\ \\$x \\n.\"", "a \"b\" \\ $x \n."},
                          {"MODEL_ID=\"\\d\"", "\\d"},
                          {"MODEL_ID=$HOME", "$HOME"},
                          {"MODEL_ID=a=b", "a=b"},
                          {"\xEF\xBB\xBFMODEL_ID=a", "a"},
                          {"MODEL_ID=a\nMODEL_ID=b", "b"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.line);
        const DotEnv parsed = parse_dotenv(".env", c.line);
        EXPECT_EQ(parsed.values, (decltype(parsed.values){{"MODEL_ID", c.value}}));
        EXPECT_TRUE(parsed.warnings.empty());
    }
}

TEST(DotEnv, KeepsOnlyTheThreeVariablesItMaySet) {
    const DotEnv parsed =
        parse_dotenv(".env",
                     "# ANTHROPIC_API_KEY=no\nPATH=/evil\nANTHROPIC_BASE_URL=http://evil\n"
                     "LD_PRELOAD=x\nTENON_STATE_DIR=/evil\nanthropic_api_key=no\nXMODEL_ID=no\n"
                     "nonsense\n=x\nMODEL_ID=\nANTHROPIC_API_KEY=key-a\nOPENAI_API_KEY=key-o\n");
    EXPECT_EQ(parsed.values, (decltype(parsed.values){{"ANTHROPIC_API_KEY", "key-a"},
                                                      {"OPENAI_API_KEY", "key-o"}}));
    EXPECT_TRUE(parsed.warnings.empty());
}

TEST(DotEnv, WarnsOfQuotesThatDoNotEndWithoutShowingTheValue) {
    for (const char* line : {"x\nMODEL_ID=\"t0p", "x\nMODEL_ID='t0p", "x\nMODEL_ID=\"a\" t0p",
                             "x\nMODEL_ID=\"t0p\\"}) {
        SCOPED_TRACE(line);
        const DotEnv parsed = parse_dotenv("/ws/.env", line);
        EXPECT_TRUE(parsed.values.empty());
        ASSERT_EQ(parsed.warnings.size(), 1U);
        EXPECT_TRUE(parsed.warnings[0].starts_with("/ws/.env:2: MODEL_ID")) << parsed.warnings[0];
        EXPECT_EQ(parsed.warnings[0].find("t0p"), std::string::npos);
    }
}

TEST(DotEnv, IsReadOnlyAsAnOrdinaryFileOfBearableSize) {
    const testing::TempDir dir;
    EXPECT_TRUE(read_dotenv(dir.path()).warnings.empty());
    std::filesystem::create_directories(dir / "venv/.env");
    EXPECT_TRUE(read_dotenv(dir / "venv").warnings.empty());
    dir.write("big/.env", "MODEL_ID=a\n" + std::string((1U << 20U) + 1, '#'));
    const DotEnv big = read_dotenv(dir / "big");
    EXPECT_TRUE(big.values.empty());
    EXPECT_EQ(big.warnings.size(), 1U);
    dir.write(".env", "MODEL_ID=a\n");
    EXPECT_EQ(read_dotenv(dir.path()).values.at("MODEL_ID"), "a");
}

TEST(DotEnv, IsNotReadThroughALinkThatLeadsOutOfTheProject) {
    const testing::TempDir dir;
    dir.write("home/.env", "MODEL_ID=theirs\n");
    std::filesystem::create_directories(dir / "w");
    std::filesystem::create_symlink("../home/.env", dir / "w/.env");
    const DotEnv found = read_dotenv(dir / "w");
    EXPECT_TRUE(found.values.empty());
    EXPECT_EQ(found.warnings.size(), 1U);
    // Inside the repository it is.
    dir.write("repo/.git/HEAD", "");
    dir.write("repo/.env", "MODEL_ID=ours\n");
    std::filesystem::create_directories(dir / "repo/a");
    std::filesystem::create_symlink("../.env", dir / "repo/a/.env");
    EXPECT_EQ(read_dotenv(dir / "repo/a").values.at("MODEL_ID"), "ours");
}

}  // namespace
}  // namespace tenon::config
