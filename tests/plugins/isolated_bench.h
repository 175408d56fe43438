#pragma once

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/plugins/workbench.h"

namespace tenon::plugins::testing {

/// A workbench whose third-party plugins run in processes of their own.
class IsolatedBench : public Workbench {
public:
    IsolatedBench() {
        options.plugin_host = TENON_PLUGIN_HOST;
        options.workspace = dir.path().string();
    }
    explicit IsolatedBench(const std::string& fixture) : IsolatedBench() {
        put(fixture);
        open();
    }
    /// What a plugin has written into a file of its own folder.
    [[nodiscard]] std::string note(const std::string& file,
                                   const std::string& id = "misbehaving") const {
        return dir.read("state/plugin-data/" + id + "/" + file);
    }
    [[nodiscard]] std::size_t times_loaded(const std::string& id = "misbehaving") const {
        const std::string loads = note("loads", id);
        return static_cast<std::size_t>(std::count(loads.begin(), loads.end(), '\n'));
    }
    std::string text_of(const std::string& tool) { return call(tool).text; }
    void await_progress(const std::string& text) {
        const auto has = [&](const std::vector<std::string>& notes) {
            return std::find(notes.begin(), notes.end(), text) != notes.end();
        };
        while (!has(progress()))
            std::this_thread::yield();
    }
};

}  // namespace tenon::plugins::testing
