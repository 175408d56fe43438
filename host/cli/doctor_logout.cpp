// Whether jobs outlive the session, or the service, in which a host was started.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/cli/doctor.h"
#include "host/cli/logind_conf.h"
#include "host/cli/own_cgroups.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

/// Standard output of a program until its end or the deadline, when it is killed. Empty: it could
/// not be started.
std::string output_within(std::vector<std::string> words, std::chrono::milliseconds limit) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    const UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, to.get(), 1);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = -1;
    const int failed = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    to.reset();
    if (failed != 0) return {};
    std::string out;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd entry{from.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) break;
        char buffer[512];
        const ssize_t n = ::read(from.get(), buffer, sizeof buffer);
        if (n <= 0) break;
        out.append(buffer, static_cast<std::size_t>(n));
    }
    ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return out;
}

/// The units that hold this process, by its group.
struct OwnUnits {
    std::string innermost;         ///< "session-2.scope", "build.service"; empty: none
    bool of_user_manager = false;  ///< beneath user@UID.service
};

OwnUnits units_of(const std::string& group) {
    OwnUnits out;
    for (const fs::path& part : fs::path(group)) {
        const std::string name = part.string();
        if (name.starts_with("user@") && name.ends_with(".service")) {
            out.of_user_manager = true;
            out.innermost.clear();
        } else if (name.ends_with(".service") || name.ends_with(".scope")) {
            out.innermost = name;
        }
    }
    return out;
}

Check check_session(const OwnUnits& units, const std::string& user, const MachinePlaces& places) {
    const auto settings = read_logind_conf(places.logind);
    const auto kills = kills_processes_of(settings, user);
    if (kills && !*kills)
        return {"logout", CheckStatus::kOk,
                "jobs outlive a logout (KillUserProcesses=no, or not "
                "for this user)",
                ""};
    const auto setting = settings.find("KillUserProcesses");
    const std::string why =
        kills ? "a logout kills jobs: KillUserProcesses=" + setting->second.value + " in " +
                    setting->second.file.string()
              : "a logout may kill jobs: no logind.conf says whether (KillUserProcesses)";
    return {"logout", CheckStatus::kWarning, why + "; this is in " + units.innermost,
            "loginctl enable-linger " + user + "\nsystemd-run --user --scope tenon"};
}

Check check_manager(const std::string& user, const fs::path& linger) {
    std::error_code failed;
    if (fs::exists(linger / user, failed))
        return {"logout", CheckStatus::kOk, "jobs outlive a logout (linger of " + user + ")", ""};
    return {"logout", CheckStatus::kWarning,
            "a logout kills jobs: this runs under the service manager of " + user +
                ", which ends with the last session",
            "loginctl enable-linger " + user};
}

Check check_service(const OwnUnits& units, const MachinePlaces& places) {
    std::vector<std::string> words = {places.systemctl};
    if (units.of_user_manager) words.emplace_back("--user");
    words.insert(words.end(), {"show", "-p", "KillMode", "--value", "--", units.innermost});
    const std::string command = "systemctl" + std::string(units.of_user_manager ? " --user" : "");
    const std::string mode(utf8::trimmed(output_within(words, places.systemctl_patience)));
    if (mode == "process" || mode == "none")
        return {"service", CheckStatus::kOk,
                "jobs outlive " + units.innermost + " (KillMode=" + mode + ")", ""};
    const std::string found =
        mode.empty() ? "it is not known whether the end of " + units.innermost +
                           " ends jobs (systemctl does not say its KillMode)"
                     : "the end of " + units.innermost + " ends jobs (KillMode=" + mode + ")";
    return {"service", CheckStatus::kWarning, found,
            command + " edit " + units.innermost +
                "   # [Service] KillMode=process, as in the example unit of the package"};
}

}  // namespace

Checks check_logout(const std::string& user, const MachinePlaces& places) {
    std::error_code failed;
    if (!fs::exists(places.systemd, failed))
        return {{"logout", CheckStatus::kOk, "no systemd, so a logout ends no jobs", ""}};
    const auto group = group_of_systemd(places.proc);
    if (!group)
        return {{"logout", CheckStatus::kWarning,
                 "it is not known: " + (places.proc / "self/cgroup").string() + " cannot be read",
                 "mount -t proc proc /proc"}};
    const OwnUnits units = units_of(*group);
    Checks out;
    if (units.of_user_manager) {
        out.push_back(check_manager(user, places.linger));
    } else if (units.innermost.starts_with("session-")) {
        out.push_back(check_session(units, user, places));
    } else {
        out.push_back({"logout", CheckStatus::kOk, "this is in no session of a user", ""});
    }
    if (units.innermost.ends_with(".service")) out.push_back(check_service(units, places));
    return out;
}

}  // namespace tenon::cli
