#include "host/base/untrusted.h"
#include "host/ui/diff.h"
#include "host/ui/markdown_block.h"
#include "host/ui/markdown_stream.h"
#include "host/ui/tool_line.h"
#include "host/ui/transcript.h"
#include "tests/support/tool_facts.h"
#include "tests/ui/lines.h"

/// Whatever models, tools, jobs and files say, only our own styling comes out.
namespace tenon::ui {
namespace {

std::vector<std::string> attacks() {
    std::vector<std::string> texts;
    std::string every_byte;
    for (int c = 0; c < 256; ++c) {
        every_byte += static_cast<char>(c);
        const std::string byte(1, static_cast<char>(c));
        texts.push_back("a" + byte + "b\n\x1b" + byte + "1;2m\n\x1b[3" + byte + "m\n\xC2" + byte +
                        "31m");
    }
    texts.push_back(every_byte);
    for (const char* text : {"\x1b[2J\x1b[H",
                             "\x1b[31mred",
                             "\x1b]0;title\a",
                             "\x1b]52;c;aGVsbG8=\x1b\\",
                             "\x1b]8;;http://evil\x1b\\good\x1b]8;;\x1b\\",
                             "\x1bP+q544e\x1b\\",
                             "\x1b_Gf=32;AAAA\x1b\\",
                             "\x1b^pm\x1b\\",
                             "\x1b[6n",
                             "\x1b[?1049h",
                             "\x1b[>0q",
                             "\x1b#8",
                             "\x1b"
                             "c",
                             "\x1b(0lqk",
                             "\xC2\x9B"
                             "31mred",
                             "\xC2\x9D"
                             "0;x\xC2\x9C",
                             "\x9B"
                             "31m",
                             "ok\rbad",
                             "ok\b\b\bno",
                             "a\u202eb\u2066c\u200f",
                             "a\u2028b\u2029",
                             "\ufeff\u200b",
                             "&#27;[31m",
                             "&#x9b;31m",
                             "&#8238;x",
                             "[a](\x1b]0;x\a)",
                             "[a](&#27;[2J)",
                             "<http://a&#x1b;b>",
                             "![x](y&#x1b;[1m)",
                             "`\x1b[1m`",
                             "```\x1b[1m&#27;\n\x1b[2J\n```",
                             "~~~ &#x1b;[1m\nx",
                             "| \x1b[1m | &#27;[2J |\n|-|-|\n| \x1b]0;x | <br> |",
                             "> \x1b[1m\n- &#27;[1m\n  ```&#27;[2J\n  x\n  ```",
                             "# \x1b[7m&#27;[7m",
                             "\xF0\x9F\x98",
                             "\xED\xA0\x80",
                             "\xF4\x90\x80\x80",
                             "\xC0\x9B",
                             "\n\u0301\u0301",
                             "\x1b]8;;\n\x1b\\"}) {
        texts.emplace_back(text);
    }
    return texts;
}

/// Every way that a text can take to the screen.
std::vector<std::string> everything_drawn(const std::string& text, Style style) {
    std::vector<std::string> lines;
    const auto take = [&](const std::vector<std::string>& more) {
        lines.insert(lines.end(), more.begin(), more.end());
    };
    take(render_block(text, 40, style));
    take(render_markdown(text, 40, style));
    MarkdownStream stream(style);
    for (const char c : text) {
        take(stream.append(std::string_view(&c, 1), 40));
        take(stream.tail(40, 5));
    }
    take(stream.finish(40));
    take(code_rows(harmless_line(text), harmless_line(text), 40, style));
    take({harmless_line(text), visible(text), first_line(text)});
    for (const bool whole : {false, true}) {
        take(diff({text, "x" + text + "\ny", whole}, {40, 100, style}).lines);
        take(diff({"", text, whole}, {40, 100, style}).lines);
    }

    Transcript transcript(style);
    std::vector<agent::ToolFinished> calls;
    for (const char* name : {"bash", "background_wait", "read_file", "grep", "edit_file",
                             "write_file", "todo", "task_update", "agent", "other"}) {
        const Json item{{"id", text}, {"text", text}, {"status", text}};
        const Json input{{"command", text},        {"name", text},    {"path", text},
                         {"pattern", text},        {"glob", text},    {"old_text", text},
                         {"new_text", text + "x"}, {"content", text}, {"items", {item}},
                         {"job_ids", {text}},      {"task_id", text}, {"status", text},
                         {"description", text},    {text, text}};
        for (const bool failed : {false, true})
            calls.push_back({{"t", name, input, text},
                             {text + "\n[exit code: " + text + "]", failed, {}},
                             {},
                             failed,
                             testing::facts_of(name)});
    }
    calls.push_back(
        {{"t", text, {{text, Json{{text, text}}}}, text}, {text, false, {}}, {}, false});
    std::vector<agent::EventOr<>> events{
        agent::SessionOpened{text, text, text, text, {text}, true},
        agent::TextDelta{text},
        agent::ThinkingDelta{text},
        agent::TextDelta{text},
        agent::RetryScheduled{1, 2, {}, 0, text},
        agent::Answered{
            {{"content", {{{"type", "text"}, {"text", text}}, {{"type", "tool_use"}}}}}},
        agent::JobChanged{text, text, text, 1},
        agent::JobChanged{text, "error", text, 1},
        agent::Notice{text},
        agent::Compacted{text, 1, 2},
        agent::UserMessageSent{{text}}};
    for (const agent::ToolFinished& call : calls) {
        events.emplace_back(agent::ToolStarted{call.call, call.facts});
        events.emplace_back(agent::ToolProgressed{"t", text});
        events.emplace_back(call);
    }
    for (const agent::EventOr<>& event : events) {
        const agent::SubagentEvent nested{"a", text, event};
        const auto own = std::visit([](const auto& e) -> agent::AgentEvent { return e; }, event);
        for (const agent::AgentEvent& each : {own, agent::AgentEvent(nested)}) {
            take(transcript.on_event(each, 40, {}));
            take(transcript.tail(40, 20, {}));
        }
    }
    take(transcript.prompt(text, 40));
    take(transcript.interrupted(40));
    return lines;
}

TEST(HostileText, NeverReachesTheTerminalAsAnythingButText) {
    for (const std::string& text : attacks()) {
        SCOPED_TRACE(visible(text));
        for (const Style style : {Style::kColour, Style::kPlain}) {
            const auto lines = everything_drawn(text, style);
            expect_harmless(lines);
            if (style == Style::kPlain) EXPECT_EQ(screen(lines).find('\x1b'), std::string::npos);
            if (HasFatalFailure()) return;
        }
    }
}

}  // namespace
}  // namespace tenon::ui
