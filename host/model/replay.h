#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/base/unique_fd.h"
#include "host/model/content.h"
#include "host/model/job_ids.h"

/// A recorded run: what the model answered, in order, without what it was asked. One JSON object a
/// line, UTF-8; blank lines are skipped, unknown fields ignored. Easy to write by hand:
///
///     {"v":1,"type":"replay"}
///     {"type":"answer","content":[{"type":"tool_use","id":"toolu_1","name":"background_run",
///      "input":{"command":"make"}}]}                                      (all on one line)
///     {"type":"answer","jobs":["00000001"],"content":[{"type":"tool_use","id":"toolu_2",
///      "name":"background_wait","input":{"job_ids":["00000001"]}}]}
///     {"type":"answer","content":"Done.","usage":{"input_tokens":7,"output_tokens":2}}
///
/// The first line is the header. `answer`: `content` is an array of blocks as in the Messages API,
/// or a string for one text block; `stop_reason` is tool_use or end_turn when left out; `id`,
/// `model` and `usage` may be left out; `input_errors` ({tool_use id: text}) marks calls whose
/// arguments were no JSON object. `jobs` lists the job ids that appeared in the conversation since
/// the line before, in order of appearance: the n-th id of the file stands for the n-th that
/// appears in the run that replays it, and is replaced by it in texts and tool inputs. `failure`:
/// the request fails, with `message`, and if wanted `http_status`, `error_type`, `request_id`,
/// `retryable`, `retry_after_ms`. `agent` is the tool_use id of the call that a subagent works for:
/// each such conversation has its own lines and job ids, and lines without it are the session's
/// own. A subagent of which no line speaks takes those without it too: enough for a file by hand
/// with one subagent at a time.
namespace tenon::model {

/// Plays a recorded run. Thread-safe: the askers of one conversation get its answers in order of
/// asking.
class Replay : public agent::Provider {
public:
    /// Reads and checks the whole file; the Error names file and line.
    static Result<std::unique_ptr<Replay>> open(const std::filesystem::path& file);

    /// A request after the last answer of its conversation fails with a text that says so.
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

    /// One line of the file.
    struct ReplayStep {
        std::string agent;
        std::vector<std::string> jobs;
        std::optional<agent::ModelFailure> failure;
        std::vector<OrderedJson> content;
        std::map<std::string, std::string> input_errors;
        agent::Answer answer;  ///< all but content, text and calls
    };

private:
    /// The steps of one conversation and how far they have been played.
    struct ReplayPart {
        std::vector<ReplayStep> steps;
        std::size_t next = 0;
    };
    /// The job ids of one conversation, as the file has them and as they are now.
    struct Jobs {
        JobIdScanner scanner;
        std::vector<std::string> recorded;
        std::vector<std::string> live;
        std::map<std::string, std::string> live_of;
    };

    Replay(std::filesystem::path file, std::map<std::string, ReplayPart, std::less<>> parts);
    ReplayPart& part_of(std::string_view agent) TENON_REQUIRES(mutex_);
    std::map<std::string, std::string> match_jobs(const ReplayStep& step,
                                                  const agent::Request& request)
        TENON_REQUIRES(mutex_);

    const std::filesystem::path file_;
    Mutex mutex_;
    std::map<std::string, ReplayPart, std::less<>> parts_ TENON_GUARDED_BY(mutex_);  // by agent
    std::map<std::string, Jobs, std::less<>> jobs_ TENON_GUARDED_BY(mutex_);         // by agent
    std::map<std::string, std::string, std::less<>> recorded_of_ TENON_GUARDED_BY(mutex_);
};

/// A file that a run is recorded in, by the Records of all its conversations. Each line goes out
/// whole, so that the file of a killed run can be played as far as it went. Credentials are
/// redacted. Thread-safe.
class RecordFile {
public:
    /// Replaces `file`. `secrets` must outlive the object.
    static Result<std::shared_ptr<RecordFile>> open(const std::filesystem::path& file,
                                                    const Secrets& secrets);

    /// On Error nothing more is ever written: a later line would be played in place of the lost
    /// one. From then on lines are dropped without an error.
    Result<void> write_line(const std::string& line);

private:
    RecordFile(std::filesystem::path file, UniqueFd fd, const Secrets& secrets)
        : file_(std::move(file)), secrets_(secrets), fd_(std::move(fd)) {}

    const std::filesystem::path file_;
    const Secrets& secrets_;
    Mutex mutex_;
    UniqueFd fd_ TENON_GUARDED_BY(mutex_);
};

/// Writes down what another provider answers in one conversation. Stopped attempts leave no line.
class Recorder : public agent::Provider {
public:
    Recorder(std::shared_ptr<RecordFile> file, std::unique_ptr<agent::Provider> inner)
        : file_(std::move(file)), inner_(std::move(inner)) {}

    /// When a line cannot be written the run goes on: the sink gets a Notice, once.
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

private:
    const std::shared_ptr<RecordFile> file_;
    const std::unique_ptr<agent::Provider> inner_;
    JobIdScanner scanner_;
    std::vector<std::string> new_jobs_;  // not in any line yet
};

}  // namespace tenon::model
