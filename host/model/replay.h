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
/// `retryable`, `retry_after_ms`.
namespace tenon::model {

/// Plays a recorded run. Thread-safe: askers get the answers in order of asking.
class Replay : public agent::Provider {
public:
    /// Reads and checks the whole file; the Error names file and line.
    static Result<std::unique_ptr<Replay>> open(const std::filesystem::path& file);

    /// A request after the last answer fails with a text that says so.
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

    /// One line of the file.
    struct Step {
        std::vector<std::string> jobs;
        std::optional<agent::ModelFailure> failure;
        std::vector<OrderedJson> content;
        std::map<std::string, std::string> input_errors;
        agent::Answer answer;  ///< all but content, text and calls
    };

private:
    Replay(std::filesystem::path file, std::vector<Step> steps);
    void match_jobs(const Step& step, std::span<const agent::Message> messages)
        TENON_REQUIRES(mutex_);

    const std::filesystem::path file_;
    const std::vector<Step> steps_;
    Mutex mutex_;
    std::size_t next_ TENON_GUARDED_BY(mutex_) = 0;
    JobIdScanner scanner_ TENON_GUARDED_BY(mutex_);
    std::vector<std::string> recorded_ TENON_GUARDED_BY(mutex_);
    std::vector<std::string> live_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, std::string> live_of_ TENON_GUARDED_BY(mutex_);
};

/// Writes down what another provider answers. Each line goes out whole, so that the file of a
/// killed run can be played as far as it went. Stopped attempts leave no line. Credentials are
/// redacted.
class Record : public agent::Provider {
public:
    /// Replaces `file`. `secrets` must outlive the object.
    static Result<std::unique_ptr<Record>> open(const std::filesystem::path& file,
                                                std::unique_ptr<agent::Provider> inner,
                                                const Secrets& secrets);

    /// When a line cannot be written the run goes on: the sink gets a Notice, once.
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

private:
    Record(std::filesystem::path file, UniqueFd fd, std::unique_ptr<agent::Provider> inner,
           const Secrets& secrets);
    Result<void> write_line(const std::string& line) TENON_REQUIRES(mutex_);

    const std::filesystem::path file_;
    const std::unique_ptr<agent::Provider> inner_;
    const Secrets& secrets_;
    Mutex mutex_;
    UniqueFd fd_ TENON_GUARDED_BY(mutex_);
    JobIdScanner scanner_ TENON_GUARDED_BY(mutex_);
    std::vector<std::string> new_jobs_ TENON_GUARDED_BY(mutex_);  // not in any line yet
};

}  // namespace tenon::model
