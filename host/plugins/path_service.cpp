#include "host/plugins/path_service.h"

#include "host/base/path_text.h"
#include "host/base/utf8.h"

namespace fs = std::filesystem;

namespace tenon::plugins {
namespace {

Json as_json(const std::vector<fs::path>& paths) {
    Json out = Json::array();
    for (const fs::path& path : paths)
        out.push_back(path_to_text(path.native()));
    return out;
}

/// A plugin cannot check this itself: only this service can convert the text of a path that is not
/// UTF-8 back to the path.
std::vector<fs::path> existing(std::vector<fs::path> directories) {
    std::erase_if(directories, [](const fs::path& directory) {
        std::error_code failed;
        return !fs::is_directory(directory, failed);
    });
    return directories;
}

/// The path that a plugin names. It may begin with the text of a path that is not UTF-8, which this
/// service has given to the plugin.
std::string path_named_by(const std::string& text) {
    std::string path = path_from_text(text);
    return utf8::is_valid(path) ? text : path;
}

/// Applies a rule to a path, and remembers whether the rule refused it, since a refusal has its own
/// result code.
class RuleCheck {
public:
    RuleCheck(const PathService::Denied& denied, std::string_view verb, std::string_view asked)
        : denied_(denied), verb_(verb), asked_(asked) {}

    Beneath::Approve approve() {
        return [this](const fs::path& real) -> Result<void> {
            refused_ = denied_(real);
            if (!refused_) return {};
            return Error{"A permission rule forbids to " + std::string(verb_) + " " +
                         std::string(asked_) + "."};
        };
    }
    [[nodiscard]] ServiceReply failed(const Error& error) const {
        return ServiceReply::failed(error.message, refused_ ? TENON_DENIED : TENON_FAILED);
    }

private:
    const PathService::Denied& denied_;
    std::string_view verb_, asked_;
    bool refused_ = false;
};

}  // namespace

void PathService::add_to(Services& services) const {
    services.add("path.roots/1", [this](const ServiceRequest&) { return roots(); });
    services.add("path.open/1", [this](const ServiceRequest& request) { return open(request); });
    services.add("path.filter/1",
                 [this](const ServiceRequest& request) { return filter(request); });
}

ServiceReply PathService::roots() const {
    Json skills_of_plugins = Json::array();
    for (const SkillsOfPlugin& one : skills_of_plugins_)
        skills_of_plugins.push_back({{"plugin", one.plugin}, {"folders", as_json(one.folders)}});
    return ServiceReply::ok({{"workspace", path_to_text(roots_.workspace().native())},
                             {"write", as_json(roots_.writable())},
                             {"read", as_json(roots_.readable())},
                             {"skills", as_json(existing(skills_))},
                             {"plugin_skills", std::move(skills_of_plugins)}});
}

std::string PathService::display_path(const fs::path& real) const {
    const fs::path relative = real.lexically_relative(roots_.workspace());
    return relative.empty() || *relative.begin() == ".." ? real.string() : relative.string();
}

ServiceReply PathService::open(const ServiceRequest& request) const {
    const std::string* path = string_in(member(request.params, "path"));
    if (path == nullptr)
        return ServiceReply::failed("path.open/1: path must be a string", TENON_BAD_ARGS);
    const std::string asked = path_named_by(*path);
    const std::string access = string_or(request.params, "access");

    if (access == "write") {
        RuleCheck rule(denied_edit_, "edit", asked);
        auto entry = roots_.open_entry(asked, rule.approve());
        if (!entry) return rule.failed(entry.error());
        auto reply = ServiceReply::ok({{"fd", entry->folder.get()},
                                       {"name", entry->name},
                                       {"path", path_to_text(entry->real.native())},
                                       {"shown", display_path(entry->real)}});
        (void)entry->folder.release();
        return reply;
    }
    if (access != "read" && access != "folder") {
        return ServiceReply::failed("path.open/1: access must be read, folder or write",
                                    TENON_BAD_ARGS);
    }
    RuleCheck rule(denied_read_, "read", asked);
    auto opened = access == "read" ? roots_.open(asked, rule.approve())
                                   : roots_.open_folder(asked, rule.approve());
    if (!opened) return rule.failed(opened.error());
    auto reply = ServiceReply::ok({{"fd", opened->fd.get()},
                                   {"path", path_to_text(opened->real.native())},
                                   {"shown", display_path(opened->real)}});
    (void)opened->fd.release();
    return reply;
}

ServiceReply PathService::filter(const ServiceRequest& request) const {
    const Json& paths = member(request.params, "paths");
    if (!paths.is_array())
        return ServiceReply::failed("path.filter/1: paths must be an array", TENON_BAD_ARGS);
    Json denied = Json::array();
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const std::string* text = string_in(paths[i]);
        const std::string path = text == nullptr ? std::string() : path_named_by(*text);
        if (!path.starts_with('/')) {
            return ServiceReply::failed(
                "path.filter/1: paths[" + std::to_string(i) + "] must be an absolute path",
                TENON_BAD_ARGS);
        }
        if (denied_read_(path)) denied.push_back(i);
    }
    return ServiceReply::ok({{"denied", std::move(denied)}});
}

}  // namespace tenon::plugins
