#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/base/beneath.h"
#include "host/base/mutex.h"
#include "host/plugins/file_replacement.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// The skills of one directory in the Agent Plugins form.
struct SkillsOfPlugin {
    std::string plugin;                          ///< the name of that directory's manifest
    std::vector<std::filesystem::path> folders;  ///< one for each skill
};

/// The methods path.roots/1, path.open/1 and path.filter/1 of the SDK's README: the only way in
/// which the file tools reach files. Rules are applied to paths whose symbolic links have been
/// resolved. A file that a call opens for writing is put in place when the call has succeeded
/// (CallContext::at_success). Thread-safe if the rules are; blocks as long as the file system does,
/// and while a person is asked.
class PathService {
public:
    /// The rule that forbids this absolute path, and where it is written; empty: none does.
    using Denied = std::function<std::string(const std::filesystem::path&)>;

    /// Why a third-party plugin may not write this file; empty: it may. May ask a person.
    using JudgeEdit =
        std::function<std::string(const ServiceRequest& request, const std::filesystem::path&)>;

    /// `skills` are the folders of skills in the order of search. One outside the readable
    /// folders of `roots` is listed but cannot be opened.
    /// The calls of first-party plugins have been judged before; those of others are by
    /// `judge_edit`. Null: they are not judged.
    PathService(Beneath roots, Denied denied_read, Denied denied_edit,
                std::vector<std::filesystem::path> skills = {}, JudgeEdit judge_edit = nullptr,
                std::vector<SkillsOfPlugin> skills_of_plugins = {})
        : roots_(std::move(roots)),
          denied_read_(std::move(denied_read)),
          denied_edit_(std::move(denied_edit)),
          skills_(std::move(skills)),
          judge_edit_(std::move(judge_edit)),
          skills_of_plugins_(std::move(skills_of_plugins)) {}

    /// What third-party plugins get of no path at or beneath these, whatever the rules say; see
    /// config::hidden_from_plugins. Before `add_to`.
    void hide_from_third_parties(const std::vector<std::filesystem::path>& paths);
    /// This object must outlive `services`.
    void add_to(Services& services);

private:
    [[nodiscard]] ServiceReply roots() const;
    [[nodiscard]] ServiceReply open(const ServiceRequest& request);
    [[nodiscard]] ServiceReply filter(const ServiceRequest& request) const;
    [[nodiscard]] ServiceReply open_to_read(const ServiceRequest& request, const std::string& path,
                                            bool folder) const;
    [[nodiscard]] std::string read_refusal(const ServiceRequest& request, const std::string& path,
                                           const std::filesystem::path& real) const;
    [[nodiscard]] ServiceReply open_to_write(const ServiceRequest& request,
                                             const std::string& path);
    [[nodiscard]] std::string edit_refusal(const ServiceRequest& request, const std::string& path,
                                           const std::filesystem::path& real) const;
    [[nodiscard]] std::shared_ptr<CallReplacements> replacements_of(agent::CallContext& call);
    [[nodiscard]] std::string display_path(const std::filesystem::path& real) const;

    Beneath roots_;
    Denied denied_read_, denied_edit_;
    std::vector<std::filesystem::path> skills_;
    JudgeEdit judge_edit_;
    std::vector<SkillsOfPlugin> skills_of_plugins_;
    std::vector<std::string> hidden_;
    Mutex mutex_;
    /// Of the calls that run. An entry of a call that has ended has expired.
    std::map<const agent::CallContext*, std::weak_ptr<CallReplacements>> replacements_
        TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::plugins
