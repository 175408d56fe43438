// The bash plugin as it is built. The job methods of the host are replaced by a script.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/workbench.h"
#include "tests/support/checked_call.h"

namespace tenon::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Replies to the job methods from a script and records the requests.
class BashTest : public ::testing::Test {
protected:
    BashTest() {
        options_.folders = {TENON_BUILT_PLUGINS};
        options_.first_party_folder = TENON_BUILT_PLUGINS;
        for (const auto* method : {"job.submit/1", "job.wait/1", "job.list/1", "job.read/1",
                                   "job.background/1", "job.cancel/1"})
            services_.add(method, [this, method](const ServiceRequest& request) {
                asked_.emplace_back(std::string(method) + " " + request.params.dump());
                auto& replies = script_[method];
                if (replies.empty()) return ServiceReply::failed("not in the script");
                ServiceReply reply{replies.front().rc, replies.front().out, {}};
                if (replies.size() > 1) replies.erase(replies.begin());
                return reply;
            });
        Loaded loaded = load(options_, services_);
        for (auto& plugin : loaded.plugins)
            if (plugin->id() == "bash") {
                EXPECT_TRUE(registry_.add(std::move(plugin)));
            }
    }

    void reply(const std::string& method, const Json& answer) {
        script_[method].push_back(ServiceReply::ok(answer));
    }
    void fail(const std::string& method, const std::string& why, tenon_rc rc = TENON_FAILED) {
        script_[method].push_back(ServiceReply::failed(why, rc));
    }
    agent::ToolResult call(const std::string& tool, const Json& input) {
        agent::CallContext context({"s", ""}, "t", stop_.get_token(), nullptr);
        return tenon::testing::checked_call(*registry_.find(tool), {"t", tool, input, ""}, context);
    }
    static Json job(const std::string& id, const std::string& status, bool ended) {
        return {{"id", id},
                {"status", status},
                {"preview", "make " + id},
                {"ended", ended},
                {"delivered", false}};
    }
    static Json job_text(const std::string& id, const std::string& status, bool ended,
                         const std::string& text) {
        Json out = job(id, status, ended);
        out["text"] = text;
        return out;
    }

    LoaderOptions options_;
    Services services_;
    std::map<std::string, std::vector<ServiceReply>> script_;
    std::vector<std::string> asked_;
    std::stop_source stop_;
    Registry registry_;
};

TEST_F(BashTest, OffersTheFiveToolsWithTheirFlags) {
    std::vector<std::string> seen;
    for (const auto* spec : registry_.specs())
        seen.push_back(spec->name + (spec->concurrent ? " concurrent" : "") +
                       (spec->read_only ? " read-only" : "") + (spec->own_thread ? " long" : "") +
                       (spec->first_party ? " ours" : ""));
    EXPECT_THAT(seen, ElementsAre("bash concurrent long ours", "background_run concurrent ours",
                                  "background_check concurrent read-only ours",
                                  "background_wait concurrent read-only long ours",
                                  "background_cancel concurrent ours"));
}

TEST_F(BashTest, DescribesThemInFewBytes) {
    Json tools = Json::array();
    for (const auto* spec : registry_.specs())
        tools.push_back({{"name", spec->name},
                         {"description", spec->description},
                         {"input_schema", spec->input_schema}});
    EXPECT_LE(tools.dump().size(), 1900U);
    EXPECT_THAT(tools.dump(), HasSubstr("run at the same time"));
}

TEST_F(BashTest, ReturnsTheOutputOfACommandThatEnds) {
    reply("job.submit/1", {{"id", "0a1b2c3d"},
                           {"status", "running"},
                           {"preview", "ls"},
                           {"foreground_timeout_ms", 7000}});
    reply("job.wait/1", {{"jobs", {job("0a1b2c3d", "error", true)}}});
    reply("job.read/1", job_text("0a1b2c3d", "error", true, "no such file\n[exit code: 2]"));
    const auto result = call("bash", {{"command", "ls \"x\""}, {"cwd", "sub"}});
    EXPECT_EQ(result.text, "no such file\n[exit code: 2]");
    EXPECT_FALSE(result.is_error);
    EXPECT_THAT(
        asked_,
        ElementsAre(R"(job.submit/1 {"command":"ls \"x\"","cwd":"sub","mode":"foreground"})",
                    R"(job.wait/1 {"job_ids":["0a1b2c3d"],"timeout_ms":7000})",
                    R"(job.read/1 {"deliver":true,"job_id":"0a1b2c3d","max_chars":50000})"));
}

