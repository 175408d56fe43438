#include "host/model/border_text.h"

#include <vector>

#include <gtest/gtest.h>

namespace tenon::model {
namespace {

constexpr std::string_view kTextTools =
    R"([{"name":"bash","input_schema":{}},{"name":"read_file","input_schema":{}}])";
constexpr std::size_t kMuch = std::size_t{4} << 20U;

/// Some 4 MB of `part`.
std::string many(std::string_view part) {
    std::string all;
    while (all.size() < kMuch)
        all += part;
    return all;
}

// Work that grows with the square of the text would not end within the limit of the test.
TEST(BorderText, TakesTagsOutOfALongTextWhateverItIs) {
    struct LongCase {
        std::string begin;
        std::string_view part;
    };
    for (const LongCase& one : std::vector<LongCase>{{"", "<think></think>"},
                                                     {"", "<think>a</think>\n"},
                                                     {"x\n", "<think>a</think>"},
                                                     {"x\n", "<think>a</think>\n"},
                                                     {"x\n", "<think>\n"},
                                                     {"x\n", "<think>a [THINK]\n[THINK]b\n"},
                                                     {"x\n", "</think>"},
                                                     {"x\n", "</think>\n"},
                                                     {"", "</think>"},
                                                     {"<think>", "<think>a</think>b"},
                                                     {"<think>", "<think>"},
                                                     {"x", "a.</think>"},
                                                     {"x ", "`\"</think>"},
                                                     {"", " <think> "},
                                                     {"", "\n"}}) {
        SCOPED_TRACE(one.begin + std::string(one.part));
        const std::string text = one.begin + many(one.part);
        const SplitText split = split_thinking(text, {});
        EXPECT_LE(split.text.size() + split.thinking.size(), text.size());
        ThinkFilter filter;
        std::size_t size = 0;
        for (std::size_t at = 0; at < text.size(); at += 7) {
            const ThinkFilter::Piece piece = filter.take(std::string_view(text).substr(at, 7));
            size += piece.text.size() + piece.thinking.size();
        }
        EXPECT_LE(size, text.size());
    }
}

TEST(BorderText, LooksForCallsInALongTextWhateverItIs) {
    struct LongCase {
        std::string_view part;
        std::string_view end = {};
        std::string_view begin = {};
    };
    for (const LongCase& one :
         std::vector<LongCase>{{"```\n", "<tool_call>{}"},
                               {"```\na\n```\n", "\"name\""},
                               {"<tool_call>", "{}"},
                               {"\n<tool_call>{}</tool_call>", "."},
                               {"<function=a>", "}"},
                               {"\n{", "\"name\""},
                               {"\n{\"name\":"},
                               {"{\"name\":", "}"},
                               {"to=functions.bash {}\n"},
                               {"<|a|>", "{}", "to=functions.bash"},
                               {"Action: bash\n", "Action Input: {}"},
                               {"Action: bash\nAction Input: {}\n"},
                               {"bash(a=1),", "bash(a=1)]", "["},
                               {"\n>>>bash\n{}"},
                               {"\n```tool_code\n", "bash()\n```"},
                               {"{\"name\":\"bash\",\"parameters\":{}};", "{}"},
                               {"\n", "{\"name\":", "<tool_call>"}}) {
        SCOPED_TRACE(one.part);
        call_in_text(std::string(one.begin) + many(one.part) + std::string(one.end), kTextTools,
                     false);
    }
}

TEST(BorderText, LooksForTheEndOfEachKindOfTag) {
    const SplitText split = split_thinking("One.\n<think> has no end\n[THINK]hm[/THINK]\nTwo.", {});
    EXPECT_EQ(split.text, "One.\n<think> has no end\nTwo.");
    EXPECT_EQ(split.thinking, "hm");
}

struct SplitCase {
    std::string text;
    std::string left;
    std::string thinking;
};

TEST(BorderText, TakesOutThinkingWhoseBeginningWasInThePrompt) {
    for (const SplitCase& one : std::vector<SplitCase>{
             {"Reasoning here.</think>The answer.", "The answer.", "Reasoning here."},
             {"Reasoning here.</think>\nThe answer.", "The answer.", "Reasoning here."},
             {"Reasoning here.</think>\n\n1. One", "1. One", "Reasoning here."},
             {"Reasoning here.\n</think>The answer.", "The answer.", "Reasoning here.\n"},
             {"Reasoning here.\n</think>\n\nThe answer.", "The answer.", "Reasoning here.\n"},
             {"Reasoning here\n</think>the answer.", "the answer.", "Reasoning here\n"},
             {"Is it `</think>`?\nIt is.</think>Yes.", "Yes.", "Is it `</think>`?\nIt is."},
             {"```\n</think>\n```\nIt is.</think>Yes.", "Yes.", "```\n</think>\n```\nIt is."},
             {"They said \"go\".</think>{\"a\":1}", "{\"a\":1}", "They said \"go\"."},
             {"想完了。</think>答案", "答案", "想完了。"},
             {"Hm.[/THINK]Yes.", "Yes.", "Hm."},
             {"Hm.</think>It is.[/THINK]So.", "It is.[/THINK]So.", "Hm."},
             {"I run `ls`</think>", "", "I run `ls`"}}) {
        SCOPED_TRACE(one.text);
        const SplitText split = split_thinking(one.text, {});
        EXPECT_EQ(split.text, one.left);
        EXPECT_EQ(split.thinking, one.thinking);
        EXPECT_TRUE(split.has_end_alone);
        EXPECT_EQ(split_thinking(one.text, {false, true}).text, one.text)
            << "the answer has other thinking";
    }
}

TEST(BorderText, TakesOutThinkingWithinThinking) {
    for (const SplitCase& one : std::vector<SplitCase>{
             {"<think>a <think>b</think> c</think>answer", "answer", "a <think>b c"},
             {"<think>a\n<think>\nb</think>\nc\n</think>\n\nanswer", "answer", "a\n<think>\nb c\n"},
             {"[THINK]a [THINK]b[/THINK]c[/THINK]answer", "answer", "a [THINK]b c"},
             {"<think>1<think>2<think>3</think>4</think>5</think>answer", "answer",
              "1<think>2<think>3 4</think>5"},
             {"<think>About <think> tags.</think>answer", "answer", "About <think> tags."},
             {"<think>About <think>.</think>It ends with </think>\nand goes on.",
              "It ends with </think>\nand goes on.", "About <think>."},
             {"<think>About `<think>`.</think>It is.</think>So", "It is.</think>So",
              "About `<think>`."},
             {"<think>About <think>.</think>Write <think>a</think>b", "Write <think>a</think>b",
              "About <think>."}}) {
        SCOPED_TRACE(one.text);
        const SplitText split = split_thinking(one.text, {});
        EXPECT_EQ(split.text, one.left);
        EXPECT_EQ(split.thinking, one.thinking);
        EXPECT_TRUE(split.has_tags);
    }
}

TEST(BorderText, LeavesAnEndOfThinkingInATextAboutIt) {
    for (const char* text : {"Use </think> to close it.",
                             "Use `</think>` to close it.",
                             "It is \"hm.</think>\" then.",
                             "It is “hm.</think>Yes” then.",
                             "The end is `hm.</think>`",
                             "Write hm...</think>Yes",
                             "    hm.</think>Yes",
                             "> hm.</think>Yes",
                             "```\nhm.</think>Yes\n```",
                             "The tag\n</think> closes it.",
                             "It closes.</think>, they say",
                             "It closes (see </think>)",
                             "One.</think>Two.</think>Three.",
                             "One <think> two.</think>Three",
                             "Some <b>x</think>y",
                             "What is.</think> is the end.",
                             "The tag:</think>",
                             "It ends with </think>\nand goes on.",
                             "So ends\n`</think>`\nit.",
                             "A\n</think>. B"}) {
        SCOPED_TRACE(text);
        const SplitText split = split_thinking(text, {});
        EXPECT_EQ(split.text, text);
        EXPECT_EQ(split.thinking, "");
    }
}

const std::string kHermesCall = R"({"name": "bash", "arguments": {"command": "ls"}})";
const std::string kLlamaCall = R"({"name": "bash", "parameters": {"command": "ls"}})";

TEST(BorderText, FindsCallsInTheFormsOfMoreModels) {
    const std::string dsml =
        "<｜DSML｜invoke name=\"bash\">\n<｜DSML｜parameter name=\"command\" string=\"true\">ls"
        "</｜DSML｜parameter>\n</｜DSML｜invoke>";
    const std::string all_dsml =
        "<｜DSML｜function_calls>\n" + dsml + "\n</｜DSML｜function_calls>";
    const std::string hermes = "<tool_call>\n" + kHermesCall + "\n</tool_call>";
    for (const std::string& text : std::vector<std::string>{
             all_dsml,
             dsml,
             "I look.\n\n" + all_dsml,
             hermes + "\nI have looked.",
             hermes + "\r\nI have looked.",
             hermes + "\n" + hermes + "\n\nNow I wait.",
             "I'll look.\n" + hermes + "\nI wait.",
             hermes + "\n<tool_response>\na.txt\n</tool_response>\nThere is a.txt.",
             "I look.\n" + hermes + "\n<tool_response>\na.txt\n</tool_response>\nThere is a.txt.",
             "Let me look:\n" + hermes + "<tool_response>a.txt",
             "<function=bash>\n<parameter=command>ls</parameter>\n</function>\nI wait.",
             kLlamaCall + "; " + kLlamaCall,
             kLlamaCall + "\n" + kLlamaCall + ";",
             "I look.\n" + kLlamaCall + "; " + kLlamaCall,
             "<tool_calls>[" + kHermesCall + "]</tool_calls>",
             "I look.\n<tool_calls>[" + kHermesCall + "]</tool_calls>",
             "<TOOLCALL>[" + kHermesCall + "]</TOOLCALL>",
             "I look. <TOOLCALL>[" + kHermesCall + "]</TOOLCALL>",
             "<|START_ACTION|>[\n{\"tool_call_id\": \"0\", \"tool_name\": \"bash\", "
             "\"parameters\": {}}\n]<|END_ACTION|>",
             "<|action_start|><|plugin|>" + kLlamaCall + "<|action_end|>",
             "I look.<|action_start|><|plugin|>\n" + kLlamaCall + "<|action_end|>",
             ">>>bash\n{\"command\": \"ls\"}",
             ">>>all\nI look.>>>bash\n{\"command\": \"ls\"}",
             "all\nI look.\n>>>bash\n{}\n>>>bash\n{\"command\": \"ls\"}",
             "```tool_code\nprint(bash(command=\"ls\"))\n```",
             "I'll look:\n```tool_code\nbash(command=\"ls (\")\n```\n",
             "<function_call>" + kHermesCall + "</function_call>",
             R"({"tool_calls":[{"function":{"name":"bash","arguments":"{}"}}]})",
             R"({"tool_calls":[{"id":"a","type":"function",)"
             R"("function":{"name":"bash","arguments":"{}"}}]})",
             R"({"tool":"bash","args":{"command":"ls"}})",
             R"({"tool":"bash","arguments":{}})",
             "```json\n{\"action\":\"bash\",\"action_input\":{\"command\":\"ls\"}}\n```",
             R"({"action":"bash","action_input":"ls"})"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(call_in_text(text, kTextTools, false), "bash");
    }
    EXPECT_EQ(call_in_text(R"(<|START_ACTION|>[{"tool_name":"li","parameters":{}}]<|END_ACTION|>)",
                           kTextTools, false),
              "li");
    EXPECT_EQ(call_in_text("<｜DSML｜invoke name=\"li\"></｜DSML｜invoke>", kTextTools, false),
              "li");
}

TEST(BorderText, FindsNoCallsInTextsAboutThem) {
    const std::string hermes = "<tool_call>" + kHermesCall + "</tool_call>";
    const std::string tool_code = "```tool_code\nprint(bash(command=\"ls\"))\n```";
    for (const std::string& text : std::vector<std::string>{
             "DeepSeek writes <｜DSML｜function_calls> and <｜DSML｜invoke name=\"bash\">",
             "`<｜DSML｜invoke name=\"bash\"></｜DSML｜invoke>`",
             "```\n<｜DSML｜invoke name=\"bash\"></｜DSML｜invoke>\n```\nis a call.",
             hermes + " is a call of Qwen.",
             hermes + "\nis a call of Qwen.",
             "Qwen calls a tool like this:\n" + hermes + "\nThe name is that of the tool.",
             "Qwen calls a tool like this.\n" + hermes + "\nThe name is that of the tool.",
             "The format is:\n" + hermes + "\n<tool_response>a</tool_response>\nand so on.",
             "Nemotron writes <TOOLCALL>[" + kHermesCall + "]</TOOLCALL>",
             "Others write <tool_calls>[" + kHermesCall + "]</tool_calls> instead.",
             "The old format is <function_call>" + kHermesCall + "</function_call>",
             "It begins with <|START_ACTION|> and a list, as in [{\"tool_name\":\"bash\"}]",
             "It begins with <|action_start|><|plugin|>" + kHermesCall + "<|action_end|>",
             kLlamaCall + "; and so on",
             kLlamaCall + "; {\"name\": \"bash\"}",
             "Llama writes " + kLlamaCall + "; " + kLlamaCall,
             "functionary writes\n>>>bash\n{}",
             "functionary writes >>>bash\n{}",
             ">>>bash\nls",
             ">>>bash {}",
             ">>> bash\n{}",
             ">>>other\n{}",
             ">>>bash\n{} is a call",
             "Gemma writes:\n" + tool_code,
             tool_code + "\nis how Gemma calls.",
             "```tool_code\nprint(\"bash\")\n```",
             "```tool_code\nprint(other(a=1))\n```",
             "```tool_code\nx = 1\nprint(bash(a=x))\n```",
             "```tool_code\nbash()",
             "```tool_code\nab",
             R"({"tool_calls":[]})",
             R"({"tool_calls":[{"function":{"name":"bash","arguments":"{}"}}],"n":1})",
             R"({"tool_calls":3})",
             R"({"tool":"bash","args":{},"version":3})",
             R"({"tool":"bash","version":3})",
             R"({"tool":"bash","args":3})",
             R"({"tool":"other","args":{}})",
             R"({"action":"bash","input":"ls"})",
             "The step is\n" + std::string(R"({"action":"bash","action_input":"ls"})"),
             "The step is\n```json\n{\"tool\":\"bash\",\"args\":{}}\n```"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(call_in_text(text, kTextTools, false), std::nullopt);
    }
    EXPECT_EQ(call_in_text(R"({"tool":"bash","args":{}})", kTextTools, true), std::nullopt)
        << "JSON was asked for";
}

}  // namespace
}  // namespace tenon::model
