#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "tests/support/checked_call.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins::testing {

namespace fs = std::filesystem;

/// A plugins folder with copies of built fixtures, and a state folder.
class Workbench {
public:
    Workbench() {
        fs::create_directories(folder());
        options.folders = {folder()};
        options.state_dir = dir / "state";
        options.workspace = "/the/workspace";
        options.log = [this](std::string_view plugin, int, std::string_view message) {
            const std::lock_guard lock(mutex_);
            logged_.push_back(std::string(plugin) + ": " + std::string(message));
        };
    }

    [[nodiscard]] fs::path folder() const { return dir / "plugins"; }

    /// Puts a fixture into the folder. With an id, it may run inside the host although it is a
    /// third-party plugin.
    fs::path put(const std::string& fixture, const std::string& id = "") {
        const fs::path to = folder() / (fixture + ".so");
        fs::copy_file(fs::path(TENON_FIXTURES) / (fixture + ".so"), to);
        if (!id.empty()) options.by_id[id].isolated = false;
        return to;
    }
    void write_manifest(const std::string& text) {
        dir.write("plugins/manifest.json", text);
        options.first_party_folder = folder();
    }

    /// Loads all plugins of the folder into `registry`. Problems are added to `problems`.
    void open() {
        Loaded loaded = load(options, services);
        problems = std::move(loaded.problems);
        for (auto& plugin : loaded.plugins)
            if (auto added = registry.add(std::move(plugin)); !added)
                problems.push_back(added.error());
    }
    agent::ToolResult call(const std::string& tool, const Json& input = Json::object(),
                           std::stop_token stop = {}) {
        agent::CallContext context({"session", ""}, "toolu_1", std::move(stop),
                                   [this](const std::string& note) {
                                       const std::lock_guard lock(mutex_);
                                       progress_.push_back(note);
                                   });
        return tenon::testing::checked_call(*registry.find(tool), {"toolu_1", tool, input, ""},
                                            context);
    }
    std::vector<std::string> logged() {
        const std::lock_guard lock(mutex_);
        return logged_;
    }
    std::vector<std::string> progress() {
        const std::lock_guard lock(mutex_);
        return progress_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> logged_, progress_;

public:
    tenon::testing::TempDir dir;
    LoaderOptions options;
    Services services;
    std::vector<Problem> problems;
    Registry registry;  // destroyed first: its plugins log
};

}  // namespace tenon::plugins::testing
