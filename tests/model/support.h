#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/model/endpoint.h"
#include "host/model/wire_formats.h"

namespace tenon::model {

/// Records the events of a provider.
class Watcher : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent& event) override {
        if (const auto* text = std::get_if<agent::TextDelta>(&event)) texts.push_back(text->text);
        if (const auto* text = std::get_if<agent::ThinkingDelta>(&event)) thinking += text->text;
        if (const auto* retry = std::get_if<agent::RetryScheduled>(&event)) {
            retries.push_back(*retry);
        }
        if (const auto* notice = std::get_if<agent::Notice>(&event))
            notices.push_back(notice->text);
        if (then) then();
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& one : texts)
            all += one;
        return all;
    }

    std::vector<std::string> texts;
    std::string thinking;
    std::vector<agent::RetryScheduled> retries;
    std::vector<std::string> notices;
    std::function<void()> then;
};

inline agent::Message message(agent::Role role, const std::vector<std::string>& blocks) {
    agent::Message out;
    out.role = role;
    out.wire = role == agent::Role::kUser ? R"({"role":"user","content":[)"
                                          : R"({"role":"assistant","content":[)";
    for (const std::string& block : blocks) {
        if (!out.block_ends.empty()) out.wire += ',';
        out.wire += block;
        out.block_ends.push_back(out.wire.size() - 1);
        out.can_mark.push_back(block.find("thinking\"") == std::string::npos);
    }
    out.wire += "]}";
    return out;
}

inline std::string text_block(const std::string& text) {
    return R"({"type":"text","text":)" + json_quote(text) + "}";
}

inline std::string result_block(const std::string& id, const std::string& text) {
    return R"({"type":"tool_result","tool_use_id":")" + id + R"(","content":)" + json_quote(text) +
           "}";
}

/// A conversation for requests.
struct Talk {
    std::vector<agent::Message> messages;
    std::string system = "You are terse.";
    std::string tools =
        R"([{"name":"bash","description":"Runs","input_schema":{"type":"object"}}])";
    std::string model = "claude-test";

    Talk() { user({text_block("hello")}); }
    void user(const std::vector<std::string>& blocks) {
        messages.push_back(message(agent::Role::kUser, blocks));
    }
    /// Adds an answer as it was received.
    void assistant(const std::string& content) {
        std::vector<std::string> blocks;
        for (const auto& block : nlohmann::ordered_json::parse(content))
            blocks.push_back(block.dump());
        messages.push_back(message(agent::Role::kAssistant, blocks));
    }
    [[nodiscard]] agent::Request request() const {
        agent::Request request;
        request.model = model;
        request.system = system;
        request.tools = tools;
        request.messages = messages;
        return request;
    }
};

/// An endpoint of one wire format. The Error is that of Endpoint::create.
inline Result<std::unique_ptr<Endpoint>> endpoint_of(std::string_view format, EndpointConfig config,
                                                     const FormatOptions& options = {}) {
    auto traits = std::make_shared<TraitsByModel>(first_traits(format, config.http.base_url));
    return Endpoint::create(*make_wire_format(format, options), std::move(traits),
                            std::move(config));
}

inline std::unique_ptr<Endpoint> provider_for(const std::string& url, HttpConfig http = {},
                                              std::string_view format = "anthropic") {
    EndpointConfig config;
    config.api_key = "sk-test-key";
    config.key_field = format == "anthropic" ? KeyField::kXApiKey : KeyField::kBearer;
    config.http = std::move(http);
    config.http.base_url = url;
    auto made = endpoint_of(format, std::move(config));
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
}

}  // namespace tenon::model
