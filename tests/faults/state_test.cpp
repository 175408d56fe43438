#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/jobs/record.h"
#include "tests/runs/disk_script.h"

/// The real program with a state folder that something else has damaged or changed.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

const std::string kTenon = TENON_PROGRAM;
const std::string kAnswers = R"({"content":"ok","repeat":0})";

std::vector<std::string> tenon(const std::string& prompt) {
    return {kTenon,        "--yes", "--session",          "s1", "--output-format",
            "stream-json", "-D",    "jobs.maxRunning=16", "-p", prompt};
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
        ++n;
    return n;
}

Json background(const std::string& id, const std::string& command) {
    return {{"type", "tool_use"},
            {"id", id},
            {"name", "background_run"},
            {"input", {{"command", command}}}};
}

std::string script(const std::vector<Json>& calls) {
    return "[" + Json{{"content", calls}}.dump() + "," + kAnswers + "]";
}

/// A session whose host was killed while its one job ran. The job ends when the file `go` exists.
class StateTest : public ::testing::Test {
protected:
    void kill_host_of_a_running_job() {
        Process host(tenon("go"), folders.environment(&server), folders.workspace());
        host.close_input();
        ASSERT_TRUE(server.wait_for_requests(2));
        while (!fs::exists(folders.workspace() / "begun"))
            std::this_thread::yield();
        host.send_signal(SIGKILL);
        host.wait();
        for (const auto& entry : fs::directory_iterator(folders.state() / "jobs"))
            if (is_job_id(entry.path().filename().string())) job = entry.path();
    }
    void let_it_end() const { std::ofstream(folders.workspace() / "go") << "x"; }
    Process::Exit run_again() {
        Process host(tenon("again"), folders.environment(&server), folders.workspace());
        const Process::Exit exit = host.wait();
        errors = host.errors;
        output = host.output;
        return exit;
    }
    /// Kills the job's supervisor, which frees its lock.
    void kill_supervisor() const {
        const auto text = read_whole_file(job / jobs::kStartedFile, jobs::kMaxRecordBytes);
        ASSERT_TRUE(text);
        const auto started = jobs::decode_started(*text);
        ASSERT_TRUE(started);
        jobs::send_signal(jobs::open_process(started->shim), SIGKILL);
        while (!folders.processes().empty())
            std::this_thread::yield();
    }
    void pretend_started_by(const jobs::ProcessIdentity& who) const {
        const jobs::Started started{who, wall_clock_ms(), 1U << 20U};
        ASSERT_TRUE(write_file_atomically(job / jobs::kStartedFile, jobs::encode_started(started),
                                          Sync::kNo));
    }
    std::string last_request() const { return server.requests().back().body; }
    std::string id() const { return job.filename().string(); }

    const RunFolders folders;
    const ModelServer server{
        script({background("a",
                           "[ -e tree ] && . ./tree; touch begun; until [ -e go ]; do :; "
                           "done; echo over; exit 4")})};
    fs::path job;
    std::string errors, output;
};

TEST_F(StateTest, AnEndThatNoHostSawIsAnEventOfTheNextHost) {
    kill_host_of_a_running_job();
    let_it_end();
    while (!folders.processes().empty())
        std::this_thread::yield();
    EXPECT_EQ(run_again().code, 0) << errors;
    std::vector<Json> lines;
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);) {
        Json event = Json::parse(line, nullptr, false);
        if (string_or(event, "type") == "job") lines.push_back(std::move(event));
    }
    ASSERT_EQ(lines.size(), 1U) << output;
    EXPECT_EQ(lines[0]["id"], id());
    EXPECT_EQ(lines[0]["status"], "error");
    EXPECT_EQ(lines[0]["exit_code"], 4);
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_EQ(count(output, "\"type\":\"job\""), 0U) << "it has been delivered";
}

TEST_F(StateTest, AJobOfAnotherBootIsLostAndDeliveredOnce) {
    kill_host_of_a_running_job();
    kill_supervisor();
    auto other_boot = jobs::ProcessIdentity::of_this_process();
    other_boot.boot_id = "00000000-0000-0000-0000-000000000000";
    pretend_started_by(other_boot);
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_EQ(count(last_request(), "[bg:" + id() + "] lost: "), 1U) << last_request();
    EXPECT_NE(last_request().find("the machine went down while it ran"), std::string::npos)
        << last_request();
    EXPECT_EQ(server.refusals(), 0);
}

