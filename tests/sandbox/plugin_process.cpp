// plugin_process KEY=VALUE… -- FILE ID [TOOL ARGUMENTS]…: what a process of a plugin does. Each
// call is made in a child of its own, which is confined (unless confine=no), opens the plugin and
// prints its result in one line.
#include <charconv>
#include <cstring>
#include <iostream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/plugin/library.h"
#include "host/plugin/local_instance.h"
#include "host/sandbox/plugin_confinement.h"

namespace {

constexpr unsigned kMostSeconds = 20;  // for a call that hangs
constexpr int kNotConfined = 41;

class Host final : public tenon::plugin::HostPort {
public:
    void log(int, std::string_view) noexcept override {}
    tenon_rc request(std::string_view, std::string_view, std::string_view,
                     std::string&) noexcept override {
        return TENON_UNSUPPORTED;
    }
};

class Call final : public tenon::plugin::CallPort {
public:
    [[nodiscard]] const std::stop_token& stop() const override { return token_; }
    bool write(std::string_view chunk) noexcept override {
        result += chunk;
        return true;
    }
    void progress(std::string_view) noexcept override {}
    tenon_rc request(std::string_view, std::string_view, std::string_view,
                     std::string&) noexcept override {
        return TENON_UNSUPPORTED;
    }
    std::string result;

private:
    std::stop_token token_;
};

struct Options {
    tenon::sandbox::PluginPolicy policy;
    tenon::sandbox::ConfinementSupport support = tenon::sandbox::confinement_support();
    bool confine = true;
};

void take(const std::string& key, const std::string& value, Options& out) {
    auto& policy = out.policy;
    if (key == "plugin_dir") policy.plugin_dir = value;
    if (key == "state_dir") policy.state_dir = value;
    if (key == "workspace") policy.workspace = value;
    if (key == "network") policy.network = value == "yes";
    if (key == "exec") policy.exec = value == "yes";
    if (key == "read") policy.read.push_back(value);
    if (key == "write") policy.write.push_back(value);
    if (key == "hidden") policy.hidden.push_back(value);
    if (key == "unconfined") policy.unconfined = value == "yes";
    if (key == "confine") out.confine = value == "yes";
    if (key == "abi")
        std::from_chars(value.data(), value.data() + value.size(), out.support.landlock_abi);
    if (key == "seccomp") out.support.seccomp = value == "yes";
}

void say(std::string text) {
    for (char& c : text) {
        if (c == '\n') c = ' ';
    }
    std::cout << text << std::endl;
}

/// Mounts of a way shall not stay on the machine.
void make_mounts_private() {
    if (::unshare(CLONE_NEWNS) == 0) ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

int call(const Options& options, const std::string& id, const std::string& tool,
         const std::string& arguments) {
    ::alarm(kMostSeconds);
    ::setsid();  // signals to its group reach nobody else
    if (options.confine) {
        const auto confined = tenon::sandbox::confine_plugin(options.policy, options.support);
        if (!confined) {
            say(confined.error().message);
            return kNotConfined;
        }
    } else {
        make_mounts_private();
    }
    const auto library = tenon::plugin::open_library(options.policy.library, id);
    if (!library) {
        say(library.error().reason);
        return 1;
    }
    Host host;
    tenon::plugin::InstanceOptions given;
    given.id = id;
    given.workspace = options.policy.workspace;
    given.config = "{}";
    const auto instance = tenon::plugin::LocalInstance::create(**library, given, host);
    if (!instance) {
        say(instance.error().reason);
        return 1;
    }
    Call live;
    (*instance)->invoke(tool, arguments, live);
    say(live.result);
    return 0;
}

int run(int argc, char** argv) {
    Options options;
    int at = 1;
    for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
        const std::string word = argv[at];
        const auto equals = word.find('=');
        if (equals != std::string::npos)
            take(word.substr(0, equals), word.substr(equals + 1), options);
    }
    if (at + 2 >= argc) return 2;
    options.policy.library = argv[at + 1];
    const std::string id = argv[at + 2];
    for (at += 3; at + 1 < argc; at += 2) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(call(options, id, argv[at], argv[at + 1]));
        int status = 0;
        while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        if (WIFSIGNALED(status)) say("[signal: " + std::to_string(WTERMSIG(status)) + "]");
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const int code = run(argc, argv);
    // Skips a sanitizer's check at exit, which needs what a confined process may not do.
    ::_exit(code);
}
