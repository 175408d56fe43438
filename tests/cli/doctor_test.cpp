#include "host/cli/doctor.h"

#include <gmock/gmock.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>

#include <Poco/Pipe.h>
#include <Poco/Process.h>
#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/cli/logind_conf.h"
#include "host/cli/own_cgroups.h"
#include "tests/cli/plugin_world.h"
#include "tests/config/world.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/model_server/server.h"
#include "tests/support/small_disk.h"

namespace tenon::cli {

void PrintTo(const Check& check, std::ostream* out) {
    *out << check.name << " " << static_cast<int>(check.status) << ": " << check.found << " ["
         << check.remedy << "]";
}

namespace {

namespace fs = std::filesystem;
using tenon::testing::ModelServer;
using tenon::testing::TempDir;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kOk = CheckStatus::kOk;
constexpr auto kWarning = CheckStatus::kWarning;
constexpr auto kError = CheckStatus::kError;

template <class Found, class Remedy>
auto is_check(const char* name, CheckStatus status, Found found, Remedy remedy) {
    return AllOf(Field("name", &Check::name, name), Field("status", &Check::status, status),
                 Field("found", &Check::found, found), Field("remedy", &Check::remedy, remedy));
}
auto is_ok(const char* name, const std::string& found) {
    return is_check(name, kOk, HasSubstr(found), IsEmpty());
}

const Check& check_named(const Checks& checks, const std::string& name) {
    static const Check kNone;
    for (const Check& check : checks)
        if (check.name == name) return check;
    ADD_FAILURE() << "no check has the name " << name;
    return kNone;
}

// ---------------------------------------------------------------- model and configuration

TEST(Doctor, SaysWhichModelAndWhetherThereIsAKey) {
    config::World world;
    EXPECT_THAT(
        check_model(world.examined()),
        ElementsAre(is_check("model", kError, "no model is named", StartsWith("tenon --model")),
                    is_check("key", kError, "no key for the provider anthropic is set",
                             StartsWith("export ANTHROPIC_API_KEY="))));
    world.user_says("model.name=m1\n");
    world.sources.credentials.anthropic = "sk-ant-0123456789";
    EXPECT_THAT(check_model(world.examined()), ElementsAre(is_ok("model", "m1, provider anthropic"),
                                                           is_ok("key", "there is one")));
    world.sources.credentials.anthropic.clear();
    world.define("model.baseUrl", "http://127.0.0.1:1");
    EXPECT_THAT(check_model(world.examined()).at(1), is_ok("key", "none is needed"));
    world.define("model.provider", "replay");
    EXPECT_THAT(check_model(world.examined()).at(0),
                is_check("model", kError, HasSubstr("--replay FILE"), "model.provider=anthropic"));
}

TEST(Doctor, ReportsEveryErrorAndWarningOfTheConfiguration) {
    config::World world;
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_ok("configuration", "no files")));
    world.user_says("model.name=m1\n");
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_ok("configuration", "read " + (world.dir / "home").string())));
    world.user_says("modle.name=m1\nagent.maxTurns=many\n");
    world.workspace_says("log.file=/x\n");
    world.overrides.add_dirs = {"/nonexistent"};
    EXPECT_THAT(
        check_configuration(world.examined()),
        ElementsAre(
            is_check("configuration", kError, HasSubstr("tenon.properties:1"), HasSubstr("")),
            is_check("configuration", kError, HasSubstr("tenon.properties:2"),
                     "correct it, then: tenon config check"),
            is_check("configuration", kError, HasSubstr("/nonexistent"), HasSubstr("")),
            is_check("configuration", kWarning, HasSubstr("log.file"), HasSubstr(""))));
}

TEST(Doctor, DoesNotAskTheUserToCorrectALock) {
    config::World world;
    world.system_says("final=permissions\n");
    world.user_says("permissions.allow=Bash\n");
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_check("configuration", kWarning, HasSubstr(" is locked by "),
                                     "change or remove the setting, then: tenon config check")));
}

TEST(Doctor, WantsNoKeyForAServerWithAWrongAddress) {
    config::World world;
    world.define("model.baseUrl", "nonsense");
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_check("configuration", kError, HasSubstr("model.baseUrl"),
                                     HasSubstr("correct it"))));
    EXPECT_THAT(check_model(world.examined()).at(1), is_ok("key", "not checked"));
}

