#include "host/plugins/path_service.h"

#include <sys/stat.h>

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

/// Empty when there is no rule.
std::string refusal_by(const std::string& rule, const char* use, const std::string& path) {
    if (rule.empty()) return {};
    return std::string("A permission rule forbids to ") + use + " " + path + ": " + rule +
           ". No allow rule overrides it.";
}

/// Applies a rule to a path, and remembers whether the rule refused it, since a refusal has its own
/// result code.
class RuleCheck {
public:
    /// Returns why it is refused; empty: it is not.
    using Judge = std::function<std::string(const fs::path& real)>;
    explicit RuleCheck(Judge judge) : judge_(std::move(judge)) {}

    Beneath::Approve approve() {
        return [this](const fs::path& real) -> Result<void> {
            std::string refusal = judge_(real);
            refused_ = !refusal.empty();
            if (!refused_) return {};
            return Error{std::move(refusal)};
        };
    }
    [[nodiscard]] ServiceReply failed(const Error& error) const {
        return ServiceReply::failed(error.message, refused_ ? TENON_DENIED : TENON_FAILED);
    }

private:
    Judge judge_;
    bool refused_ = false;
};

}  // namespace

void PathService::add_to(Services& services) {
    using Type = Parameter::Type;
    services.add("path.roots/1", {}, [this](const ServiceRequest&) { return roots(); });
    services.add("path.open/1",
                 {{"path", Type::kText, true}, {"access", Type::kText, true}, {"replaces"}},
                 [this](const ServiceRequest& request) { return open(request); });
    services.add("path.filter/1", {{"paths", Type::kTexts, true}},
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

ServiceReply PathService::open(const ServiceRequest& request) {
    const std::string path = path_named_by(string_or(request.params, "path"));
    const std::string access = string_or(request.params, "access");
    if (access == "write") return open_to_write(request, path);
    if (access != "read" && access != "folder")
        return ServiceReply::failed("path.open/1: access must be read, folder or write",
                                    TENON_BAD_ARGS);
    if (request.params.contains("replaces"))
        return ServiceReply::failed("path.open/1: replaces goes with the access write",
                                    TENON_BAD_ARGS);
    return open_to_read(request, path, access == "folder");
}

void PathService::hide_from_third_parties(const std::vector<fs::path>& paths) {
    for (const fs::path& path : paths) {
        std::error_code failed;
        const fs::path real = fs::weakly_canonical(path, failed);
        hidden_.push_back((failed ? path : real).string());
    }
}

std::string PathService::read_refusal(const ServiceRequest& request, const std::string& path,
                                      const fs::path& real) const {
    if (!request.first_party && is_beneath_any(real.native(), hidden_))
        return path +
               " is kept from plugins that did not come with Tenon (sandbox.denyRead, and "
               "Tenon's own files).";
    return refusal_by(denied_read_(real), "read", path);
}

ServiceReply PathService::open_to_read(const ServiceRequest& request, const std::string& path,
                                       bool folder) const {
    RuleCheck rule([&](const fs::path& real) { return read_refusal(request, path, real); });
    auto opened =
        folder ? roots_.open_folder(path, rule.approve()) : roots_.open(path, rule.approve());
    if (!opened) return rule.failed(opened.error());
    Json answer = {{"path", path_to_text(opened->real.native())},
                   {"shown", display_path(opened->real)}};
    struct stat info {};
    if (::fstat(opened->fd.get(), &info) == 0 && S_ISREG(info.st_mode))
        answer["version"] = version_of(info);
    return ServiceReply::ok(answer, std::move(opened->fd));
}

std::string PathService::edit_refusal(const ServiceRequest& request, const std::string& path,
                                      const fs::path& real) const {
    if (auto refusal = refusal_by(denied_edit_(real), "edit", path); !refusal.empty())
        return refusal;
    // What it may not read it may not replace either.
    if (!request.first_party && is_beneath_any(real.native(), hidden_))
        return read_refusal(request, path, real);
    return request.first_party || !judge_edit_ ? std::string() : judge_edit_(request, real);
}

ServiceReply PathService::open_to_write(const ServiceRequest& request, const std::string& path) {
    if (request.call == nullptr)
        return ServiceReply::failed("a file is written by a call; there is none under way",
                                    TENON_UNSUPPORTED);
    RuleCheck rule([&](const fs::path& real) { return edit_refusal(request, path, real); });
    auto entry = roots_.open_entry(path, rule.approve());
    if (!entry) return rule.failed(entry.error());
    const fs::path real = entry->real;
    const std::string shown = display_path(real);
    std::optional<std::string> expected;
    if (const std::string* version = string_in(member(request.params, "replaces")))
        expected = *version;
    auto replacement =
        FileReplacement::open({std::move(*entry), shown}, !request.first_party, expected);
    if (!replacement) return ServiceReply::failed(replacement.error().message);
    auto descriptor = (*replacement)->descriptor();
    if (!descriptor) return ServiceReply::failed(descriptor.error().message);
    const Json answer = {{"path", path_to_text(real.native())},
                         {"shown", shown},
                         {"version", (*replacement)->version()}};
    auto added = replacements_of(*request.call)->add(std::move(*replacement));
    if (!added) return ServiceReply::failed(added.error().message, TENON_BUSY);
    return ServiceReply::ok(answer, std::move(*descriptor));
}

/// They live as long as the call, which puts them in place.
std::shared_ptr<CallReplacements> PathService::replacements_of(agent::CallContext& call) {
    const Lock lock(mutex_);
    std::erase_if(replacements_, [](const auto& one) { return one.second.expired(); });
    auto known = replacements_[&call].lock();
    if (known) return known;
    auto made = std::make_shared<CallReplacements>();
    replacements_[&call] = made;
    call.at_success([made] { return made->put_all(); });
    return made;
}

ServiceReply PathService::filter(const ServiceRequest& request) const {
    const std::vector<std::string> paths = strings_in(member(request.params, "paths"));
    Json denied = Json::array();
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const std::string path = path_named_by(paths[i]);
        if (!path.starts_with('/')) {
            return ServiceReply::failed(
                "path.filter/1: paths[" + std::to_string(i) + "] must be an absolute path",
                TENON_BAD_ARGS);
        }
        if (!denied_read_(path).empty()) denied.push_back(i);
    }
    return ServiceReply::ok({{"denied", std::move(denied)}});
}

}  // namespace tenon::plugins
