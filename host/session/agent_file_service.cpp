#include "host/session/agent_file_service.h"

#include <algorithm>

#include "host/base/path_text.h"
#include "host/base/untrusted.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

void append_files(Json& list, const std::vector<config::AgentFile>& files, const char* scope) {
    for (const config::AgentFile& file : files)
        list.push_back(
            {{"path", path_to_text(file.path.native())}, {"text", file.bytes}, {"scope", scope}});
}

constexpr std::size_t kMostProblemLines = 4;
constexpr std::size_t kProblemExamples = 3;
constexpr std::size_t kMostUntrustedNames = 10;

/// One line for each problem while they are few, else one line for all.
std::vector<std::string> problem_lines(const std::vector<std::string>& problems) {
    if (problems.size() <= kMostProblemLines) return problems;
    std::string text =
        std::to_string(problems.size()) + " problems with agent definitions: " + problems[0];
    for (std::size_t i = 1; i < kProblemExamples; ++i)
        text += "; " + problems[i];
    return {text + "; and " + std::to_string(problems.size() - kProblemExamples) + " more"};
}

std::string untrusted_notice(const std::vector<fs::path>& untrusted, const fs::path& workspace) {
    std::string text =
        "agent definitions that are not used, because nobody has trusted them as "
        "they are now: ";
    const std::size_t named = std::min(untrusted.size(), kMostUntrustedNames);
    for (std::size_t i = 0; i < named; ++i)
        text += (i == 0 ? "" : ", ") + visible(untrusted[i].lexically_relative(workspace).string());
    if (named < untrusted.size())
        text += " and " + std::to_string(untrusted.size() - named) + " more";
    return text + "; see them and say yes with 'tenon config trust'";
}

}  // namespace

void AgentFileService::add_to(plugins::Services& services) {
    services.add("agent.definitions/1", {},
                 [this](const plugins::ServiceRequest&) { return definitions(); });
}

plugins::ServiceReply AgentFileService::definitions() {
    const config::UsableAgentFiles usable = config::usable_agent_files(folders_, state_dir_);
    std::vector<std::string> problems = usable.of_workspace.problems;
    problems.insert(problems.end(), usable.of_user.problems.begin(), usable.of_user.problems.end());
    for (const std::string& line : problem_lines(problems))
        notice_once(line);
    if (!usable.untrusted.empty())
        notice_once(untrusted_notice(usable.untrusted, folders_.workspace));

    Json definitions = Json::array();
    append_files(definitions, usable.of_workspace.files, "workspace");
    append_files(definitions, usable.of_user.files, "user");
    Json untrusted = Json::array();
    for (const fs::path& path : usable.untrusted)
        untrusted.push_back({{"path", path_to_text(path.native())}});
    return plugins::ServiceReply::ok(
        {{"definitions", std::move(definitions)}, {"untrusted", std::move(untrusted)}});
}

void AgentFileService::notice_once(const std::string& text) {
    {
        const Lock lock(mutex_);
        if (!reported_.insert(text).second) return;
    }
    notice_(text);
}

}  // namespace tenon::session
