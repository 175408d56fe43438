#include "host/jobs/record.h"

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
                Kind::kForeground,
                "agent-1",
                Lifetime::kPersistent,
                -7,
                {"0123abcd"},
                5s,
                1234};
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
    EXPECT_EQ(back->spec.timeout, 5s);
    EXPECT_EQ(back->spec.after, job.spec.after);
}

TEST(Record, OfAnEndComesBackAsItWas) {
    JobEnd end;
    end.status = Status::kTimeout;
    end.signal = 15;
    end.omitted_bytes = 1ULL << 40U;
    end.ended_by = "timeout";
    end.survivors = 2;
    const auto back = decode_end(encode_end(end));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(encode_end(*back), encode_end(end));
    EXPECT_EQ(back->signal, 15);
    EXPECT_FALSE(back->exit_code);
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
        {with(good, "output_limit", "-5"), "\"output_limit\""},
        {with(good, "submitted_ms", "null"), "\"submitted_ms\""},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text.substr(0, 200));
        const auto job = decode_job(text);
        ASSERT_FALSE(job);
        EXPECT_NE(job.error().message.find(why), std::string::npos) << job.error().message;
    }
    for (const char* started :
         {"{\"v\":1}", "{\"v\":1,\"pid\":-1}", "{\"v\":1,\"pid\":99999999999}"})
        EXPECT_FALSE(decode_started(started));
    for (const char* status : {"running", "queued", "", "dead"})
        EXPECT_FALSE(decode_end(with(encode_end({}), "status", "\"" + std::string(status) + "\"")));
}

TEST(Process, IsReadFromAStatLineWhateverItsNameHolds) {
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
