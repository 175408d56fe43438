#include <algorithm>
#include <array>
#include <cstdio>

#include <tenon/jobs.hpp>

#include "text.h"

namespace tenon_bash {
namespace {

using tenon::Job;
using tenon::JobText;

constexpr std::int64_t kMaxOutputCharacters = 50'000;

/// How much of a running job's output background_check shows without `tail_bytes`.
constexpr std::size_t kRunningTailBytes = 4000;

// The result of background_wait is held within kMaxOutputCharacters. The host would cut a longer
// one, and then no end that is in it would count as delivered. In characters:
constexpr std::int64_t kLineOfAJob = 110;
constexpr std::int64_t kBesideOutput = 250;  ///< of an ended job: its line, and how it ended
constexpr std::int64_t kLeastRoom = 50;      ///< for the output of an ended job
constexpr std::int64_t kMostEnds = 100;
constexpr std::int64_t kMostUnfinished = 150;

/// `timeout` as it was asked for: 120 or 0.5, never 120.000000.
std::string seconds_text(std::int64_t ms) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.10g", static_cast<double>(ms) / 1000);
    return text.data();
}

/// Ends `text` with a line of its own.
void append_line(std::string& text, std::string_view line) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += line;
}

/// "[completed] make test"
std::string line_of(const Job& job) {
    return "[" + job.status + "] " + job.preview;
}

/// At most the last `bytes`, from the start of a character on.
std::string_view tail_of(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    text.remove_prefix(text.size() - bytes);
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U)
        text.remove_prefix(1);
    return text;
}

/// The job has been ended by the host, because its call was cancelled.
[[noreturn]] void answer_interrupted(tenon::Call& call, const std::string& id) {
    std::string text;
    try {
        // With tail_bytes, the text is the output alone, without the line on the job's end.
        text = tenon::Jobs(call).read(id, {kMaxOutputCharacters, kMaxOutputCharacters, true}).text;
    } catch (const tenon::Failure&) {
        text.clear();  // nothing to show: the line below is the whole answer
    }
    append_line(text, "[interrupted]");
    throw tenon::Failure(text, TENON_CANCELLED);
}

void bash(tenon::Call& call) {
    const tenon::JsonView args = call.args();
    tenon::JsonObject job;
    job.text("command", args.text("command")).text("mode", "foreground");
    if (args.has("cwd")) job.text("cwd", args.text("cwd"));
    if (args.has("timeout")) job.integer("timeout_ms", milliseconds(args.number("timeout")));
    const tenon::Jobs jobs(call);
    const Job started = jobs.submit(job);
    const std::string& id = started.id;
    const std::int64_t patience =
        args.has("timeout") ? milliseconds(args.number("timeout")) : started.foreground_timeout_ms;

    const tenon::JobWait waited = jobs.wait({id}, patience);
    if (waited.cancelled) answer_interrupted(call, id);
    const bool ended = !waited.jobs.empty() && waited.jobs.front().ended;
    const bool moved = !waited.jobs.empty() && waited.jobs.front().background;
    // It may end between the two requests, and a subagent's job is ended instead of moved.
    Job after;
    if (!ended) after = jobs.to_background(id);
    if (ended || after.ended) {
        const JobText done = jobs.read(id);
        if (done.job.status == "cancelled" && call.cancelled()) answer_interrupted(call, id);
        call.write(done.text);
        return;
    }
    std::string text = jobs.read(id, {kMaxOutputCharacters, 0, false}).text;
    const std::string why =
        moved ? "moved to the background" : "still running after " + seconds_text(patience) + " s";
    append_line(text,
                after.status == "queued"
                    ? "[not started: the host is short of descriptors or processes; waits for "
                      "its turn as background job " +
                          id + "]"
                    : "[" + why + "; continues as background job " + id + "]");
    call.write(text);
}

