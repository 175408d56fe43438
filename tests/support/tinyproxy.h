#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <Poco/Net/ServerSocket.h>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::testing {

/// A port of 127.0.0.1 on which nobody listens.
inline std::uint16_t free_port() {
    return Poco::Net::ServerSocket(Poco::Net::SocketAddress("127.0.0.1", 0)).address().port();
}

/// tinyproxy on 127.0.0.1, as the package installs it. Demands the user and password below (its
/// configuration allows no special characters there) and refuses the host refused.example.
class Tinyproxy {
public:
    static constexpr const char* kUser = "tenon";
    static constexpr const char* kPassword = "pass-w0rd.s3cret";

    static bool is_installed() {
        return std::filesystem::exists("/usr/bin/tinyproxy") ||
               std::filesystem::exists("/usr/sbin/tinyproxy");
    }

    Tinyproxy() {
        const char* program = std::filesystem::exists("/usr/bin/tinyproxy") ? "/usr/bin/tinyproxy"
                                                                            : "/usr/sbin/tinyproxy";
        // Another program may take the port before the proxy does.
        for (int attempt = 0; attempt < 5; ++attempt) {
            port_ = free_port();
            process_ = std::make_unique<Process>(
                std::vector<std::string>{program, "-d", "-c", configuration()},
                Environment{{"PATH", "/usr/bin:/bin"}}, dir_.path());
            if (process_->wait_for_output("Accepting connections")) return;
        }
        throw std::runtime_error("tinyproxy does not start: " + process_->output +
                                 process_->errors);
    }

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Its URL with these credentials, which may be percent-encoded.
    [[nodiscard]] std::string url(const std::string& login) const {
        return "http://" + login + "@" + address();
    }
    [[nodiscard]] std::string right_url() const {
        return url(std::string(kUser) + ":" + kPassword);
    }
    /// Ends it, and returns the request lines of its log, each with a line feed.
    std::string requests() {
        process_->send_signal(SIGTERM);
        (void)process_->wait();
        std::istringstream log(process_->output);
        std::string found;
        for (std::string line; std::getline(log, line);) {
            const auto at = line.find("Request (file descriptor ");
            const auto begin = line.find("): ", at == line.npos ? 0 : at);
            if (at != line.npos && begin != line.npos) found += line.substr(begin + 3) + "\n";
        }
        return found;
    }

private:
    [[nodiscard]] std::string configuration() const {
        dir_.write("filter", "^refused\\.example$\n");
        return dir_
            .write("tinyproxy.conf", "Port " + std::to_string(port_) +
                                         "\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\n"
                                         "Allow 127.0.0.1\nLogLevel Info\nBasicAuth " +
                                         kUser + " " + kPassword + "\nFilter \"" +
                                         (dir_ / "filter").string() + "\"\n")
            .string();
    }

    TempDir dir_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace tenon::testing
