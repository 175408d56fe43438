#include <fcntl.h>

#include "host/base/atomic_file.h"
#include "host/model/replay.h"

namespace tenon::model {
namespace {

std::string answer_line(const agent::Answer& answer, std::string_view agent, const Json& jobs) {
    Json errors = Json::object();
    for (const agent::ToolCall& call : answer.calls) {
        if (!call.input_error.empty()) errors[call.id] = call.input_error;
    }
    std::string line = R"({"type":"answer")";
    if (!agent.empty()) line += ",\"agent\":" + json_quote(agent);
    if (!jobs.empty()) line += ",\"jobs\":" + dump_json(jobs);
    // As received: parsing would reorder fields and change numbers.
    line += ",\"content\":" + answer.content;
    line += ",\"stop_reason\":" + json_quote(answer.stop_reason);
    line += ",\"id\":" + json_quote(answer.id) + ",\"model\":" + json_quote(answer.model);
    if (!errors.empty()) line += ",\"input_errors\":" + dump_json(errors);
    const agent::Usage& u = answer.usage;
    const Json usage = {{"input_tokens", u.input_tokens},
                        {"output_tokens", u.output_tokens},
                        {"cache_read_input_tokens", u.cache_read_input_tokens},
                        {"cache_creation_input_tokens", u.cache_creation_input_tokens}};
    return line + ",\"usage\":" + dump_json(usage) + "}";
}

std::string failure_line(const agent::ModelFailure& failure, std::string_view agent,
                         const Json& jobs) {
    Json line = {{"type", "failure"},
                 {"message", failure.message},
                 {"http_status", failure.http_status},
                 {"error_type", failure.type},
                 {"request_id", failure.request_id},
                 {"retryable", failure.retryable}};
    if (!agent.empty()) line["agent"] = std::string(agent);
    if (!jobs.empty()) line["jobs"] = jobs;
    if (failure.retry_after) line["retry_after_ms"] = failure.retry_after->count();
    if (failure.length == agent::Length::kTooLong) line["too_long"] = true;
    if (failure.window) line["window"] = *failure.window;
    return dump_json(line);
}

}  // namespace

Result<std::shared_ptr<RecordFile>> RecordFile::open(const std::filesystem::path& file,
                                                     const Secrets& secrets) {
    UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return Error::from_errno("record to " + file.string());
    std::shared_ptr<RecordFile> record(new RecordFile(file, std::move(fd), secrets));
    if (auto written = record->write_line(R"({"v":1,"type":"replay"})"); !written)
        return written.error();
    return record;
}

Result<void> RecordFile::write_line(const std::string& line) {
    const Lock lock(mutex_);
    if (!fd_) return {};
    auto written = write_all(fd_.get(), secrets_.redact(line) + "\n");
    if (written) return {};
    fd_.reset();
    return written.error().while_doing("record to " + file_.string());
}

Result<agent::Answer, agent::ModelFailure> Recorder::ask(const agent::Request& request,
                                                         agent::EventSink& sink,
                                                         std::stop_token stop) {
    for (auto& id : scanner_.scan(request.messages))
        new_jobs_.push_back(std::move(id));
    auto answer = inner_->ask(request, sink, stop);
    if (!answer && answer.error().stopped) return answer;
    const Json jobs = std::exchange(new_jobs_, {});
    const auto written =
        file_->write_line(answer ? answer_line(*answer, request.agent, jobs)
                                 : failure_line(answer.error(), request.agent, jobs));
    if (!written) sink.on_event(agent::Notice{written.error().message});
    return answer;
}

}  // namespace tenon::model