TEST_F(StateTest, TheProcessesOfALostJobAreEndedAndItsNotificationSaysSo) {
    folders.home.write("w/tree",
                       "(setsid sleep 600 </dev/null >/dev/null 2>&1 &)\n"
                       "(trap '' TERM HUP; sleep 600) &\n");
    kill_host_of_a_running_job();
    const auto text = read_whole_file(job / jobs::kStartedFile, jobs::kMaxRecordBytes);
    const auto started = jobs::decode_started(*text);
    ASSERT_TRUE(started);
    jobs::send_signal(jobs::open_process(started->shim), SIGKILL);
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
    const std::string lost = "[bg:" + id() + "] lost: ";
    EXPECT_EQ(count(last_request(), lost), 1U) << last_request();
    EXPECT_NE(last_request().find("was killed]"), std::string::npos) << last_request();
    EXPECT_NE(last_request().find(" that it left running were ended]"), std::string::npos)
        << last_request();
}

TEST_F(StateTest, AProcessWithThePidOfAnEndedSupervisorIsNotTakenForIt) {
    kill_host_of_a_running_job();
    kill_supervisor();
    auto other_process = jobs::ProcessIdentity::of_this_process();
    other_process.start_time += 1;
    pretend_started_by(other_process);
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_EQ(count(last_request(), "[bg:" + id() + "] lost: "), 1U) << last_request();
}

TEST_F(StateTest, AJobWithACutRecordIsNamedAndStopsNothing) {
    kill_host_of_a_running_job();
    const fs::path record = job / jobs::kJobFile;
    fs::resize_file(record, fs::file_size(record) / 2);
    let_it_end();
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_NE(errors.find(record.string()), std::string::npos) << errors;
    EXPECT_EQ(server.refusals(), 0);
    while (!folders.processes().empty())
        std::this_thread::yield();
    EXPECT_TRUE(fs::exists(job / jobs::kStatusFile));
}

TEST_F(StateTest, ForeignFilesAmongTheJobsStopNothing) {
    kill_host_of_a_running_job();
    const fs::path jobs = folders.state() / "jobs";
    std::ofstream(jobs / "README") << "mine";
    std::ofstream(jobs / "0123abcd") << "a file with a job's name";
    fs::create_directories(jobs / "not a job" / "deeper");
    fs::create_directories(jobs / "deadbeef");
    fs::create_directories(jobs / "deadbee1" / jobs::kJobFile);
    fs::create_directories(jobs / "deadbee2");
    ::mkfifo((jobs / "deadbee2" / jobs::kJobFile).c_str(), 0600);
    fs::create_symlink("deadbee3", jobs / "deadbee3");
    let_it_end();
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_EQ(count(last_request(), "[bg:" + id() + "] error: over"), 1U) << last_request();
    EXPECT_TRUE(fs::exists(jobs / "README"));
    EXPECT_EQ(server.refusals(), 0);
}

TEST_F(StateTest, AFifoInPlaceOfAFileOfAJobStopsNothing) {
    kill_host_of_a_running_job();
    fs::create_directories(folders.state() / "jobs/deadbeef");
    fs::copy_file(job / jobs::kJobFile, folders.state() / "jobs/deadbeef" / jobs::kJobFile);
    ::mkfifo((folders.state() / "jobs/deadbeef" / jobs::kStatusFile).c_str(), 0600);
    let_it_end();
    EXPECT_EQ(run_again().code, 0) << errors;
    EXPECT_NE(errors.find("deadbeef"), std::string::npos) << errors;
    EXPECT_EQ(count(last_request(), "[bg:" + id() + "] error: over"), 1U) << last_request();
}

/// "$@" in a script is a run of the program.
class DiskTest : public DiskScript {
protected:
    Process::Exit run(const ModelServer& server, const std::string& size,
                      const std::string& script) {
        return DiskScript::run(server, size, script, tenon("go"));
    }
};

