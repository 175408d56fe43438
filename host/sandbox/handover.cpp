#include "host/sandbox/handover.h"

#include <cstring>
#include <sys/socket.h>

namespace tenon::sandbox {
namespace {

constexpr std::size_t kMostDescriptors = 4;

/// A message of one byte and some descriptors.
struct DescriptorMessage {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
    msghdr header{};

    explicit DescriptorMessage(std::size_t descriptors) {
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
    }
};

}  // namespace

Result<Handover> Handover::make() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return Error::from_errno("make a pair of sockets");
    Handover out;
    out.child_.reset(ends[0]);
    out.parent_.reset(ends[1]);
    return out;
}

Result<void> Handover::send() {
    if (fds_.empty()) return {};
    DescriptorMessage message(fds_.size());
    cmsghdr* const head = CMSG_FIRSTHDR(&message.header);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds_.size() * sizeof(int));
    for (std::size_t i = 0; i < fds_.size(); ++i) {
        const int fd = fds_[i].get();
        std::memcpy(CMSG_DATA(head) + i * sizeof fd, &fd, sizeof fd);
    }
    if (::sendmsg(child_.get(), &message.header, MSG_NOSIGNAL) == 1) return {};
    return Error::from_errno("hand over to the supervisor");
}

std::vector<UniqueFd> Handover::receive() {
    child_.reset();
    const UniqueFd parent = std::move(parent_);
    std::vector<UniqueFd> out;
    DescriptorMessage message(kMostDescriptors);
    if (!parent || ::recvmsg(parent.get(), &message.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
        return out;
    const cmsghdr* const head = CMSG_FIRSTHDR(&message.header);
    if (head == nullptr || head->cmsg_type != SCM_RIGHTS) return out;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
        out.emplace_back(fd);
    }
    return out;
}

}  // namespace tenon::sandbox
