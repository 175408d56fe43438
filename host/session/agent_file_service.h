#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "host/base/mutex.h"
#include "host/config/agent_files.h"
#include "host/plugins/services.h"

namespace tenon::session {

/// The service agent.definitions/1 (sdk/README.md): reads the files on every call. Files that
/// cannot be read, or are not trusted, are reported to a person once. Thread-safe; blocks on files.
class AgentFileService {
public:
    using ShowNotice = std::function<void(std::string)>;

    AgentFileService(config::AgentFolders folders, std::filesystem::path state_dir,
                     ShowNotice notice)
        : folders_(std::move(folders)),
          state_dir_(std::move(state_dir)),
          notice_(std::move(notice)) {}

    /// This object must outlive `services`.
    void add_to(plugins::Services& services);

    [[nodiscard]] plugins::ServiceReply definitions();

private:
    void notice_once(const std::string& text);

    const config::AgentFolders folders_;
    const std::filesystem::path state_dir_;
    const ShowNotice notice_;
    Mutex mutex_;
    std::set<std::string> reported_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::session
