#include "host/jobs/record.h"

#include <functional>
#include <limits>
#include <unistd.h>

#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;

JobRecord full_record() {
    JobRecord job;
    job.spec = {"s.1",
                "/w",
                "echo \"ü\"\n",
                "/w/x",
                "name",
                "call_1",
                "weather",
                JobKind::kForeground,
                "agent-1",
                Lifetime::kPersistent,
                -7,
                {"0123abcd"},
                5s,
                1234};
    job.spec.limits = {1U << 30U, 50, 90s};
    job.spec.pid_namespace = true;
    job.submitted_ms = 11;
    job.submitted_ns = 22;
    return job;
}

TEST(Record, OfAJobComesBackAsItWas) {
    const JobRecord job = full_record();
    const auto back = decode_job(encode_job(job));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(encode_job(*back), encode_job(job));
    EXPECT_EQ(back->spec.command, job.spec.command);
    EXPECT_EQ(back->spec.plugin, job.spec.plugin);
    EXPECT_EQ(back->spec.timeout, 5s);
    EXPECT_EQ(back->spec.after, job.spec.after);
    EXPECT_EQ(back->spec.limits, job.spec.limits);
    EXPECT_TRUE(back->spec.pid_namespace);
}

TEST(Record, OfAJobWithoutLimitsSaysNothingOfThem) {
    JobRecord job = full_record();
    job.spec.limits = {};
    job.spec.pid_namespace = false;
    const std::string text = encode_job(job);
    EXPECT_EQ(text.find("limits"), std::string::npos);
    EXPECT_EQ(text.find("pid_namespace"), std::string::npos);
    EXPECT_FALSE(decode_job(text)->spec.limits.any());
}

TEST(Record, OfAJobContainsWhatItsCommandMayDo) {
    JobRecord job = full_record();
    EXPECT_FALSE(decode_job(encode_job(job))->spec.containment.is_on());
    job.spec.containment.mode = sandbox::Mode::kWorkspace;
    job.spec.containment.workspace = "/w";
    job.spec.containment.writable = {"/w"};
    const auto back = decode_job(encode_job(job));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(encode_job(*back), encode_job(job));
    EXPECT_EQ(back->spec.containment.writable, job.spec.containment.writable);
}

TEST(Record, OfAJobWithAPolicyThatIsNotUnderstoodIsRefused) {
    JobRecord job = full_record();
    job.spec.containment.mode = sandbox::Mode::kReadOnly;
    for (const auto& [key, value] :
         {std::pair<const char*, Json>{"mode", "stricter"}, {"v", 2}, {"network", 1}}) {
        SCOPED_TRACE(key);
        Json object = Json::parse(encode_job(job));
        object["containment"][key] = value;
        const auto read = decode_job(object.dump());
        ASSERT_FALSE(read);
        EXPECT_NE(read.error().message.find("containment"), std::string::npos);
    }
}

TEST(Record, OfAnEndComesBackAsItWas) {
    JobEnd end;
    end.status = Status::kTimeout;
    end.signal = 15;
    end.omitted_bytes = 1ULL << 40U;
    end.ended_by = "timeout";
    end.survivors = 2;
    end.limit = {kShimActor, kCpuLimit, 1000, 1040};
    end.no_pid_namespace = "clone: Operation not permitted";
    const auto back = decode_end(encode_end(end));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(encode_end(*back), encode_end(end));
    EXPECT_EQ(back->signal, 15);
    EXPECT_EQ(back->limit, end.limit);
    EXPECT_EQ(back->no_pid_namespace, end.no_pid_namespace);
    EXPECT_FALSE(back->exit_code);
}

TEST(Record, OfAnEndFitsItsSpaceWhateverItsTextsContain) {
    for (const char* piece : {"x", "\x01", "\"", "ü", "\xff", "\U0001F600"}) {
        SCOPED_TRACE(piece);
        JobEnd end;
        end.status = Status::kError;
        end.exit_code = 127;
        for (int i = 0; i < 20'000; ++i)
            end.reason += piece;
        end.ended_by = end.reason;
        end.output_bytes = end.omitted_bytes = std::numeric_limits<std::int64_t>::max();
        end.user_us = end.system_us = end.max_rss_kib = std::numeric_limits<std::int64_t>::max();
        end.left_behind = end.survivors = std::numeric_limits<int>::max();
        const std::string text = encode_end(end);
        EXPECT_LE(text.size(), kEndBytes);
        const auto back = decode_end(text);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->exit_code, 127);
        EXPECT_EQ(back->omitted_bytes, end.omitted_bytes);
        EXPECT_GT(back->reason.size(), 100U) << "its beginning is kept";
    }
}

