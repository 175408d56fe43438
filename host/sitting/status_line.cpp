#include "host/sitting/status_line.h"

#include <cstdio>
#include <ctime>

#include "host/base/untrusted.h"
#include "host/cli/jobs_words.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

std::string clock_time(std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[16];
    std::strftime(text, sizeof text, "%H:%M", &parts);
    return text;
}

std::string jobs_part(const SessionStatus& status, std::int64_t now_ms) {
    const jobs::QueueLoad& jobs = status.jobs;
    std::string text;
    if (jobs.running > 0) {
        text = ui::counted(jobs.running, "job") + " (";
        text += status.working_since_ms != 0 ? cli::in_short(now_ms - jobs.longest_started_ms)
                                             : "since " + clock_time(jobs.longest_started_ms);
        text += ")";
    }
    if (jobs.queued > 0)
        text += (text.empty() ? "" : ", ") + ui::counted(jobs.queued, "job") + " queued";
    return text;
}

}  // namespace

std::string short_count(std::int64_t number) {
    char text[32];
    if (number < 1000) return std::to_string(number);
    const bool millions = number >= 999'950;
    std::snprintf(text, sizeof text, "%.1f%s", static_cast<double>(number) / (millions ? 1e6 : 1e3),
                  millions ? "M" : "k");
    return text;
}

std::string status_line(const SessionStatus& status, std::int64_t now_ms) {
    std::string line = visible(status.model);
    const auto add = [&line](const std::string& part) {
        if (!part.empty()) line += " · " + part;
    };
    if (status.turns > 0) add("turn " + std::to_string(status.turns));
    const agent::Usage& last = status.last;
    const std::int64_t sent =
        last.input_tokens + last.cache_read_input_tokens + last.cache_creation_input_tokens;
    if (sent > 0) {
        add(short_count(sent + last.output_tokens) + " tokens, " +
            std::to_string(last.cache_read_input_tokens * 100 / sent) + "% cached");
    }
    add(jobs_part(status, now_ms));
    if (status.waiting_questions > 0)
        add(ui::counted(status.waiting_questions, "question") +
            (status.waiting_questions == 1 ? " waits" : " wait"));
    if (status.queued_prompts > 0) add(ui::counted(status.queued_prompts, "prompt") + " queued");
    if (status.working_since_ms != 0)
        add("working " + std::to_string((now_ms - status.working_since_ms) / 1000) + "s");
    return line;
}

}  // namespace tenon::sitting
