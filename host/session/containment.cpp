#include "host/session/containment.h"

#include <fstream>

#include "host/sandbox/confinement.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProtectedPaths[] = {".git/hooks", ".tenon", ".claude", ".envrc"};

/// The first line of a small file of git without its `prefix`; empty if there is none.
std::string git_line(const fs::path& file, std::string_view prefix) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return {};
    std::string line;
    std::ifstream in(file);
    std::getline(in, line);
    return line.starts_with(prefix) ? line.substr(prefix.size()) : std::string();
}

/// The hooks of a linked worktree or a submodule. Its `.git` is a file that names the directory.
std::vector<std::string> hooks_elsewhere(const fs::path& workspace) {
    const std::string named = git_line(workspace / ".git", "gitdir: ");
    if (named.empty()) return {};
    const fs::path directory = (workspace / named).lexically_normal();
    std::vector<std::string> out{(directory / "hooks").string()};
    if (const std::string common = git_line(directory / "commondir", ""); !common.empty())
        out.push_back((directory / common / "hooks").lexically_normal().string());
    return out;
}

}  // namespace

Containment containment_of(const config::Settings& settings, bool only_reads) {
    Containment out;
    sandbox::Policy& policy = out.policy;
    policy.mode = sandbox::mode_from(settings.sandbox.mode).value_or(sandbox::Mode::kReadOnly);
    if (only_reads) policy.mode = sandbox::Mode::kReadOnly;
    if (!policy.is_on()) return out;
    policy.network =
        sandbox::network_from(settings.sandbox.network).value_or(sandbox::Network::kNone);
    policy.workspace = settings.workspace.string();
    policy.writable.push_back(policy.workspace);
    for (const auto* directories : {&settings.add_dirs, &settings.sandbox.write}) {
        for (const fs::path& directory : *directories)
            policy.writable.push_back(directory.string());
    }
    for (const fs::path& path : settings.sandbox.deny_read)
        policy.denied_reads.push_back(path.string());
    for (const char* name : kProtectedPaths)
        policy.protected_paths.push_back((settings.workspace / name).string());
    for (std::string& hooks : hooks_elsewhere(settings.workspace))
        policy.protected_paths.push_back(std::move(hooks));
    for (const fs::path& path : settings.sandbox.own)
        policy.protected_paths.push_back(path.string());

    const auto gaps = sandbox::find_gaps();
    if (gaps.empty()) return out;
    out.notice = "sandbox: this system cannot enforce: " + sandbox::describe(gaps);
    if (settings.sandbox.require) {
        out.notice += " (sandbox.require=true: commands are refused)";
    } else {
        policy.tolerated = gaps;
    }
    return out;
}

sandbox::Policy Containments::policy(bool only_reads) {
    std::string said;
    sandbox::Policy policy;
    {
        const Lock lock(mutex_);
        std::optional<sandbox::Policy>& known = only_reads ? reading_ : usual_;
        if (!known) {
            Containment found = containment_of(settings_, only_reads);
            known = std::move(found.policy);
            if (!found.notice.empty() && !std::exchange(noticed_, true))
                said = std::move(found.notice);
        }
        policy = *known;
    }
    if (!said.empty()) notice_(std::move(said));
    return policy;
}

jobs::JobLimits job_limits_of(const config::Settings::Jobs& settings) {
    return {settings.memory_limit, settings.process_limit, settings.cpu_limit};
}

}  // namespace tenon::session
