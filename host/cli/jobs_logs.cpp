#include <poll.h>

#include "host/base/clock.h"
#include "host/base/signals.h"
#include "host/cli/jobs_verbs.h"
#include "host/cli/terminal_text.h"
#include "host/cli/unattended.h"
#include "host/jobs/follower.h"
#include "host/jobs/kept_output.h"
#include "host/jobs/report.h"
#include "host/jobs/watch.h"

namespace tenon::cli {
namespace {

using jobs::JobRecord;

constexpr std::uint64_t kPiece = 65536;
constexpr char kEndOfColours[] = "\x1b[0m";
constexpr char kUnknownGap[] = "\n[an unknown number of bytes omitted]\n";

/// Prints output without known secrets, on a terminal without harmful sequences; for a document it
/// keeps the output instead.
class Printer {
public:
    explicit Printer(const JobsCall& call)
        : redacted_(call.secrets),
          out_(call.console.out),
          terminal_(call.screen().terminal),
          keep_(call.json()),
          text_(call.screen().colour) {}

    void add(std::string_view bytes) { emit(redacted_.take(bytes)); }
    /// Adds a line of Tenon's; the output before it is complete.
    void mark(std::string_view text) {
        finish();
        emit(std::string(text));
    }
    void finish() {
        emit(redacted_.finish());
        if (terminal_ && !keep_) out_ << text_.finish();
    }
    /// Whether the reader of the output has gone.
    [[nodiscard]] bool is_over() const { return !keep_ && !out_; }
    [[nodiscard]] const std::string& kept() const { return kept_; }

private:
    void emit(const std::string& text) {
        if (keep_) {
            kept_ += text;
        } else if (terminal_) {
            out_ << text_.take(text);
        } else {
            out_ << text;
        }
    }

    RedactedStream redacted_;
    std::ostream& out_;
    const bool terminal_;
    const bool keep_;
    TerminalText text_;
    std::string kept_;
};

void print_range(const jobs::KeptOutput& output, std::uint64_t begin, std::uint64_t end,
                 Printer& printer) {
    for (std::uint64_t at = begin; at < end && !printer.is_over(); at += kPiece)
        printer.add(output.read(at, std::min(end, at + kPiece)));
}

void print_kept(const JobsCall& call, const JobRecord& job, Printer& printer) {
    const jobs::KeptOutput output(call.store.folder_of(job.id));
    print_range(output, 0, output.head(), printer);
    const auto omitted = jobs::is_terminal(job.status) ? job.end.omitted_bytes : output.omitted();
    if (!omitted) printer.mark(kUnknownGap);
    if (omitted.value_or(0) > 0) printer.mark(tenon::omitted(*omitted, "bytes"));
    print_range(output, output.head(), output.size(), printer);
}

/// Prints what has been written until now, at most `at_most` bytes.
void print_new(jobs::OutputFollower& follower, std::uint64_t at_most, Printer& printer) {
    std::uint64_t printed = 0;
    while (printed < at_most && !printer.is_over()) {
        const auto piece = follower.next();
        if (!piece) return;
        if (piece->omitted > 0) printer.mark(tenon::omitted(piece->omitted, "bytes"));
        printer.add(piece->bytes);
        printed += piece->bytes.size();
    }
}

/// Prints until the job has ended and returns its record. Error: why waiting for it is useless.
Result<JobRecord> follow(const JobsCall& call, const jobs::JobId& id, Printer& printer) {
    const auto folder = call.store.folder_of(id);
    jobs::Watch watch(call.store);
    watch.add(id);
    jobs::OutputFollower follower(folder);
    Unattended unattended(call.store);
    auto job = call.load(id);
    while (job && !jobs::is_terminal(job->status)) {
        if (const auto why = unattended.why(*job)) return Error{*why};
        print_new(follower, UINT64_MAX, printer);
        call.console.out.flush();
        if (!call.console.out) return job;
        std::optional<std::chrono::steady_clock::time_point> deadline;
        if (follower.fd() < 0 || job->status == jobs::Status::kQueued)
            deadline = std::chrono::steady_clock::now() + Unattended::kTick;
        const auto changes = watch.wait(deadline, follower.fd());
        if (!changes.jobs.empty() || job->status == jobs::Status::kQueued) job = call.load(id);
    }
    // Processes that a persistent job left behind may print without end.
    print_new(follower, jobs::KeptOutput(folder).size(), printer);
    return job;
}

}  // namespace

int show_output(const JobsCall& call) {
    const jobs::JobId& id = call.ids.front();
    auto job = call.load(id);
    if (!job) {
        call.complain(job.error().message);
        return 1;
    }
    Printer printer(call);
    const bool goes_on = call.arguments.has("follow") && !jobs::is_terminal(job->status);
    if (goes_on) {
        exit_on_signals(call.console.output, call.screen().colour ? kEndOfColours : "");
        job = follow(call, id, printer);
    } else {
        print_kept(call, *job, printer);
    }
    printer.finish();
    if (!job) {
        call.complain(job.error().message);
        return 1;
    }
    if (call.json()) {
        Json document = to_json(*job, wall_clock_ms());
        document["output"] = printer.kept();
        call.print(document);
    } else if (goes_on && call.screen().terminal) {
        call.console.out.flush();
        call.complain("job " + id + ": " + jobs::how_it_ended(*job));
    }
    return 0;
}

}  // namespace tenon::cli
