// /jobs.
#include <algorithm>
#include <sstream>

#include "host/base/clock.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/cli/jobs_words.h"
#include "host/sitting/job_log.h"
#include "host/sitting/outputs.h"
#include "host/sitting/sentence.h"
#include "host/terminal/word_rest.h"
#include "host/ui/tool_output.h"

namespace tenon::sitting {
namespace {

constexpr std::string_view kUsage = "/jobs, /jobs ID, /jobs logs ID or /jobs cancel ID.";
constexpr std::size_t kLastLines = 5;
constexpr std::size_t kReadOfJob = 8 << 10;
constexpr std::string_view kIndent = "  ";
constexpr std::size_t kColumnOfFacts = 15;   // of cli::describe
constexpr std::size_t kLeastForColumn = 50;  // narrower screens have no room for a column of names

/// An id, or the beginning of one.
bool may_be_job_id(std::string_view word) {
    return !word.empty() && word.size() <= 8 &&
           word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A line of cli::describe without the blanks that put its text into the column of all texts.
std::string without_column(const std::string& line) {
    if (line.size() < kColumnOfFacts) return line;
    const std::string name = line.substr(0, line.find_last_not_of(' ', kColumnOfFacts - 1) + 1);
    return (name.empty() ? std::string(kIndent) : name + " ") + line.substr(kColumnOfFacts);
}

std::vector<std::string> facts_of(const jobs::JobRecord& job, std::size_t width) {
    std::vector<std::string> lines;
    std::istringstream text(
        visible(cli::describe(job, false, wall_clock_ms(), cli::ShownTime::kLocal), true));
    for (std::string line; std::getline(text, line);) {
        if (width < kLeastForColumn) line = without_column(line);
        for (std::string& row : wrap(line, std::max<std::size_t>(width, 2)))
            lines.push_back(std::move(row));
    }
    return lines;
}

}  // namespace

void Outputs::show_jobs(session::OpenSession& session, const std::string& argument) {
    std::istringstream words(argument);
    std::string verb, id, more;
    words >> verb >> id >> more;
    if (verb.empty()) return list_jobs(session);
    verb = terminal::lower_case(verb);
    const bool has_verb = verb == "cancel" || verb == "logs";
    if (!has_verb) std::swap(id, verb);
    id = terminal::lower_case(id);
    if (has_verb && id.empty()) return say("Which job? " + std::string(kUsage));
    const std::string& unknown = !has_verb && !may_be_job_id(id) ? id : has_verb ? more : verb;
    if (!unknown.empty())
        return say("Unknown word " + visible(unknown) + ". There are " + std::string(kUsage));
    const auto job = find(session, id);
    if (!job) return;
    if (verb == "logs") return show_log(session, *job, terminal::PagedText(), Show::kPrintIfShort);
    if (!has_verb) return show_job(session, *job);
    const auto cancelled = session.cancel_job(job->id, "/jobs cancel");
    say(cancelled ? "Cancelling job " + job->id + "."
                  : sentence(visible(cancelled.error().message)));
}

std::optional<jobs::JobRecord> Outputs::find(const session::OpenSession& session,
                                             const std::string& id) {
    std::optional<jobs::JobRecord> found;
    std::string ids;
    for (const jobs::JobRecord& job : session.background_jobs()) {
        if (job.id == id) return job;
        if (!may_be_job_id(id) || !job.id.starts_with(id)) continue;
        ids += (ids.empty() ? "" : ", ") + job.id;
        found = job;
    }
    if (!found) {
        say("Unknown job " + visible(id) + ".");
    } else if (ids != found->id) {
        say("Several jobs begin with " + id + ": " + ids + ".");
        return std::nullopt;
    }
    return found;
}

/// Each running job is followed by the last lines of its output.
void Outputs::list_jobs(const session::OpenSession& session) {
    cli::Screen screen = screen_;
    screen.columns = width();
    const auto jobs = session.background_jobs();
    const Lines table = cli::jobs_table(jobs, screen, wall_clock_ms(), cli::JobsOf::kOneSession);
    if (table.empty()) return say("No background jobs.");
    Lines lines(table.begin(), table.end() - static_cast<std::ptrdiff_t>(jobs.size()));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        lines.push_back(table[table.size() - jobs.size() + i]);
        if (jobs[i].status != jobs::Status::kRunning) continue;
        for (std::string& line : last_lines(session, jobs[i]))
            lines.push_back(std::move(line));
    }
    print(lines);
}

void Outputs::show_job(const session::OpenSession& session, const jobs::JobRecord& job) {
    Lines lines = last_lines(session, job);
    const Lines facts = facts_of(job, width());
    lines.insert(lines.end(), facts.begin(), facts.end());
    print(lines);
}

Outputs::Lines Outputs::last_lines(const session::OpenSession& session,
                                   const jobs::JobRecord& job) const {
    const jobs::OutputEnd end = session.job_output_end(job, kReadOfJob);
    const std::size_t room = width() - std::min(width(), kIndent.size());
    Lines lines = ui::last_output_lines(end.text, kLastLines, end.is_whole);
    for (std::string& line : lines)
        line = std::string(kIndent) +
               ui::paint(style(), ui::kDim, cut(secrets_.redact(std::move(line)), room));
    return lines;
}

void Outputs::show_log(const session::OpenSession& session, const jobs::JobRecord& job,
                       terminal::PagedText text, Show how) {
    const bool runs = !jobs::is_terminal(job.status);
    load_job_log(
        std::move(text), session.job_output(job, kMostShownOutput), secrets_,
        [this](std::function<void()> work) { terminal_.post(std::move(work)); },
        [this, how, runs, id = job.id](terminal::PagedText log) {
            if (log.line_count() == 0)
                return say("Job " + id + " has printed nothing" + (runs ? " yet." : "."));
            show_text(std::move(log), how);
        });
}

}  // namespace tenon::sitting
