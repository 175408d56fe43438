#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/agent/session.h"

namespace tenon::agent {

inline SessionHead head() {
    return {"s1", "/w", "replay", "m", "You are.", R"([{"name":"bash"}])", 1};
}

inline Answer answer(const std::string& content, std::vector<ToolCall> calls = {}) {
    return {"msg", "m", calls.empty() ? "end_turn" : "tool_use", content, "", std::move(calls), {}};
}

inline std::vector<std::string> wires(const Session& session) {
    std::vector<std::string> out;
    for (const Message& message : session.conversation().messages())
        out.push_back(message.wire);
    return out;
}

/// What any endpoint demands: roles alternate, each call is answered in the next message, results
/// first.
inline void expect_valid(const Session& session) {
    std::vector<std::string> open;
    Role expected = Role::kUser;
    for (const Message& message : session.conversation().messages()) {
        EXPECT_EQ(message.role, expected);
        expected = expected == Role::kUser ? Role::kAssistant : Role::kUser;
        const Json content = Json::parse(message.wire)["content"];
        EXPECT_FALSE(content.empty());
        for (std::size_t i = 0; i < content.size(); ++i) {
            const std::string type = content[i]["type"];
            if (message.role == Role::kUser && i < open.size()) {
                EXPECT_EQ(type, "tool_result");
                EXPECT_EQ(content[i]["tool_use_id"], open[i]);
            } else {
                EXPECT_NE(type, "tool_result");
            }
        }
        open.clear();
        for (const Json& block : content) {
            if (block["type"] == "tool_use") open.push_back(block["id"]);
        }
    }
}

}  // namespace tenon::agent
