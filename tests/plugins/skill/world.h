#pragma once

#include <memory>
#include <string>
#include <unistd.h>

#include "host/plugins/path_service.h"
#include "tests/plugins/built_plugin.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins::testing {

/// A folder in memory, if there is one, since thousands of folders are made in it.
inline std::filesystem::path in_memory() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

/// The built plugin with folders of skills and the host's real path service.
struct SkillWorld {
    SkillWorld() { std::filesystem::create_directories(workspace()); }

    [[nodiscard]] std::filesystem::path workspace() const { return dir / "ws"; }
    [[nodiscard]] std::filesystem::path user() const { return dir / "home/.agents/skills"; }

    /// Writes a SKILL.md with `front_matter` between the `---` lines.
    void skill(const std::string& folder, const std::string& front_matter,
               const std::string& body = "Do it.\n") const {
        dir.write(folder + "/SKILL.md", "---\n" + front_matter + "\n---\n" + body);
    }
    /// Writes a correct SKILL.md with the name of its folder.
    void proper(const std::string& folder, const std::string& body = "Do it.\n") const {
        const std::string name = folder.substr(folder.rfind('/') + 1);
        skill(folder, "name: " + name + "\ndescription: For " + name + ".", body);
    }
    void load() {
        paths = std::make_unique<PathService>(
            Beneath(workspace(), {}, {user()}),
            [](const std::filesystem::path& path) {
                return path.string().find("/secret/") != std::string::npos ? "Read(secret)" : "";
            },
            [](const std::filesystem::path&) { return ""; },
            std::vector<std::filesystem::path>{workspace() / "skills",
                                               workspace() / ".claude/skills", user()},
            nullptr, skills_of_plugins);
        paths->add_to(services);
        plugin = std::make_unique<BuiltPlugin>("skill", services, workspace().string());
    }
    [[nodiscard]] std::string prompt() const { return joined(plugin->registry.system_prompts()); }
    [[nodiscard]] agent::ToolResult load_skill(const std::string& name) const {
        return plugin->call("load_skill", {{"name", name}});
    }
    /// The only message; empty: there is none.
    [[nodiscard]] std::string logged() const {
        const auto messages = plugin->logged();
        EXPECT_LE(messages.size(), 1U) << messages[1];
        return messages.empty() ? "" : messages.front();
    }

    std::vector<SkillsOfPlugin> skills_of_plugins;
    tenon::testing::TempDir dir{in_memory()};
    Services services;
    std::unique_ptr<PathService> paths;
    std::unique_ptr<BuiltPlugin> plugin;
};

}  // namespace tenon::plugins::testing
