#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <map>
#include <poll.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/jobs/launch.h"
#include "host/jobs/record.h"
#include "host/jobs/report.h"
#include "host/jobs/store.h"
#include "tests/support/process.h"
#include "tests/support/small_disk.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using tenon::testing::Process;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct JobsRun {
    int code = -1;
    std::string out, err;
};

/// The real program on a state directory of its own. Every job has ended when a test ends.
class JobsCommand : public ::testing::Test {
protected:
    JobsCommand() { std::filesystem::create_directories(dir_ / "w"); }
    ~JobsCommand() override {
        const std::vector<UniqueFd> shims = running_shims();
        run({"cancel", "--all"});
        // A shim lives on for a moment when its job's end is on record.
        for (const UniqueFd& shim : shims) {
            pollfd end{shim.get(), POLLIN, 0};
            EXPECT_EQ(::poll(&end, 1, 60'000), 1);
        }
        EXPECT_EQ(tenon::testing::processes_with("TENON_TEST_MARK", mark_), std::vector<pid_t>());
    }

    [[nodiscard]] std::vector<UniqueFd> running_shims() const {
        std::vector<UniqueFd> shims;
        const auto store = jobs::Store::open_existing(dir_ / "state/jobs");
        for (const jobs::JobId& id : store->ids()) {
            const auto started = store->started(id);
            if (!started) continue;
            if (UniqueFd shim = jobs::open_process(started->shim)) shims.push_back(std::move(shim));
        }
        return shims;
    }
    [[nodiscard]] Process start(std::vector<std::string> words) const {
        words.insert(words.begin(), {TENON_PROGRAM, "jobs"});
        return Process(words, environment_, dir_ / "w");
    }
    JobsRun run(std::vector<std::string> words) const {
        Process tenon = start(std::move(words));
        const int code = tenon.wait().code;
        return {code, tenon.output, tenon.errors};
    }
    /// Starts a job and returns its id.
    [[nodiscard]] std::string job(const std::string& command) const {
        const JobsRun ran = run({"run", "--", command});
        EXPECT_EQ(ran.code, 0) << ran.err;
        return ran.out.substr(0, ran.out.find('\n'));
    }
    /// Starts a job and waits for its end.
    [[nodiscard]] std::string ended_job(const std::string& command) const {
        std::string id = job(command);
        run({"wait", id});
        return id;
    }
    [[nodiscard]] Json json(std::vector<std::string> words) const {
        words.emplace_back("--json");
        const JobsRun ran = run(std::move(words));
        auto document = parse_json(ran.out);
        EXPECT_TRUE(document) << ran.out << ran.err;
        return document ? *document : Json();
    }
    [[nodiscard]] std::filesystem::path folder(const std::string& id) const {
        return dir_ / "state/jobs" / id;
    }
    [[nodiscard]] std::string fifo(const std::string& name) const {
        const auto path = dir_ / name;
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }
    /// A job of a session, recorded and not started.
    [[nodiscard]] jobs::JobRecord queued(const std::string& command,
                                         jobs::JobKind kind = jobs::JobKind::kBackground) const {
        jobs::JobSpec spec;
        spec.session = "s";
        spec.workspace = spec.cwd = dir_ / "w";
        spec.command = command;
        spec.kind = kind;
        auto store = jobs::Store::open(dir_ / "state/jobs");
        return *store->create(spec);
    }

    tenon::testing::TempDir dir_;
    std::string mark_ = random_hex(16);
    tenon::testing::Environment environment_ = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                {"HOME", dir_.path()},
                                                {"LANG", "C.UTF-8"},
                                                {"TENON_STATE_DIR", dir_ / "state"},
                                                {"TENON_TEST_MARK", mark_}};
};

TEST_F(JobsCommand, ListsNothingAndCreatesNothingInAnEmptyStateDirectory) {
    EXPECT_EQ(json({"list"}), Json::array());
    EXPECT_EQ(run({"list"}).out, "");
    EXPECT_EQ(run({"cancel", "--all"}).code, 0);
    EXPECT_EQ(run({"show", "deadbeef"}).code, 1);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state"));
}

TEST_F(JobsCommand, RunsACommandAndPrintsTheId) {
    const std::string id = job("echo one; pwd; echo two >&2");
    EXPECT_TRUE(is_job_id(id)) << id;
    EXPECT_EQ(run({"wait", id}).code, 0);
    EXPECT_EQ(run({"logs", id}).out, "one\n" + (dir_ / "w").string() + "\ntwo\n");
    const Json shown = json({"show", id});
    EXPECT_EQ(shown["status"], "completed");
    EXPECT_EQ(shown["exit_code"], 0);
    EXPECT_EQ(shown["session"], nullptr);
    EXPECT_EQ(shown["lifetime"], "persistent");
    EXPECT_EQ(shown["timeout_ms"], nullptr);
    EXPECT_EQ(json({"list"})[0]["id"], id);
    struct stat info {};
    ASSERT_EQ(::stat((dir_ / "state").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(JobsCommand, RunsSeveralWordsVerbatim) {
    const JobsRun ran = run({"run", "--name", "words", "--timeout=5m", "--cwd", "..", "--json",
                             "--", "printf", "%s|", "a b", "$HOME", "--", "it's"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    const Json started = *parse_json(ran.out);
    const std::string id = started["id"];
    EXPECT_EQ(started["name"], "words");
    EXPECT_EQ(started["timeout_ms"], 300'000);
    EXPECT_EQ(started["cwd"], dir_.path().string());
    EXPECT_EQ(run({"wait", id}).code, 0);
    EXPECT_EQ(run({"logs", id}).out, "a b|$HOME|--|it's|");
}

TEST_F(JobsCommand, SaysWhyAJobThatItHasRecordedCannotBeStarted) {
    std::filesystem::create_directories(dir_ / "state");
    const tenon::testing::SmallDisk disk(dir_ / "state", "mode=0700,size=1m,nr_inodes=50");
    if (!disk.why_not().empty())
        GTEST_SKIP() << "only root can mount the small disk: " << disk.why_not();
    ASSERT_EQ(run({"wait", job("true")}).code, 0);
    disk.leave_files(4);  // a directory, its lock, the room of its end, its record
    const JobsRun ran = run({"run", "--", "touch ran"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("could not be started: record the start: "));
    EXPECT_THAT(ran.err, HasSubstr("No space left on device"));
    EXPECT_EQ(json({"list"})[1]["exit_code"], 127);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "w/ran"));
}

TEST_F(JobsCommand, KeepsKeysFromCommandsAndFromWhatItShows) {
    environment_["ANTHROPIC_API_KEY"] = "sk-ant-0123456789";
    const std::string id =
        ended_job("echo ${ANTHROPIC_API_KEY-none} sk-ant-01; echo sk-ant-0123456789");
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"logs", id}, {"show", id}, {"list"}, {"logs", id, "--json"}, {"list", "--json"}}) {
        EXPECT_THAT(run(words).out, Not(HasSubstr("0123456789"))) << words[0];
    }
    EXPECT_EQ(run({"logs", id}).out, "none sk-ant-01\n[redacted]\n");
}

TEST_F(JobsCommand, WaitSaysWhetherAllHaveCompleted) {
    const std::string good = job("true");
    const std::string bad = job("exit 3");
    EXPECT_EQ(run({"wait", good}).code, 0);
    const JobsRun ran = run({"wait", good, bad, "deadbeef"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr(good + ": completed\n"));
    EXPECT_THAT(ran.out, HasSubstr(bad + ": error (exit code 3)\n"));
    EXPECT_EQ(ran.err, "tenon: Unknown job deadbeef\n");
    const Json document = json({"wait", bad, good});
    EXPECT_EQ(document[0]["exit_code"], 3);
    EXPECT_EQ(document[1]["status"], "completed");
}

TEST_F(JobsCommand, WaitReturnsWhenTheJobEnds) {
    const std::string go = fifo("go");
    const std::string id = job("echo begun; read < " + go);
    Process waiting = start({"wait", id});
    std::ofstream(go) << "go\n";
    EXPECT_EQ(waiting.wait().code, 0);
    EXPECT_EQ(waiting.output, id + ": completed\n");
}

TEST_F(JobsCommand, WaitEndsByASignalWithItsNumber) {
    const std::string running = job("sleep 1000");
    Process waiting = start({"wait", running, "deadbeef"});
    ASSERT_TRUE(waiting.wait_for_errors("deadbeef"));
    waiting.send_signal(SIGINT);
    EXPECT_EQ(waiting.wait().code, 130);
}

TEST_F(JobsCommand, WaitGivesUpWhenItsTimeIsOver) {
    const std::string done = ended_job("true");
    const std::string running = job("sleep 1000");
    const JobsRun ran = run({"wait", "--timeout", "50ms", done, running});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, done + ": completed\n");
    EXPECT_EQ(ran.err, "tenon: the time is over; not ended yet: " + running + "\n");
    const Json document = json({"wait", running, done, "--timeout=50ms"});
    ASSERT_EQ(document.size(), 2U);
    EXPECT_EQ(document[0]["status"], "running");
    EXPECT_EQ(document[0]["error"], "the time is over");
    EXPECT_EQ(document[1]["status"], "completed");
    EXPECT_FALSE(document[1].contains("error"));
    EXPECT_EQ(run({"wait", "--timeout", "1h", done}).code, 0);
}

TEST_F(JobsCommand, LimitsOfTimeAreAboveZeroAndAtMostTenYears) {
    const std::string done = ended_job("true");
    for (const char* wrong : {"9999999h", "3000000h", "99999999999999999999", "0", "-1", "x", ""}) {
        SCOPED_TRACE(wrong);
        const std::string option = "--timeout=" + std::string(wrong);
        for (const std::vector<std::string>& words :
             {std::vector<std::string>{"run", option, "--", "true"}, {"wait", option, done}}) {
            const JobsRun ran = run(words);
            EXPECT_EQ(ran.code, 2);
            EXPECT_THAT(ran.err,
                        StartsWith("tenon: --timeout: \"" + std::string(wrong) + "\" is "));
            EXPECT_THAT(ran.err, HasSubstr("87600h"));
        }
    }
    const JobsRun longest = run({"run", "--timeout", "87600h", "--", "true"});
    EXPECT_EQ(longest.code, 0);
    EXPECT_EQ(run({"wait", longest.out.substr(0, 8)}).out,
              longest.out.substr(0, 8) + ": completed\n");
    EXPECT_EQ(run({"list"}).err, "");
}

TEST_F(JobsCommand, ShowsWhichHostAJobBelongsToAndDoesNotWaitForIt) {
    auto job = queued("true");
    job.host = "elsewhere";
    const auto store = *jobs::Store::open(dir_ / "state/jobs");
    ASSERT_TRUE(store.rewrite(job));
    const std::string why = "tenon: job " + job.id + " belongs to the host elsewhere: ";
    EXPECT_THAT(run({"list"}).out, HasSubstr("queued on elsewhere"));
    EXPECT_THAT(run({"show", job.id}).out, HasSubstr("elsewhere (left to it)"));
    EXPECT_EQ(json({"list"})[0]["host"], "elsewhere");
    const JobsRun waited = run({"wait", job.id});
    EXPECT_EQ(waited.code, 1);
    EXPECT_EQ(waited.err, why + "wait for it there\n");
    EXPECT_EQ(run({"logs", "-f", job.id}).err, why + "wait for it there\n");
    EXPECT_EQ(run({"cancel", job.id}).code, 1);
    EXPECT_EQ(json({"show", job.id})["status"], "queued");
}

TEST_F(JobsCommand, SaysThatAQueuedJobWaitsForItsSession) {
    const auto never = queued("true");
    const std::string done = ended_job("true");
    const auto journal = dir_.write("state/sessions/s.jsonl", "{}\n");
    const std::string why =
        "job " + never.id +
        " is queued, and no host has its session open: it starts when somebody opens the session "
        "(tenon --session s --workspace " +
        (dir_ / "w").string() + ")";
    const JobsRun waited = run({"wait", never.id, done});
    EXPECT_EQ(waited.code, 1);
    EXPECT_EQ(waited.out, done + ": completed\n");
    EXPECT_EQ(waited.err, "tenon: " + why + "\n");
    const JobsRun followed = run({"logs", "-f", never.id});
    EXPECT_EQ(followed.code, 1);
    EXPECT_EQ(followed.out, "");
    EXPECT_EQ(followed.err, "tenon: " + why + "\n");
    const Json document = json({"wait", never.id});
    EXPECT_EQ(document[0]["status"], "queued");
    EXPECT_EQ(document[0]["error"], why);

    // A host has it open, and dies while it is waited for.
    UniqueFd host(::open(journal.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(host.get(), LOCK_EX | LOCK_NB), 0);
    Process waiting = start({"wait", never.id, "deadbeef"});
    Process following = start({"logs", "-f", never.id});
    ASSERT_TRUE(waiting.wait_for_errors("deadbeef"));
    host.reset();
    EXPECT_EQ(waiting.wait().code, 1);
    EXPECT_THAT(waiting.errors, HasSubstr(why));
    EXPECT_EQ(following.wait().code, 1);
    EXPECT_THAT(following.errors, HasSubstr(why));
}

TEST_F(JobsCommand, SaysThatAJobWithoutASessionWasNeverStarted) {
    jobs::JobSpec spec;
    spec.workspace = spec.cwd = dir_ / "w";
    spec.command = "true";
    spec.lifetime = jobs::Lifetime::kPersistent;
    const auto never = jobs::Store::open(dir_ / "state/jobs")->create(spec);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"wait", never->id}, {"logs", "-f", never->id}}) {
        const JobsRun ran = run(words);
        EXPECT_EQ(ran.code, 1);
        EXPECT_EQ(ran.err,
                  "tenon: job " + never->id +
                      " was recorded and never started; only `tenon jobs cancel` ends it\n");
    }
}

TEST_F(JobsCommand, EndsWithoutAMessageWhenItsReaderHasGone) {
    const std::string id = ended_job("yes | head -c 1000000");
    dir_.write(
        "w/.tasks/task_1.json",
        R"({"id":1,"subject":"s","description":"","status":"pending","blockedBy":[],"blocks":[],"owner":""})");
    for (const std::string& command : std::vector<std::string>{
             "jobs logs " + id, "jobs logs -f " + id, "jobs list", "jobs list --json",
             "jobs show " + id, "jobs wait " + id, "tasks list"}) {
        for (const std::string ignored : {"", "trap '' PIPE;"}) {
            SCOPED_TRACE(ignored + command);
            // The reader has ended before anything is written.
            Process shell({"/bin/bash", "-c",
                           "exec 3> >(:); wait $!; " + ignored + TENON_PROGRAM " " + command +
                               " >&3; echo $?"},
                          environment_, dir_ / "w");
            EXPECT_EQ(shell.wait().code, 0);
            EXPECT_EQ(shell.output, "141\n");
            EXPECT_EQ(shell.errors, "");
        }
    }
}

TEST_F(JobsCommand, CancelEndsEachAndSaysWhyNot) {
    const std::string running = job("sleep 1000");
    const std::string done = ended_job("exit 3");
    const auto never = queued("true");
    const JobsRun ran = run({"cancel", running, done, never.id, "deadbeef", running});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("Cancelled job " + running + "\n"));
    EXPECT_THAT(ran.out, HasSubstr("Cancelled job " + never.id + "\n"));
    EXPECT_EQ(ran.err, "tenon: Job " + done + " has ended already: error (exit code 3)\n" +
                           "tenon: Unknown job deadbeef\n");
    const Json shown = json({"show", running});
    EXPECT_EQ(shown["status"], "cancelled");
    EXPECT_EQ(shown["ended_by"], "tenon jobs cancel");
}

