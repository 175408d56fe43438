#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "host/base/json.h"
#include "host/base/mutex.h"

namespace tenon::plugin_host::verify {

/// The messages of a step, as plugin/verify_protocol.h defines them. Thread-safe. Ends the process
/// when they cannot be written: then the plugin has closed a descriptor that is not its own. Texts
/// may be any bytes.
class VerifyReport {
public:
    void doing(std::string_view what, std::chrono::milliseconds limit, std::string_view late);
    void failed(const std::string& what, std::string_view remedy);
    void remark(const std::string& what, std::string_view remedy);
    /// States what was found out under one of the names of the protocol.
    void state(const char* name, Json value);
    void end();

    [[nodiscard]] bool has_failed() const;

private:
    void send(const Json& message);

    mutable Mutex mutex_;
    bool failed_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::plugin_host::verify