void background_run(tenon::Call& call) {
    const tenon::JsonView args = call.args();
    tenon::JsonObject job;
    job.text("command", args.text("command")).text("mode", "background");
    for (const char* key : {"cwd", "name", "priority", "lifetime", "after"})
        if (args.has(key)) job.raw(key, args.raw(key));
    if (args.has("timeout")) job.integer("timeout_ms", milliseconds(args.number("timeout")));
    const Job submitted = tenon::Jobs(call).submit(job);
    const char* state = submitted.status == "queued" ? " queued: " : " started: ";
    call.write("Background job " + submitted.id + state + submitted.preview);
}

void check_all(tenon::Call& call) {
    std::string lines;
    for (const Job& job : tenon::Jobs(call).list())
        append_line(lines, job.id + ": " + line_of(job));
    call.write(lines.empty() ? "(no background jobs)" : lines);
}

void background_check(tenon::Call& call) {
    const std::string id = call.args().text("job_id");
    if (id.empty()) return check_all(call);
    const std::int64_t tail_bytes = call.args().integer("tail_bytes");
    const JobText read_job =
        read_to_indent(tenon::Jobs(call), id, {kMaxOutputCharacters, tail_bytes, true});
    std::string text = line_of(read_job.job) + "\n";
    // The output of an ended job shows its gap itself; a tail does not.
    const std::string gap =
        read_job.omitted_bytes > 0
            ? "[" + std::to_string(read_job.omitted_bytes) + " bytes of its output omitted]"
            : std::string();
    if (!read_job.job.ended) {
        text += "(" + read_job.job.status + ")";
        if (!gap.empty()) append_line(text, gap);
        const auto tail = tail_bytes > 0 ? std::string_view(read_job.text)
                                         : tail_of(read_job.text, kRunningTailBytes);
        if (!tail.empty()) text.append("\n").append(indented(tail));
    } else {
        if (tail_bytes > 0 && !gap.empty()) text += gap + "\n";
        text += indented(read_job.text);
    }
    call.write(text);
}

/// For each ended one of these jobs, so that the whole result is not too long.
std::int64_t room_for_an_output(const std::vector<Job>& jobs) {
    const auto is_ended = [](const Job& job) { return job.ended; };
    const std::int64_t ended = std::count_if(jobs.begin(), jobs.end(), is_ended);
    const std::int64_t unfinished = static_cast<std::int64_t>(jobs.size()) - ended;
    // The host leaves some room beside one whole output.
    if (ended <= 1 && unfinished <= 10) return kMaxOutputCharacters;
    const std::int64_t lines = kLineOfAJob * std::min(unfinished, kMostUnfinished);
    const std::int64_t share =
        (kMaxOutputCharacters - lines) / std::clamp<std::int64_t>(ended, 1, kMostEnds);
    return std::max(kLeastRoom, share - kBesideOutput);
}

void background_wait(tenon::Call& call) {
    const std::vector<std::string> ids = call.args().texts("job_ids");
    const tenon::Jobs jobs(call);
    const tenon::JobWait waited = jobs.wait(ids, milliseconds(call.args().number("seconds", 60)));
    if (waited.cancelled) throw tenon::Failure("[interrupted]", TENON_CANCELLED);
    const std::int64_t room = room_for_an_output(waited.jobs);
    std::string text;
    std::int64_t ends = 0, unfinished = 0;
    for (const Job& job : waited.jobs) {
        if ((job.ended ? ++ends > kMostEnds : ++unfinished > kMostUnfinished)) continue;
        append_line(text, job.id + ": " + line_of(job));
        if (job.ended)
            append_line(text, indented(read_to_indent(jobs, job.id, {room, 0, true}).text));
    }
    if (ends > kMostEnds)
        append_line(text, "(" + std::to_string(ends - kMostEnds) +
                              " more jobs have ended; their results follow)");
    if (unfinished > kMostUnfinished)
        append_line(text, "(" + std::to_string(unfinished - kMostUnfinished) +
                              " more unfinished jobs; background_check lists them)");
    call.write(text.empty() ? "(no unfinished background jobs)" : text);
}

