// The surroundings of a command, and what is kept of its output.
#include <csignal>
#include <cstdlib>
#include <sys/resource.h>

#include "host/base/limits.h"
#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::ended;
using testing::JobsFolder;
using testing::run;

std::string output_of(const JobsFolder& folder, Queue& queue, const std::string& command) {
    return folder.report_of(run(queue, folder.spec(command, JobKind::kForeground)));
}

TEST(Command, HasAnEnvironmentWithoutPagersPromptsAndCredentials) {
    const JobsFolder folder;
    ::setenv("ANTHROPIC_API_KEY", "sk-ant-not-for-children", 1);
    ::setenv("GIT_PAGER", "mine", 1);
    ::unsetenv("PAGER");
    ::unsetenv("TERM");
    Queue queue(folder.store(), folder.options());
    const JobRecord job =
        run(queue, folder.spec("echo $PAGER,$GIT_PAGER,$GIT_TERMINAL_PROMPT,$DEBIAN_FRONTEND,$TERM,"
                               "${ANTHROPIC_API_KEY-none},$TENON_JOB_ID; pwd"));
    ::unsetenv("ANTHROPIC_API_KEY");
    ::unsetenv("GIT_PAGER");
    EXPECT_EQ(folder.report_of(job), "cat,mine,0,noninteractive,dumb,none," + job.id + "\n" +
                                         folder.dir().path().string() + "\n");
}

TEST(Command, MayHaveManyLinesAndAnyCharacter) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    EXPECT_EQ(
        output_of(folder, queue,
                  "cat <<'END'\n\"$HOME\"\t\x01\\n ü\nEND\nfor i in 1 2\ndo\n  echo $i\ndone\n"),
        "\"$HOME\"\t\x01\\n ü\n1\n2\n");
}

TEST(Command, InheritsNoDescriptorNoMaskAndNoIgnoredSignal) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const UniqueFd inheritable(::open("/dev/null", O_RDONLY));
    EXPECT_EQ(output_of(folder, queue, "ls /proc/$$/fd; true"), "0\n1\n2\n");
    const auto handler = std::signal(SIGUSR1, SIG_IGN);
    EXPECT_EQ(
        output_of(folder, queue, "grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2 | sort -u"),
        "0000000000000000\n");
    std::signal(SIGUSR1, handler);
}

TEST(Command, GetsTheDescriptorLimitWithWhichTheHostWasStarted) {
    const JobsFolder folder;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    auto options = folder.options();
    options.shim.descriptor_limit = descriptor_limit();
    set_descriptor_limit(256);
    EXPECT_EQ(options.shim.descriptor_limit, before.rlim_cur);
    {
        Queue queue(folder.store(), options);
        EXPECT_EQ(output_of(folder, queue, "ulimit -Sn"), std::to_string(before.rlim_cur) + "\n");
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Command, HasASessionOfItsOwnAndIsKilledFirstWhenMemoryIsShort) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    std::ifstream ours("/proc/self/oom_score_adj");
    int score = 0;
    ours >> score;
    EXPECT_EQ(output_of(folder, queue,
                        "cat /proc/self/oom_score_adj; test $(ps -o sid= $$) = $$ && echo own"),
              std::to_string(std::min(1000, score + 500)) + "\nown\n");
}

TEST(Command, ThatPrintsWithoutEndStaysWithinItsCap) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec = folder.spec(std::string(TENON_MISBEHAVE) + " flood=3000000");
    spec.output_limit = 100'000;
    const JobRecord job = run(queue, spec);
    const auto file = [&](const char* name) {
        return folder.dir().read("state/jobs/" + job.id + "/" + name);
    };
    const std::string head = file("output");
    const std::string tail = file("output.1") + file("output.2");
    EXPECT_EQ(job.end.output_bytes, 3'000'000U);
    EXPECT_EQ(head.size(), 50'000U);
    EXPECT_LE(head.size() + tail.size(), 100'000U);
    EXPECT_EQ(job.end.omitted_bytes, 3'000'000U - head.size() - tail.size());
    EXPECT_EQ(head.substr(0, 32), "000000000000000\n000000000000016\n");
    EXPECT_EQ(tail.substr(tail.size() - 16), "000000002999984\n");
    const std::string text = folder.report_of(job);
    EXPECT_NE(text.find(" bytes omitted]\n"), std::string::npos);
    EXPECT_LT(text.size(), 50'100U);
}

TEST(Command, GoesOnWhenItsOutputCannotBeWritten) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit tight{8192, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    const JobRecord job = run(queue, folder.spec("printf '%050000d' 0; exit 4"));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(job.end.exit_code, 4);
    EXPECT_EQ(job.end.output_bytes, 50'000U);
    EXPECT_GT(job.end.omitted_bytes, 0U);
    const std::string text = folder.report_of(job);
    EXPECT_NE(text.find("[output not kept: write: File too large]"), std::string::npos) << text;
}

TEST(Command, SharesTheSpaceOfAllOutputs) {
    const JobsFolder folder;
    auto options = folder.options();
    options.total_output_limit = 3U << 20U;
    const auto kept = [&](Queue& queue) {
        JobSpec spec = folder.spec(std::string(TENON_MISBEHAVE) + " flood=4000000");
        spec.output_limit = 2U << 20U;
        const JobRecord job = run(queue, spec);
        return folder.store().held_bytes(job.id);
    };
    Queue first(folder.store(), options);
    const std::uint64_t a = kept(first);
    EXPECT_GT(a, 1'500'000U);
    EXPECT_LE(a, 2U << 20U);
    Queue second(folder.store(), options);
    const std::uint64_t b = kept(second);
    EXPECT_LE(a + b, 3U << 20U);
    EXPECT_GT(b, 700'000U);
    EXPECT_GT(kept(second), 700'000U) << "no start is refused for it";
}

TEST(Command, HasItsUseOfResourcesRecorded) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const JobRecord job = run(queue, folder.spec("for ((i = 0; i < 100000; ++i)); do :; done"));
    EXPECT_GT(job.end.user_us, 0);
    EXPECT_GT(job.end.max_rss_kib, 500);
    EXPECT_GE(job.end.ended_ms, job.end.started_ms);
    EXPECT_GT(job.started_ms, 0);
}

}  // namespace
}  // namespace tenon::jobs
