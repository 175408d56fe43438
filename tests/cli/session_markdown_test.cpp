#include "host/cli/session_markdown.h"

#include <gtest/gtest.h>

namespace tenon::cli {
namespace {

using journal::RecordType;
using journal::SessionEntry;

SessionEntry written(const std::string& text, const std::string& origin = "prompt") {
    SessionEntry entry;
    entry.origin = origin;
    entry.text = text;
    return entry;
}

SessionEntry answered(const std::string& blocks) {
    SessionEntry entry;
    entry.type = RecordType::kAnswer;
    entry.content = parse_ordered_json(blocks).value_or(OrderedJson::array());
    return entry;
}

SessionEntry said(const std::string& text) {
    return answered(R"([{"type":"text","text":)" + json_quote(text) + "}]");
}

SessionEntry resulted(const std::string& text, bool is_error = false) {
    SessionEntry entry;
    entry.type = RecordType::kResult;
    entry.tool_use_id = "t";
    entry.text = text;
    entry.is_error = is_error;
    return entry;
}

std::string markdown(const std::vector<SessionEntry>& entries) {
    ConversationMarkdown document;
    std::string text;
    for (const SessionEntry& entry : entries)
        text += document.of(entry);
    return text;
}

TEST(SessionMarkdown, HasPromptsAnswersCallsAndWholeResults) {
    EXPECT_EQ(
        markdown({
            written("the environment", "environment"),
            written("# do it\n\nwell"),
            answered(R"([{"type":"thinking","thinking":"hm"},{"type":"text","text":"I **look**."},)"
                     R"({"type":"tool_use","id":"t","name":"bash","input":{"command":"make"}}])"),
            resulted("1\n2\n3\n4\n5\n6\n7\n[exit code: 2]", true),
            written("Update your todos.", "reminder"),
            answered(R"([{"type":"tool_use","id":"t","name":"x","input":{"b":1,"a":"y"}}])"),
            resulted("ok"),
            said("Done."),
            written("<background-results>\n</background-results>", "notification"),
            said("Well."),
            written("again"),
        }),
        "\n## Prompt\n\n> # do it\n>\n> well\n"
        "\n## Answer\n\nI **look**.\n\nCall of `bash`\n\n```\nmake\n```\n"
        "\nResult of `bash` (error)\n\n```\n1\n2\n3\n4\n5\n6\n7\n[exit code: 2]\n```\n"
        "\nCall of `x`\n\n```json\n{\n  \"a\": \"y\",\n  \"b\": 1\n}\n```\n"
        "\nResult of `x`\n\n```\nok\n```\n"
        "\nDone.\n"
        "\n## Jobs that ended\n\n```\n<background-results>\n</background-results>\n```\n"
        "\n## Answer\n\nWell.\n"
        "\n## Prompt\n\n> again\n");
}

TEST(SessionMarkdown, MarksWhereTheConversationWasClearedAndMadeShorter) {
    SessionEntry clear = written("");
    clear.type = RecordType::kClear;
    SessionEntry compaction = written("The summary.");
    compaction.type = RecordType::kCompaction;
    EXPECT_EQ(markdown({clear, compaction}),
              "\n## Conversation cleared\n\n## Conversation made shorter\n\n> The summary.\n");
}

TEST(SessionMarkdown, HasWhatThePersonTypedAttachedAndRan) {
    SessionEntry prompt = written("the text of a skill");
    prompt.typed = "/skill @x";
    prompt.attached = OrderedJson::array({{{"name", "x"}, {"text", "the file"}}});
    EXPECT_EQ(markdown({prompt, written("<user-command>\nls\n</user-command>", "command")}),
              "\n## Prompt\n\n> /skill @x\n\nAttached: `x`\n"
              "\n## Own command\n\n```\n<user-command>\nls\n</user-command>\n```\n");
}

TEST(SessionMarkdown, NothingInACodeBlockEndsIt) {
    EXPECT_EQ(markdown({answered(R"([{"type":"tool_use","id":"t","name":"a`b","input":{}}])"),
                        resulted("```\n````\n# no heading")}),
              "\n## Answer\n\nCall of `` a`b ``\n"
              "\nResult of `` a`b ``\n\n`````\n```\n````\n# no heading\n`````\n");
}

TEST(SessionMarkdown, ACodeBlockThatAnAnswerLeavesOpenEndsWithIt) {
    const struct {
        const char* answer;
        const char* end;
    } rows[] = {
        {"a\n```sh\nls", "ls\n```\n"},
        {"a\n```sh\nls\n```\n", "ls\n```\n"},
        {"~~~~\n~~~\n```", "```\n~~~~\n"},
        {"```\n```sh\n", "```sh\n```\n"},
        {"    ```\nindented code is no fence", "fence\n"},
        {"``two``", "``two``\n"},
        {"```three``` in a line", "line\n"},
        {"```sh\nls\n```three```", "```three```\n```\n"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.answer);
        const std::string text = markdown({said(row.answer)});
        EXPECT_TRUE(text.ends_with(row.end)) << text;
        EXPECT_FALSE(text.ends_with(row.end + std::string("```\n"))) << text;
    }
}

TEST(SessionMarkdown, HasNoControls) {
    const std::string bad = "\x1b[31mred\x07\xff\xe2\x80\xae\r\n";
    const std::string text = markdown(
        {written(bad), said(bad),
         answered(R"([{"type":"tool_use","id":"t","name":"\u001bx","input":{"a":"\u001b"}}])"),
         resulted(bad), written(bad, "notification")});
    EXPECT_EQ(text.find_first_of("\x1b\x07\r\xff"), std::string::npos) << text;
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
}

}  // namespace
}  // namespace tenon::cli
