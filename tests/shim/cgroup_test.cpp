// Where a job's cgroup is made. The directories are plain ones that look like cgroupfs; what the
// kernel does with real ones is shown by tests/jobs/cgroup_test.cpp where there are any.
#include "host/shim/cgroup.h"

#include <fstream>
#include <sys/xattr.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::shim {
namespace {

namespace fs = std::filesystem;

class Hierarchy : public ::testing::Test {
protected:
    void SetUp() override {
        if (::setxattr(dir_.path().c_str(), "user.delegate", "0", 1, 0) != 0)
            GTEST_SKIP() << "this file system has no extended attributes";
    }
    fs::path group(const std::string& name, const char* hands_on, const char* delegate = "0") {
        const fs::path path = dir_ / name;
        fs::create_directories(path);
        std::ofstream(path / "cgroup.procs");
        std::ofstream(path / "cgroup.controllers") << "cpu memory pids\n";
        std::ofstream(path / "cgroup.subtree_control") << hands_on << "\n";
        EXPECT_EQ(::setxattr(path.c_str(), "user.delegate", delegate, 1, 0), 0);
        return path;
    }
    [[nodiscard]] std::string place(const fs::path& own, bool needs_memory, uid_t user = 0) const {
        const auto found = delegated_place(dir_.path(), own, needs_memory, user);
        return found ? found->lexically_relative(dir_.path()).string() : "none";
    }

    tenon::testing::TempDir dir_;
};

TEST_F(Hierarchy, WithoutDelegationIsLeftAlone) {
    group("user.slice", "memory pids");
    const fs::path own = group("user.slice/session-1.scope", "");
    EXPECT_EQ(place(own, false), "none");
    EXPECT_EQ(place(own, true), "none");
}

TEST_F(Hierarchy, OfASystemdUserHasAPlaceBesideTheScopeInWhichTenonRuns) {
    group("user.slice", "memory pids");
    group("user.slice/user@1000.service", "memory pids", "1");
    group("user.slice/user@1000.service/app.slice", "memory pids");
    const fs::path own = group("user.slice/user@1000.service/app.slice/terminal.scope", "");
    EXPECT_EQ(place(own, true), "user.slice/user@1000.service/app.slice");
    EXPECT_EQ(place(own, false), "user.slice/user@1000.service/app.slice/terminal.scope")
        << "without a controller it can be beneath";
}

TEST_F(Hierarchy, WithoutTheMemoryControllerHasNoPlaceForAJobWithAMemoryLimit) {
    group("user@1000.service", "pids", "1");
    const fs::path own = group("user@1000.service/terminal.scope", "");
    EXPECT_EQ(place(own, true), "none");
}

TEST_F(Hierarchy, ThatIsTenonsOwnGetsTheMemoryControllerEnabled) {
    const fs::path own = group("tenon.scope", "", "1");
    std::ofstream(own / "cgroup.procs") << "17\n";
    fs::create_directories(own / "tenon-host");
    std::ofstream(own / "tenon-host/cgroup.procs");
    EXPECT_EQ(place(own, true), "tenon.scope");
    std::string moved;
    std::ifstream(own / "tenon-host/cgroup.procs") >> moved;
    EXPECT_EQ(moved, "17");
}

TEST_F(Hierarchy, OfAnotherUserIsNotUsed) {
    const fs::path own = group("tenon.scope", "memory");
    EXPECT_EQ(place(own, true, ::geteuid() + 1), "none");
    if (::geteuid() != 0) EXPECT_EQ(place(own, true, ::geteuid()), "tenon.scope");
}

}  // namespace
}  // namespace tenon::shim
