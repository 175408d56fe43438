#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "tests/plugins/built_plugin.h"

namespace tenon::plugins::testing {

/// The built plugin with a host that records its requests and answers from these members.
struct SubagentWorld {
    SubagentWorld() {
        services.add("agent.definitions/1", [this](const ServiceRequest&) { return copy_of(files); });
        services.add("agent.tools/1", [this](const ServiceRequest&) { return copy_of(tools); });
        services.add("agent.run/1", [this](const ServiceRequest& request) {
            EXPECT_NE(request.call, nullptr);
            asked.push_back(request.params);
            return copy_of(answer);
        });
    }

    static ServiceReply copy_of(const ServiceReply& reply) { return {reply.rc, reply.out, {}}; }
    /// Adds a definition file with `front_matter` between the `---` lines.
    void define(const std::string& path, const std::string& front_matter,
                const std::string& body = "") {
        definitions.push_back({{"path", path},
                               {"text", "---\n" + front_matter + "\n---\n" + body},
                               {"scope", "user"}});
        answer_with_files();
    }
    void answer_with_files() {
        files = ServiceReply::ok({{"definitions", definitions}, {"untrusted", untrusted}});
    }
    void load() { plugin = std::make_unique<BuiltPlugin>("subagent", services); }
    [[nodiscard]] agent::ToolResult agent(const Json& input) const {
        return plugin->call("agent", input);
    }
    [[nodiscard]] std::string prompt() const { return joined(plugin->registry.system_prompts()); }

    Json definitions = Json::array(), untrusted = Json::array();
    ServiceReply files =
        ServiceReply::ok({{"definitions", Json::array()}, {"untrusted", Json::array()}});
    ServiceReply tools = ServiceReply::ok({{"tools",
                                            {"bash", "read_file", "edit_file", "write_file", "glob",
                                             "grep", "load_skill", "todo", "my_tool"}}});
    ServiceReply answer =
        ServiceReply::ok({{"text", "done"}, {"turns", 2}, {"reached_limit", false}});
    std::vector<Json> asked;
    Services services;
    std::unique_ptr<BuiltPlugin> plugin;
};

}  // namespace tenon::plugins::testing
