#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/base/secrets.h"

namespace tenon::sitting {

/// Changes of a larger file are shown without it. In bytes.
inline constexpr std::size_t kLargestChangedFile = std::size_t{4} << 20U;

/// Remembers the files that calls are about to change, so that their changes can be shown when the
/// calls have ended. An event is received on the thread of its call, before the call; so each reads
/// a file there. Thread-safe.
class FilesBefore : public agent::EventSink {
public:
    /// Known keys are removed from the texts; `secrets` must outlive the object.
    FilesBefore(std::filesystem::path workspace, const Secrets& secrets)
        : workspace_(std::move(workspace)), secrets_(secrets) {}

    void on_event(const agent::AgentEvent& event) override;
    /// The file of an ended call, as it was; none when it did not exist, or was not text of
    /// reasonable size. The text is forgotten.
    std::optional<std::string> take(const agent::AgentEvent& event);
    /// Forgets the files of calls whose end has not been reported.
    void clear();

private:
    using Key = std::pair<std::string, std::string>;  // the calls of a subagent and its own
    void read(const Key& key, const agent::ToolStarted& started);

    const std::filesystem::path workspace_;
    const Secrets& secrets_;
    Mutex mutex_;
    std::map<Key, std::string> files_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::sitting
