#include "host/model/border_text.h"

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

}  // namespace
}  // namespace tenon::model
