#include "host/plugin_host/verify_report.h"

#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/plugin/verify_protocol.h"

namespace tenon::plugin_host::verify {

void VerifyReport::doing(std::string_view what, std::chrono::milliseconds limit,
                         std::string_view late) {
    send({{"doing", std::string(what)}, {"limit_ms", limit.count()}, {"late", std::string(late)}});
}

void VerifyReport::failed(const std::string& what, std::string_view remedy) {
    {
        const Lock lock(mutex_);
        failed_ = true;
    }
    send({{"failed", what}, {"remedy", std::string(remedy)}});
}

void VerifyReport::remark(const std::string& what, std::string_view remedy) {
    send({{"remark", what}, {"remedy", std::string(remedy)}});
}

void VerifyReport::state(const char* name, Json value) {
    Json message = Json::object();
    message[name] = std::move(value);
    send(message);
}

void VerifyReport::end() {
    send({{"end", true}});
}

bool VerifyReport::has_failed() const {
    const Lock lock(mutex_);
    return failed_;
}

void VerifyReport::send(const Json& message) {
    const std::string line = dump_json(message) + "\n";
    const Lock lock(mutex_);
    if (!write_all(plugin::kVerifyDescriptor, line)) ::_exit(plugin::kVerifyNoReport);
}

}  // namespace tenon::plugin_host::verify
