#include "host/plugins/plugin_ports.h"

#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::plugins {
namespace {

/// More reasons, and longer ones, are not remembered: a plugin may ask for anything without end.
constexpr std::size_t kMostReasons = 100;
constexpr std::size_t kLongestReason = 8U << 10U;

void erase_all(std::string& text, std::string_view part) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at))
        text.erase(at, part.size());
}

}  // namespace

PluginHostPort::PluginHostPort(std::string id, bool first_party, const Services& services,
                               LogSink log)
    : id_(std::move(id)), first_party_(first_party), services_(services), log_(std::move(log)) {}

void PluginHostPort::log(int level, std::string_view message) noexcept {
    if (log_) log_(id_, level, utf8::repair(message));
}

tenon_rc PluginHostPort::request_for(agent::CallContext* call, std::string_view method,
                                     std::string_view params, std::string_view body,
                                     std::string& answer) const noexcept {
    ServiceReply reply = services_.request(id_, first_party_, method, params, body, call);
    answer = std::move(reply.out);
    // From here on the plugin owns the descriptor.
    if (reply.fd) answer = with_descriptor(answer, reply.fd.release());
    return reply.rc;
}

bool PluginCallPort::write(std::string_view chunk) noexcept {
    const Lock lock(mutex_);
    text_.append(chunk);
    written_ += chunk.size();
    return written_ <= kMaxResultBytes;
}

void PluginCallPort::progress(std::string_view note) noexcept {
    context_.progress(utf8::repair(note));
}

void PluginCallPort::fail(std::string_view why) noexcept {
    const Lock lock(mutex_);
    failure_ = utf8::repair(why);
}

std::string PluginCallPort::failure() {
    const Lock lock(mutex_);
    return failure_;
}

tenon_rc PluginCallPort::request(std::string_view method, std::string_view params,
                                 std::string_view body, std::string& answer) noexcept {
    const tenon_rc rc = host_.request_for(&context_, method, params, body, answer);
    if (rc == TENON_OK) return rc;
    const Lock lock(mutex_);
    denied_ = denied_ || rc == TENON_DENIED;
    if (!answer.empty() && answer.size() <= kLongestReason && reasons_.size() < kMostReasons)
        reasons_.insert(answer);
    return rc;
}

bool PluginCallPort::was_denied() {
    const Lock lock(mutex_);
    return denied_;
}

std::string PluginCallPort::own_words(std::string text) {
    const Lock lock(mutex_);
    for (const std::string& reason : reasons_) {
        erase_all(text, reason);
        const std::string quoted = json_quote(reason);  // for a result that is JSON
        erase_all(text, std::string_view(quoted).substr(1, quoted.size() - 2));
    }
    return text;
}

HeldText::Text PluginCallPort::result() {
    const Lock lock(mutex_);
    return text_.finish();
}

}  // namespace tenon::plugins
