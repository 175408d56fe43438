#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"

namespace tenon::sandbox {

/// Listening sockets, as services of the machine have them.
class Services {
public:
    explicit Services(const std::filesystem::path& directory)
        : stream_file(directory / "service.sock"),
          datagram_file(directory / "log.sock"),
          abstract_name("tenon-escape-" + directory.parent_path().filename().string()) {
        tcp_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        udp_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        tcp = bind_to_port(tcp_.get());
        udp = bind_to_port(udp_.get());
        ::listen(tcp_.get(), 64);
        stream_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        datagram_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        abstract_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        bind_to(stream_.get(), stream_file.string());
        bind_to(datagram_.get(), datagram_file.string());
        bind_to(abstract_.get(), std::string(1, '\0') + abstract_name);
        ::listen(stream_.get(), 64);
        ::listen(abstract_.get(), 64);
        for (const auto& file : {stream_file, datagram_file})
            ::chmod(file.c_str(), 0777);
    }

    std::filesystem::path stream_file, datagram_file;
    std::string abstract_name;
    int tcp = 0, udp = 0;

private:
    static int bind_to_port(int fd) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        socklen_t size = sizeof address;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }
    static void bind_to(int fd, const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy(name.begin(), name.end(), address.sun_path);
        const auto size = offsetof(sockaddr_un, sun_path) + name.size();
        ASSERT_EQ(
            ::bind(fd, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)),
            0)
            << name;
    }
    UniqueFd tcp_, udp_, stream_, datagram_, abstract_;
};

}  // namespace tenon::sandbox
