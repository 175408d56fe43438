#include "host/app/agent_file_service.h"

#include "host/app/visible_text.h"

namespace tenon::app {
namespace {

namespace fs = std::filesystem;

void append(Json& list, const std::vector<AgentFile>& files, const char* scope) {
    for (const AgentFile& file : files)
        list.push_back({{"path", file.path.string()}, {"text", file.bytes}, {"scope", scope}});
}

std::string refusal(const std::vector<fs::path>& untrusted, const fs::path& workspace) {
    std::string text =
        "agent definitions that are not used, because nobody has trusted them as "
        "they are now: ";
    for (const fs::path& path : untrusted)
        text += (&path == &untrusted.front() ? "" : ", ") +
                visible(path.lexically_relative(workspace).string());
    return text + "; see them and say yes with 'tenon config trust'";
}

}  // namespace

void AgentFileService::add_to(plugins::Services& services) {
    services.add("agent.definitions/1",
                 [this](const plugins::ServiceRequest&) { return definitions(); });
}

plugins::ServiceReply AgentFileService::definitions() {
    const UsableAgentFiles usable = usable_agent_files(folders_, state_dir_);
    for (const AgentFiles* files : {&usable.of_workspace, &usable.of_user})
        for (const std::string& problem : files->problems)
            tell_once(problem);
    if (!usable.untrusted.empty()) tell_once(refusal(usable.untrusted, folders_.workspace));

    Json definitions = Json::array();
    append(definitions, usable.of_workspace.files, "workspace");
    append(definitions, usable.of_user.files, "user");
    Json untrusted = Json::array();
    for (const fs::path& path : usable.untrusted)
        untrusted.push_back({{"path", path.string()}});
    return plugins::ServiceReply::ok(
        {{"definitions", std::move(definitions)}, {"untrusted", std::move(untrusted)}});
}

void AgentFileService::tell_once(const std::string& text) {
    {
        const Lock lock(mutex_);
        if (!told_.insert(text).second) return;
    }
    notice_(text);
}

}  // namespace tenon::app
