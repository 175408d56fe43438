#pragma once

#include <string>
#include <vector>

#include "host/agent/compact_tool.h"
#include "host/agent/compaction.h"
#include "tests/agent/loop_support.h"

namespace tenon::agent {

inline ToolCall call(const std::string& id, const std::string& name = "look") {
    return {id, name, Json::object(), {}};
}

inline const std::string kLong(400, 'x');

/// A run whose tool `look` answers with 400 characters, in a session with an environment.
class CompactionTest : public LoopWorld {
protected:
    CompactionTest() {
        EXPECT_TRUE(session.add_text("<environment/>", Session::kIntroductionOrigin));
        toolbox.add("look", true, [](const ToolCall& c, CallContext&) {
            return ToolResult{c.id + kLong, false, {}};
        });
        toolbox.add("compact", false, [](const ToolCall& c, CallContext& context) {
            return CompactTool().call(c, context);
        });
        allow_tokens(1'000);
    }

    Loop loop() { return Loop(ports(), options); }
    RunResult run(const std::string& prompt, std::stop_token stop = {}) {
        return loop().run(prompt, std::move(stop));
    }
    void allow_tokens(std::int64_t threshold) {
        options.compaction.threshold = [=](const AskedModel&) { return threshold; };
    }
    /// A turn after which the provider has counted so many tokens.
    void then_look(const std::string& id, std::int64_t tokens) {
        provider.then_call({call(id)}, {tokens, 0, 0, 0});
    }
    void then_summarize(const std::string& text) { provider.then_say(text); }

    /// What a tool_result of the request says.
    std::string result_in(std::size_t request, const std::string& id) {
        for (const Json& message : provider.requests.at(request)) {
            for (const Json& block : message["content"]) {
                if (block.value("tool_use_id", "") == id) return block["content"];
            }
        }
        return "(none)";
    }
    std::vector<std::string> wires() {
        std::vector<std::string> out;
        for (const Message& message : session.conversation().messages())
            out.push_back(message.wire);
        return out;
    }
    /// The texts of the only message of a request.
    std::vector<std::string> texts_of(std::size_t request) {
        std::vector<std::string> texts;
        EXPECT_EQ(provider.requests.at(request).size(), 1U);
        for (const Json& block : provider.requests.at(request)[0]["content"])
            texts.push_back(block["text"]);
        return texts;
    }
    std::string compressed(const std::string& text, int number = 1) {
        return "[Conversation compressed. Transcript: " + transcript(number).string() + "]\n" +
               text;
    }
    std::filesystem::path transcript(int number = 1) {
        return dir / ("s1/transcript-" + std::to_string(number) + ".jsonl");
    }

    LoopOptions options;
};

}  // namespace tenon::agent
