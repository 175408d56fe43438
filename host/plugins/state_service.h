#pragma once

#include <filesystem>
#include <memory>

#include "host/base/secrets.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// The methods state.get/1 and state.set/1: a plugin stores a few strings and reads them later.
/// Each plugin and scope has one JSON file, `<folder>/<id>.json`: {"v":1,"values":{key:string}}.
/// Several hosts may use a folder: a change is made under a lock and replaces the file in one step.
/// Blocks on the file. Not for large data: a key has at most 128 bytes, a value 64 KiB, a file 1
/// MiB.
class StateService {
public:
    /// `session_folder` is for requests with "scope":"session"; if it is empty there is no session,
    /// and that scope is unsupported. Folders are created when something is stored. Known secrets
    /// are removed from what is stored; `secrets` outlives the object.
    explicit StateService(std::filesystem::path folder, std::filesystem::path session_folder = {},
                          const Secrets* secrets = nullptr);
    ~StateService();
    StateService(const StateService&) = delete;
    StateService& operator=(const StateService&) = delete;

    /// The handlers use this object, so it must outlive the last request.
    void add_to(Services& services);

private:
    ServiceReply get(const ServiceRequest& request);
    ServiceReply set(const ServiceRequest& request);

    [[nodiscard]] const std::filesystem::path& folder_of(const ServiceRequest& request) const;

    std::filesystem::path folder_, session_folder_;
    const Secrets* secrets_;
};

}  // namespace tenon::plugins
