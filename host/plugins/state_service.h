#pragma once

#include <filesystem>
#include <memory>

#include "host/plugins/services.h"

namespace tenon::plugins {

/// The methods state.get/1 and state.set/1: a few texts that a plugin wants to find again, one JSON
/// file a plugin, `<folder>/<id>.json`: {"v":1,"values":{key:text}}. Several hosts may use a
/// folder: changes are made under a lock and replace the file in one step. Blocks on the file. Not
/// for large things: a key has at most 128 bytes, a value 64 KiB, a plugin 1 MiB.
class StateService {
public:
    explicit StateService(std::filesystem::path folder);
    ~StateService();
    StateService(const StateService&) = delete;
    StateService& operator=(const StateService&) = delete;

    /// The handlers use this object: it outlives `services`' last request.
    void add_to(Services& services);

private:
    ServiceReply get(const ServiceRequest& request);
    ServiceReply set(const ServiceRequest& request);

    std::filesystem::path folder_;
};

}  // namespace tenon::plugins