TEST_F(JobsCommand, CancelAllEndsTheBackgroundJobsOfTheStore) {
    const std::string running = job("sleep 1000");
    const std::string done = ended_job("true");
    const auto never = queued("true");
    const auto foreground = queued("true", jobs::JobKind::kForeground);
    const Json document = json({"cancel", "--all"});
    ASSERT_EQ(document.size(), 2U) << document.dump();
    for (const Json& entry : document)
        EXPECT_EQ(entry["status"], "cancelled");
    EXPECT_EQ(json({"show", foreground.id})["status"], "queued");
    EXPECT_EQ(json({"show", done})["status"], "completed");
    EXPECT_EQ(run({"cancel", "--all"}).code, 0);
}

TEST_F(JobsCommand, CancelEndsWhatAPersistentJobLeftBehind) {
    const std::string id = ended_job("sleep 1000 & echo $!");
    EXPECT_EQ(json({"show", id})["left_behind"], 1);
    EXPECT_THAT(run({"show", id}).out, HasSubstr("1 process, not all gone yet"));
    const JobsRun ran = run({"cancel", id});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, "Ended what job " + id + " left behind\n");
    EXPECT_EQ(json({"show", id})["status"], "completed");
    EXPECT_THAT(run({"show", id}).out, HasSubstr("1 process, ended since"));
}

