#include "host/config/agent_files.h"

#include <algorithm>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/config/trust.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

/// Questions and lists name a definition by its file's name, so the name must be valid text. The
/// directory that holds it may have any name.
void leave_out_odd_names(std::vector<fs::path>& paths, std::vector<std::string>& problems) {
    const auto is_text = [](const fs::path& path) {
        return utf8::is_valid(path.filename().native());
    };
    const auto odd = std::stable_partition(paths.begin(), paths.end(), is_text);
    if (odd == paths.end()) return;
    const auto more = paths.end() - odd - 1;
    problems.push_back("agent definition left out: " + visible(odd->string()) +
                       ": the file's name is not UTF-8; rename it" +
                       (more == 0 ? "" : " (and " + std::to_string(more) + " more like it)"));
    paths.erase(odd, paths.end());
}

std::vector<fs::path> definitions_in(const fs::path& folder, std::vector<std::string>& problems) {
    std::vector<fs::path> found;
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (it->path().extension() == ".md") found.push_back(it->path());
    }
    std::sort(found.begin(), found.end());
    leave_out_odd_names(found, problems);
    if (found.size() > kMaxAgentFiles) {
        problems.push_back(visible(folder.string()) + ": only the first " +
                           std::to_string(kMaxAgentFiles) + " agent definitions count");
        found.resize(kMaxAgentFiles);
    }
    return found;
}

Result<AgentFile> read_file(const fs::path& path) {
    auto bytes = read_whole_file(path, kMaxAgentFileBytes);
    if (!bytes) return bytes.error();
    if (!utf8::is_valid(*bytes)) return Error{path.string() + " is not UTF-8"};
    return AgentFile{path, *std::move(bytes)};
}

}  // namespace

AgentFolders agent_folders(const fs::path& workspace, const fs::path& home,
                           const fs::path& config) {
    AgentFolders folders;
    folders.workspace = workspace;
    if (!config.empty()) folders.of_user.push_back(config / "agents");
    if (!home.empty()) folders.of_user.push_back(home / ".claude/agents");
    for (const char* name : {".tenon/agents", ".claude/agents"}) {
        const auto same = [folder = workspace / name](const fs::path& other) {
            std::error_code missing;
            return fs::equivalent(folder, other, missing);
        };
        if (std::none_of(folders.of_user.begin(), folders.of_user.end(), same))
            folders.of_workspace.push_back(workspace / name);
    }
    return folders;
}

AgentFiles read_agent_files(const std::vector<fs::path>& folders) {
    AgentFiles out;
    for (const fs::path& folder : folders) {
        for (const fs::path& path : definitions_in(folder, out.problems)) {
            auto file = read_file(path);
            if (file) {
                out.files.push_back(*std::move(file));
            } else {
                out.problems.push_back("agent definition left out: " +
                                       visible(file.error().message));
            }
        }
    }
    return out;
}

UsableAgentFiles usable_agent_files(const AgentFolders& folders, const fs::path& state_dir) {
    UsableAgentFiles out;
    out.of_user = read_agent_files(folders.of_user);
    const auto trusted = trusted_agents(state_dir, folders.workspace);
    if (!trusted) out.of_workspace.problems.push_back(visible(trusted.error().message));
    for (const fs::path& folder : folders.of_workspace) {
        for (const fs::path& path : definitions_in(folder, out.of_workspace.problems)) {
            // A file that nobody has trusted need not be read.
            if (trusted && trusted->knows(path)) {
                auto file = read_file(path);
                if (file && trusted->covers(*file)) {
                    out.of_workspace.files.push_back(*std::move(file));
                    continue;
                }
            }
            out.untrusted.push_back(path);
        }
    }
    return out;
}

}  // namespace tenon::config
