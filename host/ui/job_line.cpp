#include "host/ui/job_line.h"

#include "host/base/untrusted.h"
#include "host/ui/status_line.h"

namespace tenon::ui {
namespace {

bool is_bad(const agent::JobChanged& job) {
    return job.status == "error" || job.status == "timeout" || job.status == "lost";
}

}  // namespace

bool is_over(const agent::JobChanged& job) {
    return job.status != "queued" && job.status != "running";
}

std::string job_line(const agent::JobChanged& job, std::optional<std::chrono::milliseconds> time,
                     std::size_t width, Style style) {
    Details details;
    if (time) add_time(details, *time);
    if (is_bad(job) && job.exit_code) details.push_back("exit " + std::to_string(*job.exit_code));
    const std::string status = job.status == "running" ? "started" : visible(job.status);
    const std::string what =
        "job " + visible(job.id) + " " + status + ": " + first_line(job.command);
    const Mark& mark = is_bad(job) ? kWentWrong : is_over(job) ? kWentWell : kGoesOn;
    return status_line(mark, what, in_brackets(details), width, style);
}

}  // namespace tenon::ui
