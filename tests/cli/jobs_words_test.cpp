#include "host/cli/jobs_words.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/text_width.h"
#include "tests/support/process.h"

namespace tenon::cli {
namespace {

using jobs::JobRecord;
using jobs::Status;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kNow = 1'800'000'000'000;

JobRecord running(const std::string& command) {
    JobRecord job;
    job.id = "0a1b2c3d";
    job.spec.command = command;
    job.spec.session = "s1";
    job.spec.cwd = "/w";
    job.status = Status::kRunning;
    job.submitted_ms = job.started_ms = kNow - 65'000;
    return job;
}

JobRecord ended(Status status) {
    JobRecord job = running("make");
    job.status = job.end.status = status;
    job.end.started_ms = job.started_ms;
    job.end.ended_ms = kNow;
    job.end.duration_ms = 4200;
    return job;
}

Screen of_columns(std::size_t columns) {
    Screen screen;
    screen.columns = columns;
    return screen;
}

TEST(JobsTable, HasOneLineForEachJob) {
    JobRecord named = ended(Status::kError);
    named.end.exit_code = 3;
    named.spec.name = "build";
    named.spec.session = "";
    const std::vector<JobRecord> jobs = {running("sleep 9"), named};
    EXPECT_EQ(jobs_table(jobs, of_columns(80), kNow),
              (std::vector<std::string>{
                  "ID        STATUS   TIME   STARTED  SESSION  COMMAND",
                  "0a1b2c3d  running  1m05s  1m ago   s1       sleep 9",
                  "0a1b2c3d  error 3  4.2s   1m ago   -        build: make",
              }));
    EXPECT_TRUE(jobs_table({}, of_columns(80), kNow).empty());
}

TEST(JobsTable, OfOneSessionHasNoColumnForIt) {
    const std::vector<JobRecord> jobs = {running("sleep 9")};
    EXPECT_EQ(jobs_table(jobs, of_columns(80), kNow, JobsOf::kOneSession),
              (std::vector<std::string>{
                  "ID        STATUS   TIME   STARTED  COMMAND",
                  "0a1b2c3d  running  1m05s  1m ago   sleep 9",
              }));
}

TEST(JobsTable, FitsTheScreen) {
    JobRecord named = running(std::string(500, 'x'));
    named.spec.name = "日本語の名前";
    named.spec.session = std::string(64, 's');
    const std::vector<JobRecord> jobs = {running(std::string(500, 'x')), named,
                                         ended(Status::kCancelled)};
    for (const std::size_t columns : {20U, 40U, 59U, 60U, 80U, 200U}) {
        SCOPED_TRACE(columns);
        for (const std::string& line : jobs_table(jobs, of_columns(columns), kNow)) {
            EXPECT_LE(width_of(line), columns) << line;
        }
    }
}

TEST(JobsTable, ShowsNoControlCharacterOfOthers) {
    JobRecord job = running("a\x1b[2J\nb\t\xff");
    job.spec.name = "n\rm\xE2\x80\xAE";
    const std::vector<JobRecord> jobs = {job};
    EXPECT_THAT(jobs_table(jobs, of_columns(200), kNow).back(),
                HasSubstr("n\\x0dm\\u202e: a\\x1b[2J\\x0ab\\x09\xEF\xBF\xBD"));
    Screen screen = of_columns(200);
    screen.colour = true;
    EXPECT_THAT(jobs_table(jobs, screen, kNow).back(), HasSubstr("\x1b[36mrunning\x1b[0m  "));
    EXPECT_THAT(describe(job, true, kNow), Not(HasSubstr("\x1b")));
}

TEST(JobsWords, WriteShortDurations) {
    const std::pair<std::int64_t, const char*> cases[] = {
        {-5, "0ms"},           {0, "0ms"},           {999, "999ms"},
        {1000, "1.0s"},        {59'999, "59.9s"},    {60'000, "1m00s"},
        {3'599'000, "59m59s"}, {3'600'000, "1h00m"}, {86'399'000, "23h59m"},
        {90'000'000, "1d01h"}};
    for (const auto& [ms, text] : cases)
        EXPECT_EQ(in_short(ms), text);
}

TEST(JobsWords, DescribeHowAJobEndedAndWhatItTook) {
    JobRecord job = ended(Status::kCancelled);
    job.spec.lifetime = jobs::Lifetime::kPersistent;
    job.end.ended_by = "background_cancel";
    job.end.user_us = 1'500'000;
    job.end.max_rss_kib = 2048;
    job.end.output_bytes = 3000;
    job.end.omitted_bytes = 1000;
    job.end.left_behind = 2;
    job.end.survivors = 1;
    const std::string text = describe(job, false, kNow);
    for (const char* line :
         {"id:            0a1b2c3d\n", "status:        cancelled\n", "command:       make\n",
          "session:       s1\n", "duration:      4.2s\n", "ended by:      background_cancel\n",
          "cpu:           1.5s user, 0ms system\n", "peak memory:   2.0 MiB (2097152 bytes)\n",
          "output:        2.9 KiB (3000 bytes), of these not kept: 1000 bytes\n",
          "left behind:   2 processes, ended since\n",
          "survivors:     1 processes could not be ended\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(describe(running("x"), true, kNow), Not(HasSubstr("cpu")));
}

TEST(JobsWords, NameTheLimitThatAJobWasEndedFor) {
    JobRecord job = ended(Status::kError);
    job.spec.limits = {256U << 20U, 100, std::chrono::seconds(60)};
    job.end.signal = 15;
    job.end.limit = {jobs::kShimActor, jobs::kMemoryLimit, 256U << 20U, 512U << 20U};
    job.end.reason = jobs::sentence_of(*job.end.limit);
    const std::string text = describe(job, false, kNow);
    for (const char* line :
         {"status:        error (jobs.memoryLimit)\n",
          "limits:        memory 256 MiB, 100 processes, processor time 60 s\n",
          "reason:        its processes used 512 MiB of memory, more than jobs.memoryLimit = 256 "
          "MiB\n",
          "counted by:    tenon-shim\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    const Json json = to_json(job, kNow);
    EXPECT_EQ(json["limit"], (Json{{"actor", "tenon-shim"},
                                   {"limit", "jobs.memoryLimit"},
                                   {"value", 256U << 20U},
                                   {"figure", 512U << 20U}}));
    EXPECT_EQ(json["limits"],
              (Json{{"memory_bytes", 256U << 20U}, {"processes", 100}, {"cpu_ms", 60'000}}));
    EXPECT_EQ(to_json(ended(Status::kError), kNow)["limit"], nullptr);
}

TEST(JobsWords, GiveOneJobAsJson) {
    JobRecord job = ended(Status::kError);
    job.end.signal = 11;
    Json json = to_json(job, kNow);
    EXPECT_EQ(json["status"], "error");
    EXPECT_EQ(json["exit_code"], nullptr);
    EXPECT_EQ(json["signal"], "SIGSEGV");
    EXPECT_EQ(json["duration_ms"], 4200);
    EXPECT_EQ(json["ended"], "2027-01-15T08:00:00Z");
    json = to_json(running("make"), kNow);
    EXPECT_EQ(json["id"], "0a1b2c3d");
    EXPECT_EQ(json["status"], "running");
    EXPECT_EQ(json["command"], "make");
    EXPECT_EQ(json["duration_ms"], 65'000);
    for (const char* unknown : {"exit_code", "ended", "output_bytes", "ended_by", "name"})
        EXPECT_EQ(json[unknown], nullptr) << unknown;
}

/// What bash makes of the words again.
TEST(JobsWords, QuoteWordsSoThatBashReadsExactlyThem) {
    const std::vector<std::vector<std::string>> cases = {
        {"printf", "%s|", "a b", "it's", "", "$HOME", "`x`", "a\nb", "*", "~", "{a,b}", "!x", "\\"},
        {"printf", "%s|", "x=1", "#no", "a;b", "a&b", "日本", "--", "-n", ">f", "\"q\""},
    };
    for (const auto& words : cases) {
        std::string wanted;
        for (std::size_t i = 2; i < words.size(); ++i)
            wanted += words[i] + "|";
        tenon::testing::Process bash({"/bin/bash", "-c", quoted_for_bash(words)}, {}, "/");
        EXPECT_EQ(bash.wait().code, 0);
        EXPECT_EQ(bash.output, wanted);
    }
    EXPECT_EQ(quoted_for_bash(std::vector<std::string>{"make", "-j4", "CC=gcc"}),
              "make -j4 'CC=gcc'");
    EXPECT_EQ(quoted_for_bash(std::vector<std::string>{"time", "if"}), "'time' if");
}

}  // namespace
}  // namespace tenon::cli