TEST_F(JobsCommand, LogsShowHeadMarkAndTail) {
    environment_["TENON_CONFIG"] = dir_.write("c.properties", "jobs.outputLimit=1MiB\n");
    const std::string id =
        ended_job("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo last");
    const std::string out = run({"logs", id}).out;
    const auto omitted = json({"show", id})["omitted_bytes"].get<std::size_t>();
    const std::string mark = "\n[" + std::to_string(omitted) + " bytes omitted]\n";
    EXPECT_THAT(out, StartsWith("first\nxxx"));
    EXPECT_TRUE(out.ends_with("xxxlast\n"));
    EXPECT_EQ(out.find(mark), 1U << 19U);
    EXPECT_EQ(out.size(), 6 + 3'000'000 + 5 - omitted + mark.size());
    EXPECT_EQ(json({"logs", id})["output"], out);
}

TEST_F(JobsCommand, LogsOfARunningJobSayHowMuchWasDropped) {
    environment_["TENON_CONFIG"] = dir_.write("c.properties", "jobs.outputLimit=4000\n");
    const std::string up = fifo("up");
    const std::string go = fifo("go");
    const std::string id = job("printf '%09999d=' 0; echo >" + up + "; read < " + go);
    std::ifstream(up).get();
    // What it printed is in the pipe to its supervisor: wait until the end of that is kept.
    const auto kept = [&] { return jobs::read_output_tail(folder(id), 1); };
    while (kept() != "=")
        std::this_thread::yield();
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"logs", id}, {"logs", "-f", id}}) {
        SCOPED_TRACE(words[1]);
        Process logs = start(words);
        ASSERT_TRUE(logs.wait_for_output("="));
        if (words[1] == "-f") std::ofstream(go) << "go\n";
        EXPECT_EQ(logs.wait().code, 0);
        const auto mark = logs.output.find("\n[");
        ASSERT_NE(mark, std::string::npos) << logs.output;
        EXPECT_EQ(mark, 2000U);
        const auto omitted = std::stoul(logs.output.substr(mark + 2));
        const auto rest = logs.output.size() - mark -
                          ("\n[" + std::to_string(omitted) + " bytes omitted]\n").size();
        EXPECT_EQ(2000 + omitted + rest, 10'000U) << logs.output.substr(1990);
    }
}

