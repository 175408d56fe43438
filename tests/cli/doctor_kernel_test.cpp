#include <gtest/gtest.h>

#include "tests/cli/doctor_checks.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using tenon::testing::TempDir;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

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

}  // namespace
}  // namespace tenon::cli
