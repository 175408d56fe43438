#include "host/plugin_host/calls.h"

#include <algorithm>

namespace tenon::plugin_host {
namespace {

using plugin::FrameType;

/// What is collected before it is sent.
constexpr std::size_t kPiece = 32U << 10U;

}  // namespace

void RemoteHost::log(int level, std::string_view message) noexcept {
    constexpr std::size_t kLongest = 64U << 10U;
    link_.send(FrameType::kLog, 0,
               plugin::encode(plugin::LogLine{level, std::string(message.substr(0, kLongest))}));
}

void RemoteCall::send_written(std::string more) {
    std::string frames;
    if (!written_.empty()) plugin::append_message(frames, FrameType::kWrite, id_, written_);
    written_.clear();
    link_.send(std::move(frames += more));
}

/// Also what is beyond the limit goes to the host, which counts it.
bool RemoteCall::write(std::string_view chunk) noexcept {
    const Lock lock(mutex_);
    total_ += chunk.size();
    while (!chunk.empty()) {
        const std::string_view part = chunk.substr(0, kPiece - written_.size());
        written_.append(part);
        chunk.remove_prefix(part.size());
        if (written_.size() >= kPiece) send_written();
    }
    return total_ <= max_bytes_;
}

void RemoteCall::progress(std::string_view note) noexcept {
    std::string message;
    plugin::append_message(message, FrameType::kProgress, id_,
                           note.substr(0, plugin::kMaxProgressBytes));
    const Lock lock(mutex_);
    send_written(std::move(message));
}

void RemoteCall::finish(tenon_rc rc) {
    std::string message;
    plugin::append_message(message, FrameType::kResult, id_, plugin::encode_code(rc));
    const Lock lock(mutex_);
    send_written(std::move(message));
}

}  // namespace tenon::plugin_host
