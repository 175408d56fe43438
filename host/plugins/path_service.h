#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/base/beneath.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// The skills of one directory in the Agent Plugins form.
struct SkillsOfPlugin {
    std::string plugin;                          ///< the name of that directory's manifest
    std::vector<std::filesystem::path> folders;  ///< one for each skill
};

/// The methods path.roots/1, path.open/1 and path.filter/1 of the SDK's README: the only way in
/// which the file tools reach files. Deny rules are applied to paths whose symbolic links have been
/// resolved. Whether a person must be asked is not decided here but before a tool is called.
/// Thread-safe if the rules are; blocks as long as the file system does.
class PathService {
public:
    /// Whether a rule forbids this absolute path.
    using Denied = std::function<bool(const std::filesystem::path&)>;

    /// `skills` are the folders of skills in the order of search. One outside the readable
    /// folders of `roots` is listed but cannot be opened.
    PathService(Beneath roots, Denied denied_read, Denied denied_edit,
                std::vector<std::filesystem::path> skills = {},
                std::vector<SkillsOfPlugin> skills_of_plugins = {})
        : roots_(std::move(roots)),
          denied_read_(std::move(denied_read)),
          denied_edit_(std::move(denied_edit)),
          skills_(std::move(skills)),
          skills_of_plugins_(std::move(skills_of_plugins)) {}

    /// This object must outlive `services`.
    void add_to(Services& services) const;

    [[nodiscard]] ServiceReply roots() const;
    /// The receiver of the answer owns the descriptor in it.
    [[nodiscard]] ServiceReply open(const ServiceRequest& request) const;
    [[nodiscard]] ServiceReply filter(const ServiceRequest& request) const;

private:
    [[nodiscard]] std::string display_path(const std::filesystem::path& real) const;

    Beneath roots_;
    Denied denied_read_, denied_edit_;
    std::vector<std::filesystem::path> skills_;
    std::vector<SkillsOfPlugin> skills_of_plugins_;
};

}  // namespace tenon::plugins
