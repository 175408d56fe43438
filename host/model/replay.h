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
#include "host/model/border.h"
#include "host/model/job_ids.h"

/// The file of a recorded run: the model's answers in order, without the requests. One JSON object
/// a line, UTF-8; blank lines are skipped, unknown fields are ignored. It can be written by hand:
///
///     {"v":1,"type":"replay"}
///     {"type":"answer","content":[{"type":"tool_use","id":"toolu_1","name":"background_run",
///      "input":{"command":"make"}}]}                                      (all on one line)
///     {"type":"answer","jobs":["00000001"],"content":[{"type":"tool_use","id":"toolu_2",
///      "name":"background_wait","input":{"job_ids":["00000001"]}}]}
///     {"type":"answer","content":"Done.","usage":{"input_tokens":7,"output_tokens":2}}
///
/// The first line is the header.
///
/// `answer`: `content` is an array of blocks as in the Messages API, or a string for one text
/// block. `stop_reason` may be left out (tool_use or end_turn), and so may `id`, `model` and
/// `usage`. `input_errors` ({tool_use id: text}) marks calls whose arguments were not a JSON
/// object. `jobs` lists the job ids that appeared in the conversation since the line before, in
/// order of appearance. The n-th id of the file stands for the n-th id that appears in the replay,
/// which replaces it in texts and tool inputs.
///
/// `failure`: the request fails, with `message`, and optionally `http_status`, `error_type`,
/// `request_id`, `retryable`, `retry_after_ms`.
///
/// `agent` is the tool_use id of the call that a subagent works for. Each such conversation has its
/// own lines and job ids; lines without `agent` belong to the session itself. A subagent without
/// lines of its own uses those of the session, which is enough for a file written by hand with one
/// subagent at a time.
namespace tenon::model {

/// Plays a recorded run. Thread-safe: requests of one conversation get its answers in the order of
/// the requests.
class Replay : public agent::Provider {
public:
    /// Reads and checks the whole file; the Error names file and line.
    static Result<std::unique_ptr<Replay>> open(const std::filesystem::path& file);

    /// A request after the last answer of its conversation fails with a message that says so.
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
    /// The job ids of one conversation: those of the file and those of this run.
    struct ReplayedJobs {
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
    std::map<std::string, ReplayPart, std::less<>> parts_ TENON_GUARDED_BY(mutex_);   // by agent
    std::map<std::string, ReplayedJobs, std::less<>> jobs_ TENON_GUARDED_BY(mutex_);  // by agent
    std::map<std::string, std::string, std::less<>> recorded_of_ TENON_GUARDED_BY(mutex_);
};

/// A file that records a run. The Recorders of all conversations of the run share it. Each line is
/// written at once, so that the file of a killed run can be played up to its last line. Credentials
/// are redacted. Thread-safe.
class RecordFile {
public:
    /// Replaces `file`. `secrets` must outlive the object.
    static Result<std::shared_ptr<RecordFile>> open(const std::filesystem::path& file,
                                                    const Secrets& secrets);

    /// After an Error nothing more is written, since a later line would be played in place of the
    /// lost one; further calls return no error.
    Result<void> write_line(const std::string& line);

private:
    RecordFile(std::filesystem::path file, UniqueFd fd, const Secrets& secrets)
        : file_(std::move(file)), secrets_(secrets), fd_(std::move(fd)) {}

    const std::filesystem::path file_;
    const Secrets& secrets_;
    Mutex mutex_;
    UniqueFd fd_ TENON_GUARDED_BY(mutex_);
};

/// Records the answers of another provider in one conversation. Stopped attempts are not recorded.
class Recorder : public agent::Provider {
public:
    Recorder(std::shared_ptr<RecordFile> file, std::unique_ptr<agent::Provider> inner)
        : file_(std::move(file)), inner_(std::move(inner)) {}

    /// If a line cannot be written, the run continues and the sink gets one Notice.
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;
    [[nodiscard]] std::size_t place_of_asked() const override { return inner_->place_of_asked(); }

private:
    const std::shared_ptr<RecordFile> file_;
    const std::unique_ptr<agent::Provider> inner_;
    JobIdScanner scanner_;
    std::vector<std::string> new_jobs_;  // not in any line yet
};

}  // namespace tenon::model
