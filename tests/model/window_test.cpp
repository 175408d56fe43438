#include "host/model/window.h"

#include <fstream>
#include <sstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/support/temp_dir.h"

namespace tenon::model {
namespace {

class WindowsTest : public ::testing::Test {
protected:
    [[nodiscard]] std::filesystem::path file() const { return dir / "windows.json"; }
    [[nodiscard]] Windows of(const std::string& server) const { return {file(), server}; }
    [[nodiscard]] std::string text() const {
        std::stringstream all;
        all << std::ifstream(file()).rdbuf();
        return all.str();
    }
    void put(const std::string& bytes) const { std::ofstream(file()) << bytes; }

    testing::TempDir dir;
};

void expect_shares(const Windows& windows, const char* model, std::int64_t max_tokens,
                   std::int64_t request, std::int64_t answer) {
    SCOPED_TRACE(model);
    const WindowShares shares = windows.shares(model, max_tokens);
    EXPECT_EQ(shares.request, request);
    EXPECT_EQ(shares.answer, answer);
}

TEST_F(WindowsTest, KeepAReserveForTheAnswerAndForOtherTokenCounts) {
    const Windows windows({}, "");
    expect_shares(windows, "claude-sonnet-5-5", 8'192, 171'808, 8'192);
    expect_shares(windows, "claude-sonnet-5-5", 64'000, 116'000, 64'000);
    expect_shares(windows, "claude-sonnet-5-5", 180'000, 100'000, 180'000);
    expect_shares(windows, "anthropic/claude-opus-5-5", 8'192, 171'808, 8'192);
    expect_shares(windows, "some-other-model", 8'192, 50'000, 8'192);
    expect_shares(windows, "", 8'192, 50'000, 8'192);
}

TEST_F(WindowsTest, SayTheWholeWindowWhereItIsKnown) {
    Windows windows({}, "");
    EXPECT_EQ(windows.window("claude-sonnet-5-5"), 200'000);
    EXPECT_EQ(windows.window("some-other-model"), std::nullopt);
    ASSERT_TRUE(windows.learn("some-other-model", 8'000));
    EXPECT_EQ(windows.window("some-other-model"), 8'000);
}

TEST_F(WindowsTest, AStatedWindowIsUsedAtOnceAndInLaterRuns) {
    Windows windows = of("http://a:1");
    ASSERT_TRUE(windows.load());
    ASSERT_TRUE(windows.learn("small", 8'000));
    ASSERT_TRUE(windows.learn("claude-x", 100'000));
    Windows later = of("http://a:1");
    ASSERT_TRUE(later.load());
    for (const Windows* known : {&windows, &later}) {
        expect_shares(*known, "small", 8'192, 5'200, 2'000);
        expect_shares(*known, "small", 1'000, 6'200, 1'000);
        expect_shares(*known, "claude-x", 8'192, 81'808, 8'192);
        expect_shares(*known, "other", 8'192, 50'000, 8'192);
        EXPECT_TRUE(known->shares("small", 1).learned);
    }
    struct stat info {};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(WindowsTest, AConfiguredWindowIsThatOfEveryModelOfTheServer) {
    put(R"({"v":1,"windows":[{"server":"s","model":"m","tokens":4000}]})");
    Windows windows(file(), "s", 16'000);
    ASSERT_TRUE(windows.load());
    for (const char* model : {"m", "claude-x", "other"}) {
        EXPECT_EQ(windows.window(model), 16'000);
        expect_shares(windows, model, 8'192, 10'400, 4'000);
        EXPECT_TRUE(windows.shares(model, 1).learned);
    }
    ASSERT_TRUE(windows.learn_listed("other", 8'000));
    EXPECT_EQ(windows.window("other"), 16'000);
    ASSERT_TRUE(windows.learn("other", 32'000));
    EXPECT_EQ(windows.window("other"), 16'000) << "no more than was configured";
    ASSERT_TRUE(windows.learn("other", 8'000));
    EXPECT_EQ(windows.window("other"), 8'000) << "the server refuses more";
    EXPECT_EQ(windows.window("m"), 16'000);
}

TEST_F(WindowsTest, AListedWindowIsWeakerThanAnyOther) {
    Windows windows = of("s");
    ASSERT_TRUE(windows.load());
    ASSERT_TRUE(windows.learn_listed("m", 32'000));
    EXPECT_EQ(windows.window("m"), 32'000);
    ASSERT_TRUE(windows.learn_listed("m", 16'000));
    EXPECT_EQ(windows.window("m"), 16'000) << "the server was started anew";
    {
        Windows next_run = of("s");
        ASSERT_TRUE(next_run.load());
        EXPECT_EQ(next_run.window("m"), 16'000);
        EXPECT_FALSE(next_run.needs_no_listing("m"));
        ASSERT_TRUE(next_run.learn_listed("m", 24'000));
        EXPECT_EQ(next_run.window("m"), 24'000);
    }
    ASSERT_TRUE(windows.learn("m", 8'000));
    EXPECT_TRUE(windows.needs_no_listing("m"));
    ASSERT_TRUE(windows.learn_listed("m", 32'000));
    EXPECT_EQ(windows.window("m"), 8'000);
    ASSERT_TRUE(windows.learn_listed("claude-x", 32'000));
    EXPECT_EQ(windows.window("claude-x"), 200'000) << "of the table";
    windows.accepted("n", 5'000);
    ASSERT_TRUE(windows.learn_listed("n", 4'000));
    EXPECT_EQ(windows.window("n"), std::nullopt) << "it has taken more";
    Windows later = of("s");
    ASSERT_TRUE(later.load());
    EXPECT_EQ(later.window("m"), 8'000);
    EXPECT_TRUE(later.needs_no_listing("m")) << "the refusal is stronger in later runs, too";
}

TEST_F(WindowsTest, BelongToTheServerThatHasStatedThem) {
    Windows one = of("http://a:1");
    Windows two = of("http://b:1");
    ASSERT_TRUE(one.learn("small", 8'000));
    ASSERT_TRUE(two.learn("small", 4'000));
    ASSERT_TRUE(one.learn("small", 16'000));
    EXPECT_EQ(text(), R"({"v":1,"windows":[)"
                      R"({"model":"small","server":"http://b:1","tokens":4000},)"
                      R"({"model":"small","server":"http://a:1","tokens":16000}]})"
                      "\n");
    Windows later = of("http://b:1");
    ASSERT_TRUE(later.load());
    expect_shares(later, "small", 8'192, 2'600, 1'000);
}

TEST_F(WindowsTest, AreKnownFromTheTableOrFromTheServer) {
    Windows windows({}, "");
    EXPECT_EQ(windows.window("claude-sonnet-5-5"), 200'000);
    EXPECT_EQ(windows.window("small"), std::nullopt);
    ASSERT_TRUE(windows.learn("small", 8'000));
    EXPECT_EQ(windows.window("small"), 8'000);
}

TEST_F(WindowsTest, AreNeverSmallerThanAPromptThatTheServerHasAnswered) {
    Windows windows = of("http://a:1");
    windows.accepted("m", 9'000);
    windows.accepted("m", 100);
    ASSERT_TRUE(windows.learn("m", 8'000));
    EXPECT_FALSE(windows.shares("m", 1).learned);
    ASSERT_TRUE(windows.learn("other", 8'000));
    EXPECT_TRUE(windows.shares("other", 1).learned);
    ASSERT_TRUE(windows.learn("m", 9'000));
    EXPECT_TRUE(windows.shares("m", 1).learned);
}

TEST_F(WindowsTest, AMalformedFileIsReportedAndNotChanged) {
    for (const std::string bytes :
         {R"({"v":1,"windows":[{"server":"http://a:1","model":"m","tokens":1e999}]})", "", "[]",
          R"({"v":2,"windows":[]})", R"({"v":1,"windows":{}})", R"({"v":1})", "\xFF"}) {
        SCOPED_TRACE(bytes);
        put(bytes);
        Windows windows = of("http://a:1");
        const auto loaded = windows.load();
        ASSERT_FALSE(loaded);
        EXPECT_NE(loaded.error().message.find(file().string()), std::string::npos);
        EXPECT_TRUE(windows.learn("m", 8'000));
        expect_shares(windows, "m", 8'192, 5'200, 2'000);
        EXPECT_EQ(text(), bytes);
    }
}

TEST_F(WindowsTest, MeaninglessEntriesAreIgnored) {
    put(R"({"v":1,"windows":[1,null,{"server":"http://a:1","model":"m","tokens":-5},)"
        R"({"server":"http://a:1","model":"n","tokens":1e300},)"
        R"({"server":"http://a:1","tokens":18446744073709551615,"model":"o"}]})");
    Windows windows = of("http://a:1");
    ASSERT_TRUE(windows.load());
    for (const char* model : {"m", "n", "o"})
        expect_shares(windows, model, 8'192, 50'000, 8'192);
    EXPECT_TRUE(windows.learn("m", 3));
    expect_shares(windows, "m", 8'192, 50'000, 8'192);
}

TEST_F(WindowsTest, TheFileDoesNotGrowWithoutEnd) {
    Windows windows = of("http://a:1");
    for (int i = 0; i < 510; ++i)
        ASSERT_TRUE(windows.learn("m" + std::to_string(i), 8'000));
    const auto document = parse_json(text());
    ASSERT_TRUE(document);
    EXPECT_EQ((*document)["windows"].size(), 500U);
    EXPECT_EQ((*document)["windows"].back()["model"], "m509");
}

}  // namespace
}  // namespace tenon::model