TEST(Doctor, WorksWithoutAWorkspaceAndWithoutAStateDirectory) {
    config::World world;
    world.sources.cwd.clear();
    world.sources.cwd_problem = "the current directory is gone";
    world.sources.environment = {{"HOME", "relative"}, {"TENON_STATE_DIR", "also/relative"}};
    const config::Configuration found = world.examined();
    EXPECT_THAT(check_configuration(found),
                Contains(is_check("configuration", kError, "the current directory is gone",
                                  "tenon doctor --workspace DIR")));
    EXPECT_THAT(check_storage(found, world.sources.environment),
                Contains(is_check("state directory", kError, "there is none",
                                  "export TENON_STATE_DIR=DIR")));
    EXPECT_THAT(check_plugins(found), Not(IsEmpty()));
}

// ---------------------------------------------------------------- plugins and programs

class DoctorOfPlugins : public ::testing::Test {
protected:
    /// An installation like the one that is built here.
    DoctorOfPlugins() {
        for (const char* folder : {"lib/tenon/plugins", "libexec/tenon"}) {
            fs::create_directories(world_.dir / "prefix" / folder);
            fs::copy(fs::path(TENON_PREFIX) / folder, world_.dir / "prefix" / folder,
                     fs::copy_options::recursive);
        }
        world_.sources.prefix = world_.dir / "prefix";
    }
    [[nodiscard]] fs::path installed(const char* file) const {
        return world_.dir / "prefix" / file;
    }
    [[nodiscard]] Checks checks() const { return check_plugins(world_.examined()); }
    config::World world_;
};

TEST_F(DoctorOfPlugins, CountsThoseThatCanBeUsed) {
    EXPECT_THAT(checks(), ElementsAre(is_ok("plugins", "5 can be used"),
                                      is_ok("helper programs", "tenon-shim"),
                                      is_ok("helper programs", "tenon-plugin-host")));
}

TEST_F(DoctorOfPlugins, TakesAThirdPartyPluginThatIsLeftOutForAWarning) {
    world_.dir.write("home/.local/share/tenon/plugins/other.so", "no library");
    EXPECT_THAT(checks(),
                Contains(is_check("plugins", kWarning, HasSubstr("other.so is left out: not a"),
                                  HasSubstr("remove the file"))));
    EXPECT_THAT(checks(), Each(Field(&Check::status, Not(kError))));
}

TEST_F(DoctorOfPlugins, TakesWhatIsMissingOfTheInstallationForAnError) {
    fs::remove(installed("lib/tenon/plugins/bash.so"));
    fs::permissions(installed("libexec/tenon/tenon-shim"), fs::perms::owner_read);
    fs::remove(installed("libexec/tenon/tenon-plugin-host"));
    const Checks found = checks();
    EXPECT_THAT(found, Contains(is_check("plugins", kError, HasSubstr("bash.so is left out"),
                                         "install the host again")));
    EXPECT_THAT(found, Contains(is_check("helper programs", kError,
                                         HasSubstr("tenon-shim cannot be executed"),
                                         HasSubstr("install"))));
    EXPECT_THAT(found,
                Contains(is_check("helper programs", kError,
                                  HasSubstr("tenon-plugin-host is not there"), HasSubstr(""))));
    fs::remove(installed("lib/tenon/plugins/manifest.json"));
    EXPECT_THAT(checks(), Contains(is_check("plugins", kError, HasSubstr("lists no plugin"),
                                            "install the host again")));
}

TEST_F(DoctorOfPlugins, ReportsADirectoryOfTheCommandLineThatIsMissing) {
    world_.overrides.plugin_dirs = {"/nonexistent"};
    EXPECT_THAT(checks(),
                Contains(is_check("plugins", kError, "--plugin-dir /nonexistent: no such directory",
                                  HasSubstr("exists"))));
}

TEST(Doctor, LooksForBashInThePath) {
    const TempDir dir;
    EXPECT_THAT(check_bash({{"PATH", dir.path().string()}}),
                ElementsAre(is_check("shell", kError, HasSubstr(dir.path().string()),
                                     HasSubstr("export PATH="))));
    fs::permissions(dir.write("bash", ""), fs::perms::owner_all);
    EXPECT_THAT(check_bash({{"PATH", "/nonexistent:" + dir.path().string()}}),
                ElementsAre(is_ok("shell", (dir / "bash").string())));
}