// Whether the journal's last page has room for the notification is luck, and so is the run's exit.
// An answer without room would end the run and cancel the job, so the job waits for the last one.
TEST_F(DiskTest, AJobThatFillsTheDiskEndsWithItsTrueExitCode) {
    const ModelServer server(
        script({background("a",
                           "until grep -q '\"text\":\"ok\"' "
                           "\"$TENON_STATE_DIR\"/sessions/s1.jsonl; do sleep 0.01; done; "
                           "head -c 8000000 /dev/zero | tr '\\0' x; exit 3")}));
    run(server, "1m", "\"$@\"");
    const Json result =
        Json::parse(output.substr(output.rfind('\n', output.size() - 2) + 1), nullptr, false);
    ASSERT_TRUE(result.is_object()) << output << errors;
    EXPECT_EQ(result["jobs"][0]["status"], "error") << output;
    EXPECT_EQ(result["jobs"][0]["exit_code"], 3) << output;
    EXPECT_EQ(server.refusals(), 0);
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

TEST_F(DiskTest, WhatEndsWhileTheDiskIsFullIsDeliveredOnceWhenThereIsRoomAgain) {
    constexpr std::size_t kOthers = 12;  // whose notification no page of the journal has room for
    std::vector<Json> calls = {
        background("filler",
                   "until [ $(grep -lx 300 \"$TENON_STATE_DIR\"/jobs/*/output | wc -l) = 12 ]; do "
                   "sleep 0.01; done; "
                   "head -c 9000000 /dev/zero >\"$TENON_STATE_DIR/full\"; touch filled; exit 3")};
    for (std::size_t i = 0; i < kOthers; ++i) {
        calls.push_back(background("n" + std::to_string(i),
                                   "seq 300; until [ -e filled ]; do sleep 0.01; done; exit 4"));
    }
    const ModelServer server(script(calls));
    const auto exit =
        run(server, "1m", "{ \"$@\" >first; echo $? >code; rm -f \"$state/full\"; \"$@\"; }");
    EXPECT_EQ(exit.code, 0) << output << errors;
    EXPECT_EQ(folders.home.read("w/code"), "1\n");
    EXPECT_NE(errors.find("No space left on device"), std::string::npos) << errors;
    const std::string request = server.requests().back().body;
    const std::string conversation = request.substr(request.find("\"messages\""));
    EXPECT_EQ(count(conversation, "[bg:"), kOthers + 1) << conversation << errors;
    EXPECT_EQ(server.refusals(), 0);
}

TEST_F(DiskTest, AStateFolderThatCannotBeWrittenAnyMoreIsAClearError) {
    const ModelServer server(script({background("a", "echo one")}));
    EXPECT_EQ(
        run(server, "8m", "\"$@\" >/dev/null && mount -o remount,ro \"$state\" && \"$@\"").code, 1);
    EXPECT_NE(errors.find("sessions/s1.jsonl"), std::string::npos) << errors;
    EXPECT_NE(errors.find("Read-only file system"), std::string::npos) << errors;
    EXPECT_EQ(server.refusals(), 0);
}

TEST_F(DiskTest, JobsCanBeListedWhereNothingCanBeWritten) {
    const ModelServer server(script({background("a", "echo one")}));
    const auto exit = run(server, "8m",
                          "\"$@\" >/dev/null && mount -o remount,ro \"$state\" && " + kTenon +
                              " jobs list && " + kTenon + " jobs logs $(ls \"$state/jobs\")");
    EXPECT_EQ(exit.code, 0) << errors;
    EXPECT_NE(output.find("  completed  "), std::string::npos) << output;
    EXPECT_NE(output.find("\none\n"), std::string::npos) << output;
}

TEST_F(DiskTest, AFullDiskAtTheStartIsAClearError) {
    const ModelServer server(script({background("a", "echo one")}));
    EXPECT_EQ(run(server, "1m", "head -c 2000000 /dev/zero >\"$state/full\"; \"$@\"").code, 1)
        << output;
    EXPECT_NE(errors.find("No space left on device"), std::string::npos) << errors;
}

}  // namespace
}  // namespace tenon::testing
