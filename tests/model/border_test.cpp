#include "host/model/border.h"

#include <functional>
#include <gmock/gmock.h>
#include <map>

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "host/model/answer_stream.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kBorderTools =
    R"([{"name":"bash","input_schema":{}},{"name":"read_file","input_schema":{}}])";

/// One fragment of a call, with JSON texts; empty: the member is missing.
struct BorderFragment {
    std::string index = {};
    std::string id = {};
    std::string name = {};
    std::string arguments = {};
};

/// Feeds one answer.
class BorderFeed {
public:
    explicit BorderFeed(agent::CallIds* ids = nullptr) {
        request_.tools = kBorderTools;
        request_.call_ids = ids;
    }
    AnswerBuilder& builder() { return builder_; }
    void calls(const std::vector<BorderFragment>& together) {
        for (std::size_t i = 0; i < together.size(); ++i) {
            const BorderFragment& one = together[i];
            const Json index = json_or_null(one.index);
            const Json id = json_or_null(one.id);
            const Json name = json_or_null(one.name);
            const Json arguments = json_or_null(one.arguments);
            builder_.call(2, {index, id, name, arguments, i, together.size()});
        }
    }
    void call(const BorderFragment& fragment) { calls({fragment}); }
    /// The answer comes in the Messages format, as these events between its first and its last.
    void messages(const std::vector<std::string>& events) {
        stream_.emplace(request_, watcher_);
        stream_->take({"", R"({"type":"message_start","message":{}})"});
        for (const std::string& data : events)
            stream_->take({"", data});
        stream_->take({"", R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"});
        stream_->take({"", R"({"type":"message_stop"})"});
    }
    auto finish() { return stream_ ? stream_->finish() : builder_.finish(); }
    [[nodiscard]] const Repairs& repairs() const {
        return stream_ ? stream_->repairs() : builder_.repairs();
    }
    Watcher& watcher() { return watcher_; }

private:
    agent::Request request_;
    Watcher watcher_;
    AnswerBuilder builder_{request_, watcher_};
    std::optional<AnswerStream> stream_;
};

/// Each call as "name arguments", and " !" where it must not run.
std::vector<std::string> words_of(const agent::Answer& answer) {
    std::vector<std::string> words;
    for (const agent::ToolCall& call : answer.calls)
        words.push_back(call.name + " " + dump_json(call.input) +
                        (call.input_error.empty() ? "" : " !"));
    return words;
}

struct DefectCase {
    Repair repair;
    std::function<void(BorderFeed&)> feed;
    std::vector<std::string> calls = {};
    std::string text = {};
    std::string thinking = {};  ///< of the blocks of the answer
};

DefectCase defect_of_text(Repair repair, const std::string& text, const std::string& left,
                          const std::string& thinking = {}) {
    return {repair, [text](BorderFeed& feed) { feed.builder().text(1, text); }, {}, left, thinking};
}

DefectCase defect_of_calls(Repair repair, const std::vector<BorderFragment>& fragments,
                           const std::vector<std::string>& calls) {
    return {repair,
            [fragments](BorderFeed& feed) {
                for (const BorderFragment& fragment : fragments)
                    feed.call(fragment);
            },
            calls};
}

std::vector<DefectCase> cases_of_calls() {
    const std::string one_mb = json_quote(std::string(std::size_t{1} << 20U, 'a'));
    const std::string empty = R"("{}")";
    return {
        defect_of_calls(Repair::kCallIdMissing, {{"0", "", R"("bash")", empty}}, {"bash {}"}),
        defect_of_calls(Repair::kCallIdMissing, {{"0", R"("")", R"("bash")", empty}}, {"bash {}"}),
        defect_of_calls(Repair::kCallIdMissing, {{"0", "null", R"("bash")", empty}}, {"bash {}"}),
        defect_of_calls(Repair::kCallIdMissing, {{"0", "[1]", R"("bash")", empty}}, {"bash {}"}),
        defect_of_calls(Repair::kCallIdUnfit, {{"0", R"("functions.bash:0")", R"("bash")", empty}},
                        {"bash {}"}),
        defect_of_calls(Repair::kCallIdUnfit, {{"0", R"("used")", R"("bash")", empty}},
                        {"bash {}"}),
        defect_of_calls(Repair::kCallIdUnfit, {{"0", one_mb, R"("bash")", empty}}, {"bash {}"}),
        defect_of_calls(Repair::kCallIdUnfit,
                        {{"0", R"("a")", R"("bash")", empty}, {"1", R"("a")", R"("bash")", empty}},
                        {"bash {}", "bash {}"}),
        defect_of_calls(Repair::kArgumentsMissing, {{"0", R"("a")", R"("bash")", ""}}, {"bash {}"}),
        defect_of_calls(Repair::kArgumentsMissing, {{"0", R"("a")", R"("bash")", R"("")"}},
                        {"bash {}"}),
        defect_of_calls(Repair::kArgumentsMissing, {{"0", R"("a")", R"("bash")", R"("null")"}},
                        {"bash {}"}),
        defect_of_calls(Repair::kArgumentsObject, {{"0", R"("a")", R"("bash")", R"({"n":1})"}},
                        {R"(bash {"n":1})"}),
        defect_of_calls(Repair::kArgumentsQuoted,
                        {{"0", R"("a")", R"("bash")", R"("\"{\\\"n\\\":1}\"")"}},
                        {R"(bash {"n":1})"}),
        defect_of_calls(Repair::kArgumentsQuoted,
                        {{"0", R"("a")", R"("bash")", R"("\"\uFEFF{\\\"n\\\":1}\"")"}},
                        {R"(bash {"n":1})"}),
        defect_of_calls(Repair::kArgumentsBeginEmpty,
                        {{"0", R"("a")", R"("bash")", empty},
                         {"0", "", "", R"("{\"n\"")"},
                         {"0", "", "", R"(":1}")"}},
                        {R"(bash {"n":1})"}),
        defect_of_calls(Repair::kArgumentsInvalid, {{"0", R"("a")", R"("bash")", R"("{\"n\":")"}},
                        {"bash {} !"}),
        defect_of_calls(Repair::kArgumentsInvalid, {{"0", R"("a")", R"("bash")", R"("[1]")"}},
                        {"bash {} !"}),
        defect_of_calls(Repair::kArgumentsInvalid, {{"0", R"("a")", R"("bash")", "7"}},
                        {"bash {} !"}),
        {Repair::kArgumentsCutOff,
         [](BorderFeed& feed) {
             feed.call({"0", R"("a")", R"("bash")", R"("{\"n\":1}")"});
             feed.call({"1", R"("b")", R"("bash")", R"("{}")"});
             feed.builder().stop_reason("max_tokens");
         },
         {R"(bash {"n":1})", "bash {} !"}},
        defect_of_calls(
            Repair::kNameRepeated,
            {{"0", R"("a")", R"("bash")", R"("{\"n\"")"}, {"0", R"("a")", R"("bash")", R"(":1}")"}},
            {R"(bash {"n":1})"}),
        defect_of_calls(Repair::kNameRepeated,
                        {{"0", R"("a")", R"("bash")", R"("")"},
                         {"0", R"("a")", R"("bash")", empty},
                         {"0", R"("a")", R"("bash")", R"("")"}},
                        {"bash {}"}),
        defect_of_calls(Repair::kNameInPieces,
                        {{"0", R"("a")", R"("read")", ""},
                         {"0", "", R"("_fi")", ""},
                         {"0", "", R"("le")", empty}},
                        {"read_file {}"}),
        defect_of_calls(Repair::kNameInPieces,
                        {{"0", "", R"("read")", ""},
                         {"0", "", R"("read_fi")", ""},
                         {"0", "", R"("read_file")", empty}},
                        {"read_file {}"}),
        defect_of_calls(Repair::kNameUnfit, {{"0", R"("a")", R"("functions.bash!")", empty}},
                        {"functions_bash_ {}"}),
        defect_of_calls(Repair::kIndexMissing,
                        {{"", R"("a")", R"("bash")", R"("{\"n\"")"},
                         {"", "", "", R"(":1}")"},
                         {"", R"("b")", R"("bash")", R"("{\"n\"")"},
                         {"", R"("b")", "", R"(":2}")"}},
                        {R"(bash {"n":1})", R"(bash {"n":2})"}),
        defect_of_calls(Repair::kIndexMissing,
                        {{"", "", R"("bash")", R"("{\"n\":1}")"},
                         {"", "", R"("bash")", R"("{\"n\":1}")"},
                         {"null", "null", R"("read_file")", empty}},
                        {R"(bash {"n":1})", R"(bash {"n":1})", "read_file {}"}),
        {Repair::kIndexMissing,
         [](BorderFeed& feed) {
             feed.calls(
                 {{"", "", R"("bash")", R"("{\"n\"")"}, {"", "", R"("read_file")", R"("{\"m\"")"}});
             feed.calls({{"", "", "", R"(":1}")"}, {"", "", "", R"(":2}")"}});
         },
         {R"(bash {"n":1})", R"(read_file {"m":2})"}},
        defect_of_calls(
            Repair::kIndexText,
            {{R"("1")", R"("a")", R"("bash")", R"("{\"n\"")"}, {"1", "", "", R"(":1}")"}},
            {R"(bash {"n":1})"}),
        defect_of_calls(Repair::kIndexReused,
                        {{"0", R"("a")", R"("bash")", R"("{\"n\":1}")"},
                         {"0", R"("b")", R"("bash")", R"("{\"n\"")"},
                         {"0", R"("b")", "", R"(":2}")"}},
                        {R"(bash {"n":1})", R"(bash {"n":2})"}),
        defect_of_calls(
            Repair::kIndexReused,
            {{"0", "", R"("bash")", R"("{\"n\":1}")"}, {"0", "", R"("bash")", R"("{\"n\":2}")"}},
            {R"(bash {"n":1})", R"(bash {"n":2})"}),
        defect_of_calls(Repair::kIndexReused,
                        {{"0", "", R"("bash")", ""}, {"0", "", R"("read_file")", ""}},
                        {"bash {}", "read_file {}"}),
        defect_of_calls(Repair::kIndexReused,
                        {{"0", R"("")", R"("bash")", R"("")"},
                         {"0", R"("")", R"("remove")", R"("")"},
                         {"0", R"("")", R"("read_file")", R"("")"}},
                        {"bash {}", "remove {}", "read_file {}"}),
        defect_of_calls(Repair::kIndexReused,
                        {{"0", "null", R"("copy")", ""}, {"0", "null", R"("remove")", ""}},
                        {"copy {}", "remove {}"}),
        defect_of_calls(
            Repair::kIndexReused,
            {{"0", "", R"("bash")", R"({"n":1})"}, {"0", "", R"("bash")", R"({"n":2})"}},
            {R"(bash {"n":1})", R"(bash {"n":2})"}),
        defect_of_calls(Repair::kCallsMixed,
                        {{"0", R"("a")", R"("bash")", R"("{\"n\"")"},
                         {"1", R"("b")", R"("bash")", R"("{\"n\"")"},
                         {"0", "", "", R"(":1}")"},
                         {"1", "", "", R"(":2}")"}},
                        {R"(bash {"n":1})", R"(bash {"n":2})"}),
        defect_of_calls(Repair::kCallRepeated,
                        {{"0", R"("a")", R"("bash")", R"("{\"n\"")"},
                         {"0", "", "", R"(":1}")"},
                         {"0", R"("a")", R"("bash")", R"("{\"n\":1}")"}},
                        {R"(bash {"n":1})"}),
        {Repair::kStopReason,
         [](BorderFeed& feed) {
             feed.call({"0", R"("a")", R"("bash")", R"("{}")"});
             feed.builder().stop_reason("end_turn");
         },
         {"bash {}"}},
    };
}

std::vector<DefectCase> cases_of_blocks() {
    const auto block = [](const char* index, const char* event, const std::string& member) {
        return R"({"type":"content_block_)" + std::string(event) + R"(","index":)" + index +
               (member.empty() ? "}" : "," + member + "}");
    };
    const auto begin = [=](const char* index) {
        return block(index, "start", R"("content_block":{"type":"text","text":""})");
    };
    const auto piece = [=](const char* index, const std::string& text) {
        return block(index, "delta",
                     R"("delta":{"type":"text_delta","text":)" + json_quote(text) + "}");
    };
    const auto end = [=](const char* index) { return block(index, "stop", ""); };
    const auto defect = [](Repair repair, const std::vector<std::string>& events) {
        return DefectCase{
            repair, [events](BorderFeed& feed) { feed.messages(events); }, {}, "Hello you"};
    };
    return {
        defect(Repair::kBlockEndMissing,
               {begin("0"), piece("0", "Hello "), begin("1"), piece("1", "you"), end("1")}),
        defect(Repair::kBlockEndMissing,
               {begin("0"), piece("0", "Hello "), begin("0"), piece("0", "you"), end("0")}),
        defect(Repair::kBlockEndMissing,
               {begin("null"), piece("null", "Hello "), begin("null"), piece("null", "you")}),
        defect(Repair::kBlockEndMissing, {begin("0"), piece("0", "Hello you")}),
        defect(Repair::kBlocksMixed, {begin("0"), begin("1"), piece("1", "y"), piece("0", "Hello "),
                                      end("0"), piece("1", "ou"), end("1")}),
        defect(Repair::kBlocksMixed, {begin("1"), piece("1", "you"), end("1"), begin("0"),
                                      piece("0", "Hello "), end("0")}),
    };
}

std::vector<DefectCase> cases_of_text() {
    return {
        defect_of_text(Repair::kTextBlank, " \n\t", ""),
        {Repair::kThinkingLast, [](BorderFeed& feed) { feed.builder().thinking(0, "hm"); }},
        defect_of_text(Repair::kThinkTags, "<think>hm\n</think>\n\nHello", "Hello", "hm\n"),
        defect_of_text(Repair::kThinkTags, "\n<think></think>Hello", "Hello"),
        defect_of_text(Repair::kThinkTags, "[THINK]hm[/THINK]Hello", "Hello", "hm"),
        defect_of_text(Repair::kThinkTags, "<think>a</think>\n<think>b</think>Hello", "Hello",
                       "ab"),
        defect_of_text(Repair::kThinkTags, "One.\n<think>hm</think>\nTwo.", "One.\nTwo.", "hm"),
        defect_of_text(Repair::kThinkEndAlone, "</think>\n\nHello", "Hello"),
        defect_of_text(Repair::kThinkEndAlone, "I look.\n</think>\n\nHello", "Hello", "I look.\n"),
        {Repair::kUsageUnfit,
         [](BorderFeed& feed) {
             feed.builder().usage({{"prompt_tokens", -4}, {"completion_tokens", "many"}});
             feed.builder().text(1, "Hello");
         },
         {},
         "Hello"},
        defect_of_text(Repair::kCallAsText,
                       R"(<tool_call>{"name":"bash","arguments":{}}</tool_call>)",
                       R"(<tool_call>{"name":"bash","arguments":{}}</tool_call>)"),
    };
}

std::string thinking_in(const agent::Answer& answer) {
    std::string all;
    for (const Json& block : json_or_null(answer.content))
        all += string_or(block, "thinking");
    return all;
}

TEST(Border, MakesEachRepairOfTheTable) {
    std::vector<DefectCase> cases = cases_of_calls();
    for (DefectCase& one : cases_of_text())
        cases.push_back(std::move(one));
    for (DefectCase& one : cases_of_blocks())
        cases.push_back(std::move(one));
    std::map<Repair, int> covered;
    for (const DefectCase& one : cases) {
        const RepairCase& row = repair_cases()[static_cast<std::size_t>(one.repair)];
        SCOPED_TRACE(row.name);
        SCOPED_TRACE(covered[one.repair]++);
        agent::CallIds ids;
        ids.add("used");
        BorderFeed feed(&ids);
        one.feed(feed);
        const auto answer = feed.finish();
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_TRUE(feed.repairs().has(one.repair));
        EXPECT_EQ(words_of(*answer), one.calls);
        EXPECT_EQ(answer->text, one.text);
        EXPECT_EQ(thinking_in(*answer), one.thinking);
        for (const agent::ToolCall& call : answer->calls) {
            EXPECT_TRUE(agent::is_call_id(call.id)) << call.id;
            EXPECT_NE(call.id, "used");
            EXPECT_THAT(answer->content, HasSubstr("\"id\":\"" + call.id + "\""));
        }
    }
    for (const RepairCase& row : repair_cases())
        EXPECT_GT(covered[row.repair], 0) << "no case for " << row.name;
}

TEST(Border, TheTableIsInTheOrderOfTheRepairs) {
    for (std::size_t i = 0; i < repair_cases().size(); ++i) {
        EXPECT_EQ(repair_cases()[i].repair, static_cast<Repair>(i));
        EXPECT_FALSE(repair_cases()[i].what.empty());
    }
}

TEST(Border, RepairsNothingInAnAnswerThatIsRight) {
    agent::CallIds ids;
    BorderFeed feed(&ids);
    feed.builder().thinking(0, "hm");
    feed.builder().text(1, "Two calls.");
    feed.call({"0", R"("call_1")", R"("bash")", R"("")"});
    feed.call({"0", "", "", R"("{\"n\": 1")"});
    feed.call({"0", "", "", R"("}")"});
    feed.call({"1", R"("call_2")", R"("read_file")", R"("{}")"});
    feed.builder().stop_reason("tool_use");
    feed.builder().usage({{"prompt_tokens", 40},
                          {"completion_tokens", 7},
                          {"prompt_tokens_details", {{"cached_tokens", 30}}}});
    const auto answer = feed.builder().finish();
    ASSERT_TRUE(answer);
    for (const RepairCase& row : repair_cases())
        EXPECT_FALSE(feed.builder().repairs().has(row.repair)) << row.name;
    EXPECT_EQ(answer->content,
              R"([{"type":"thinking","thinking":"hm"},{"type":"text","text":"Two calls."},)"
              R"({"type":"tool_use","id":"call_1","name":"bash","input":{"n": 1}},)"
              R"({"type":"tool_use","id":"call_2","name":"read_file","input":{}}])");
    EXPECT_EQ(answer->usage.input_tokens, 10);
    EXPECT_EQ(answer->usage.cache_read_input_tokens, 30);
    EXPECT_EQ(answer->usage.output_tokens, 7);
    EXPECT_THAT(feed.watcher().notices, IsEmpty());
}

TEST(Border, JoinsACallThatIsCutAnywhere) {
    const std::string arguments = R"({"command":"echo \"a}{\" \\","n":[1,{"m":2}]})";
    for (std::size_t cut = 0; cut <= arguments.size(); ++cut) {
        SCOPED_TRACE(cut);
        BorderFeed feed;
        // The name comes again with each fragment, and there is no index.
        feed.call({"", R"("a")", R"("bash")", json_quote(arguments.substr(0, cut))});
        feed.call({"", R"("a")", R"("bash")", json_quote(arguments.substr(cut))});
        const auto answer = feed.builder().finish();
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->calls.size(), 1U);
        EXPECT_EQ(answer->calls[0].input, json_or_null(arguments));
    }
}

TEST(Border, FindsThinkingInTagsWhereverTheTextIsCut) {
    const std::string text = " <think>hm <b> </thin</think>\n\nHello <think> you";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        SCOPED_TRACE(cut);
        BorderFeed feed;
        feed.builder().text(1, text.substr(0, cut));
        feed.builder().text(1, text.substr(cut));
        const auto answer = feed.builder().finish();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->text, "Hello <think> you");
        EXPECT_EQ(feed.watcher().text(), "Hello <think> you");
        EXPECT_EQ(feed.watcher().thinking, "hm <b> </thin");
        EXPECT_EQ(thinking_in(*answer), "hm <b> </thin");
    }
}

TEST(Border, LeavesTagsOfThinkingInATextAboutThem) {
    for (const char* text :
         {"The tags <think> and </think> enclose thinking.", "Use `<think>` first.\n",
          "```\n<think>\nhm\n</think>\n```\n", "<think> is a tag without an end",
          "A line\n<think> without an end", "It ends with </think>\nand goes on."}) {
        SCOPED_TRACE(text);
        BorderFeed feed;
        feed.builder().text(1, text);
        const auto answer = feed.builder().finish();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->text, text);
        EXPECT_EQ(thinking_in(*answer), "");
    }
}

TEST(Border, LeavesAnEndOfThinkingInATextAboutIt) {
    const std::string text = "A block is closed by:\n\n    </think>\n\nWhat follows is the answer.";
    BorderFeed indented;
    indented.builder().text(1, text);
    EXPECT_EQ(indented.builder().finish()->text, text);
    const std::string line = "It ends with\n</think>\nand that is all.";
    BorderFeed thought;
    thought.builder().thinking(0, "hm");
    thought.builder().text(1, line);
    EXPECT_EQ(thought.builder().finish()->text, line) << "it has its thinking elsewhere";
}

TEST(Border, TakesThinkingThatWasCutOffForThinking) {
    BorderFeed feed;
    feed.builder().text(1, "<think>hm and hm");
    feed.builder().stop_reason("max_tokens");
    const auto answer = feed.builder().finish();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content, "[]");
    EXPECT_EQ(feed.watcher().text(), "");
}

TEST(Border, ReportsACallThatWasWrittenAsText) {
    const std::string json = R"({"name": "bash", "arguments": {"command": "ls"}})";
    const std::string arguments = R"({"command": "ls"})";
    for (const std::string& text : std::vector<std::string>{
             "<tool_call>\n" + json + "\n</tool_call>",
             "I look.\n<tool_call>" + json + "</tool_call>\n<tool_call>" + json + "</tool_call>",
             "I look.<tool_call>" + json,
             "<tool_call>bash\n<arg_key>command</arg_key><arg_value>ls</arg_value></tool_call>",
             "<tool_call>\n<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>\n</"
             "tool_call>",
             "<function=bash>{\"command\": \"ls\"}</function>",
             "[TOOL_CALLS][" + json + "]",
             "[TOOL_CALLS]bash[ARGS]{\"command\": \"ls\"}",
             "<|tool_call|>[" + json + "]",
             "<|tool_calls_section_begin|><|tool_call_begin|>functions.bash:0"
             "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
             "<|tool_call>call:bash{command:ls}<tool_call|>",
             json,
             " " + json + "\n",
             "[" + json + "," + json + "]",
             R"({"name": "bash", "parameters": {}})",
             R"({"type": "function", "function": {"name": "bash", "arguments": "{}"}})",
             "```json\n" + json + "\n```",
             "I look.\n\n```json\n" + json + "\n```\n",
             "```\n" + json + "\n```",
             "I look.\n" + json,
             "```tool_call\n" + json + "\n```",
             "<function_calls>\n<invoke name=\"bash\">\n</invoke>\n</function_calls>",
             "<invoke name=\"bash\">\n<parameter name=\"command\">ls</parameter>\n</invoke>",
             "I look.\n<invoke name=\"bash\"></invoke>",
             "<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>",
             "<|python_tag|>bash.call(command=\"ls\")",
             "<|python_tag|>" + json,
             "<|channel|>commentary to=functions.bash <|constrain|>json<|message|>" + arguments,
             "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary "
             "to=functions.bash <|constrain|>json<|message|>" +
                 arguments + "<|call|>",
             "<|start|>assistant to=functions.bash<|channel|>commentary json<|message|>{}<|call|>",
             "I look.assistantcommentary to=functions.bash json" + arguments,
             "[bash(command=\"ls (a]\")]",
             " [bash(" + arguments + "), read_file(path='it\\'s', lines=[1, 2])]\n",
             "[bash()]",
             "Action: bash\nAction Input: " + arguments,
             "I look.\n\nAction: bash\nAction Input:\n{\n\"command\": \"ls\"}\n",
             "Thought: I look.\nAction: bash\nAction Input: " + arguments +
                 "\nObservation: a.txt\nThought: I have seen it."}) {
        SCOPED_TRACE(text);
        BorderFeed feed;
        feed.builder().text(1, text);
        const auto answer = feed.builder().finish();
        ASSERT_TRUE(answer);
        EXPECT_THAT(answer->calls, IsEmpty());
        EXPECT_EQ(answer->text, text);
        EXPECT_THAT(feed.watcher().notices,
                    ElementsAre("the model wrote a call of bash as text instead of calling it, so "
                                "it was not run; the server needs its own parser for tool calls, "
                                "one that fits the model (llama.cpp: --jinja; vLLM: "
                                "--enable-auto-tool-choice --tool-call-parser NAME)"));
    }
}

TEST(Border, NamesAToolThatIsNotThereWhenTheTextIsNothingButItsCall) {
    for (const char* text :
         {R"(<tool_call>{"name":"li s<t","arguments":{}}</tool_call>)",
          R"(<invoke name="li"></invoke>)",
          R"(<function_calls><invoke name="li"></invoke></function_calls>)",
          "<function=li>{}</function>", "<tool_call><function=li></function></tool_call>"}) {
        SCOPED_TRACE(text);
        BorderFeed feed;
        feed.builder().text(1, text);
        ASSERT_TRUE(feed.builder().finish());
        ASSERT_EQ(feed.watcher().notices.size(), 1U);
        EXPECT_THAT(feed.watcher().notices[0], HasSubstr("a call of li as text"));
    }
}

TEST(Border, DoesNotReportTextAboutCalls) {
    const std::string json = R"({"name": "bash", "arguments": {"command": "ls"}})";
    const std::string arguments = R"({"command": "ls"})";
    for (const std::string& text : std::vector<std::string>{
             "Qwen writes <tool_call> before a call of bash and </tool_call> after it.",
             "The format is\n<tool_call>" + json + "</tool_call>\nwhere name is the tool.",
             "Write `<tool_call>" + json + "</tool_call>`",
             "```xml\n<tool_call>" + json + "</tool_call>\n```",
             "```python\ncall = " + json + "\n```",
             "```python\n" + json + "\n```",
             "```json\n" + json + "\n```\nThis is how a call looks.",
             R"({"name": "tenon", "version": "1.0"})",
             R"({"name": "tenon", "arguments": {}})",
             R"({"name": "bash", "arguments": {}, "version": 3})",
             "[TOOL_CALLS] is what Mistral writes.",
             "<function=bash> begins a call",
             "```json\n{\"name\": \"x\"}\n```",
             "<invoke name=\"bash\"> begins a call that ends with </invoke>",
             "<function=bash> begins a call, <parameter=x> an argument; then comes </function>",
             "Llama begins with <|python_tag|> (see bash)",
             "gpt-oss writes <|channel|>commentary to=functions.bash and then <|message|>{…}",
             "Then comes <|channel|>commentary to=functions.bash <|message|>" + arguments + ".",
             "The recipient of " + arguments + " is in to=functions.bash " + arguments,
             "<|channel|>commentary to=functions.other <|message|>" + arguments,
             "<|channel|>commentary to=browser.open <|message|>" + arguments,
             "`commentary to=functions.bash " + arguments + "`",
             "[bash(1)]",
             "[bash](bash)",
             "[other(a=1)]",
             "[bash(command=\"ls\")] is a call.",
             "See [bash(command=1)]",
             "[bash(a=1), and so on (b)]",
             "[bash(a=1]",
             "Action: bash",
             "Action: bash\nrun it",
             "Action: other\nAction Input: " + arguments,
             "Action: bash\nAction Input: a command such as " + arguments,
             "The format is:\nAction: bash\nAction Input: " + arguments +
                 "\nObservation: a.txt\n\nand so on.",
             "```\nThought: a\nAction: bash\nAction Input: {}\nObservation: b\n```",
             "Action: bash\nAction Input: " + arguments + "\nis how a call looks."}) {
        SCOPED_TRACE(text);
        BorderFeed feed;
        feed.builder().text(1, text);
        ASSERT_TRUE(feed.builder().finish());
        EXPECT_THAT(feed.watcher().notices, IsEmpty());
    }
}

TEST(Border, CountsUsageWhereverAndHoweverItCame) {
    struct UsageCase {
        std::vector<const char*> chunks;
        agent::Usage usage;
    };
    for (
        const UsageCase& one : std::vector<UsageCase>{
            {{R"({"prompt_tokens":9,"completion_tokens":0})",
              R"({"prompt_tokens":9,"completion_tokens":4})", "null",
              R"({"prompt_tokens":9,"completion_tokens":6})"},
             {9, 6, 0, 0}},
            {{R"({"prompt_tokens":9.0,"completion_tokens":"6"})"}, {9, 6, 0, 0}},
            {{R"({"prompt_tokens":9,"completion_tokens":6})",
              R"({"prompt_tokens":-1,"completion_tokens":1e300})"},
             {9, 6, 0, 0}},
            {{R"({"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":20}})"},
             {0, 0, 20, 0}},
            {{R"({"prompt_tokens":9,"prompt_cache_hit_tokens":5,"prompt_cache_miss_tokens":4})"},
             {4, 0, 5, 0}},
            {{R"({"prompt_tokens":9,"prompt_tokens_details":null,"cached_tokens":5})"},
             {4, 0, 5, 0}},
            {{R"({"input_tokens":9,"input_tokens_details":{"cached_tokens":5},"output_tokens":3})"},
             {4, 3, 5, 0}},
            {{R"({"input_tokens":9,"cache_read_input_tokens":5,"cache_creation_input_tokens":2})",
              R"({"output_tokens":3})"},
             {9, 3, 5, 2}},
            {{R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":515,)"
              R"("completion_tokens_details":{"reasoning_tokens":500}})"},
             {10, 505, 0, 0}},
            {{R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})"}, {10, 5, 0, 0}},
            {{R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":25,"cached_tokens":10})"},
             {0, 5, 10, 0}},
            {{R"({"total_tokens":25})"}, {}},
            {{"7", "[]", R"({"prompt_tokens":[]})"}, {}}}) {
        SCOPED_TRACE(one.chunks.front());
        BorderFeed feed;
        for (const char* chunk : one.chunks)
            feed.builder().usage(json_or_null(chunk));
        const auto usage = feed.builder().finish()->usage;
        EXPECT_EQ(usage.input_tokens, one.usage.input_tokens);
        EXPECT_EQ(usage.output_tokens, one.usage.output_tokens);
        EXPECT_EQ(usage.cache_read_input_tokens, one.usage.cache_read_input_tokens);
        EXPECT_EQ(usage.cache_creation_input_tokens, one.usage.cache_creation_input_tokens);
    }
}

TEST(Border, KeepsNoEndlessNames) {
    BorderFeed feed;
    feed.builder().identify(std::string(1'000'000, 'x'), std::string(1'000'000, 'y'));
    feed.builder().text(1, "ok");
    const auto answer = feed.builder().finish();
    EXPECT_EQ(answer->id, std::string(256, 'x'));
    EXPECT_EQ(answer->model, std::string(256, 'y'));
}

TEST(Border, OrdersBlocksByTheirPlaces) {
    BorderFeed feed;
    const Json none;
    const Json name = "bash";
    feed.builder().call(3, {none, none, name, none});
    feed.builder().thinking(2, "more");
    feed.builder().whole_text(1, "Hello");
    feed.builder().whole_text(1, "Hello you");
    feed.builder().thinking_members(0)["item"] = {{"id", "r"}};
    const auto answer = feed.builder().finish();
    ASSERT_TRUE(answer);
    EXPECT_THAT(
        answer->content,
        ::testing::StartsWith(R"([{"type":"thinking","thinking":"","item":{"id":"r"}},)"
                              R"({"type":"text","text":"Hello you"},)"
                              R"({"type":"thinking","thinking":"more"},{"type":"tool_use")"));
    EXPECT_EQ(feed.watcher().text(), "Hello you");
}

TEST(Border, BoundsTheCallsOfAnAnswer) {
    BorderFeed feed;
    for (int i = 0; i < 10'000; ++i)
        feed.call({std::to_string(i), "", R"("bash")", R"("{}")"});
    EXPECT_EQ(feed.builder().malformed(), "more than 4096 tool calls in one answer");
    EXPECT_FALSE(feed.builder().finish());
}

TEST(Border, FailsForACallWithoutAName) {
    BorderFeed feed;
    feed.call({"0", R"("a")", "", R"("{\"n\":1}")"});
    const auto answer = feed.builder().finish();
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().malformed, HasSubstr("no name"));
    EXPECT_TRUE(answer.error().retryable);
}

TEST(Border, DropsACallOfNothing) {
    BorderFeed feed;
    feed.call({"0", "", "", ""});
    feed.call({"1", R"("a")", "", R"("")"});
    const auto answer = feed.builder().finish();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content, "[]");
}

}  // namespace
}  // namespace tenon::model
