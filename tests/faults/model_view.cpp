#include "tests/faults/model_view.h"

#include <sstream>
#include <vector>

#include "host/base/ids.h"
#include "host/jobs/job.h"

namespace tenon::faults {
namespace {

constexpr std::string_view kNotifications = "<background-results>\n";
constexpr std::string_view kMark = "[bg:";
constexpr std::size_t kIdLength = 8;

std::string text_of(const Json& content) {
    if (content.is_string()) return content.get<std::string>();
    std::string text;
    for (const Json& block : content)
        text += string_or(block, "text");
    return text;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

std::string without_indent(const std::string& line) {
    return line.starts_with("  ") ? line.substr(2) : line;
}

/// `[bg:<id>] <status>: <first line>`, further lines indented.
void read_notifications(const std::string& text, ModelView& view) {
    ModelView::End* last = nullptr;
    for (const std::string& line : lines_of(text)) {
        if (last != nullptr && line.starts_with("  ")) last->text += "\n" + line.substr(2);
        if (!line.starts_with(kMark)) continue;
        const std::string id = line.substr(kMark.size(), kIdLength);
        const auto colon = line.find(": ");
        if (!is_job_id(id) || colon == std::string::npos) continue;
        const std::size_t status = kMark.size() + kIdLength + 2;
        const auto added = view.notifications.insert(
            {id, {line.substr(status, colon - status), line.substr(colon + 2)}});
        last = &added->second;
    }
}

/// The id and the status in `<id>: [<status>] <preview>`.
std::optional<std::pair<std::string, jobs::Status>> read_entry(const std::string& line) {
    const auto close = line.find(']');
    if (!is_job_id(line.substr(0, kIdLength)) || line.compare(kIdLength, 3, ": [") != 0 ||
        close == std::string::npos) {
        return std::nullopt;
    }
    const auto status = jobs::status_from(line.substr(kIdLength + 3, close - kIdLength - 3));
    if (!status) return std::nullopt;
    return std::pair(line.substr(0, kIdLength), *status);
}

/// A list of jobs. Under an ended job stands its output.
void read_wait(const std::string& text, ModelView& view) {
    ModelView::End* last = nullptr;
    for (const std::string& line : lines_of(text)) {
        if (const auto entry = read_entry(line)) {
            last = nullptr;
            if (!jobs::is_terminal(entry->second)) continue;
            const std::string status(jobs::to_string(entry->second));
            last = &view.wait_results.insert({entry->first, {status, ""}})->second;
        } else if (last != nullptr) {
            last->text += (last->text.empty() ? "" : "\n") + without_indent(line);
        }
    }
}

void read_call(const Json& block, ModelView& view) {
    ModelView::Call& call = view.calls[string_or(block, "id")];
    call.name = string_or(block, "name");
    if (!block.contains("input")) return;
    call.attempt = attempt_of(string_or(block["input"], "command"));
    if (call.attempt) ++view.attempts[call.attempt->number];
}

void read_result(const Json& block, ModelView& view) {
    ModelView::Call& call = view.calls[string_or(block, "tool_use_id")];
    call.result = block.contains("content") ? text_of(block["content"]) : "";
    if (call.name == "background_wait") read_wait(call.result, view);
}

}  // namespace

bool did_nothing(const std::string& result) {
    return result == "interrupted";
}

bool continues_as_job(const std::string& result) {
    return result.starts_with("interrupted; continues as job ");
}

bool started_a_job(const std::string& result) {
    return result.starts_with("Background job ");
}

std::set<int> numbers_done(const ModelView& view, const Evidence& evidence) {
    std::set<int> numbers;
    for (const auto& [id, call] : view.calls) {
        if (!call.attempt || call.result.empty()) continue;
        const auto trace = evidence.find(*call.attempt);
        const bool ran = trace != evidence.end() && trace->second.begun > 0;
        if (ran || started_a_job(call.result) || continues_as_job(call.result))
            numbers.insert(call.attempt->number);
    }
    return numbers;
}

ModelView read_request(const Json& request) {
    ModelView view;
    for (const Json& message : request["messages"]) {
        if (message["content"].is_string()) continue;
        for (const Json& block : message["content"]) {
            const std::string type = string_or(block, "type");
            if (type == "tool_use") {
                read_call(block, view);
            } else if (type == "tool_result") {
                read_result(block, view);
            } else if (string_or(block, "text").starts_with(kNotifications)) {
                read_notifications(string_or(block, "text"), view);
            }
        }
    }
    return view;
}

}  // namespace tenon::faults
