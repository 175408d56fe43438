#include "host/plugin_host/link.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/json.h"

namespace tenon::plugin_host {
namespace {

using plugin::ServiceAnswer;

[[noreturn]] void leave() {
    ::_exit(0);
}

[[noreturn]] void leave_without_connection() {
    ::_exit(plugin::kExitWithoutConnection);
}

/// Replaces the number in the top-level member `fd`, which means something to the host only.
ServiceAnswer with_descriptor(ServiceAnswer answer, UniqueFd descriptor) {
    if (!descriptor)
        return {TENON_FAILED, "the descriptor was not received: this process has no free one"};
    auto json = parse_json(answer.out);
    if (!json || !json->is_object()) return {TENON_FAILED, "the answer of the host is malformed"};
    (*json)["fd"] = descriptor.release();  // from here on the plugin's
    return {answer.rc, dump_json(*json)};
}

}  // namespace

void Link::send(std::string messages) {
    writer_.send(std::move(messages));
    writer_.drain();
    if (writer_.has_ended()) leave_without_connection();
}

void Link::send(plugin::FrameType type, std::uint32_t id, std::string_view payload) {
    std::string frames;
    plugin::append_message(frames, type, id, payload);
    send(std::move(frames));
}

void Link::read_more() {
    char buffer[64U << 10U];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec part{buffer, sizeof buffer};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) return;
    if (n < 0) leave_without_connection();
    if (n == 0) leave();
    const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(rights), sizeof number);
        descriptors_.emplace_back(number);
    } else if ((message.msg_flags & MSG_CTRUNC) != 0) {
        descriptors_.emplace_back();  // it came, but there was no number for it
    }
    reader_.take({buffer, static_cast<std::size_t>(n)});
}

plugin::Message Link::receive() {
    for (;;) {
        auto message = reader_.next();
        if (!message) leave();
        if (*message) return std::move(**message);
        read_more();
    }
}

UniqueFd Link::next_descriptor() {
    if (descriptors_.empty()) return UniqueFd();
    UniqueFd first = std::move(descriptors_.front());
    descriptors_.pop_front();
    return first;
}

tenon_rc Link::request(std::uint32_t call, std::string_view method, std::string_view params,
                       std::string_view body, std::string& answer) {
    const std::string payload = plugin::encode(
        plugin::ServiceCall{call, std::string(method), std::string(params), std::string(body)});
    if (payload.size() > plugin::kMaxMessageBytes) {
        answer = "the request is longer than the host takes";
        return TENON_BAD_ARGS;
    }
    Waiting waiting;
    std::uint32_t id = 0;
    {
        const Lock lock(mutex_);
        if (waiting_.size() >= plugin::kMaxOpenRequests) {
            answer = "the plugin has " + std::to_string(plugin::kMaxOpenRequests) +
                     " open requests; wait for one of them";
            return TENON_BUSY;
        }
        id = ++last_request_;
        waiting_[id] = &waiting;
    }
    send(plugin::FrameType::kRequest, id, payload);
    Lock lock(mutex_);
    while (!waiting.answered)
        waiting.changed.wait(lock);
    answer = std::move(waiting.answer.out);
    return waiting.answer.rc;
}

void Link::answer(const plugin::Message& reply) {
    UniqueFd descriptor = reply.has_descriptor ? next_descriptor() : UniqueFd();
    auto decoded = plugin::decode<ServiceAnswer>(reply.payload);
    if (!decoded) leave();
    if (reply.has_descriptor)
        *decoded = with_descriptor(std::move(*decoded), std::move(descriptor));
    const Lock lock(mutex_);
    const auto found = waiting_.find(reply.id);
    if (found == waiting_.end()) return;
    Waiting& waiting = *found->second;
    waiting_.erase(found);
    waiting.answer = std::move(*decoded);
    waiting.answered = true;
    waiting.changed.notify_one();  // under the mutex: the waiting thread destroys the condition
}

}  // namespace tenon::plugin_host
