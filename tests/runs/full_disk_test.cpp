#include <filesystem>
#include <fstream>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/disk_script.h"

/// The real program with a state directory that has no space left.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kRun = {TENON_PROGRAM,     "--yes",       "--session", "s1",
                                       "--output-format", "stream-json", "-p",        "go"};
const std::string kFill = "cat /dev/zero >\"$TENON_STATE_DIR/full\" 2>/dev/null; exit 0";

/// One answer with these calls, and one with the calls of `next`, if there are any; then "ok".
std::string answers(const std::vector<nlohmann::ordered_json>& calls,
                    const std::vector<nlohmann::ordered_json>& next = {}) {
    std::string script = "[" + nlohmann::ordered_json{{"content", calls}}.dump();
    if (!next.empty()) script += "," + nlohmann::ordered_json{{"content", next}}.dump();
    return script + R"(,{"content":"ok","repeat":0}])";
}

using FullDisk = DiskScript;

TEST_F(FullDisk, AtTheStartIsAClearErrorWithAResultObject) {
    const ModelServer server(answers({command_use("a", "echo one")}));
    EXPECT_EQ(run(server, "1m", "fill; \"$@\"", kRun).code, 1) << output;
    EXPECT_NE(errors.find("No space left on device"), std::string::npos) << errors;
    const Json result = last_line(output);
    ASSERT_TRUE(result.is_object()) << output << errors;
    EXPECT_EQ(result["type"], "result");
    EXPECT_EQ(result["is_error"], true);
    EXPECT_EQ(result["subtype"], "error_api");
}

TEST_F(FullDisk, InTheMiddleOfARunEndsTheRunAndItsSessionJobs) {
    // The last page of the journal may have room for the result of a command, not for this file.
    std::ofstream(folders.workspace() / "long") << std::string(9000, 'x');
    const nlohmann::ordered_json read = {
        {"type", "tool_use"}, {"id", "c"}, {"name", "read_file"}, {"input", {{"path", "long"}}}};
    const ModelServer server(
        answers({command_use("a", "touch begun; exec sleep 600", "background_run"),
                 command_use("b", "until [ -e begun ]; do sleep 0.01; done; " + kFill)},
                {read}));
    EXPECT_EQ(run(server, "1m", "\"$@\"", kRun).code, 1) << output;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>()) << errors;
    EXPECT_NE(errors.find("No space left on device"), std::string::npos) << errors;
    const Json result = last_line(output);
    ASSERT_TRUE(result.is_object()) << output << errors;
    EXPECT_EQ(result["is_error"], true);
    EXPECT_EQ(result["jobs"][0]["status"], "cancelled") << output;
}

TEST_F(FullDisk, AtASignalDoesNotKeepTheJobsOfTheSessionAlive) {
    const ModelServer server(
        answers({command_use("a", "touch begun; exec sleep 600", "background_run")}));
    // A run that has more to write before the signal comes ends for that reason.
    const auto exit = run(server, "1m",
                          "\"$@\" & until [ -e begun ] && grep -qs '\"text\":\"ok\"' "
                          "\"$state/sessions/s1.jsonl\"; do sleep 0.01; done; fill; "
                          "kill -TERM $!; wait $!",
                          kRun);
    EXPECT_EQ(exit.code, 143) << output << errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>()) << errors;
    EXPECT_EQ(last_line(output)["subtype"], "error_interrupted") << output;
}

TEST_F(FullDisk, DoesNotKeepACommandFromEndingAJob) {
    for (const std::string which : {"$id", "--all"}) {
        SCOPED_TRACE(which);
        const ModelServer server(answers({}));
        const auto exit =
            run(server, "1m",
                "rm -f begun; id=$(\"$@\" jobs run -- 'touch begun; exec sleep 600'); "
                "until [ -e begun ]; do sleep 0.01; done; fill; \"$@\" jobs cancel " +
                    which + " || exit; free; \"$@\" jobs wait $id; \"$@\" jobs show --json $id",
                {TENON_PROGRAM});
        EXPECT_EQ(exit.code, 0) << output << errors;
        EXPECT_EQ(folders.processes(), std::vector<pid_t>()) << errors;
        const Json shown = last_line(output);
        ASSERT_TRUE(shown.is_object()) << output << errors;
        EXPECT_EQ(shown["status"], "cancelled") << output;
    }
}

/// With 0, 1, 2 … free blocks the job is either refused and never runs, or it begins and its end is
/// recorded at once, although the disk stays full.
TEST_F(FullDisk, LetsEveryJobThatBeginsEndOnRecord) {
    const ModelServer server(answers({}));
    const auto exit =
        run(server, "4m",
            "used() { echo $(( $(stat -f -c '%b - %f' \"$state\") )); }\n"
            "leave() { mount -o remount,size=$(( ($(used) + $1) * 4 ))k \"$state\"; }\n"
            "\"$@\" jobs wait $(\"$@\" jobs run -- exit 3)\n"  // makes the files of the store
            "for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do\n"
            "  leave $n\n"
            "  if id=$(\"$@\" jobs run -- \"echo ran >>ran; exit 3\" 2>>refused); then\n"
            "    \"$@\" jobs wait $id 2>>waits; \"$@\" jobs show --json $id\n"
            "  fi\n"
            "  leave 100\n"
            "done; \"$@\" jobs list --json >list",
            {TENON_PROGRAM});
    EXPECT_EQ(exit.code, 0) << output << errors;
    std::istringstream lines(output);
    int ended = 0;
    for (std::string line; std::getline(lines, line);) {
        const Json job = Json::parse(line, nullptr, false);
        if (!job.is_object()) continue;
        EXPECT_EQ(job["status"], "error") << line;
        // Else the shim could not start it, and says why.
        if (job["exit_code"] == 3) {
            ++ended;
        } else {
            EXPECT_NE(line.find("No space left on device"), std::string::npos) << line;
        }
    }
    const std::string ran = folders.home.read("w/ran");
    EXPECT_EQ(std::count(ran.begin(), ran.end(), '\n'), ended) << output << errors;
    EXPECT_GT(ended, 0) << output;
    const std::string refused = folders.home.read("w/refused");
    EXPECT_NE(refused.find("No space left on device"), std::string::npos) << refused;
    for (const Json& job : Json::parse(folders.home.read("w/list")))
        EXPECT_EQ(job["status"], "error") << job;
}

}  // namespace
}  // namespace tenon::testing
