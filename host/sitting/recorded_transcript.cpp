#include "host/sitting/recorded_transcript.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include "host/base/ids.h"
#include "host/base/untrusted.h"
#include "host/session/tagged_text.h"
#include "host/ui/folded_prompt.h"
#include "host/ui/tool_line.h"

namespace tenon::sitting {
namespace {

using journal::RecordType;

constexpr std::string_view kRefused = "Permission denied: ";
constexpr std::size_t kJobIdLength = 8;

/// The id behind the first `… job ` of a call's result: the call has started this job, or its
/// command goes on as this job. Empty: there is none.
std::string job_of_result(const std::string& text) {
    constexpr std::string_view kJob = "ackground job ";
    const std::size_t at = text.find(kJob);
    if (at == std::string::npos) return {};
    std::string id = text.substr(at + kJob.size(), kJobIdLength);
    return is_job_id(id) ? id : std::string();
}

/// `[bg:1a2b3c4d] error: …`: the first line of a job in a notification, as agent/notification
/// writes it.
std::optional<agent::JobChanged> job_of_line(std::string_view line) {
    constexpr std::string_view kBegin = "[bg:";
    constexpr std::string_view kBehindId = "] ";
    if (!line.starts_with(kBegin)) return std::nullopt;
    line.remove_prefix(kBegin.size());
    const std::size_t id_end = line.find(kBehindId);
    const std::size_t status_end = line.find(": ");
    if (id_end == line.npos || status_end == line.npos || status_end < id_end) return std::nullopt;
    agent::JobChanged job;
    job.id = line.substr(0, id_end);
    job.status = line.substr(id_end + kBehindId.size(), status_end - id_end - kBehindId.size());
    if (!is_job_id(job.id)) return std::nullopt;
    return job;
}

std::optional<int> exit_code_of_line(std::string_view line) {
    constexpr std::string_view kExit = "[exit code: ";
    const std::size_t at = line.find(kExit);
    if (at == line.npos) return std::nullopt;
    line.remove_prefix(at + kExit.size());
    int code = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), code);
    return error == std::errc() && end != line.data() ? std::optional(code) : std::nullopt;
}

}  // namespace

RecordedTranscript::RecordedTranscript(ui::Style style, std::size_t width,
                                       const RecordedFacts& facts, std::string fold_key)
    : width_(width), facts_(facts), transcript_(style, std::move(fold_key)) {}

RecordedTranscript::Lines RecordedTranscript::take(const journal::SessionEntry& entry) {
    switch (entry.type) {
        case RecordType::kText:
            take_text(entry);
            break;
        case RecordType::kAnswer:
            take_answer(entry);
            break;
        case RecordType::kResult:
            take_result(entry);
            break;
        case RecordType::kClear:
            add(end_turn());
            add(transcript_.mark("conversation cleared", width_));
            break;
        case RecordType::kCompaction:
            add(transcript_.mark("conversation made shorter", width_));
            break;
        default:
            break;
    }
    return std::exchange(out_, {});
}

RecordedTranscript::Lines RecordedTranscript::end_turn() {
    for (const agent::ToolCall& call : std::exchange(calls_, {}))
        show(agent::ToolFinished{call, {"interrupted", true, {}}, {}, false, {}});
    if (std::exchange(awaits_answer_, false)) add(transcript_.interrupted(width_));
    return std::exchange(out_, {});
}

void RecordedTranscript::take_text(const journal::SessionEntry& entry) {
    if (entry.origin == "notification") {
        take_notification(entry.text);
        awaits_answer_ = true;
    } else if (entry.origin == "command") {
        show_own_command(entry.text);
    } else if (entry.origin == "prompt") {
        if (!entry.in_turn) add(end_turn());
        show_prompt(entry.typed.empty() ? entry.text : entry.typed);
        for (const OrderedJson& file : entry.attached)
            show(agent::FileAttached{string_or(file, "name")});
        awaits_answer_ = true;
    }
}

