// tenon-plugin-host HOST_PID
// tenon-plugin-host --verify STEP FILE
//
// Opens one plugin and serves the host over the socket that is its descriptor 3. Its standard
// output and error are a pipe to the host's log. It ends with the host. With --verify it runs one
// step of `tenon plugin verify`.
#include <charconv>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "host/plugin/library.h"
#include "host/plugin_host/server.h"
#include "host/plugin_host/start.h"
#include "host/plugin_host/supervised.h"
#include "host/plugin_host/verify_main.h"
#include "host/sandbox/plugin_confinement.h"

namespace {

using namespace tenon;
using plugin::FrameType;

enum Exit { kEnded = 0, kUsage = 2, kMalformed = 3 };

sandbox::PluginPolicy policy_of(const plugin::Confinement& c) {
    return {c.library, c.plugin_dir, c.state_dir, c.workspace, c.network,
            c.exec,    c.read,       c.write,     c.hidden,    c.unconfined};
}

/// Kept until the process ends: other threads use it then.
plugin_host::Link& link() {
    static auto* const link = new plugin_host::Link(UniqueFd(plugin_host::kHostSocket));
    return *link;
}

int refuse(const plugin::Refusal& refusal) {
    link().send(FrameType::kRefused, 0, plugin::encode(refusal));
    return kEnded;
}

Result<void> confine(const plugin::LoadOrder& order) {
    if (!order.confine) return {};
    return sandbox::confine_plugin(policy_of(order.confinement));
}

int serve_plugin() {
    const auto order = plugin::decode<plugin::LoadOrder>(link().receive().payload);
    if (!order) return kMalformed;
    if (order->protocol != plugin::kProtocol)
        return refuse({"tenon-plugin-host and this host are of different versions",
                       "end this session, and start tenon again"});
    if (plugin::is_supervised(*order)) {
        if (auto supervised = plugin_host::continue_supervised(); !supervised)
            return refuse({supervised.error().message, "try again later"});
    }
    const pid_t parent = ::getppid();
    if (auto confined = confine(*order); !confined)
        return refuse({"it cannot be confined: " + confined.error().message,
                       "use a kernel with Landlock and seccomp, or put 'unconfined' into plugins." +
                           order->id + ".grants"});
    plugin_host::die_with(parent);
    const auto library = plugin::open_library(order->confinement.library, order->id);
    if (!library) return refuse(library.error());
    const auto text = [](tenon_str part) { return std::string(part.p, part.n); };
    link().send(
        FrameType::kHello, 0,
        plugin::encode(plugin::Hello{text((*library)->version), text((*library)->config_schema)}));
    auto* const server = new plugin_host::Server(link(), **library, order->max_result_bytes);
    server->serve();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::string_view(argv[1]) == "--verify")
        return plugin_host::verify::run_verify_step(argv[2], argv[3]);
    pid_t host = 0;
    const char* const word = argc == 2 ? argv[1] : "";
    std::from_chars(word, word + std::strlen(word), host);
    int type = 0;
    socklen_t size = sizeof type;
    if (host <= 0 ||
        ::getsockopt(plugin_host::kHostSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
        constexpr char kUse[] = "tenon starts this program itself, to run a plugin in it\n";
        return ::write(STDERR_FILENO, kUse, sizeof kUse - 1) < 0 ? kMalformed : kUsage;
    }
    plugin_host::die_with(host);
    plugin_host::prepare_process();
    ::_exit(serve_plugin());
}
