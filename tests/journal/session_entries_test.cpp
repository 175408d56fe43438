#include "host/journal/session_entries.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/journal/session_list.h"
#include "tests/support/temp_dir.h"

namespace tenon::journal {
namespace {

const std::string kHead =
    R"({"v":1,"seq":0,"type":"session","id":"s1","workspace":"/w","tools":[]})"
    "\n";

std::string user_line(const std::string& text) {
    return R"({"v":1,"seq":1,"type":"user","origin":"prompt","text":")" + text + "\"}\n";
}

std::vector<std::string> texts_in(const std::filesystem::path& journal) {
    std::vector<std::string> texts;
    const auto read =
        read_entries(journal, [&](const SessionEntry& entry) { texts.push_back(entry.text); });
    EXPECT_TRUE(read) << read.error().message;
    return texts;
}

TEST(SessionEntries, OfADamagedJournalAreWhatASessionWouldRead) {
    const std::string nuls(30, '\0');
    const testing::TempDir dir;
    dir.write("s1.jsonl", "garbage\n" + nuls + kHead + nuls + user_line("a") + "garbage\n" +
                              R"({"v":1,"seq":2,"type":"user","origin":"prompt","text":"b"})");
    EXPECT_EQ(texts_in(dir / "s1.jsonl"), (std::vector<std::string>{"a", "b"}));
    const auto summary = summarise_session(dir.path(), "s1");
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->first_prompt, "a");
}

TEST(SessionEntries, HoldWhatWasAttachedAndWhatWasTyped) {
    const testing::TempDir dir;
    dir.write(
        "s1.jsonl",
        kHead +
            R"({"v":1,"seq":1,"type":"user","origin":"prompt","text":"The skill.","typed":"/pdf a","attached":[)"
            R"({"name":"a.txt","text":"<a/>"},{"name":"p.png","media_type":"image/png","data":"AA=="}]})"
            "\n"
            R"({"v":1,"seq":2,"type":"assistant","content":[{"type":"tool_use","id":"t","name":"x","input":{}}]})"
            "\n"
            R"({"v":1,"seq":3,"type":"tool_result","tool_use_id":"t","text":"p","images":[{"media_type":"image/gif","data":"BB=="}]})"
            "\n");
    const auto summary = summarise_session(dir.path(), "s1");
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->first_prompt, "/pdf a");
    const auto messages = read_messages(dir / "s1.jsonl");
    ASSERT_TRUE(messages);
    ASSERT_EQ(messages->size(), 3U);
    EXPECT_EQ(
        (*messages)[0].dump(),
        R"({"role":"user","content":[{"type":"text","text":"The skill."},{"type":"text","text":"<a/>"},)"
        R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]})");
    EXPECT_EQ(
        (*messages)[2].dump(),
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"p"},)"
        R"({"type":"image","source":{"type":"base64","media_type":"image/gif","data":"BB=="}}]}]})");
}

TEST(SessionEntries, HoldArgumentsAsDeepAsTheyAreAccepted) {
    const testing::TempDir dir;
    const std::string deep = std::string(255, '[') + std::string(255, ']');
    dir.write("s1.jsonl", kHead +
                              R"({"v":1,"seq":1,"type":"assistant","content":[)"
                              R"({"type":"tool_use","id":"a","name":"x","input":{"a":)" +
                              deep + "}}]}\n");
    const auto messages = read_messages(dir / "s1.jsonl");
    ASSERT_TRUE(messages);
    ASSERT_EQ(messages->size(), 1U);
    EXPECT_EQ((*messages)[0]["content"][0]["input"]["a"].dump(), deep);
}

TEST(SessionEntries, OfALineWithoutEndAreReadInBoundedMemory) {
    const testing::TempDir dir;
    dir.write("s1.jsonl", kHead + user_line("a"));
    std::filesystem::resize_file(dir / "s1.jsonl", 200U << 20U);  // a hole
    EXPECT_EQ(texts_in(dir / "s1.jsonl"), std::vector<std::string>{"a"});
    EXPECT_TRUE(summarise_session(dir.path(), "s1"));
}

TEST(SessionEntries, AreNotReadFromAFifo) {
    const testing::TempDir dir;
    ASSERT_EQ(::mkfifo((dir / "s1.jsonl").c_str(), 0600), 0);
    const auto read = read_entries(dir / "s1.jsonl", [](const SessionEntry&) {});
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("not a regular file"), std::string::npos);
    EXPECT_FALSE(summarise_session(dir.path(), "s1"));
}

}  // namespace
}  // namespace tenon::journal