void RecordedTranscript::show_prompt(const std::string& prompt) {
    const std::string shown = shows_all_ ? prompt : ui::folded_prompt(prompt, width_);
    add(transcript_.prompt(shown, width_));
    if (shown != prompt) folded().add({"> " + first_line(prompt), harmless(prompt) + "\n", {}});
}

/// The tool is not recorded: any that runs commands shows them alike.
void RecordedTranscript::show_own_command(const std::string& text) {
    agent::ToolFinished own;
    own.call.input = Json::object();
    for (const auto& [name, facts] : facts_.tools) {
        if (facts.result != agent::ResultView::kCommand) continue;
        own.call.name = name;
        own.call.input[facts.command] = session::text_of_tag("user-command", text);
        own.facts = facts;
        break;
    }
    own.result.text = session::text_of_tag("user-command-output", text);
    show(own);
}

void RecordedTranscript::take_answer(const journal::SessionEntry& entry) {
    const Json content(entry.content);
    calls_.clear();
    for (const Json& block : content) {
        if (string_or(block, "type") != "tool_use") continue;
        calls_.push_back(
            {string_or(block, "id"), string_or(block, "name"), member(block, "input"), {}});
    }
    awaits_answer_ = !calls_.empty();
    show(agent::Answered{{{"role", "assistant"}, {"content", content}}});
}

void RecordedTranscript::take_result(const journal::SessionEntry& entry) {
    const auto call = std::find_if(calls_.begin(), calls_.end(), [&](const agent::ToolCall& one) {
        return one.id == entry.tool_use_id;
    });
    if (call == calls_.end()) return;
    agent::ToolFinished finished;
    finished.call = std::move(*call);
    calls_.erase(call);
    finished.result = {entry.text, entry.is_error, {}};
    finished.denied = entry.is_error && entry.text.starts_with(kRefused);
    const auto facts = facts_.tools.find(finished.call.name);
    if (facts != facts_.tools.end()) finished.facts = facts->second;
    note_job_of(finished);
    show(finished);
    if (ui::has_started_job(finished)) {
        agent::JobChanged job;
        job.id = job_of_result(entry.text);
        job.status = "running";
        show_job(std::move(job));
    }
}

void RecordedTranscript::note_job_of(const agent::ToolFinished& call) {
    const std::string id = job_of_result(call.result.text);
    if (id.empty() || call.facts.command.empty()) return;
    job_commands_[id] = string_or(call.call.input, call.facts.command);
}

void RecordedTranscript::take_notification(const std::string& text) {
    std::optional<agent::JobChanged> job;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (auto next = job_of_line(line)) {
            if (job) show_job(*std::exchange(job, std::nullopt));
            job = std::move(next);
        }
        if (!job) continue;
        if (const auto code = exit_code_of_line(line)) job->exit_code = code;
    }
    if (job) show_job(*std::move(job));
}

/// With what else is known of the job.
void RecordedTranscript::show_job(agent::JobChanged job) {
    if (const jobs::JobRecord* const record = find_job(job.id)) {
        job.command = record->spec.command;
        job.name = record->spec.name;
        if (job.status != "running")
            job.duration = std::chrono::milliseconds(record->end.duration_ms);
    } else if (const auto command = job_commands_.find(job.id); command != job_commands_.end()) {
        job.command = command->second;
    }
    show(job);
}

const jobs::JobRecord* RecordedTranscript::find_job(const std::string& id) const {
    const auto job = std::find_if(facts_.jobs.begin(), facts_.jobs.end(),
                                  [&](const jobs::JobRecord& one) { return one.id == id; });
    return job == facts_.jobs.end() ? nullptr : &*job;
}

void RecordedTranscript::show(const agent::AgentEvent& event) {
    add(transcript_.on_event(event, width_, {}));
}

void RecordedTranscript::add(Lines lines) {
    std::move(lines.begin(), lines.end(), std::back_inserter(out_));
}

}  // namespace tenon::sitting
