#include "host/ui/status_line.h"

#include "host/base/duration.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"

namespace tenon::ui {
namespace {

constexpr std::chrono::seconds kShortestShown{1};

}  // namespace

void add_time(Details& details, std::chrono::milliseconds time) {
    if (time >= kShortestShown) details.push_back(duration_text(time));
}

std::string in_brackets(const Details& details) {
    std::string out;
    for (const std::string& detail : details)
        out.append(out.empty() ? " (" : ", ").append(detail);
    return out.empty() ? out : out + ")";
}

std::string status_line(const Mark& mark, std::string_view what, std::string_view behind,
                        std::size_t width, Style style) {
    const std::string line = paint(style, mark.look, mark.sign) + " ";
    return cut_before(line + std::string(what), paint(style, kDim, behind), width);
}

bool has_ended(const agent::JobChanged& job) {
    return job.status != "queued" && job.status != "running";
}

bool has_job_failed(const agent::JobChanged& job) {
    return job.status == "error" || job.status == "timeout" || job.status == "lost";
}

std::string job_line(const agent::JobChanged& job, std::size_t width, Style style) {
    Details details;
    add_time(details, job.duration);
    if (has_job_failed(job) && job.exit_code)
        details.push_back("exit " + std::to_string(*job.exit_code));
    const std::string status = job.status == "running" ? "started" : visible(job.status);
    std::string what = "job " + visible(job.id) + " " + status;
    for (const std::string& text : {first_line(job.name), first_line(job.command)})
        what += text.empty() ? "" : ": " + text;
    const Mark& mark = has_job_failed(job) ? kFailed : has_ended(job) ? kSucceeded : kRunning;
    return status_line(mark, what, in_brackets(details), width, style);
}

}  // namespace tenon::ui
