#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "tests/support/checked_call.h"

namespace tenon::plugins::testing {

/// One of our own plugins as it is built, loaded for a test. `services` reply to its requests and
/// outlive it.
class BuiltPlugin {
public:
    BuiltPlugin(const std::string& id, const Services& services, std::string workspace = "/ws") {
        LoaderOptions options;
        options.folders = {TENON_BUILT_PLUGINS};
        options.first_party_folder = TENON_BUILT_PLUGINS;
        options.workspace = std::move(workspace);
        options.log = [this](std::string_view, int level, std::string_view message) {
            const std::lock_guard lock(mutex_);
            if (level >= TENON_LOG_WARNING) logged_.emplace_back(message);
        };
        for (Candidate& candidate : scan(options).found)
            if (candidate.note.id != id) options.by_id[candidate.note.id].enabled = false;
        Loaded loaded = load(options, services);
        EXPECT_EQ(loaded.plugins.size(), 1U) << id;
        for (auto& plugin : loaded.plugins)
            EXPECT_TRUE(registry.add(std::move(plugin)));
    }

    agent::ToolResult call(const std::string& tool, const Json& input, std::stop_token stop = {}) {
        agent::CallContext context({"session", "", tool}, "toolu_1", std::move(stop),
                                   [this](const std::string& note) {
                                       const std::lock_guard lock(mutex_);
                                       progress_.push_back(note);
                                   });
        return tenon::testing::checked_call(*registry.find(tool), {"toolu_1", tool, input, ""},
                                            context);
    }
    /// The list of tools as a request to a model has it, as JSON text.
    [[nodiscard]] std::string tools() const {
        Json tools = Json::array();
        for (const auto* spec : registry.specs())
            tools.push_back({{"name", spec->name},
                             {"description", spec->description},
                             {"input_schema", spec->input_schema}});
        return tools.dump();
    }
    /// Warnings and errors.
    [[nodiscard]] std::vector<std::string> logged() const {
        const std::lock_guard lock(mutex_);
        return logged_;
    }
    [[nodiscard]] std::vector<std::string> progress() const {
        const std::lock_guard lock(mutex_);
        return progress_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> logged_, progress_;

public:
    Registry registry;  // destroyed first: its plugins log
};

}  // namespace tenon::plugins::testing
