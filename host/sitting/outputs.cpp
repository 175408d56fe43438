#include "host/sitting/outputs.h"

#include <algorithm>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/sitting/job_log.h"
#include "host/ui/folded.h"
#include "host/ui/status_line.h"
#include "host/ui/tool_output.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kRunningLines = 5;
/// Enough for the last lines of a command on any screen.
constexpr std::size_t kReadOfCommand = 8 << 10;
constexpr std::size_t kReadOfEndedJob = 16 << 10;

}  // namespace

void Outputs::read_running(const session::OpenSession* session) {
    std::vector<ui::RunningOutput> outputs;
    if (session != nullptr && screen_.escapes) {
        for (const auto& [call, of_subagent, end] : session->running_commands(kReadOfCommand)) {
            Lines lines = ui::last_output_lines(end.text, kRunningLines, end.is_whole);
            // What was broken by escape sequences may be a secret now.
            for (std::string& line : lines)
                line = secrets_.redact(std::move(line));
            outputs.push_back({call, of_subagent, std::move(lines)});
        }
    }
    transcript_.set_running_outputs(std::move(outputs));
}

ui::JobOutput Outputs::of_ended_job(const session::OpenSession* session,
                                    const agent::AgentEvent& event) const {
    const auto* changed = std::get_if<agent::JobChanged>(&event);
    if (changed == nullptr || session == nullptr || !ui::has_ended(*changed)) return {};
    const auto job = session->background_job(changed->id);
    if (!job) return {};
    const jobs::OutputEnd end = session->job_output_end(*job, kReadOfEndedJob);
    return {secrets_.redact(ui::harmless_output(end.text)), end.is_whole};
}

void Outputs::keep_folded(const std::string& title, const std::string& text) {
    transcript_.folded().add({title, text, {}});
}

void Outputs::keep_long_prompt(const std::string& prompt, const std::string& shown) {
    if (shown != prompt) keep_folded("> " + first_line(prompt), harmless(prompt) + "\n");
}

void Outputs::show_folded(const session::OpenSession* session) {
    if (transcript_.folded().empty()) return say("Nothing is folded yet.");
    const ui::FoldedText* folded = transcript_.folded().next();
    if (folded == nullptr)
        return say("No older folded text. " + transcript_.fold_key() + ": the newest.");
    terminal::PagedText text({folded->title});
    text.add(folded->text);
    if (folded->job.empty()) return show_text(std::move(text), Show::kInPager);
    const auto job = session != nullptr ? session->background_job(folded->job) : std::nullopt;
    if (!job) return say("The output of job " + folded->job + " belongs to another session.");
    show_log(*session, *job, std::move(text), Show::kInPager);
}

/// A text that fits above the prompt is printed.
void Outputs::show_text(terminal::PagedText text, Show how) {
    constexpr std::size_t kRowsBelow = 3;  // the blank of a prompt, the input and the status
    const auto rows = static_cast<std::size_t>(std::max(terminal_.height(), 1));
    if (how == Show::kPrintIfShort && text.line_count() + kRowsBelow <= rows) {
        std::size_t wrapped = 0;
        const Lines lines = text.lines(0, rows);
        for (const std::string& line : lines)
            wrapped += std::max<std::size_t>(width_of(line) + width() - 1, width()) / width();
        if (wrapped + kRowsBelow <= rows) return print(lines);
    }
    terminal_.page(std::move(text));
}

void Outputs::say(const std::string& text) {
    print(wrap(text, std::max<std::size_t>(width(), 2)));
}

void Outputs::print(const Lines& lines) {
    const std::string text = ui::joined_lines(lines);
    if (!text.empty()) terminal_.print(text);
}

}  // namespace tenon::sitting
