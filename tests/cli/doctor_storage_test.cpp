#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/cli/doctor_checks.h"
#include "tests/config/world.h"
#include "tests/support/small_disk.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

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

}  // namespace
}  // namespace tenon::cli