TEST_F(JobsCommand, LogsOfBytesArriveAsTheyAre) {
    const std::string id = ended_job("printf '\\377\\000\\033[31m\\r\\n'");
    EXPECT_EQ(run({"logs", id}).out, std::string("\xff\0\x1b[31m\r\n", 9));
}

TEST_F(JobsCommand, LogsFollowUntilTheJobHasEnded) {
    const std::string go = fifo("go");
    const std::string id = job("echo one; read < " + go + "; echo two; exit 3");
    Process following = start({"logs", "-f", id});
    ASSERT_TRUE(following.wait_for_output("one\n"));
    std::ofstream(go) << "go\n";
    EXPECT_EQ(following.wait().code, 0);
    EXPECT_EQ(following.output, "one\ntwo\n");
}

TEST_F(JobsCommand, LogsFollowAcrossTheFilesOfAnOutput) {
    environment_["TENON_CONFIG"] = dir_.write("c.properties", "jobs.outputLimit=4000\n");
    for (int i = 1; i <= 9; ++i)
        (void)fifo("go" + std::to_string(i));
    // Each piece is read before the next is written, or a gap would be right.
    const std::string id = job("for i in 1 2 3 4 5 6 7 8 9; do printf '%0900d=\\n' $i; read < " +
                               (dir_ / "go").string() + "$i; done");
    Process following = start({"logs", id, "--follow"});
    std::string wanted;
    for (int i = 1; i <= 9; ++i) {
        wanted += std::string(899, '0') + std::to_string(i) + "=\n";
        ASSERT_TRUE(following.wait_for_output(std::to_string(i) + "=\n")) << i;
        std::ofstream(dir_ / ("go" + std::to_string(i))) << "go\n";
    }
    EXPECT_EQ(following.wait().code, 0);
    EXPECT_EQ(following.output, wanted);
}

