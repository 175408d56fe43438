#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

/// The host's job.* methods as functions. They throw tenon::Failure with the host's message for a
/// model ("Error: …").
namespace tenon_bash {

constexpr std::int64_t kMaxOutputCharacters = 50'000;

/// A job as the host describes it.
struct Job {
    std::string id, status, preview;
    bool ended = false;
    bool background = false;

    /// "[completed] make test"
    [[nodiscard]] std::string line() const { return "[" + status + "] " + preview; }
};

struct JobText {
    Job job;
    std::string text;
    std::int64_t omitted_bytes = 0;  ///< of the output; not kept
};

/// The answer of job.wait/1. When the call was cancelled meanwhile, `jobs` is empty.
struct Waited {
    std::vector<Job> jobs;
    bool cancelled = false;
};

/// The parameters of job.read/1.
struct ReadOptions {
    std::int64_t max_characters = kMaxOutputCharacters;
    std::int64_t tail_bytes = 0;  ///< 0: not only the tail
    bool deliver = true;          ///< the text goes into the result of this call
};

/// Sends a request. The result owns the answer's text.
tenon::Reply ask(const tenon::Call& call, std::string_view method, const tenon::JsonObject& params);

Waited wait(const tenon::Call& call, const std::vector<std::string>& ids, std::int64_t timeout_ms);
JobText read(const tenon::Call& call, const std::string& id, const ReadOptions& options = {});
std::vector<Job> list(const tenon::Call& call);
Job move_to_background(const tenon::Call& call, const std::string& id);
void cancel(const tenon::Call& call, const std::string& id);

/// Text of another author, each line indented by two spaces, whatever ends a line. So none of its
/// lines looks like a line that a tool wrote about a job.
std::string indented(std::string_view text);

/// As `read`, with so much of the output that it has about `options.max_characters` at most when it
/// is indented.
JobText read_to_indent(const tenon::Call& call, const std::string& id, ReadOptions options);

/// The seconds of a model in milliseconds: at least 1, at most ten years.
std::int64_t milliseconds(double seconds);

}  // namespace tenon_bash
