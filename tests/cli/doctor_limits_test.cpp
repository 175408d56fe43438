#include <gtest/gtest.h>

#include "host/cli/own_cgroups.h"
#include "tests/cli/doctor_checks.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using tenon::testing::TempDir;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace tenon::cli
