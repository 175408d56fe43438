#include "host/sitting/status_line.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "host/base/clock.h"
#include "host/base/counted.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/cli/jobs_words.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

constexpr std::string_view kBetweenParts = " · ";

std::string question_part(std::size_t questions) {
    return questions == 0 ? std::string() : counted(questions, "question");
}

std::string working_part(const SessionStatus& status, std::int64_t now_ms) {
    if (status.working_since_ms == 0) return {};
    return "working " + seconds_text(now_ms - status.working_since_ms);
}

std::string jobs_part(const SessionStatus& status, std::int64_t now_ms) {
    const jobs::QueueLoad& jobs = status.jobs;
    std::string text;
    if (jobs.running > 0) {
        text = counted(jobs.running, "job") + " (";
        text += status.working_since_ms != 0 ? cli::in_short(now_ms - jobs.longest_started_ms)
                                             : "since " + clock_time(jobs.longest_started_ms);
        text += ")";
    }
    if (jobs.queued > 0)
        text += (text.empty() ? "" : ", ") + counted(jobs.queued, "job") + " queued";
    return text;
}

std::string queued_part(std::size_t prompts) {
    return prompts == 0 ? std::string() : counted(prompts, "prompt") + " queued";
}

/// As many parts as fit; at least a piece of the first.
std::string joined_parts(const std::vector<std::string>& parts, std::size_t columns) {
    std::string line;
    for (const std::string& part : parts) {
        if (part.empty()) continue;
        if (line.empty()) {
            line = cut(part, columns);
            continue;
        }
        const std::string longer = line + std::string(kBetweenParts) + part;
        if (width_of(longer) > columns) break;
        line = longer;
    }
    return line;
}

}  // namespace

std::string seconds_text(std::int64_t duration_ms) {
    const std::int64_t seconds = std::max<std::int64_t>(duration_ms, 0) / 1000;
    return seconds < 60 ? std::to_string(seconds) + "s" : cli::in_short(seconds * 1000);
}

std::string clock_time(std::int64_t wall_ms) {
    return local_time_as("%H:%M", wall_ms);
}

std::string short_count(std::int64_t number) {
    if (number < 1000) return std::to_string(number);
    const bool millions = number >= 999'500;
    const double shown = static_cast<double>(number) / (millions ? 1e6 : 1e3);
    char text[32];
    std::snprintf(text, sizeof text, shown < 9.95 ? "%.1f" : "%.0f", shown);
    std::string digits = text;
    if (digits.ends_with(".0")) digits.resize(digits.size() - 2);
    return digits + (millions ? "M" : "k");
}

std::string context_text(std::int64_t tokens, std::optional<std::int64_t> window) {
    if (tokens <= 0) return {};
    const std::string text = short_count(tokens);
    if (!window || *window <= 0) return text + (tokens == 1 ? " token" : " tokens");
    const double percent = 100.0 * static_cast<double>(tokens) / static_cast<double>(*window);
    return text + " of " + short_count(*window) + ", " +
           std::to_string(static_cast<std::int64_t>(percent)) + " %";
}

namespace {

std::string model_part(const SessionStatus& status) {
    if (status.instead.empty()) return visible(status.model);
    return visible(status.instead) + " instead of " + visible(status.model);
}

}  // namespace

std::string status_line(const SessionStatus& status, std::int64_t now_ms, std::size_t columns) {
    return joined_parts({question_part(status.questions), working_part(status, now_ms),
                         jobs_part(status, now_ms), queued_part(status.queued_prompts), status.mode,
                         context_text(status.context_tokens, status.window), model_part(status)},
                        columns);
}

}  // namespace tenon::sitting
