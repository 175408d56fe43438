#pragma once

#include <filesystem>
#include <memory>

#include "host/base/secrets.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// The methods state.get/1 and state.set/1: a few texts that a plugin wants to find again, one JSON
/// file a plugin and scope, `<folder>/<id>.json`: {"v":1,"values":{key:text}}. Several hosts may
/// use a folder: changes are made under a lock and replace the file in one step. Blocks on the
/// file. Not for large things: a key has at most 128 bytes, a value 64 KiB, a file 1 MiB.
class StateService {
public:
    /// `session_folder` holds what is asked for with "scope":"session"; empty: there is no session,
    /// and that scope is unsupported. Folders are made when something is stored.
    /// Values of `secrets`, which outlives the object, are not stored.
    explicit StateService(std::filesystem::path folder, std::filesystem::path session_folder = {},
                          const Secrets* secrets = nullptr);
    ~StateService();
    StateService(const StateService&) = delete;
    StateService& operator=(const StateService&) = delete;

    /// The handlers use this object: it outlives `services`' last request.
    void add_to(Services& services);

private:
    ServiceReply get(const ServiceRequest& request);
    ServiceReply set(const ServiceRequest& request);

    [[nodiscard]] const std::filesystem::path& folder_of(const ServiceRequest& request) const;

    std::filesystem::path folder_, session_folder_;
    const Secrets* secrets_;
};

}  // namespace tenon::plugins