TEST_F(JobsCommand, FollowEndsWhenTheSupervisorIsKilled) {
    const std::string id = job("echo one; sleep 1000");
    Process following = start({"logs", "-f", id});
    ASSERT_TRUE(following.wait_for_output("one\n"));
    const auto store = jobs::Store::open_existing(dir_ / "state/jobs");
    jobs::send_signal(jobs::open_process(store->started(id)->shim), SIGKILL);
    EXPECT_EQ(following.wait().code, 0);
    EXPECT_EQ(json({"show", id})["status"], "lost");
    EXPECT_EQ(run({"wait", id}).code, 1);
    EXPECT_EQ(tenon::testing::processes_with("TENON_JOB_ID", id), std::vector<pid_t>());
}

TEST_F(JobsCommand, EndsWhatAKilledSupervisorLeftAndSaysSo) {
    const auto store = jobs::Store::open_existing(dir_ / "state/jobs");
    for (const char* verb : {"list", "show", "wait", "cancel", "logs"}) {
        SCOPED_TRACE(verb);
        const std::string up = fifo(std::string("up-") + verb);
        const std::string id =
            job("(trap '' TERM; setsid sleep 1000) & (setsid sleep 1000 &); "
                "echo one; echo >" +
                up + "; sleep 1000");
        std::ifstream(up).get();
        jobs::send_signal(jobs::open_process(store->started(id)->shim), SIGKILL);
        const auto lock = folder(id) / jobs::kLockFile;
        const UniqueFd held(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
        ::flock(held.get(), LOCK_EX);  // until its shell has gone too
        ::flock(held.get(), LOCK_UN);
        run(verb == std::string("list") ? std::vector<std::string>{verb}
                                        : std::vector<std::string>{verb, id});
        EXPECT_EQ(tenon::testing::processes_with("TENON_JOB_ID", id), std::vector<pid_t>());
        const Json shown = json({"show", id});
        EXPECT_EQ(shown["status"], "lost");
        EXPECT_GE(shown["left_behind"], 2);
        EXPECT_EQ(shown["survivors"], 0);
        EXPECT_THAT(run({"show", id}).out, HasSubstr("left running:"));
    }
}

TEST_F(JobsCommand, InsideALostJobEndsNeitherItselfNorItsCaller) {
    const std::string up = fifo("up");
    const std::string id = job("echo >" + up + "; sleep 1000");
    std::ifstream(up).get();
    const auto store = jobs::Store::open_existing(dir_ / "state/jobs");
    jobs::send_signal(jobs::open_process(store->started(id)->shim), SIGKILL);
    environment_["TENON_JOB_ID"] = id;
    Process shell({"/bin/bash", "-c", TENON_PROGRAM " jobs wait " + id + "; echo alive"},
                  environment_, dir_ / "w");
    EXPECT_EQ(shell.wait().code, 0);
    EXPECT_EQ(shell.output, id + ": lost\nalive\n") << shell.errors;
    environment_.erase("TENON_JOB_ID");
}

TEST_F(JobsCommand, ReportsRecordsThatItCannotReadAndContinues) {
    const std::string good = ended_job("true");
    const std::string bad = ended_job("true");
    std::ofstream(folder(bad) / jobs::kJobFile) << "{\"v\":1";
    dir_.write("state/jobs/README", "not a job");
    std::filesystem::create_directories(folder("00000000"));
    const JobsRun ran = run({"list"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr(good));
    EXPECT_THAT(ran.out, Not(HasSubstr(bad)));
    EXPECT_THAT(ran.err, HasSubstr(bad + "/job.json"));
    EXPECT_EQ(run({"show", bad}).code, 1);
    EXPECT_EQ(json({"list"}).size(), 1U);
}

TEST_F(JobsCommand, SaysThatTheStateDirectoryIsNoDirectory) {
    dir_.write("state/jobs", "a file");
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"list"}, {"run", "--", "true"}}) {
        const JobsRun ran = run(words);
        EXPECT_EQ(ran.code, 1);
        EXPECT_THAT(ran.err, HasSubstr("state/jobs: Not a directory"));
    }
    std::filesystem::remove(dir_ / "state/jobs");
}