TEST(Record, OfAStartSaysWhetherSomethingIsLeftInOneDigit) {
    Started started{ProcessIdentity::of_this_process(), 5, 1000};
    std::string text = encode_started(started);
    EXPECT_FALSE(decode_started(text)->tree_ended);
    const auto digit = tree_ended_digit(text);
    ASSERT_TRUE(digit);
    text[*digit] = '1';
    EXPECT_TRUE(decode_started(text)->tree_ended);
    EXPECT_EQ(tree_ended_digit(text), std::nullopt);
    started.tree_ended = true;
    EXPECT_EQ(encode_started(started), text);
    const std::string room = std::string(3, '\0') + "{\"by\":\"somebody\"}";
    EXPECT_TRUE(decode_started(text + room)) << "what stands behind is not its business";
}

TEST(Record, ThatCouldNotBeReadAgainIsRefusedBeforeItIsWritten) {
    const testing::JobsFolder folder;
    std::vector<std::pair<JobSpec, const char*>> cases;
    const auto add = [&](const char* why, const std::function<void(JobSpec&)>& change) {
        cases.emplace_back(folder.spec("true"), why);
        change(cases.back().first);
    };
    add("timeout", [](JobSpec& spec) { spec.timeout = kMostTimeout + 1ms; });
    add("timeout", [](JobSpec& spec) { spec.timeout = std::chrono::milliseconds::max(); });
    add("timeout", [](JobSpec& spec) { spec.timeout = std::chrono::hours(9'999'999); });
    add("subagent", [](JobSpec& spec) { spec.subagent = "../x"; });
    add("output_limit", [](JobSpec& spec) { spec.output_limit = UINT64_MAX; });
    add("bytes long", [](JobSpec& spec) { spec.name.assign(kMaxRecordBytes, 'x'); });
    for (const auto& [spec, why] : cases) {
        SCOPED_TRACE(why);
        const auto problem = Store::problem_with(spec);
        ASSERT_TRUE(problem);
        EXPECT_NE(problem->message.find(why), std::string::npos) << problem->message;
    }
    JobSpec most = folder.spec("true");
    most.timeout = kMostTimeout;
    most.output_limit = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t priority :
         {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
        most.priority = priority;
        EXPECT_FALSE(Store::problem_with(most));
        const auto job = folder.store().create(most);
        ASSERT_TRUE(job) << job.error().message;
        const auto again = folder.store().load(job->id);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(again->spec.priority, priority);
        EXPECT_EQ(again->spec.timeout, kMostTimeout);
    }
}

TEST(Record, OfALimitBeyondWhatTheClockCountsMeansNoLimit) {
    using Point = std::chrono::steady_clock::time_point;
    const Point now = std::chrono::steady_clock::now();
    EXPECT_EQ(deadline_of(now, std::nullopt), std::nullopt);
    EXPECT_EQ(deadline_of(now, 5s), now + 5s);
    EXPECT_EQ(deadline_of(now, std::chrono::hours(1'000'000)), now + std::chrono::hours(1'000'000));
    for (const Point start : {Point{}, Point{-5s}, now, Point::max()}) {
        EXPECT_EQ(deadline_of(start, std::chrono::hours(3'000'000)), std::nullopt);
        EXPECT_EQ(deadline_of(start, kMostTimeout), std::nullopt);
    }
}

TEST(Record, IgnoresMembersItDoesNotKnow) {
    auto text = encode_job(full_record());
    text.insert(1, "\"new\":[{}],");
    EXPECT_TRUE(decode_job(text));
}

/// `text` with the value of one member replaced.
std::string with(std::string text, const std::string& key, const std::string& value) {
    const auto at = text.find("\"" + key + "\":") + key.size() + 3;
    return text.replace(at, text.find_first_of(",}", at) - at, value);
}

