#pragma once

#include <string>

#include "host/config/configuration.h"
#include "host/config/table_views.h"
#include "host/permission/rules.h"
#include "tests/support/temp_dir.h"

namespace tenon::config {

/// A machine's folders of configuration, all in one temporary folder; nothing of the real ones.
struct World {
    testing::TempDir dir;
    Sources sources;
    Overrides overrides;

    World() {
        for (const char* folder : {"etc", "home", "ws"})
            std::filesystem::create_directories(dir / folder);
        sources.environment = {{"HOME", (dir / "home").string()}};
        sources.prefix = "/opt/tenon";
        sources.system = dir / "etc";
        sources.cwd = dir / "ws";
        sources.check_rule = permission::check_rule;
    }

    [[nodiscard]] std::filesystem::path state() const { return dir / "home/.local/state/tenon"; }
    void system_says(const std::string& properties) const {
        dir.write("etc/tenon.properties", properties);
    }
    void user_says(const std::string& properties) const {
        dir.write("home/.config/tenon/tenon.properties", properties);
    }
    void workspace_says(const std::string& properties) const {
        dir.write("ws/.tenon/tenon.properties", properties);
    }
    /// A key that an option of the command line sets.
    void option_says(const char* key, const char* value, const char* option) {
        overrides.options.push_back({key, value, option});
    }
    void define(const char* key, const char* value) {
        overrides.defines.push_back({key, value, "-D"});
    }
    [[nodiscard]] Configuration examined() const { return examine(sources, overrides); }
    [[nodiscard]] Settings settings() const { return examined().settings; }
    /// The line of `tenon config show` of a key that has one.
    [[nodiscard]] ShownSetting shown(const std::string& key) const {
        for (const ShownSetting& setting : shown_settings(examined().table)) {
            if (setting.key == key) return setting;
        }
        return {};
    }
};

}  // namespace tenon::config