TEST_F(JobsCommand, OnlyRunNeedsAConfigurationWithoutErrors) {
    const std::string id = job("sleep 1000");
    dir_.write(".config/tenon/tenon.properties", "jobs.timeout=soon\n");
    EXPECT_EQ(json({"list"}).size(), 1U);
    EXPECT_EQ(run({"cancel", id}).code, 0);
    const JobsRun ran = run({"run", "--", "true"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("jobs.timeout"));
    EXPECT_EQ(json({"list"}).size(), 1U);
    EXPECT_EQ(run({"list", "-D", "nonsense=1"}).code, 2);
}

TEST_F(JobsCommand, RefusesWrongUsage) {
    const std::pair<std::vector<std::string>, const char*> cases[] = {
        {{}, "usage: tenon jobs"},
        {{"lst"}, "did you mean list?"},
        {{"list", "x"}, "unexpected argument"},
        {{"show"}, "usage: tenon jobs show ID"},
        {{"show", "ABCDEF01"}, "is not a job id"},
        {{"show", "../../etc"}, "is not a job id"},
        {{"logs", "00000000", "11111111"}, "unexpected argument \"11111111\""},
        {{"cancel"}, "or --all"},
        {{"cancel", "00000000", "x"}, "is not a job id"},
        {{"cancel", "--all", "00000000"}, "not both"},
        {{"wait"}, "usage: tenon jobs wait ID…"},
        {{"list", "--all"}, "--all does not go with"},
        {{"list", "--watch", "--json"}, "does not go with --watch"},
        {{"show", "-f", "00000000"}, "--follow does not go with"},
        {{"run", "true"}, "must follow --"},
        {{"run", "true", "--", "x"}, "only options"},
        {{"run", "--"}, "no command"},
        {{"run", "--", " "}, "the command is empty"},
        {{"run", "--timeout", "0", "--", "true"}, "--timeout: \"0\""},
        {{"run", "--timeout", "soon", "--", "true"}, "--timeout: \"soon\""},
        {{"run", "--cwd", "missing", "--", "true"}, "No such file"},
        {{"list", "--nonsense"}, "unknown option"},
    };
    for (const auto& [words, reason] : cases) {
        SCOPED_TRACE(::testing::PrintToString(words));
        const JobsRun ran = run(words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_EQ(ran.out, "");
        EXPECT_THAT(ran.err, HasSubstr(reason));
    }
    EXPECT_EQ(json({"list"}), Json::array());
    EXPECT_THAT(run({"--help"}).out, StartsWith("Usage: tenon jobs list"));
}

TEST_F(JobsCommand, WatchPrintsAgainWhatHasChanged) {
    const std::string go = fifo("go");
    Process watching = start({"list", "--watch"});
    const std::string id = job("read < " + go);
    ASSERT_TRUE(watching.wait_for_output(id + "  running"));
    std::ofstream(go) << "go\n";
    ASSERT_TRUE(watching.wait_for_output(id + "  completed"));
    EXPECT_THAT(watching.output, Not(HasSubstr("\x1b")));
    watching.send_signal(SIGTERM);
    EXPECT_EQ(watching.wait().code, 143);
}

/// The program on a terminal of 40 columns and 10 rows, until it ends or `enough` was printed.
class OnTerminal {
public:
    OnTerminal(std::vector<std::string> words, tenon::testing::Environment environment) {
        winsize size{};
        size.ws_col = 40;
        size.ws_row = 10;
        environment.try_emplace("TERM", "xterm");
        words.insert(words.begin(), {TENON_PROGRAM, "jobs"});
        std::vector<char*> argv, envp;
        for (auto& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        std::vector<std::string> variables;
        for (const auto& [key, value] : environment)
            variables.push_back(key + "=" + value);
        for (auto& text : variables)
            envp.push_back(text.data());
        envp.push_back(nullptr);
        int master = -1;
        pid_ = ::forkpty(&master, nullptr, nullptr, &size);
        if (pid_ == 0) {
            ::execve(argv[0], argv.data(), envp.data());
            ::_exit(127);
        }
        terminal_.reset(master);
    }
    ~OnTerminal() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    }
    void type(const std::string& keys) { (void)write_all(terminal_.get(), keys); }
    bool wait_for(const std::string& enough) {
        char buffer[4096];
        while (shown.find(enough) == std::string::npos) {
            const ssize_t n = ::read(terminal_.get(), buffer, sizeof buffer);
            if (n <= 0) return false;
            shown.append(buffer, static_cast<std::size_t>(n));
        }
        return true;
    }
    int wait() {
        (void)wait_for("\x01never\x01");
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::string shown;

private:
    pid_t pid_ = -1;
    UniqueFd terminal_;
};

TEST_F(JobsCommand, IsHarmlessAndColouredOnATerminal) {
    const std::string id = ended_job("printf 'a\\033[2Jb\\342\\200\\256\\n\\303\\251'");
    OnTerminal logs({"logs", id}, environment_);
    EXPECT_EQ(logs.wait(), 0);
    EXPECT_EQ(logs.shown, "a\\x1b[2Jb\\u202e\r\né");
    OnTerminal list({"list"}, environment_);
    EXPECT_EQ(list.wait(), 0);
    EXPECT_THAT(list.shown, HasSubstr("\x1b[32mcompleted\x1b[0m"));
    environment_["NO_COLOR"] = "1";
    OnTerminal plain({"list"}, environment_);
    EXPECT_EQ(plain.wait(), 0);
    EXPECT_THAT(plain.shown, HasSubstr("ID        STATUS     TIME  "));
    EXPECT_THAT(plain.shown, Not(HasSubstr("\x1b")));
}

TEST_F(JobsCommand, ShowsTheColoursOfAnOutputOnATerminal) {
    const std::string id =
        ended_job("printf '\\033[1;31mred\\033[0m \\033]52;c;eA==\\007\\033[8mx\\033[32mopen'");
    OnTerminal coloured({"logs", id}, environment_);
    EXPECT_EQ(coloured.wait(), 0);
    EXPECT_EQ(coloured.shown, "\x1b[1;31mred\x1b[0m \\x1b]52;c;eA==\\x07x\x1b[32mopen\x1b[0m");
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"NO_COLOR", "1"}, {"TERM", "dumb"}}) {
        SCOPED_TRACE(name);
        auto environment = environment_;
        environment[name] = value;
        OnTerminal plain({"logs", id}, environment);
        EXPECT_EQ(plain.wait(), 0);
        EXPECT_EQ(plain.shown, "red \\x1b]52;c;eA==\\x07xopen");
    }
}

TEST_F(JobsCommand, WatchDrawsOnATerminalUntilCtrlC) {
    const std::string go = fifo("go");
    OnTerminal watching({"list", "--watch"}, environment_);
    ASSERT_TRUE(watching.wait_for("0 running, 0 queued, 0 ended"));
    EXPECT_THAT(watching.shown, StartsWith("\x1b[?1049h\x1b[?25l\x1b[H"));
    const std::string id = job("read < " + go);
    ASSERT_TRUE(watching.wait_for("1 running, 0 queued, 0 ended"));
    std::ofstream(go) << "go\n";
    ASSERT_TRUE(watching.wait_for("0 running, 0 queued, 1 ended"));
    watching.type("\x03");
    EXPECT_EQ(watching.wait(), 130);
    EXPECT_TRUE(watching.shown.ends_with("\x1b[?25h\x1b[?1049l")) << watching.shown;
}

}  // namespace
}  // namespace tenon::cli
