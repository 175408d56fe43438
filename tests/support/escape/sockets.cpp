#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

sockaddr_in local_port(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

sockaddr_un named(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    return address;
}

template <class Address>
const sockaddr* plain(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

bool by_tcp(const Targets& s) {
    const auto address = local_port(s.tcp);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return ::connect(fd, plain(address), sizeof address) == 0;
}

bool by_mapped_tcp(const Targets& s) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(s.tcp));
    ::inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
    const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
    return ::connect(fd, plain(address), sizeof address) == 0;
}

bool by_multipath_tcp(const Targets& s) {
    const auto address = local_port(s.tcp);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
    return ::connect(fd, plain(address), sizeof address) == 0;
}

bool by_fast_open(const Targets& s) {
    const auto address = local_port(s.tcp);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return ::sendto(fd, "x", 1, MSG_FASTOPEN, plain(address), sizeof address) >= 0;
}

bool by_listening(const Targets&) {
    const auto address = local_port(0);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return ::bind(fd, plain(address), sizeof address) == 0 && ::listen(fd, 1) == 0;
}

bool by_datagram(const Targets& s) {
    const auto address = local_port(s.udp);
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    return ::sendto(fd, "x", 1, 0, plain(address), sizeof address) == 1;
}

bool by_bash(const Targets& s) {
    const std::string text = "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(s.tcp);
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl("/bin/bash", "bash", "-c", text.c_str(), nullptr);
        ::_exit(1);
    }
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool opens(int family, int type, int protocol) {
    return ::socket(family, type, protocol) >= 0;
}

bool by_socket_file(const Targets& s) {
    const auto address = named(s.socket);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    return ::connect(fd, plain(address), sizeof address) == 0;
}

bool by_relative_socket_file(const Targets& s) {
    const auto slash = s.socket.rfind('/');
    if (::chdir(s.socket.substr(0, slash).c_str()) != 0) return false;
    const auto address = named(s.socket.substr(slash + 1));
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    return ::connect(fd, plain(address), sizeof address) == 0;
}

bool by_linked_socket_file(const Targets& s) {
    const std::string link = s.workspace + "/sock";
    if (::symlink(s.socket.c_str(), link.c_str()) != 0) return false;
    const auto address = named(link);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool out = ::connect(fd, plain(address), sizeof address) == 0;
    ::unlink(link.c_str());
    return out;
}

bool by_datagram_file(const Targets& s) {
    const auto address = named(s.datagrams);
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    return ::sendto(fd, "x", 1, 0, plain(address), sizeof address) == 1;
}

bool by_pair_of_datagrams(const Targets& s) {
    const auto address = named(s.datagrams);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) return false;
    return ::sendto(pair[0], "x", 1, 0, plain(address), sizeof address) == 1;
}

bool by_pair_and_message(const Targets& s) {
    auto address = named(s.datagrams);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return false;
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return ::sendmsg(pair[0], &message, 0) == 1;
}

bool by_abstract_name(const Targets& s) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, s.abstract.data(), s.abstract.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    return ::connect(fd, plain(address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                            s.abstract.size())) == 0;
}

}  // namespace

int connects_to(const std::string& host, int port) {
    sockaddr_in address = local_port(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return errno;
    return ::connect(fd, plain(address), sizeof address) == 0 ? 0 : errno;
}

int talks_by_tcp() {
    sockaddr_in address = local_port(0);
    socklen_t size = sizeof address;
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0) return errno;
    if (::bind(server, plain(address), size) != 0 || ::listen(server, 1) != 0 ||
        ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return errno;
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    return ::connect(client, plain(address), size) == 0 && ::accept(server, nullptr, nullptr) >= 0
               ? 0
               : errno;
}

int talks_by_file(const std::string& path) {
    const auto address = named(path);
    const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (server < 0) return errno;
    if (::bind(server, plain(address), sizeof address) != 0 || ::listen(server, 1) != 0)
        return errno;
    const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool connected = ::connect(client, plain(address), sizeof address) == 0 &&
                           ::accept(server, nullptr, nullptr) >= 0;
    const int code = connected ? 0 : errno;
    ::unlink(path.c_str());
    return code;
}

int connects_to_file(const std::string& path) {
    const auto address = named(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return errno;
    return ::connect(fd, plain(address), sizeof address) == 0 ? 0 : errno;
}

int connects_apart(const std::string& path) {
    const auto address = named(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const int other = ::socket(AF_UNIX, SOCK_STREAM, 0);
    int code = 0;
    std::thread([&] {
        // From here on the number means another socket in this thread than in the others.
        if (::unshare(CLONE_FILES) != 0 || ::dup2(other, fd) < 0 ||
            ::connect(fd, plain(address), sizeof address) != 0)
            code = errno;
    }).join();
    if (code != 0) return code;
    sockaddr_un peer{};
    socklen_t size = sizeof peer;
    const auto is_connected = [&](int socket) {
        return ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
    };
    return is_connected(other) && !is_connected(fd) ? 0 : ENOTCONN;
}

int moves_to_other_device() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return errno;
    return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0) == 0 ? 0 : errno;
}

std::vector<Way> socket_ways() {
    return {
        {"tcp", by_tcp},
        {"tcp-mapped", by_mapped_tcp},
        {"tcp-multipath", by_multipath_tcp},
        {"tcp-fast-open", by_fast_open},
        {"tcp-listen", by_listening},
        {"udp", by_datagram},
        {"bash-dev-tcp", by_bash},
        {"raw", [](const Targets&) { return opens(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
        {"netlink", [](const Targets&) { return opens(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
        {"packet", [](const Targets&) { return opens(AF_PACKET, SOCK_RAW, 0); }},
        {"vsock", [](const Targets&) { return opens(AF_VSOCK, SOCK_STREAM, 0); }},
        {"kernel-crypto", [](const Targets&) { return opens(AF_ALG, SOCK_SEQPACKET, 0); }},
        {"socket-file", by_socket_file},
        {"socket-file-relative", by_relative_socket_file},
        {"socket-file-linked", by_linked_socket_file},
        {"datagram-file", by_datagram_file},
        {"datagram-pair", by_pair_of_datagrams},
        {"datagram-pair-message", by_pair_and_message},
        {"abstract-name", by_abstract_name},
    };
}

}  // namespace escape
