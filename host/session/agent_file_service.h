#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "host/base/mutex.h"
#include "host/config/agent_files.h"
#include "host/plugins/services.h"

namespace tenon::session {

/// The method agent.definitions/1 of the SDK's README: reads the files anew each time. What cannot
/// be read, or is not trusted, is told a person once. Thread-safe; blocks on files.
class AgentFileService {
public:
    using Notice = std::function<void(std::string)>;

    AgentFileService(config::AgentFolders folders, std::filesystem::path state_dir, Notice notice)
        : folders_(std::move(folders)),
          state_dir_(std::move(state_dir)),
          notice_(std::move(notice)) {}

    /// This object must outlive `services`.
    void add_to(plugins::Services& services);

    [[nodiscard]] plugins::ServiceReply definitions();

private:
    void tell_once(const std::string& text);

    const config::AgentFolders folders_;
    const std::filesystem::path state_dir_;
    const Notice notice_;
    Mutex mutex_;
    std::set<std::string> told_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::session