// ---------------------------------------------------------------- storage

class DoctorOfStorage : public ::testing::Test {
protected:
    [[nodiscard]] Checks checks() const {
        return check_storage(world_.examined(), world_.sources.environment);
    }
    [[nodiscard]] std::string state() const { return world_.state().string(); }
    void make_state(mode_t mode) const {
        fs::create_directories(world_.state());
        ASSERT_EQ(::chmod(state().c_str(), mode), 0);
    }
    config::World world_;
};

TEST_F(DoctorOfStorage, LeavesNothingBehind) {
    const auto everything = [&] {
        std::set<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(world_.dir.path()))
            names.insert(entry.path().string());
        return names;
    };
    const auto before = everything();
    EXPECT_THAT(checks(), Contains(is_ok("state directory", state() + " (can be made)")));
    EXPECT_EQ(everything(), before);
    make_state(0700);
    const auto made = everything();
    EXPECT_THAT(checks(), AllOf(Contains(is_ok("state directory", state() + " (mode 0700)")),
                                Contains(is_ok("locks", "they work")),
                                Contains(is_ok("free space", " free in " + state()))));
    EXPECT_EQ(everything(), made);
}

TEST_F(DoctorOfStorage, JudgesModes) {
    make_state(0755);
    EXPECT_THAT(checks(), Contains(is_check("state directory", kWarning, HasSubstr("mode 0755"),
                                            "chmod 700 " + state())));
    make_state(0777);
    EXPECT_THAT(checks(), Contains(is_check("state directory", kError, HasSubstr("mode 0777"),
                                            "chmod 700 " + state())));
    // It is said once.
    EXPECT_THAT(check_configuration(world_.examined()),
                ElementsAre(is_ok("configuration", "no files")));
}

TEST_F(DoctorOfStorage, RefusesAFileInThePlaceOfADirectory) {
    for (const char* place : {"", "beneath/it"}) {
        SCOPED_TRACE(place);
        const auto file = world_.dir.write("file", "") / place;
        world_.sources.environment["TENON_STATE_DIR"] = file;
        EXPECT_THAT(checks(), Contains(is_check("state directory", kError,
                                                HasSubstr((world_.dir / "file").string()),
                                                StartsWith("export TENON_STATE_DIR="))));
    }
}

TEST_F(DoctorOfStorage, SaysThatADiskIsFullOrNearlyFull) {
    make_state(0700);
    const tenon::testing::SmallDisk disk(world_.state(), "mode=0700,size=3m,nr_inodes=2000");
    if (!disk.why_not().empty()) GTEST_SKIP() << "no disk can be mounted: " << disk.why_not();
    EXPECT_THAT(checks(), Contains(is_check("free space", kWarning,
                                            HasSubstr("the output of jobs may take 4096 MiB"),
                                            HasSubstr("-D jobs.totalOutputLimit=1MiB"))));
    world_.define("jobs.totalOutputLimit", "1MiB");
    EXPECT_EQ(check_named(checks(), "free space").status, kOk);
    disk.leave_files(500);
    EXPECT_THAT(checks(), Contains(is_check("free space", kWarning, HasSubstr("500 files free"),
                                            HasSubstr("free some space"))));
    disk.leave_files(5);
    EXPECT_THAT(checks(),
                Contains(is_check("free space", kError, HasSubstr("no job can be recorded"),
                                  HasSubstr("free some space"))));
    disk.leave_files(0);
    EXPECT_THAT(checks(), Contains(is_check("state directory", kError,
                                            HasSubstr("No space left on device"), HasSubstr(""))));
    disk.give_back();
    disk.leave_blocks(0);
    EXPECT_THAT(checks(),
                AllOf(Contains(is_check("state directory", kError,
                                        HasSubstr("No space left on device"), HasSubstr("free"))),
                      Contains(is_check("free space", kError, HasSubstr("0 KiB"), HasSubstr("")))));
}

