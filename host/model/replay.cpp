#include "host/model/replay.h"

#include <set>

#include "host/agent/call_ids.h"
#include "host/agent/repair.h"
#include "host/base/atomic_file.h"
#include "host/base/ids.h"
#include "host/base/utf8.h"
#include "host/model/overflow.h"

namespace tenon::model {
namespace {

constexpr std::int64_t kReplayVersion = 1;
constexpr std::size_t kMaxReplayBytes = std::size_t{256} << 20U;

using ReplayStep = Replay::ReplayStep;

Result<std::vector<std::string>> read_jobs(const Json& line) {
    std::vector<std::string> jobs;
    if (!line.contains("jobs")) return jobs;
    const Json& listed = member(line, "jobs");
    if (!listed.is_array()) return Error{"jobs is not an array"};
    for (const Json& item : listed) {
        const std::string* id = string_in(item);
        if (id == nullptr || !is_job_id(*id)) {
            return Error{"jobs: " + dump_json(item) + " is no job id (8 lower-case hex digits)"};
        }
        jobs.push_back(*id);
    }
    return jobs;
}

agent::ModelFailure read_failure(const Json& line) {
    agent::ModelFailure failure;
    failure.message = string_or(line, "message", "recorded failure");
    failure.http_status = static_cast<int>(integer_or(line, "http_status", 0));
    failure.type = string_or(line, "error_type");
    failure.request_id = string_or(line, "request_id");
    failure.retryable = bool_or(line, "retryable", false);
    if (const auto ms = integer_or(line, "retry_after_ms", -1); ms >= 0) {
        failure.retry_after = std::chrono::milliseconds(ms);
    }
    judge_length(failure, failure.message);
    // Codes and members of the answer are not in the message.
    if (bool_or(line, "too_long", false)) failure.length = agent::Length::kTooLong;
    if (const auto window = integer_or(line, "window", 0); window > 0) failure.window = window;
    return failure;
}

Result<std::vector<OrderedJson>> read_blocks(const std::string& text) {
    const auto line = parse_ordered_json(text, kMaxOwnJsonDepth);
    if (!line) return line.error();
    if (!line->contains("content")) return Error{"an answer without content"};
    const OrderedJson& content = member(*line, "content");
    if (content.is_string()) return std::vector{OrderedJson{{"type", "text"}, {"text", content}}};
    if (!content.is_array()) return Error{"content is neither an array nor a string"};
    return std::vector<OrderedJson>(content.begin(), content.end());
}

/// Checks the blocks when the file is opened, so that an error names its line.
Result<bool> check_blocks(const ReplayStep& step, std::set<std::string>& ids) {
    bool calls = false;
    for (const OrderedJson& fields : step.content) {
        const auto block = finish_block(fields, std::nullopt);
        if (!block) return block.error();
        if (!block->call) continue;
        calls = true;
        if (!agent::is_call_id(block->call->id))
            return Error{"a tool_use block has no id of letters, digits, _ and - (at most 64)"};
        if (!block->call->input_error.empty() || !fields.contains("input")) {
            return Error{"tool_use " + block->call->id + ": input is no object"};
        }
        if (!ids.insert(block->call->id).second) {
            return Error{"tool_use id " + block->call->id + " appears twice in the file"};
        }
    }
    return calls;
}

Result<ReplayStep> read_answer(const std::string& text, const Json& line,
                               std::set<std::string>& ids) {
    ReplayStep step;
    auto blocks = read_blocks(text);
    if (!blocks) return blocks.error();
    step.content = std::move(*blocks);
    const auto calls = check_blocks(step, ids);
    if (!calls) return calls.error();
    step.answer.id = string_or(line, "id");
    step.answer.model = string_or(line, "model");
    step.answer.stop_reason = string_or(line, "stop_reason", *calls ? "tool_use" : "end_turn");
    step.answer.usage = agent::read_usage(member(line, "usage"));
    const Json& errors = member(line, "input_errors");
    for (const auto& [id, why] : errors.items()) {
        if (const std::string* reason = string_in(why)) step.input_errors[id] = *reason;
    }
    return step;
}

/// The tool_use ids of each conversation. Different conversations may use the same ids, since some
/// endpoints count from one.
using IdsOfAgents = std::map<std::string, std::set<std::string>>;

/// Nothing for the header.
Result<std::optional<ReplayStep>> read_line(const std::string& text, bool first, IdsOfAgents& ids) {
    if (!utf8::is_valid(text)) return Error{"not UTF-8"};
    const auto line = parse_json(text, kMaxOwnJsonDepth);
    if (!line) return line.error();
    if (!line->is_object()) return Error{"not a JSON object"};
    const std::string type = string_or(*line, "type");
    if (first != (type == "replay")) {
        return Error{first ? R"(a recorded run begins with {"v":1,"type":"replay"})"
                           : "a second header"};
    }
    const auto v = integer_or(*line, "v", first ? 0 : kReplayVersion);
    if (v > kReplayVersion) {
        return Error{"version " + std::to_string(v) + " is newer than this program knows (" +
                     std::to_string(kReplayVersion) + ")"};
    }
    if (v < 1) return Error{"v is missing or no version"};
    if (first) return std::optional<ReplayStep>{};
    auto jobs = read_jobs(*line);
    if (!jobs) return jobs.error();
    std::string agent = string_or(*line, "agent");
    if (line->contains("agent") && agent.empty())
        return Error{"agent is no tool_use id (a text that is not empty)"};
    ReplayStep step;
    if (type == "answer") {
        auto answer = read_answer(text, *line, ids[agent]);
        if (!answer) return answer.error();
        step = std::move(*answer);
    } else if (type == "failure") {
        step.failure = read_failure(*line);
    } else {
        return Error{type.empty() ? "no type" : "unknown type \"" + type + "\""};
    }
    step.agent = std::move(agent);
    step.jobs = std::move(*jobs);
    return std::optional<ReplayStep>(std::move(step));
}

void replace_in_strings(OrderedJson& value, const std::map<std::string, std::string>& ids) {
    if (const std::string* text = string_in(value)) {
        value = replace_job_ids(*text, ids);
    } else if (value.is_structured()) {
        for (auto& inner : value)
            replace_in_strings(inner, ids);
    }
}

/// Replaces ids in texts and tool inputs only.
OrderedJson with_live_ids(OrderedJson fields, const std::map<std::string, std::string>& ids) {
    for (const char* key : {"text", "input"}) {
        if (!ids.empty() && fields.contains(key)) replace_in_strings(fields[key], ids);
    }
    return fields;
}

agent::ModelFailure stopped_failure() {
    agent::ModelFailure failure;
    failure.message = "stopped";
    failure.stopped = true;
    return failure;
}

}  // namespace

Replay::Replay(std::filesystem::path file, std::map<std::string, ReplayPart, std::less<>> parts)
    : file_(std::move(file)), parts_(std::move(parts)) {}

Result<std::unique_ptr<Replay>> Replay::open(const std::filesystem::path& file) {
    const auto bytes = read_whole_file(file, kMaxReplayBytes);
    if (!bytes) return bytes.error();
    std::map<std::string, ReplayPart, std::less<>> parts;
    parts.try_emplace("");  // the session's own conversation is always there
    IdsOfAgents ids;
    bool first = true;
    std::size_t number = 0;
    for (std::size_t at = 0; at < bytes->size();) {
        const auto end = std::min(bytes->find('\n', at), bytes->size());
        const std::string text = bytes->substr(at, end - at);
        const bool unended = end == bytes->size();
        at = end + 1;
        ++number;
        if (text.find_first_not_of(" \t\r") == text.npos) continue;
        auto step = read_line(text, first, ids);
        if (!step) {
            return Error{file.string() + ":" + std::to_string(number) + ": " +
                         step.error().message +
                         (unended ? " (the last line; it may have been cut off)" : "")};
        }
        first = false;
        if (!*step) continue;
        std::string agent = (*step)->agent;
        parts[std::move(agent)].steps.push_back(std::move(**step));
    }
    if (first) return Error{file.string() + ": empty; a recorded run begins with its header"};
    return std::unique_ptr<Replay>(new Replay(file, std::move(parts)));
}

/// A call has another id than the recorded one if the session had used that already. The file knows
/// only the recorded one.
Replay::ReplayPart& Replay::part_of(std::string_view agent) {
    const auto renamed = recorded_of_.find(agent);
    const auto own = parts_.find(renamed == recorded_of_.end() ? agent : renamed->second);
    return own != parts_.end() ? own->second : parts_.find("")->second;
}

/// Maps recorded ids to live ones: those of this conversation, else of the session itself.
std::map<std::string, std::string> Replay::match_jobs(const ReplayStep& step,
                                                      const agent::Request& request) {
    ReplayedJobs& jobs = jobs_[std::string(request.agent)];
    for (auto& id : jobs.scanner.scan(request.messages))
        jobs.live.push_back(std::move(id));
    jobs.recorded.insert(jobs.recorded.end(), step.jobs.begin(), step.jobs.end());
    for (std::size_t i = jobs.live_of.size(); i < std::min(jobs.recorded.size(), jobs.live.size());
         ++i)
        jobs.live_of.emplace(jobs.recorded[i], jobs.live[i]);
    auto live_of = jobs.live_of;
    live_of.merge(std::map(jobs_[""].live_of));
    return live_of;
}

Result<agent::Answer, agent::ModelFailure> Replay::ask(const agent::Request& request,
                                                       agent::EventSink& sink,
                                                       std::stop_token stop) {
    if (stop.stop_requested()) return stopped_failure();
    Lock lock(mutex_);
    ReplayPart& part = part_of(request.agent);
    if (part.next == part.steps.size()) {
        agent::ModelFailure failure;
        const bool own = !part.steps.empty() && !part.steps.front().agent.empty();
        failure.message = "replay " + file_.string() + ": the recorded run is over: it has " +
                          std::to_string(part.steps.size()) + " answers" +
                          (own ? " for the agent " + part.steps.front().agent : "") +
                          ", and this is one request more";
        return failure;
    }
    const ReplayStep& step = part.steps[part.next++];  // steps never change: read without the lock
    const auto live_of = match_jobs(step, request);
    const std::size_t number = part.next;
    lock.unlock();

    if (step.failure) return *step.failure;
    agent::Answer answer = step.answer;
    if (answer.id.empty()) answer.id = "msg_replay_" + std::to_string(number);
    if (answer.model.empty()) answer.model = request.model;
    std::vector<ContentBlock> blocks;
    std::vector<std::string> recorded_ids;  // of the calls, in their order
    for (const OrderedJson& recorded : step.content) {
        auto block = finish_block(with_live_ids(recorded, live_of), std::nullopt);
        if (const std::string* thought = string_in(member(recorded, "thinking"));
            block->type == "thinking" && thought != nullptr) {
            sink.on_event(agent::ThinkingDelta{*thought});
        }
        if (block->type == "text") sink.on_event(agent::TextDelta{block->text});
        if (block->call) recorded_ids.push_back(block->call->id);
        blocks.push_back(std::move(*block));
    }
    answer.by = {"replay", answer.model};
    put_content(answer, std::move(blocks), request.call_ids);
    lock.lock();
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
        agent::ToolCall& call = answer.calls[i];
        const auto why = step.input_errors.find(recorded_ids[i]);
        if (why != step.input_errors.end()) call.input_error = why->second;
        if (call.id != recorded_ids[i]) recorded_of_[call.id] = recorded_ids[i];
    }
    return answer;
}

}  // namespace tenon::model
