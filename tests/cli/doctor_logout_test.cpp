#include <gtest/gtest.h>

#include "host/cli/logind_conf.h"
#include "tests/cli/doctor_checks.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using tenon::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A machine with systemd, in one directory.
struct SystemdMachine {
    SystemdMachine() {
        fs::create_directories(dir / "run");
        fs::create_directories(dir / "linger");
        places.proc = dir / "proc";
        places.systemd = dir / "run";
        places.linger = dir / "linger";
        places.logind = {dir / "etc", dir / "runtime", dir / "lib"};
        places.systemctl = dir / "systemctl";
    }
    void group(const std::string& path) const {
        dir.write("proc/self/cgroup", "0::" + path + "\n");
    }
    void kill_mode(const std::string& mode) const {
        fs::permissions(dir.write("systemctl", "#!/bin/sh\necho \"$*\" > " +
                                                   (dir / "asked").string() + "\necho " + mode),
                        fs::perms::owner_all);
    }
    [[nodiscard]] Checks checks() const { return check_logout("ann", places); }
    TempDir dir;
    MachinePlaces places;
};

constexpr const char* kSession = "/user.slice/user-1000.slice/session-3.scope";

TEST(DoctorOfLogout, FindsNothingToSayWithoutSystemd) {
    SystemdMachine machine;
    machine.places.systemd = "/nonexistent";
    EXPECT_THAT(machine.checks(), ElementsAre(is_ok("logout", "no systemd")));
}

TEST(DoctorOfLogout, ReadsLogindConfInTheOrderOfSystemd) {
    struct Case {
        const char* what;
        std::vector<std::pair<const char*, const char*>> files;
        CheckStatus status;
    };
    const Case cases[] = {
        {"the comment has the default",
         {{"lib/logind.conf", "[Login]\n#KillUserProcesses=no\n"}},
         kOk},
        {"so also here", {{"lib/logind.conf", "[Login]\n#KillUserProcesses=yes\n"}}, kWarning},
        {"nothing is known", {}, kWarning},
        {"set", {{"etc/logind.conf", "[Login]\nKillUserProcesses = yes\n"}}, kWarning},
        {"of another section",
         {{"etc/logind.conf", "[Login]\n#KillUserProcesses=no\n[X]\nKillUserProcesses=yes\n"}},
         kOk},
        {"the first file counts",
         {{"etc/logind.conf", "[Login]\nKillUserProcesses=no\n"},
          {"lib/logind.conf", "[Login]\nKillUserProcesses=yes\n"}},
         kOk},
        {"a drop-in is stronger",
         {{"etc/logind.conf", "[Login]\nKillUserProcesses=no\n"},
          {"lib/logind.conf.d/10.conf", "[Login]\nKillUserProcesses=yes\n"}},
         kWarning},
        {"the last drop-in by name counts",
         {{"etc/logind.conf.d/10.conf", "[Login]\nKillUserProcesses=yes\n"},
          {"lib/logind.conf.d/20.conf", "[Login]\nKillUserProcesses=no\n"}},
         kOk},
        {"of one name the first counts",
         {{"etc/logind.conf.d/10.conf", "[Login]\nKillUserProcesses=no\n"},
          {"lib/logind.conf.d/10.conf", "[Login]\nKillUserProcesses=yes\n"}},
         kOk},
        {"other names are no drop-ins",
         {{"etc/logind.conf", "[Login]\nKillUserProcesses=no\n"},
          {"etc/logind.conf.d/10.conf.bak", "[Login]\nKillUserProcesses=yes\n"}},
         kOk},
        {"not for this user",
         {{"etc/logind.conf", "[Login]\nKillUserProcesses=yes\nKillExcludeUsers=root ann\n"}},
         kOk},
        {"only for others",
         {{"etc/logind.conf", "[Login]\nKillUserProcesses=yes\nKillOnlyUsers=bob\n"}},
         kOk},
        {"only for this user",
         {{"etc/logind.conf", "[Login]\nKillUserProcesses=yes\nKillOnlyUsers=bob ann\n"}},
         kWarning},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const SystemdMachine machine;
        machine.group(kSession);
        for (const auto& [file, text] : c.files)
            machine.dir.write(file, text);
        EXPECT_THAT(machine.checks(),
                    ElementsAre(is_check("logout", c.status, HasSubstr("logout"),
                                         c.status == kOk ? std::string()
                                                         : "loginctl enable-linger ann\n"
                                                           "systemd-run --user --scope tenon")));
    }
}

TEST(DoctorOfLogout, NamesTheFileThatDecides) {
    const SystemdMachine machine;
    machine.group(kSession);
    const auto file =
        machine.dir.write("etc/logind.conf.d/x.conf", "[Login]\nKillUserProcesses=1\n");
    EXPECT_EQ(machine.checks().at(0).found, "a logout kills jobs: KillUserProcesses=1 in " +
                                                file.string() + "; this is in session-3.scope");
}

TEST(DoctorOfLogout, AsksForLingerUnderTheServiceManagerOfAUser) {
    const SystemdMachine machine;
    machine.group("/user.slice/user-1000.slice/user@1000.service/app.slice/term-4.scope");
    EXPECT_THAT(machine.checks(),
                ElementsAre(is_check("logout", kWarning, HasSubstr("the service manager of ann"),
                                     "loginctl enable-linger ann")));
    machine.dir.write("linger/ann", "");
    EXPECT_THAT(machine.checks(), ElementsAre(is_ok("logout", "linger of ann")));
}

TEST(DoctorOfLogout, AsksSystemdHowAServiceEnds) {
    struct Case {
        const char* mode;
        const char* group;
        CheckStatus status;
        const char* asked;
    };
    const char* const kOfUser =
        "/user.slice/user-1000.slice/user@1000.service/app.slice/agent.service";
    for (const Case& c :
         {Case{"control-group", "/system.slice/agent.service", kWarning,
               "show -p KillMode --value -- agent.service\n"},
          Case{"process", "/system.slice/agent.service", kOk,
               "show -p KillMode --value -- agent.service\n"},
          Case{"mixed", kOfUser, kWarning, "--user show -p KillMode --value -- agent.service\n"}}) {
        SCOPED_TRACE(std::string(c.mode) + " " + c.group);
        const SystemdMachine machine;
        machine.dir.write("linger/ann", "");
        machine.group(c.group);
        machine.kill_mode(c.mode);
        const Check found = check_named(machine.checks(), "service");
        EXPECT_EQ(found.status, c.status);
        EXPECT_THAT(found.found, HasSubstr("KillMode=" + std::string(c.mode)));
        if (c.status != kOk) EXPECT_THAT(found.remedy, HasSubstr("KillMode=process"));
        EXPECT_EQ(machine.dir.read("asked"), c.asked);
    }
}

TEST(DoctorOfLogout, SaysThatItDoesNotKnowWhereSystemctlIsSilent) {
    for (const bool hangs : {false, true}) {
        SCOPED_TRACE(hangs ? "hangs" : "cannot be started");
        SystemdMachine machine;
        machine.group("/system.slice/agent.service");
        if (hangs) machine.places.systemctl_patience = std::chrono::milliseconds(100);
        if (hangs)
            fs::permissions(machine.dir.write("systemctl", "#!/bin/sh\nexec sleep 1000\n"),
                            fs::perms::owner_all);
        EXPECT_THAT(check_named(machine.checks(), "service"),
                    is_check("service", kWarning, HasSubstr("it is not known"),
                             HasSubstr("systemctl edit agent.service")));
    }
}

}  // namespace
}  // namespace tenon::cli
