#include "host/plugin_host/verify_main.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/plugin/verify_protocol.h"
#include "host/plugin_host/verify_steps.h"
#include "host/sandbox/plugin_confinement.h"

namespace tenon::plugin_host::verify {
namespace {

constexpr int kUsage = 2;

std::string read_standard_input() {
    std::string text;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
    return text;
}

VerifyJob job_of(const Json& stated, const char* file) {
    VerifyJob job;
    job.file = file;
    job.id = string_or(stated, "id");
    job.host = {string_or(stated, "plugin_dir"), string_or(stated, "workspace"),
                string_or(stated, "state_dir")};
    job.config = string_or(stated, "config", "{}");
    job.broken = strings_in(member(stated, "broken"));
    for (const Json& call : member(stated, "calls"))
        job.calls.push_back({string_or(call, "tool"), string_or(call, "arguments", "{}"),
                             string_or(call, "label"), bool_or(call, "fits", false)});
    return job;
}

/// The process belongs to the program that started it and leaves nothing behind.
bool settle() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const bool settled = null >= 0 && ::dup2(null, STDIN_FILENO) == STDIN_FILENO &&
                         ::fcntl(plugin::kVerifyDescriptor, F_SETFD, FD_CLOEXEC) == 0;
    if (null > plugin::kVerifyDescriptor) ::close(null);
    return settled;
}

/// Confines the process as the job says. False: reported.
bool confine(const Json& stated, const std::string& id, VerifyReport& report) {
    if (!stated.is_object()) return true;
    sandbox::PluginPolicy policy;
    policy.library = string_or(stated, "library");
    policy.plugin_dir = string_or(stated, "plugin_dir");
    policy.state_dir = string_or(stated, "state_dir");
    policy.workspace = string_or(stated, "workspace");
    policy.network = bool_or(stated, "network", false);
    policy.exec = bool_or(stated, "exec", false);
    policy.read = strings_in(member(stated, "read"));
    policy.write = strings_in(member(stated, "write"));
    policy.hidden = strings_in(member(stated, "hidden"));
    policy.unconfined = bool_or(stated, "unconfined", false);
    const auto confined = sandbox::confine_plugin(policy);
    if (!confined)
        report.failed("it cannot be confined: " + confined.error().message,
                      "use a kernel with Landlock and seccomp, or put 'unconfined' into plugins." +
                          id + ".grants");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // changed credentials have cleared it
    return confined.ok();
}

}  // namespace

int run_verify_step(const char* step, const char* file) {
    const VerifyStep run = find_verify_step(step);
    const auto stated = parse_json(read_standard_input());
    if (run == nullptr || !stated || !settle()) return kUsage;
    const VerifyJob job = job_of(*stated, file);
    VerifyReport report;
    {
        VerifiedPlugin* const plugin = new VerifiedPlugin(job, report);  // its structs stay usable
        if (confine(member(*stated, "confinement"), job.id, report) && plugin->open()) {
            run(job, *plugin, report);
            plugin->report_late_use();
        }
    }
    report.end();
    report.doing("at the end of the process", std::chrono::seconds(5), "did not end within 5 s");
    std::exit(0);  // with the destructors of the library's static objects
}

}  // namespace tenon::plugin_host::verify
