#pragma once

#include <poll.h>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include "host/base/mutex.h"

namespace tenon::testing {

/// A proxy on 127.0.0.1 that answers every CONNECT, for whatever host, with a tunnel to one port of
/// this machine. The destructor ends all tunnels.
class Tunnel {
public:
    explicit Tunnel(std::uint16_t target) : target_(target) {
        listener_.bind(Poco::Net::SocketAddress("127.0.0.1", 0), true);
        listener_.listen(16);
        acceptor_ = std::jthread([this](const std::stop_token& stop) { accept(stop); });
    }
    ~Tunnel() {
        acceptor_.request_stop();
        acceptor_.join();
        const Lock lock(mutex_);
        for (Poco::Net::StreamSocket& socket : sockets_)
            ::shutdown(socket.impl()->sockfd(), SHUT_RDWR);
    }
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(listener_.address().port());
    }
    /// The first lines of the requests.
    [[nodiscard]] std::vector<std::string> requests() const {
        const Lock lock(mutex_);
        return requests_;
    }

private:
    void accept(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!listener_.poll(Poco::Timespan(0, 50'000), Poco::Net::Socket::SELECT_READ))
                continue;
            Poco::Net::StreamSocket client = listener_.acceptConnection();
            const Lock lock(mutex_);
            sockets_.push_back(client);
            tunnels_.emplace_back([this, client] { serve(client); });
        }
    }

    void serve(Poco::Net::StreamSocket client) {
        try {
            std::string head;
            char byte = 0;
            while (!head.ends_with("\r\n\r\n") && client.receiveBytes(&byte, 1) == 1)
                head += byte;
            Poco::Net::StreamSocket server(Poco::Net::SocketAddress("127.0.0.1", target_));
            {
                const Lock lock(mutex_);
                requests_.push_back(head.substr(0, head.find('\r')));
                sockets_.push_back(server);
            }
            const std::string fine = "HTTP/1.1 200 OK\r\n\r\n";
            client.sendBytes(fine.data(), static_cast<int>(fine.size()), MSG_NOSIGNAL);
            while (pass_on(client, server)) {
            }
            server.shutdown();
            client.shutdown();
        } catch (const Poco::Exception&) {
            // One of the two has closed its connection.
            ::shutdown(client.impl()->sockfd(), SHUT_RDWR);
        }
    }

    /// False at the end of one of the two.
    static bool pass_on(Poco::Net::StreamSocket& one, Poco::Net::StreamSocket& other) {
        pollfd ready[] = {{one.impl()->sockfd(), POLLIN, 0}, {other.impl()->sockfd(), POLLIN, 0}};
        if (::poll(ready, 2, -1) < 0) return false;
        char bytes[16384];
        for (const bool forth : {true, false}) {
            if (ready[forth ? 0 : 1].revents == 0) continue;
            const int count = (forth ? one : other).receiveBytes(bytes, sizeof bytes);
            if (count <= 0) return false;
            (forth ? other : one).sendBytes(bytes, count, MSG_NOSIGNAL);
        }
        return true;
    }

    const std::uint16_t target_;
    Poco::Net::ServerSocket listener_;
    mutable Mutex mutex_;
    std::vector<std::string> requests_ TENON_GUARDED_BY(mutex_);
    std::vector<Poco::Net::StreamSocket> sockets_ TENON_GUARDED_BY(mutex_);
    std::vector<std::jthread> tunnels_;
    std::jthread acceptor_;
};

}  // namespace tenon::testing
