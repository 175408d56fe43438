#include "tests/faults/told.h"

#include <sstream>

#include "host/base/ids.h"
#include "host/jobs/job.h"
#include "tests/faults/work.h"

namespace tenon::faults {
namespace {

constexpr std::string_view kNotifications = "<background-results>\n";
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

/// `[bg:<id>] <status>: <first line>`
void read_notifications(const std::string& text, Told& told) {
    constexpr std::string_view kMark = "[bg:";
    for (const std::string& line : lines_of(text)) {
        if (!line.starts_with(kMark)) continue;
        const std::string id = line.substr(kMark.size(), kIdLength);
        const auto colon = line.find(": ");
        if (!is_job_id(id) || colon == std::string::npos) continue;
        const std::size_t status = kMark.size() + kIdLength + 2;
        told.notifications.insert(
            {id, {line.substr(status, colon - status), line.substr(colon + 2)}});
    }
}

/// `<id>: [<status>] <preview>`, and under an ended one its output.
void read_wait(const std::string& text, Told& told) {
    const auto lines = lines_of(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string& line = lines[i];
        const auto close = line.find(']');
        if (!is_job_id(line.substr(0, kIdLength)) || line.compare(kIdLength, 3, ": [") != 0 ||
            close == std::string::npos) {
            continue;
        }
        const std::string word = line.substr(kIdLength + 3, close - kIdLength - 3);
        const auto status = jobs::status_from(word);
        if (!status || !jobs::is_terminal(*status)) continue;
        told.waited_for.insert(
            {line.substr(0, kIdLength), {word, i + 1 < lines.size() ? lines[i + 1] : ""}});
    }
}

void read_result(const Json& block, Told& told) {
    const std::string id = string_or(block, "tool_use_id");
    Told::Call& call = told.calls[id];
    call.result = block.contains("content") ? text_of(block["content"]) : "";
    if (const auto number = number_of(id); number && !did_nothing(call.result))
        told.settled.insert(*number);
    if (call.name == "background_wait") read_wait(call.result, told);
}

}  // namespace

bool did_nothing(const std::string& result) {
    return result == "interrupted";
}

bool goes_on(const std::string& result) {
    return result.starts_with("interrupted; continues as job ");
}

Told read_request(const Json& request) {
    Told told;
    for (const Json& message : request["messages"]) {
        if (message["content"].is_string()) continue;
        for (const Json& block : message["content"]) {
            const std::string type = string_or(block, "type");
            if (type == "tool_use") {
                const std::string id = string_or(block, "id");
                told.calls[id].name = string_or(block, "name");
                if (const auto number = number_of(id)) ++told.attempts[*number];
            } else if (type == "tool_result") {
                read_result(block, told);
            } else if (string_or(block, "text").starts_with(kNotifications)) {
                read_notifications(string_or(block, "text"), told);
            }
        }
    }
    return told;
}

}  // namespace tenon::faults
