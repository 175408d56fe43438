#include "host/plugin/frame.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

namespace tenon::plugin {
namespace {

constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint32_t kSmallestFrame = kHeaderBytes - kSizeBytes;
constexpr std::size_t kMaxPayload = kMaxFrameBytes - kSmallestFrame;

enum Flag : std::uint8_t { kMoreFollows = 1, kHasDescriptor = 2, kAllFlags = 3 };

bool sends(FrameSender sender, std::uint8_t type) {
    const auto is_between = [&](FrameType first, FrameType last) {
        return type >= static_cast<std::uint8_t>(first) && type <= static_cast<std::uint8_t>(last);
    };
    return sender == FrameSender::kHost ? is_between(FrameType::kLoad, FrameType::kDestroy)
                                        : is_between(FrameType::kHello, FrameType::kHookText);
}

}  // namespace

struct FrameReader::Header {
    std::uint32_t size;
    std::uint8_t type, flags;
    std::uint16_t zero;
    std::uint32_t id;
};

void append_message(std::string& out, FrameType type, std::uint32_t id, std::string_view payload,
                    bool has_descriptor) {
    do {
        const std::string_view part = payload.substr(0, kMaxPayload);
        payload.remove_prefix(part.size());
        const auto size = static_cast<std::uint32_t>(kSmallestFrame + part.size());
        char header[kHeaderBytes] = {};
        std::memcpy(header, &size, sizeof size);
        header[4] = static_cast<char>(type);
        header[5] = static_cast<char>((payload.empty() ? 0 : kMoreFollows) |
                                      (has_descriptor ? kHasDescriptor : 0));
        std::memcpy(header + 8, &id, sizeof id);
        out.append(header, sizeof header).append(part);
        has_descriptor = false;  // it comes with the first frame
    } while (!payload.empty());
}

std::optional<Error> FrameReader::flaw_in(const Header& header) const {
    const auto lie = [](const std::string& what) { return Error{"a frame " + what}; };
    if (header.size < kSmallestFrame || header.size > kMaxFrameBytes)
        return lie("claims a size of " + std::to_string(header.size) + " bytes");
    if (!sends(sender_, header.type))
        return lie("has the unknown type " + std::to_string(header.type));
    if ((header.flags & ~kAllFlags) != 0 || header.zero != 0) return lie("has unknown flags");
    if (joining_ && (static_cast<std::uint8_t>(joining_->type) != header.type ||
                     joining_->id != header.id || (header.flags & kHasDescriptor) != 0))
        return lie("comes between the parts of another message");
    const std::size_t so_far = joining_ ? joining_->payload.size() : 0;
    if (so_far + (header.size - kSmallestFrame) > max_message_)
        return lie("makes a message longer than " + std::to_string(max_message_) + " bytes");
    return std::nullopt;
}

std::optional<Message> FrameReader::accept(const Header& header, std::string_view payload) {
    if (joining_) {
        joining_->payload.append(payload);
    } else {
        joining_ = Message{static_cast<FrameType>(header.type), header.id, std::string(payload),
                           (header.flags & kHasDescriptor) != 0};
    }
    if ((header.flags & kMoreFollows) != 0) return std::nullopt;
    return std::exchange(joining_, std::nullopt);
}

void FrameReader::forget_what_was_read() {
    constexpr std::size_t kWorthMoving = 64U << 10U;
    if (at_ == buffer_.size()) {
        buffer_.clear();
        // The room of a long message is given back.
        if (buffer_.capacity() > 4 * kWorthMoving) buffer_.shrink_to_fit();
        at_ = 0;
    } else if (at_ > kWorthMoving && at_ > buffer_.size() / 2) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
}

Result<std::optional<Message>> FrameReader::next() {
    while (buffer_.size() - at_ >= kHeaderBytes) {
        Header header{};
        const char* const bytes = buffer_.data() + at_;
        std::memcpy(&header.size, bytes, 4);
        std::memcpy(&header.type, bytes + 4, 1);
        std::memcpy(&header.flags, bytes + 5, 1);
        std::memcpy(&header.zero, bytes + 6, 2);
        std::memcpy(&header.id, bytes + 8, 4);
        // Before the payload has come: what can be refused takes no memory.
        if (auto flaw = flaw_in(header)) return *flaw;
        const std::size_t payload = header.size - kSmallestFrame;
        if (buffer_.size() - at_ - kHeaderBytes < payload) break;
        auto message = accept(header, {bytes + kHeaderBytes, payload});
        at_ += kHeaderBytes + payload;
        if (message) {
            forget_what_was_read();
            return message;
        }
    }
    forget_what_was_read();
    return std::optional<Message>();
}

void FrameWriter::send(std::string frames, UniqueFd descriptor) {
    const Lock lock(mutex_);
    if (ended_ || frames.empty()) return;
    Piece piece{std::move(frames), 0, std::move(descriptor)};
    if (pieces_.empty() && send_some(piece)) return;
    if (ended_) return;
    kept_ += piece.bytes.size() - piece.sent;
    pieces_.push_back(std::move(piece));
}

/// True when the piece needs no more attention.
bool FrameWriter::send_some(Piece& piece) {
    while (piece.sent < piece.bytes.size()) {
        iovec part{piece.bytes.data() + piece.sent, piece.bytes.size() - piece.sent};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        if (piece.descriptor) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            cmsghdr* const rights = CMSG_FIRSTHDR(&message);
            rights->cmsg_level = SOL_SOCKET;
            rights->cmsg_type = SCM_RIGHTS;
            rights->cmsg_len = CMSG_LEN(sizeof(int));
            const int number = piece.descriptor.get();
            std::memcpy(CMSG_DATA(rights), &number, sizeof number);
        }
        const ssize_t n = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        // ENOBUFS, ENOMEM and ETOOMANYREFS: the system is short of something; later it may not be.
        if (n < 0 &&
            (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS))
            return false;
        if (n < 0) {
            ended_ = true;
            return true;
        }
        piece.sent += static_cast<std::size_t>(n);
        piece.descriptor.reset();
    }
    return true;
}

void FrameWriter::flush() {
    const Lock lock(mutex_);
    while (!pieces_.empty()) {
        Piece& piece = pieces_.front();
        const std::size_t before = piece.sent;
        const bool done = send_some(piece);
        kept_ -= piece.sent - before;
        if (!done) return;
        if (ended_) {
            pieces_.clear();
            kept_ = 0;
            return;
        }
        pieces_.pop_front();
    }
}

std::size_t FrameWriter::kept() const {
    const Lock lock(mutex_);
    return kept_;
}

bool FrameWriter::has_ended() const {
    const Lock lock(mutex_);
    return ended_;
}

void FrameWriter::drain() {
    while (kept() > 0) {
        pollfd entry{socket_, POLLOUT, 0};
        ::poll(&entry, 1, -1);
        flush();
    }
}

}  // namespace tenon::plugin
