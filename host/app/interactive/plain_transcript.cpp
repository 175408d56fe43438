#include "host/app/interactive/plain_transcript.h"

#include <sstream>

#include "host/app/visible_text.h"

namespace tenon::app {

std::vector<std::string> PlainTranscript::take(const agent::AgentEvent& event) {
    std::vector<std::string> out;
    const auto add = [&](const std::string& text) {
        std::istringstream lines(visible(text, true));
        for (std::string line; std::getline(lines, line);)
            out.push_back(line);
    };
    if (const auto* answered = std::get_if<agent::Answered>(&event)) {
        for (const Json& block : answered->message["content"])
            if (string_or(block, "type") == "text") add(string_or(block, "text"));
    } else if (const auto* started = std::get_if<agent::ToolStarted>(&event)) {
        add("● " + started->call.name + " " + started->call.input.dump());
    } else if (const auto* finished = std::get_if<agent::ToolFinished>(&event)) {
        add(finished->result.text);
    } else if (const auto* job = std::get_if<agent::JobChanged>(&event)) {
        add("● job " + job->id + " " + job->status + ": " + job->command);
    } else if (const auto* notice = std::get_if<agent::Notice>(&event)) {
        add(notice->text);
    }
    return out;
}

}  // namespace tenon::app