TEST(Record, ThatIsHostileIsRefusedByName) {
    const std::string good = encode_job(full_record());
    const std::pair<std::string, const char*> cases[] = {
        {"", "unexpected end"},
        {"[]", "not a JSON object"},
        {good.substr(0, good.size() / 2), "parse"},
        {std::string(2000, '['), "nested"},
        {with(good, "v", "2"), "newer tenon (v 2"},
        {with(good, "v", "0"), "\"v\""},
        {with(good, "v", "18446744073709551615"), "\"v\""},
        {with(good, "v", "\"1\""), "\"v\""},
        {with(good, "session", "\"../../etc\""), "\"session\""},
        {with(good, "subagent", "\"../x\""), "\"subagent\""},
        {with(good, "command", "7"), "\"command\""},
        {with(good, "kind", "\"both\""), "\"kind\""},
        {with(good, "after", "[\"../x\"]"), "\"after\""},
        {with(good, "after", "{}"), "\"after\""},
        {with(good, "timeout_ms", "-1"), "\"timeout_ms\""},
        {with(good, "timeout_ms", "9223372036854775807"), "\"timeout_ms\""},
        {with(good, "timeout_ms", "1e300"), "\"timeout_ms\""},
        {with(good, "timeout_ms", "1e999"), "1e999"},
        {with(good, "host", "7"), "\"host\""},
        {with(good, "output_limit", "-5"), "\"output_limit\""},
        {with(good, "memory", "-1"), "\"limits\" holds a bad value: member \"memory\""},
        {with(good, "processes", "0"), "\"processes\""},
        {with(good, "cpu_ms", "9223372036854775807"), "\"cpu_ms\""},
        {with(good, "pid_namespace", "7"), "\"pid_namespace\""},
        {with(encode_job([] {
                  JobRecord job = full_record();
                  job.spec.limits = {};
                  return job;
              }()),
              "pid_namespace", "true,\"limits\":[]"),
         "\"limits\""},
        {with(good, "submitted_ms", "null"), "\"submitted_ms\""},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text.substr(0, 200));
        const auto job = decode_job(text);
        ASSERT_FALSE(job);
        EXPECT_NE(job.error().message.find(why), std::string::npos) << job.error().message;
    }
    for (const char* started :
         {"{\"v\":1}", "{\"v\":1e999}", "{\"v\":1,\"pid\":-1}", "{\"v\":1,\"pid\":99999999999}"})
        EXPECT_FALSE(decode_started(started));
    for (const char* status : {"running", "queued", "", "dead"})
        EXPECT_FALSE(decode_end(with(encode_end({}), "status", "\"" + std::string(status) + "\"")));
}

TEST(Process, IsReadFromAStatLineWhateverItsNameContains) {
    const std::string rest = " S 42 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 100\n";
    for (const char* name : {"(bash)", "(a b)", "(x) R 1 (y)", "())))", "(\n)"}) {
        SCOPED_TRACE(name);
        const auto stat = parse_stat("7 " + std::string(name) + rest);
        ASSERT_TRUE(stat);
        EXPECT_EQ(stat->state, 'S');
        EXPECT_EQ(stat->parent, 42);
        EXPECT_EQ(stat->start_time, 987654U);
    }
    for (const char* line : {"", "7", "7 (bash", "7 (bash) ", "7 (bash) S 42"})
        EXPECT_FALSE(parse_stat(line)) << line;
}

TEST(Process, IsOnlyFoundUnderItsOwnStartTimeAndBoot) {
    ProcessIdentity self = ProcessIdentity::of_this_process();
    EXPECT_TRUE(open_process(self));
    self.start_time += 1;
    EXPECT_FALSE(open_process(self));
    self.start_time -= 1;
    self.boot_id = "another";
    EXPECT_FALSE(open_process(self));
    self.boot_id.clear();
    EXPECT_FALSE(open_process(self));
    EXPECT_FALSE(open_process(-1, 0));
    EXPECT_FALSE(open_process(0, 0));
}

}  // namespace
}  // namespace tenon::jobs