TEST_F(DoctorOfStorage, KnowsReadOnlyAndNoexecMounts) {
    make_state(0700);
    {
        const tenon::testing::SmallDisk disk(world_.state(), "mode=0700");
        if (!disk.why_not().empty()) GTEST_SKIP() << "no disk can be mounted: " << disk.why_not();
        ASSERT_EQ(::mount("none", state().c_str(), "tmpfs", MS_REMOUNT | MS_NOEXEC, nullptr), 0);
        EXPECT_THAT(checks(), Contains(is_check("file system", kWarning, HasSubstr("noexec"),
                                                StartsWith("mount -o remount,exec"))));
        ASSERT_EQ(::mount("none", state().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
        EXPECT_THAT(checks(),
                    Contains(is_check("state directory", kError, HasSubstr("Read-only file system"),
                                      HasSubstr(""))));
    }
}

TEST_F(DoctorOfStorage, LooksForAPlaceForTemporaryFiles) {
    EXPECT_THAT(checks(), Contains(is_ok("temporary files", "/tmp is used")));
    world_.sources.environment["TMPDIR"] = world_.dir.path();
    EXPECT_THAT(checks(), Contains(is_ok("temporary files", world_.dir.path())));
    world_.sources.environment["TMPDIR"] = "/nonexistent";
    EXPECT_THAT(checks(), Contains(is_check("temporary files", kWarning,
                                            HasSubstr("TMPDIR=/nonexistent"), "unset TMPDIR")));
}

TEST_F(DoctorOfStorage, TriesTheFileOfTheLogWithoutMakingIt) {
    const fs::path file = world_.dir / "logs/tenon.log";
    world_.define("log.file", file.c_str());
    EXPECT_THAT(checks(),
                Contains(is_check("log file", kError, HasSubstr(file.string() + ": No such file"),
                                  HasSubstr("mkdir -p " + file.parent_path().string()))));
    fs::create_directory(file.parent_path());
    EXPECT_THAT(checks(), Contains(is_ok("log file", file)));
    EXPECT_FALSE(fs::exists(file));
    fs::create_directory(file);
    EXPECT_THAT(checks(), Contains(is_check("log file", kError, HasSubstr("Is a directory"),
                                            HasSubstr("log.file="))));
}

// ---------------------------------------------------------------- kernel

TEST(Doctor, FindsWhatThisKernelHas) {
    const KernelFeatures kernel = find_kernel_features();
    EXPECT_EQ(kernel.pidfd, 0);
    const Checks checks = check_kernel({}, kernel, {});
    EXPECT_THAT(checks, Each(Field(&Check::status, Not(kError))));
    EXPECT_EQ(check_named(checks, "proc").status, kOk);
    MachinePlaces without;
    without.proc = "/nonexistent";
    EXPECT_THAT(
        check_kernel({}, kernel, without),
        Contains(is_check("proc", kError, HasSubstr("/nonexistent"), "mount -t proc proc /proc")));
}

TEST(Doctor, CallsWhatTheSandboxLacksAnErrorOnlyWhereItIsRequired) {
    using sandbox::Gap;
    struct Case {
        const char* what;
        KernelFeatures kernel;
        const char* name;
        CheckStatus without_sandbox;
        const char* found;
        const char* remedy;
    };
    const std::vector<Case> cases = {
        {"no Landlock",
         {0, 0, 0, {Gap::kLandlock}},
         "landlock",
         kWarning,
         "plugins in processes of their own are refused",
         "Linux 5.13"},
        {"an old Landlock", {4, 0, 0, {Gap::kSignals}}, "landlock", kOk, "ABI 4; ", ""},
        {"no seccomp",
         {7, 0, 0, {Gap::kSeccomp}},
         "seccomp",
         kWarning,
         "no filters",
         "CONFIG_SECCOMP_FILTER"},
        {"no namespaces",
         {7, 0, EPERM, {Gap::kMountNamespace}},
         "namespaces",
         kWarning,
         "no user namespace can be made: Operation not permitted",
         "sysctl -w user.max_user_namespaces=10000"},
    };
    const TempDir proc;
    proc.write("self/stat", "");
    proc.write("sys/kernel/unprivileged_userns_clone", "1\n");
    proc.write("sys/user/max_user_namespaces", "0\n");
    MachinePlaces places;
    places.proc = proc.path();
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const auto found = [&](const char* mode, const char* permissions, bool require) {
            config::Settings settings;
            settings.sandbox.mode = mode;
            settings.sandbox.require = require;
            settings.permissions.mode = permissions;
            return check_named(check_kernel(settings, c.kernel, places), c.name);
        };
        EXPECT_THAT(found("off", "ask", true),
                    is_check(c.name, c.without_sandbox, HasSubstr(c.found), HasSubstr(c.remedy)));
        EXPECT_EQ(found("workspace", "ask", false).status, kWarning);
        EXPECT_EQ(found("workspace", "ask", true).status, kError);
        EXPECT_EQ(found("off", "plan", true).status, kError);
        EXPECT_NE(found("workspace", "ask", true).remedy, "");
    }
}

TEST(Doctor, NamesTheSettingOfTheKernelThatForbidsNamespaces) {
    struct Case {
        const char* file;
        const char* text;
        const char* remedy;
    };
    for (const Case& c : {Case{"sys/kernel/unprivileged_userns_clone", "0\n",
                               "sysctl -w kernel.unprivileged_userns_clone=1"},
                          Case{"sys/kernel/apparmor_restrict_unprivileged_userns", "1\n",
                               "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
                          Case{"sys/kernel/apparmor_restrict_unprivileged_userns", "0\n",
                               "in a container, allow unshare and mount in its seccomp profile"}}) {
        SCOPED_TRACE(c.remedy);
        const TempDir proc;
        proc.write(c.file, c.text);
        MachinePlaces places;
        places.proc = proc.path();
        const KernelFeatures kernel{7, 0, 0, {sandbox::Gap::kMountNamespace}};
        EXPECT_EQ(check_named(check_kernel({}, kernel, places), "namespaces").remedy, c.remedy);
    }
}

TEST(Doctor, NeedsPidfds) {
    const KernelFeatures kernel{7, ENOSYS, 0, {}};
    EXPECT_THAT(
        check_named(check_kernel({}, kernel, {}), "pidfd"),
        is_check("pidfd", kError, HasSubstr("Function not implemented"), HasSubstr("Linux 5.3")));
}

// ---------------------------------------------------------------- logout

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

// ---------------------------------------------------------------- limits

TEST(OwnCgroups, AreFoundInBothVersions) {
    const TempDir dir;
    const auto lowest = [&] {
        return lowest_limit(dir / "proc", dir / "cg", {"pids", "pids.max", "pids.max"});
    };
    EXPECT_FALSE(lowest());
    dir.write("proc/self/cgroup", "0::/a/b\n");
    EXPECT_EQ(group_of_systemd(dir / "proc"), "/a/b");
    EXPECT_FALSE(lowest());
    dir.write("cg/a/b/pids.max", "max\n");
    EXPECT_FALSE(lowest());
    dir.write("cg/a/pids.max", "70\n");
    ASSERT_TRUE(lowest());
    EXPECT_EQ(lowest()->limit, 70U);
    EXPECT_EQ(lowest()->group, dir / "cg/a");
    dir.write("proc/self/cgroup", "8:cpu,pids:/c\n1:name=systemd:/d\n0::/a/b\n");
    EXPECT_EQ(group_of_systemd(dir / "proc"), "/d");
    dir.write("cg/pids/c/pids.max", "9\n");
    ASSERT_TRUE(lowest());
    EXPECT_EQ(lowest()->limit, 9U);
}

TEST(Doctor, WarnsOfLowLimitsWithNumbers) {
    const TempDir dir;
    MachinePlaces places;
    places.proc = dir / "proc";
    places.cgroups = dir / "cg";
    dir.write("proc/self/cgroup", "0::/a\n");
    dir.write("cg/a/pids.max", "100\n");
    dir.write("cg/a/pids.current", "60\n");
    dir.write("cg/a/memory.max", std::to_string(128U << 20U));
    config::Settings settings;
    settings.jobs.max_running = 6;
    EXPECT_THAT(
        check_limits(settings, places),
        AllOf(Contains(is_check("processes of group", kOk,
                                HasSubstr("40 of 100 are left in " + (dir / "cg/a").string()),
                                IsEmpty())),
              Contains(is_check("memory", kWarning, HasSubstr("128 MiB are allowed"),
                                HasSubstr("MemoryMax=")))));
    settings.jobs.max_running = 20;
    settings.jobs.memory_limit = 1ULL << 30U;
    EXPECT_THAT(
        check_limits(settings, places),
        AllOf(Contains(is_check("processes of group", kWarning,
                                HasSubstr("jobs.maxRunning=20 may need 96"),
                                HasSubstr("jobs.maxRunning=6"))),
              Contains(is_check("memory", kWarning, HasSubstr("jobs.memoryLimit (1024 MiB)"),
                                "jobs.memoryLimit=64MiB"))));
    settings.jobs.max_running = 10'000'000;
    EXPECT_THAT(check_named(check_limits(settings, places), "open files"),
                is_check("open files", kWarning, HasSubstr("may need 40000064"),
                         HasSubstr("ulimit -Hn 40000064")));
}

TEST(Doctor, JudgesTheLimitOfTheSizeOfFiles) {
    const config::Settings settings;
    const auto found = [&] { return check_named(check_limits(settings, {}), "file size"); };
    {
        const tenon::testing::FileSizeLimit limit(32U << 20U);
        EXPECT_THAT(found(),
                    is_check("file size", kWarning, HasSubstr("jobs.outputLimit (67108864)"),
                             HasSubstr("jobs.outputLimit=33554432")));
    }
    const tenon::testing::FileSizeLimit limit(4096);
    EXPECT_THAT(found(),
                is_check("file size", kError, HasSubstr("4096 bytes"), "ulimit -f unlimited"));
}

TEST(Doctor, TakesAClockForWrongThatMakesCertificatesInvalid) {
    EXPECT_THAT(check_clock(1'796'000'000), ElementsAre(is_ok("clock", "2026-11-30")));
    EXPECT_THAT(check_clock(0), ElementsAre(is_check("clock", kError, HasSubstr("1970-01-01"),
                                                     HasSubstr("timedatectl set-ntp true"))));
    EXPECT_THAT(
        check_clock(4'102'444'800),
        ElementsAre(is_check("clock", kError, HasSubstr("2100-01-01"), HasSubstr("date --set"))));
}

// ---------------------------------------------------------------- network

TEST(Doctor, SaysHowTheServerWouldBeReached) {
    struct Case {
        const char* what;
        std::map<std::string, std::string> variables;
        std::string key, value;
        const char* name;
        CheckStatus status;
        const char* found;
    };
    const Case cases[] = {
        {"the vendor's own", {}, "", "", "server", kOk, "https://api.anthropic.com"},
        {"a wrong address",
         {},
         "model.baseUrl",
         "http://h/?q",
         "server",
         kError,
         "base URL: must not"},
        {"no proxy", {}, "", "", "proxy", kOk, "none is set"},
        {"of the environment",
         {{"HTTPS_PROXY", "http://u:geheim@p:3128"}},
         "",
         "",
         "proxy",
         kOk,
         "http://p:3128 (of the environment)"},
        {"of the configuration",
         {},
         "model.proxy",
         "http://u:geheim@q:1",
         "proxy",
         kOk,
         "http://q:1"},
        {"not for this host",
         {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", "api.anthropic.com"}},
         "",
         "",
         "proxy",
         kOk,
         "none; NO_PROXY names api.anthropic.com"},
        {"not for http",
         {{"HTTPS_PROXY", "http://p:1"}},
         "model.baseUrl",
         "http://h",
         "proxy",
         kOk,
         "none; HTTPS_PROXY is for https only"},
        {"malformed",
         {{"HTTPS_PROXY", "http://u:geheim@"}},
         "",
         "",
         "proxy",
         kError,
         "proxy (HTTPS_PROXY): names no host; allowed: http://"},
        {"a wrong file",
         {},
         "model.caFile",
         "/nonexistent",
         "certificates",
         kError,
         "/nonexistent): no such file"},
        {"replayed", {}, "model.provider", "replay", "server", kOk, "none is asked"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        config::World world;
        for (const auto& [name, value] : c.variables)
            world.sources.environment[name] = value;
        if (!c.key.empty()) world.define(c.key.c_str(), c.value.c_str());
        const Checks checks = check_network(world.examined());
        const Check& found = check_named(checks, c.name);
        EXPECT_EQ(found.status, c.status);
        EXPECT_THAT(found.found, HasSubstr(c.found));
        EXPECT_EQ(found.remedy.empty(), c.status == kOk);
        for (const Check& check : checks)
            EXPECT_THAT(check.found + check.remedy, Not(HasSubstr("geheim")));
    }
}

class DoctorOnline : public ::testing::Test {
protected:
    [[nodiscard]] Check reach(const std::string& url, const std::string& key,
                              const std::string& ca_file = {}) const {
        config::World world;
        world.sources.credentials.anthropic = key;
        world.define("model.baseUrl", url.c_str());
        if (!ca_file.empty()) world.define("model.caFile", ca_file.c_str());
        const Checks checks = check_server(world.examined());
        EXPECT_EQ(checks.size(), 1U);
        return checks.at(0);
    }
};

TEST_F(DoctorOnline, SaysWhetherTheServerAcceptsTheKey) {
    ModelServer::Options options;
    options.strict.api_key = "the-right-key";
    ModelServer server(R"([{"content":"never"}])", options);
    EXPECT_THAT(
        reach(server.url(), "the-right-key"),
        is_check("online", kOk, AllOf(StartsWith("reached in "), HasSubstr("accepts the key")),
                 IsEmpty()));
    EXPECT_THAT(reach(server.url(), "a-wrong-key"),
                is_check("online", kError, HasSubstr("it refuses the key (HTTP 401)"),
                         StartsWith("export ANTHROPIC_API_KEY=")));
    EXPECT_THAT(reach(server.url(), ""),
                is_check("online", kError, HasSubstr("it wants a key (HTTP 401)"), HasSubstr("")));
    for (const auto& request : server.requests())
        EXPECT_EQ(request.method + " " + request.path, "GET /v1/models");
}

TEST_F(DoctorOnline, TakesAServerWithoutAListOfModelsForReachable) {
    // It refuses what is not below /v1.
    Poco::Net::ServerSocket listener(Poco::Net::SocketAddress("127.0.0.1", 0));
    const std::string url = "http://127.0.0.1:" + std::to_string(listener.address().port());
    struct Case {
        const char* line;
        CheckStatus status;
        const char* found;
    };
    for (const Case& c :
         {Case{"404 Not Found", kOk, "nothing is known of the key"},
          Case{"403 Forbidden", kError, "it refuses the key (HTTP 403)"},
          Case{"301 Moved", kError, "a redirect"}, Case{"529 Overloaded", kWarning, "HTTP 529"}}) {
        SCOPED_TRACE(c.line);
        std::jthread answers([&] {
            auto client = listener.acceptConnection();
            char head[4096];
            (void)client.receiveBytes(head, sizeof head);
            const std::string text =
                "HTTP/1.1 " + std::string(c.line) + "\r\ncontent-length: 0\r\n\r\n";
            client.sendBytes(text.data(), static_cast<int>(text.size()));
        });
        const Check found = reach(url, "a-key");
        EXPECT_EQ(found.status, c.status);
        EXPECT_THAT(found.found, HasSubstr(c.found));
    }
}

TEST_F(DoctorOnline, RepeatsTheWordsOfTheClientWhenItCannotConnect) {
    std::uint16_t port = 0;
    {
        const Poco::Net::ServerSocket closed(Poco::Net::SocketAddress("127.0.0.1", 0));
        port = closed.address().port();
    }
    EXPECT_THAT(
        reach("http://127.0.0.1:" + std::to_string(port), "a-key"),
        is_check("online", kError, HasSubstr("Connection refused"), HasSubstr("model.baseUrl")));
    config::World world;
    EXPECT_THAT(check_server(world.examined()),
                ElementsAre(is_check("online", kError, HasSubstr("want of a key"),
                                     StartsWith("export ANTHROPIC_API_KEY="))));
}

TEST_F(DoctorOnline, UsesTheCertificatesOfARun) {
    const TempDir dir;
    const std::string file = dir / "own.pem", key = dir / "own.key";
    const Poco::Process::Args words = {"req",
                                       "-x509",
                                       "-newkey",
                                       "ec",
                                       "-pkeyopt",
                                       "ec_paramgen_curve:prime256v1",
                                       "-nodes",
                                       "-keyout",
                                       key,
                                       "-out",
                                       file,
                                       "-days",
                                       "2",
                                       "-subj",
                                       "/CN=own",
                                       "-addext",
                                       "subjectAltName=IP:127.0.0.1"};
    Poco::Pipe quiet;
    ASSERT_EQ(Poco::Process::launch("openssl", words, nullptr, nullptr, &quiet).wait(), 0);
    ModelServer::Options options;
    options.tls = new Poco::Net::Context(Poco::Net::Context::SERVER_USE, key, file, "",
                                         Poco::Net::Context::VERIFY_NONE);
    ModelServer server(R"([{"content":"never"}])", options);
    EXPECT_THAT(reach(server.url(), "a-key"),
                is_check("online", kError,
                         AllOf(HasSubstr("self-signed certificate"), HasSubstr("model.caFile")),
                         HasSubstr("")));
    EXPECT_EQ(reach(server.url(), "a-key", file).status, kOk);
}

// ---------------------------------------------------------------- the program

class DoctorCommand : public tenon::testing::PluginWorld {};

TEST_F(DoctorCommand, ExitsAccordingToWhatItFinds) {
    struct Case {
        std::vector<std::string> words;
        int code;
        const char* out;
        const char* err;
    };
    const std::string own = "model.baseUrl=http://127.0.0.1:1";
    const Case cases[] = {
        {{"doctor"},
         1,
         "error    model                no model is named\n         remedy: tenon",
         ""},
        {{"doctor", "--model", "m", "-D", own}, 0, "ok       model                m, provider", ""},
        {{"--model", "m", "-D", own, "doctor"},
         0,
         "ok       key                  none is needed",
         ""},
        {{"doctor", "--model", "m", "-D", own, "--online"}, 1, "Connection refused", ""},
        {{"doctor", "--help"}, 0, "--online", ""},
        {{"doctor", "now"}, 2, "", "unexpected argument \"now\""},
        {{"doctor", "--jsom"}, 2, "", "unknown option --jsom"},
        {{"-p", "x", "doctor"}, 2, "", "--prompt does not go with 'tenon doctor'"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(::testing::PrintToString(c.words));
        const auto ran = tenon(c.words);
        EXPECT_EQ(ran.code, c.code) << ran.out << ran.err;
        EXPECT_THAT(ran.out, HasSubstr(c.out));
        EXPECT_THAT(ran.err, HasSubstr(c.err));
    }
    EXPECT_FALSE(fs::exists(dir_ / "state"));
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), fs::directory_iterator()), 2)
        << "only the two directories of this test";
}

TEST_F(DoctorCommand, IsNamedByARunWithoutAnyConfiguration) {
    const auto ran = tenon({"-p", "hello"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 6) << ran.err;
    EXPECT_THAT(ran.err, AllOf(StartsWith("tenon: no model is named, and no key"),
                               HasSubstr("\n  export ANTHROPIC_API_KEY="),
                               HasSubstr("\n  tenon --model NAME\n"), HasSubstr("model.baseUrl="),
                               HasSubstr("tenon doctor")));
}

TEST_F(DoctorCommand, PrintsOneDocumentWithoutTheKey) {
    environment_["ANTHROPIC_API_KEY"] = "sk-ant-0123456789";
    user_says("model.name=sk-ant-0123456789\n");
    const auto ran = tenon({"doctor", "--json"});
    EXPECT_EQ(ran.code, 0) << ran.out;
    EXPECT_EQ(ran.err, "");
    EXPECT_THAT(ran.out, Not(HasSubstr("0123456789")));
    const auto parsed = parse_json(ran.out);
    ASSERT_TRUE(parsed) << ran.out;
    EXPECT_TRUE(bool_or(*parsed, "ok", false));
    const Json& checks = member(*parsed, "checks");
    EXPECT_GT(checks.size(), 10U);
    EXPECT_EQ(element(checks, 0), (Json{{"name", "model"},
                                        {"status", "ok"},
                                        {"found", "[redacted], provider anthropic"},
                                        {"remedy", ""}}));
}

TEST_F(DoctorCommand, WorksWhereARunWouldNot) {
    user_says("modle=x\n");
    dir_.write("file", "");
    environment_["TENON_STATE_DIR"] = dir_ / "file";
    const auto ran = tenon({"doctor", "--json", "--model", "m", "--workspace", "/nonexistent"});
    EXPECT_EQ(ran.code, 1);
    const auto parsed = parse_json(ran.out);
    ASSERT_TRUE(parsed) << ran.out;
    EXPECT_FALSE(bool_or(*parsed, "ok", true));
    EXPECT_THAT(ran.out, AllOf(HasSubstr("unknown key \\\"modle\\\""), HasSubstr("/nonexistent"),
                               HasSubstr("is no directory")));
    environment_ = {{"PATH", "/usr/bin:/bin"}};
    EXPECT_NE(tenon({"doctor"}).out, "");
}

}  // namespace
}  // namespace tenon::cli