void background_cancel(tenon::Call& call) {
    const std::string id = call.args().text("job_id");
    tenon::Jobs(call).cancel(id);
    call.write("Cancelled job " + id);
}

/// A tool whose failures begin with "Error: ", except for the text of a call that was cancelled.
tenon::Plugin::Function with_error_mark(void (*run)(tenon::Call&)) {
    return [run](tenon::Call& call) {
        try {
            run(call);
        } catch (const tenon::Failure& failure) {
            if (failure.rc() == TENON_CANCELLED) throw;
            throw tenon::Failure("Error: " + std::string(failure.what()), failure.rc());
        }
    };
}

constexpr const char* kBashSchema =
    R"({"type":"object","properties":{"command":{"type":"string"},)"
    R"("timeout":{"type":"number","exclusiveMinimum":0,"description":"Seconds; then it continues as a background job"},)"
    R"("cwd":{"type":"string"}},"required":["command"]})";
constexpr const char* kRunSchema =
    R"({"type":"object","properties":{"command":{"type":"string"},)"
    R"("timeout":{"type":"number","exclusiveMinimum":0,"description":"Seconds; then it is ended"},)"
    R"("cwd":{"type":"string"},"name":{"type":"string"},)"
    R"("priority":{"type":"integer","description":"Higher first; default 0"},)"
    R"("lifetime":{"type":"string","enum":["session","persistent"],"description":"persistent: outlives the session, for servers"},)"
    R"("after":{"type":"array","items":{"type":"string"},"description":"Job ids that must complete first"}},)"
    R"("required":["command"]})";
constexpr const char* kCheckSchema =
    R"({"type":"object","properties":{"job_id":{"type":"string"},"tail_bytes":{"type":"integer","minimum":1}}})";
constexpr const char* kWaitSchema =
    R"({"type":"object","properties":{"job_ids":{"type":"array","items":{"type":"string"}},)"
    R"("seconds":{"type":"number","minimum":0,"description":"Default 60"}}})";
constexpr const char* kCancelSchema =
    R"({"type":"object","properties":{"job_id":{"type":"string"}},"required":["job_id"]})";

struct Bash : tenon::Plugin {
    using Plugin::Plugin;

    void setup(tenon::JsonView) override {
        tool("bash",
             "Run a bash command in the workspace and wait for it. Calls made in one answer run at "
             "the same time. "
             "stdin is /dev/null; cwd is relative to the workspace. Processes it leaves behind are "
             "ended: use background_run for those.",
             kBashSchema, TENON_CONCURRENT | TENON_LONG_RUNNING, with_error_mark(bash))
            .subject("{command:first}")
            .command("command", "cwd")
            .shows_command_output();
        tool("background_run",
             "Start a bash command as a background job and return its id at once. You are told "
             "when it ends.",
             kRunSchema, TENON_CONCURRENT, with_error_mark(background_run))
            .subject("[{name}: ]{command:first}")
            .command("command", "cwd")
            .shows_nothing()
            .recovered("start")
            .not_for_subagents();
        tool("background_check",
             "Status and output of one background job, or one line for each without job_id.",
             kCheckSchema, TENON_READ_ONLY | TENON_CONCURRENT, with_error_mark(background_check))
            .subject("{job_id}")
            .not_for_subagents();
        tool("background_wait",
             "Wait until one of these background jobs ends (default: all unfinished).", kWaitSchema,
             TENON_READ_ONLY | TENON_CONCURRENT | TENON_LONG_RUNNING,
             with_error_mark(background_wait))
            .subject("{job_ids}")
            .not_for_subagents();
        tool("background_cancel", "End a background job and all its processes.", kCancelSchema,
             TENON_CONCURRENT, with_error_mark(background_cancel))
            .subject("{job_id}")
            .no_question()
            .not_for_subagents();
    }
};

}  // namespace
}  // namespace tenon_bash

TENON_PLUGIN(tenon_bash::Bash, "bash", "1.0.0");
