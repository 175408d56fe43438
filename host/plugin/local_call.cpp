#include "host/plugin/local_call.h"

#include <atomic>
#include <sys/eventfd.h>

namespace tenon::plugin {
namespace {

std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace

Result<std::unique_ptr<LocalCall>> LocalCall::make(const std::string& tool_name,
                                                   const std::string& arguments, CallPort& port) {
    UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return Error::from_errno("make an event descriptor for a call");
    return std::unique_ptr<LocalCall>(new LocalCall(tool_name, arguments, port, std::move(event)));
}

LocalCall::LocalCall(const std::string& tool_name, const std::string& arguments, CallPort& port,
                     UniqueFd event)
    : tenon_call{},
      port_(port),
      event_(std::move(event)),
      on_stop_(port.stop(), [fd = event_.get()] { ::eventfd_write(fd, 1); }) {
    size = sizeof(tenon_call);
    cancel_fd = event_.get();
    id = next_id();
    tool = {tool_name.data(), tool_name.size()};
    args = {arguments.data(), arguments.size()};
    deadline_ns = port.deadline_ns();
    write = [](const tenon_call* call, tenon_str chunk) noexcept -> tenon_rc {
        return port_of(call)->write({chunk.p, chunk.n}) ? TENON_OK : TENON_FAILED;
    };
    progress = [](const tenon_call* call, tenon_str note) noexcept {
        port_of(call)->progress({note.p, note.n});
    };
    cancelled = [](const tenon_call* call) noexcept -> std::int32_t {
        return port_of(call)->stop().stop_requested() ? 1 : 0;
    };
}

CallPort* LocalCall::port_of(const tenon_call* call) {
    return call == nullptr ? nullptr : &static_cast<const LocalCall*>(call)->port_;
}

}  // namespace tenon::plugin
