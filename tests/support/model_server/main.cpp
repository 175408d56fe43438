// tenon-model-server: a ModelServer as a program, for tests of other programs and for use by hand.

#include <csignal>
#include <iostream>
#include <map>

#include "host/base/atomic_file.h"
#include "tests/support/model_server/server.h"

namespace {

constexpr const char* kUsage =
    "tenon-model-server --script FILE [--port-file FILE] [--port N] [--log FILE] [--key KEY]\n"
    "\n"
    "A strict Messages API endpoint on 127.0.0.1 that answers from a script (script.h describes "
    "the\n"
    "format) until it gets SIGTERM, SIGINT or SIGHUP. It prints its port and, when it is ready,\n"
    "writes it to the port file. It logs each request as a JSON line.\n"
    "Prints a summary and exits 1 when it had to refuse a request.\n";

std::map<std::string, std::string> read_options(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i < argc; ++i) {
        std::string name = argv[i];
        const auto equals = name.find('=');
        if (equals != std::string::npos) {
            options[name.substr(0, equals)] = name.substr(equals + 1);
        } else if (i + 1 < argc) {
            options[name] = argv[++i];
        } else {
            options[name] = "";
        }
    }
    return options;
}

int run(const std::map<std::string, std::string>& options) {
    const auto value = [&](const char* name) {
        const auto it = options.find(name);
        return it == options.end() ? std::string() : it->second;
    };
    const auto script = tenon::read_whole_file(value("--script"), std::size_t{256} << 20U);
    if (!script) throw std::runtime_error(script.error().message);
    tenon::testing::ModelServer::Options server_options;
    server_options.log_file = value("--log");
    server_options.strict.api_key = value("--key");
    if (!value("--port").empty()) {
        server_options.port = static_cast<std::uint16_t>(std::stoul(value("--port")));
    }
    tenon::testing::ModelServer server(*script, server_options);
    if (const auto file = value("--port-file"); !file.empty()) {
        const auto written = tenon::write_file_atomically(
            file, std::to_string(server.port()) + "\n", tenon::Sync::kNo);
        if (!written) throw std::runtime_error(written.error().message);
    }
    std::cout << server.port() << std::endl;
    sigset_t ends;
    sigemptyset(&ends);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&ends, signal);
    int signal = 0;
    sigwait(&ends, &signal);
    std::cerr << server.requests().size() << " requests, " << server.refusals() << " refused\n";
    for (const auto& request : server.requests()) {
        if (!request.refusal.empty())
            std::cerr << request.status << ": " << request.refusal << '\n';
    }
    return server.refusals() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    // Before any thread starts: the server's threads must not get the signals that main waits for.
    sigset_t ends;
    sigemptyset(&ends);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&ends, signal);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const auto options = read_options(argc, argv);
    if (options.count("--help") != 0 || options.count("--script") == 0) {
        (options.count("--help") != 0 ? std::cout : std::cerr) << kUsage;
        return options.count("--help") != 0 ? 0 : 2;
    }
    try {
        return run(options);
    } catch (const std::exception& e) {
        std::cerr << "tenon-model-server: " << e.what() << '\n';
        return 2;
    }
}