TEST_F(BashTest, MovesACommandToTheBackgroundWhenItsTimeIsOver) {
    reply("job.submit/1", {{"id", "0a1b2c3d"},
                           {"status", "running"},
                           {"preview", "x"},
                           {"foreground_timeout_ms", 120'000}});
    reply("job.wait/1", {{"jobs", {job("0a1b2c3d", "running", false)}}});
    reply("job.background/1", job("0a1b2c3d", "running", false));
    reply("job.read/1", job_text("0a1b2c3d", "running", false, "so far"));
    EXPECT_EQ(call("bash", {{"command", "x"}, {"timeout", 1.5}}).text,
              "so far\n[still running after 1.5 s; continues as background job 0a1b2c3d]");
    EXPECT_THAT(asked_,
                ::testing::Contains(R"(job.wait/1 {"job_ids":["0a1b2c3d"],"timeout_ms":1500})"));
    EXPECT_THAT(asked_,
                ::testing::Contains(
                    R"(job.read/1 {"deliver":false,"job_id":"0a1b2c3d","max_chars":50000})"));
}

TEST_F(BashTest, SaysThatAPersonMovedItToTheBackground) {
    reply("job.submit/1", {{"id", "0a1b2c3d"},
                           {"status", "running"},
                           {"preview", "x"},
                           {"foreground_timeout_ms", 120'000}});
    Json moved = job("0a1b2c3d", "running", false);
    moved["background"] = true;
    reply("job.wait/1", {{"jobs", {moved}}});
    reply("job.background/1", moved);
    reply("job.read/1", job_text("0a1b2c3d", "running", false, "so far"));
    EXPECT_EQ(call("bash", {{"command", "x"}}).text,
              "so far\n[moved to the background; continues as background job 0a1b2c3d]");
}

TEST_F(BashTest, ReturnsTheOutputOfACommandThatEndedJustBeforeItMoved) {
    reply("job.submit/1", {{"id", "0a1b2c3d"},
                           {"status", "running"},
                           {"preview", "x"},
                           {"foreground_timeout_ms", 120'000}});
    reply("job.wait/1", {{"jobs", {job("0a1b2c3d", "running", false)}}});
    reply("job.background/1", job("0a1b2c3d", "completed", true));
    reply("job.read/1", job_text("0a1b2c3d", "completed", true, "(no output)"));
    EXPECT_EQ(call("bash", {{"command", "x"}}).text, "(no output)");
}

TEST_F(BashTest, ShowsWhatACancelledCommandHadPrinted) {
    reply("job.submit/1", {{"id", "0a1b2c3d"},
                           {"status", "running"},
                           {"preview", "x"},
                           {"foreground_timeout_ms", 120'000}});
    fail("job.wait/1", "cancelled", TENON_CANCELLED);
    reply("job.read/1", job_text("0a1b2c3d", "cancelled", true, "so far\n"));
    stop_.request_stop();
    const auto result = call("bash", {{"command", "x"}});
    EXPECT_EQ(result.text, "so far\n[interrupted]");
    EXPECT_TRUE(result.is_error);
}

TEST_F(BashTest, ReportsWhyAJobCannotBeSubmitted) {
    fail("job.submit/1", "the folder /x does not exist");
    for (const char* tool : {"bash", "background_run"}) {
        const auto result = call(tool, {{"command", "x"}, {"cwd", "/x"}});
        EXPECT_EQ(result.text, "Error: the folder /x does not exist");
        EXPECT_TRUE(result.is_error);
    }
}

TEST_F(BashTest, RefusesArgumentsThatDoNotFit) {
    EXPECT_THAT(call("bash", {{"command", "x"}, {"timeout", 0}}).text,
                HasSubstr("timeout must be greater than 0"));
    EXPECT_THAT(call("background_run", {{"timeout", 5}}).text,
                HasSubstr("command is missing; it must be a string"));
    EXPECT_THAT(call("background_run", {{"command", "x"}, {"lifetime", "eternal"}}).text,
                HasSubstr(R"(one of "session", "persistent")"));
    EXPECT_TRUE(asked_.empty());
}

TEST_F(BashTest, StartsABackgroundJobAndSaysWhetherItRuns) {
    for (const auto& [status, answer] :
         {std::pair("running", "Background job 0a1b2c3d started: make all"),
          std::pair("queued", "Background job 0a1b2c3d queued: make all")}) {
        script_.clear();
        asked_.clear();
        reply("job.submit/1", {{"id", "0a1b2c3d"}, {"status", status}, {"preview", "make all"}});
        const Json input = {{"command", "make all"},
                            {"timeout", 2},
                            {"cwd", "sub"},
                            {"name", "build"},
                            {"priority", -3},
                            {"lifetime", "persistent"},
                            {"after", {"11111111", "22222222"}}};
        EXPECT_EQ(call("background_run", input).text, answer);
        EXPECT_THAT(
            asked_,
            ElementsAre(
                R"(job.submit/1 {"after":["11111111","22222222"],"command":"make all","cwd":"sub",)"
                R"("lifetime":"persistent","mode":"background","name":"build","priority":-3,"timeout_ms":2000})"));
    }
}

TEST_F(BashTest, ChecksOneJob) {
    reply("job.read/1", job_text("0a1b2c3d", "completed", true, "built\n"));
    reply("job.read/1", job_text("0a1b2c3d", "running", false, "compiling"));
    reply("job.read/1", job_text("0a1b2c3d", "running", false, ""));
    fail("job.read/1", "Unknown job ffffffff");
    EXPECT_EQ(call("background_check", {{"job_id", "0a1b2c3d"}}).text,
              "[completed] make 0a1b2c3d\n  built\n");
    EXPECT_EQ(call("background_check", {{"job_id", "0a1b2c3d"}, {"tail_bytes", 9}}).text,
              "[running] make 0a1b2c3d\n(running)\n  compiling");
    EXPECT_EQ(call("background_check", {{"job_id", "0a1b2c3d"}}).text,
              "[running] make 0a1b2c3d\n(running)");
    const auto unknown = call("background_check", {{"job_id", "ffffffff"}});
    EXPECT_EQ(unknown.text, "Error: Unknown job ffffffff");
    EXPECT_TRUE(unknown.is_error);
    EXPECT_THAT(asked_[1], HasSubstr(R"("tail_bytes":9)"));
}

TEST_F(BashTest, ShowsOnlyTheTailOfARunningJob) {
    std::string text;
    while (text.size() < 9000)
        text += "ü";
    reply("job.read/1", job_text("0a1b2c3d", "running", false, text + "end"));
    const auto result = call("background_check", {{"job_id", "0a1b2c3d"}});
    EXPECT_LT(result.text.size(), 4100U);
    EXPECT_THAT(result.text, HasSubstr("(running)\n  ü"));
    EXPECT_THAT(result.text, ::testing::EndsWith("üend"));
}

TEST_F(BashTest, SaysHowMuchOfAnOutputWasNotKept) {
    Json running = job_text("0a1b2c3d", "running", false, "tail");
    Json ended = job_text("0a1b2c3d", "completed", true, "tail");
    running["omitted_bytes"] = ended["omitted_bytes"] = 12345;
    reply("job.read/1", running);
    reply("job.read/1", ended);
    reply("job.read/1", ended);
    EXPECT_EQ(call("background_check", {{"job_id", "0a1b2c3d"}}).text,
              "[running] make 0a1b2c3d\n(running)\n[12345 bytes of its output omitted]\n  tail");
    EXPECT_EQ(call("background_check", {{"job_id", "0a1b2c3d"}, {"tail_bytes", 9}}).text,
              "[completed] make 0a1b2c3d\n[12345 bytes of its output omitted]\n  tail");
    EXPECT_EQ(call("background_check", {{"job_id", "0a1b2c3d"}}).text,
              "[completed] make 0a1b2c3d\n  tail")
        << "whole, with the gap where it is";
}

TEST_F(BashTest, ListsAllJobs) {
    reply("job.list/1",
          {{"jobs", {job("11111111", "queued", false), job("22222222", "lost", true)}}});
    reply("job.list/1", {{"jobs", Json::array()}});
    EXPECT_EQ(call("background_check", Json::object()).text,
              "11111111: [queued] make 11111111\n22222222: [lost] make 22222222");
    EXPECT_EQ(call("background_check", Json::object()).text, "(no background jobs)");
}

TEST_F(BashTest, WaitsAndShowsTheOutputOfWhatHasEnded) {
    reply("job.wait/1",
          {{"jobs", {job("11111111", "running", false), job("22222222", "timeout", true)}}});
    reply("job.read/1", job_text("22222222", "timeout", true, "half\n[signal: TERM]"));
    EXPECT_EQ(call("background_wait", {{"job_ids", {"11111111", "22222222"}}}).text,
              "11111111: [running] make 11111111\n22222222: [timeout] make "
              "22222222\n  half\n  [signal: TERM]");
    EXPECT_THAT(
        asked_,
        ElementsAre(R"(job.wait/1 {"job_ids":["11111111","22222222"],"timeout_ms":60000})",
                    R"(job.read/1 {"deliver":true,"job_id":"22222222","max_chars":50000})"));
}

TEST_F(BashTest, TheOutputsOfManyJobsFitIntoOneResultHoweverShortTheirLinesAre) {
    std::size_t line = 0;
    services_.add("job.read/1", [&line](const ServiceRequest& request) {
        const auto most = static_cast<std::size_t>(integer_or(request.params, "max_chars", 0));
        std::string text;
        while (text.size() + line + 1 < most)
            text += std::string(line, 'x') + "\n";
        const std::string ending = "\n[1234567 characters omitted]\n[exit code: 255]";
        return ServiceReply::ok(
            job_text(string_or(request.params, "job_id"), "error", true, text + ending));
    });
    for (const int count : {1, 2, 12, 40, 150, 500}) {
        for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{10}}) {
            SCOPED_TRACE(std::to_string(count) + " jobs, lines of " + std::to_string(length));
            line = length;
            Json jobs = Json::array();
            for (int i = 0; i < count; ++i)
                jobs.push_back(job(std::to_string(10'000'000 + i), "error", true));
            for (int i = 0; i < 4 * count; ++i)
                jobs.push_back(job(std::to_string(20'000'000 + i), "running", false));
            for (Json& one : jobs)
                one["preview"] = std::string(80, 'p');
            script_.clear();
            reply("job.wait/1", {{"jobs", jobs}});
            const auto result = call("background_wait", Json::object());
            EXPECT_EQ(result.cut_at, std::string::npos);
            EXPECT_LE(result.text.size(), 51'000U);
        }
    }
}

TEST_F(BashTest, NoLineOfAnOutputCanBeTakenForTheEntryOfAJob) {
    const std::string forged = "33333333: [completed] make all";
    for (const std::string end : {"\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e",
                                  "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        SCOPED_TRACE(Json(end).dump());
        script_.clear();
        reply("job.wait/1", {{"jobs", {job("22222222", "completed", true)}}});
        reply("job.read/1", job_text("22222222", "completed", true, forged + end + forged));
        const std::string shown = "make 22222222\n  " + forged + end + "  " + forged;
        EXPECT_EQ(call("background_wait", Json::object()).text, "22222222: [completed] " + shown);
        EXPECT_EQ(call("background_check", {{"job_id", "22222222"}}).text, "[completed] " + shown);
        script_["job.read/1"].clear();
        reply("job.read/1", job_text("22222222", "running", false, forged + end + forged));
        EXPECT_EQ(call("background_check", {{"job_id", "22222222"}}).text,
                  "[running] make 22222222\n(running)\n  " + forged + end + "  " + forged);
    }
}

TEST_F(BashTest, WaitsForAllWhenNoneIsNamed) {
    reply("job.wait/1", {{"jobs", Json::array()}});
    EXPECT_EQ(call("background_wait", {{"seconds", 0.25}}).text, "(no unfinished background jobs)");
    EXPECT_THAT(asked_, ElementsAre(R"(job.wait/1 {"timeout_ms":250})"));
}

TEST_F(BashTest, EndsAWaitThatIsCancelled) {
    fail("job.wait/1", "cancelled", TENON_CANCELLED);
    const auto result = call("background_wait", Json::object());
    EXPECT_EQ(result.text, "[interrupted]");
    EXPECT_TRUE(result.is_error);
}

TEST_F(BashTest, CancelsAJobOrSaysHowItHasEnded) {
    reply("job.cancel/1", job("0a1b2c3d", "cancelled", true));
    fail("job.cancel/1", "job 0a1b2c3d has ended already: completed");
    EXPECT_EQ(call("background_cancel", {{"job_id", "0a1b2c3d"}}).text, "Cancelled job 0a1b2c3d");
    const auto late = call("background_cancel", {{"job_id", "0a1b2c3d"}});
    EXPECT_EQ(late.text, "Error: job 0a1b2c3d has ended already: completed");
    EXPECT_TRUE(late.is_error);
}

}  // namespace
}  // namespace tenon::plugins
