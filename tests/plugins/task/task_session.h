#pragma once

#include <memory>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "host/plugins/state_service.h"
#include "tests/support/checked_call.h"

namespace tenon::task::testing {

namespace fs = std::filesystem;

/// The built task plugin in a host with a workspace and a state folder with a session. Several may
/// share the folders, in one process or in several.
class TaskSession {
public:
    TaskSession(const fs::path& workspace, const fs::path& session_state)
        : state_(session_state.parent_path() / "plugin-state", session_state) {
        state_.add_to(services_);
        plugins::LoaderOptions options;
        options.folders = {TENON_BUILT_PLUGINS};
        options.first_party_folder = TENON_BUILT_PLUGINS;
        options.workspace = workspace;
        options.log = [this](std::string_view, int, std::string_view message) {
            logged.emplace_back(message);
        };
        plugins::Loaded loaded = plugins::load(options, services_);
        for (auto& plugin : loaded.plugins)
            if (plugin->id() == "task") (void)registry.add(std::move(plugin));
    }

    agent::ToolResult call(const std::string& tool, const Json& input = Json::object(),
                           std::stop_token stop = {}) {
        agent::CallContext context({"s1", ""}, "t", std::move(stop), nullptr);
        return tenon::testing::checked_call(*registry.find(tool), {"t", tool, input, ""}, context);
    }
    std::string text(const std::string& tool, const Json& input = Json::object()) {
        return call(tool, input).text;
    }

    std::vector<std::string> logged;

private:
    plugins::StateService state_;
    plugins::Services services_;

public:
    plugins::Registry registry;
};

}  // namespace tenon::task::testing
