#include "host/plugin/live_call.h"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/base/utf8.h"

namespace tenon::plugin {
namespace {

std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

/// The struct is a member of a live object, and const for the plugin only.
LiveCall& self(const tenon_call* call) {
    return const_cast<LiveCall&>(static_cast<const LiveCall&>(*call));
}

}  // namespace

Result<std::unique_ptr<LiveCall>> LiveCall::make(const std::string& tool_name,
                                                 std::string args_json,
                                                 agent::CallContext& context) {
    UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return Error::from_errno("make an event descriptor for a call");
    return std::unique_ptr<LiveCall>(
        new LiveCall(tool_name, std::move(args_json), context, std::move(event)));
}

LiveCall::LiveCall(const std::string& tool_name, std::string args_json, agent::CallContext& context,
                   UniqueFd event)
    : tenon_call{},
      args_json_(std::move(args_json)),
      context_(context),
      event_(std::move(event)),
      on_stop_(context.stop(), [fd = event_.get()] { ::eventfd_write(fd, 1); }) {
    size = sizeof(tenon_call);
    cancel_fd = event_.get();
    id = next_id();
    tool = {tool_name.data(), tool_name.size()};
    args = {args_json_.data(), args_json_.size()};
    write = [](const tenon_call* call, tenon_str chunk) noexcept {
        return self(call).append(chunk);
    };
    progress = [](const tenon_call* call, tenon_str note) noexcept {
        self(call).context_.progress(utf8::repair({note.p, note.n}));
    };
    cancelled = [](const tenon_call* call) noexcept -> std::int32_t {
        return self(call).context_.stop().stop_requested() ? 1 : 0;
    };
}

agent::CallContext* LiveCall::context_of(const tenon_call* call) {
    return call == nullptr ? nullptr : &self(call).context_;
}

tenon_rc LiveCall::append(tenon_str chunk) {
    const Lock lock(mutex_);
    const std::size_t fits = std::min(chunk.n, kMaxResultBytes - text_.size());
    text_.append(std::string_view(chunk.p, fits));
    left_out_ += chunk.n - fits;
    return left_out_ == 0 ? TENON_OK : TENON_FAILED;
}

std::size_t LiveCall::cut_at() {
    const Lock lock(mutex_);
    return left_out_ > 0 ? utf8::repair(text_).size() : std::string::npos;
}

std::string LiveCall::text() {
    const Lock lock(mutex_);
    std::string out = utf8::repair(text_);
    if (left_out_ > 0) out += "\n[" + std::to_string(left_out_) + " more bytes left out]";
    return out;
}

}  // namespace tenon::plugin
