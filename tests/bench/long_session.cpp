#include "tests/bench/long_session.h"

#include <stdexcept>

#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

constexpr std::size_t kTenMegabytes = 10'000'000;

/// Continues the session's journal with turns of 4 KB until it holds ten megabytes.
void fill_session(const std::filesystem::path& folder, const agent::SessionHead& head) {
    auto session = agent::Session::open(folder, head);
    if (!session) throw std::runtime_error(session.error().message);
    const std::string line = "a line of what a \"command\" prints, with\ta tab and \xC3\xA4\n";
    std::string text;
    while (text.size() < 4'000)
        text += line;
    std::size_t bytes = 0;
    for (std::size_t n = 0; bytes < kTenMegabytes; ++n) {
        const Json input = {{"command", "make"}};
        const std::string call_id = "toolu_fill_" + std::to_string(n);
        const Reply reply = calls(0, 1, "bash", input);
        Json content = reply.content;
        content[0]["id"] = call_id;
        agent::Answer answer;
        answer.id = "msg";
        answer.model = "bench";
        answer.stop_reason = "tool_use";
        answer.content = dump_json(content);
        answer.calls = {{call_id, "bash", input, {}}};
        const auto said = session->add_text("go on", "prompt");
        const auto answered = session->add_answer(answer);
        const auto acted = session->add_result(call_id, {text, false, {}});
        answer.content = R"([{"type":"text","text":"done"}])";
        answer.calls.clear();
        const auto done = session->add_answer(answer);
        if (!said || !answered || !acted || !done)
            throw std::runtime_error("the session cannot be filled");
        bytes += text.size() + answer.content.size();
    }
}

}  // namespace

LongSession::LongSession() {
    const StopwatchServer server([](std::size_t) { return say("done"); });
    const auto program = folders.start(server.url(), {"--session", id});
    wait_for_success(*program);
    fill_session(folders.state() / "sessions", head());
}

agent::SessionHead LongSession::head() const {
    agent::SessionHead head;
    head.id = id;
    return head;
}

}  // namespace tenon::bench
