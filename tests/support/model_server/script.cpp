#include "tests/support/model_server/script.h"

#include "tests/support/model_server/sloppiness.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;

std::string as_text(const Ordered& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Events read_events(const Ordered& list) {
    Events events;
    for (const Ordered& event : list)
        events.emplace_back(event.at(0).get<std::string>(), as_text(event.at(1)));
    return events;
}

bool is_by_format(const Ordered& value) {
    return value.is_object() && (value.contains("anthropic") || value.contains("openai") ||
                                 value.contains("openai-responses"));
}

/// One value for all formats, or one for each that is named.
template <class Value, class Read>
void read_by_format(const Ordered& value, std::optional<Value>& common,
                    std::map<std::string, Value>& own, Read read) {
    if (!is_by_format(value)) {
        common = read(value);
        return;
    }
    for (const auto& [format, one] : value.items())
        own[format] = read(one);
}

std::set<std::string> read_defects(const Ordered& list) {
    std::set<std::string> names;
    for (const Ordered& name : list) {
        if (!is_defect(name.get<std::string>()))
            throw std::runtime_error("unknown defect " + name.get<std::string>());
        names.insert(name.get<std::string>());
    }
    return names;
}

void read_field(Step& step, const std::string& key, const Ordered& value) {
    using std::chrono::milliseconds;
    if (key == "content") {
        step.content =
            value.is_string() ? Ordered::array({{{"type", "text"}, {"text", value}}}) : value;
        if (!step.content.is_array()) throw std::runtime_error("neither an array nor a string");
    } else if (key == "stop_reason") {
        step.stop_reason = value.get<std::string>();
    } else if (key == "usage") {
        step.usage = Json::parse(value.dump());
    } else if (key == "piece") {
        step.piece = std::max<std::size_t>(1, value.get<std::size_t>());
    } else if (key == "events") {
        read_by_format(value, step.events, step.events_of, read_events);
    } else if (key == "sloppy") {
        step.sloppy = read_defects(value);
    } else if (key == "expect") {
        if (value.is_string()) {
            step.expect = {value.get<std::string>()};
        } else {
            step.expect = value.get<std::vector<std::string>>();
        }
    } else if (key == "repeat") {
        step.repeat = value.get<int>();
    } else if (key == "status") {
        step.status = value.get<int>();
    } else if (key == "headers") {
        for (const auto& [name, text] : value.items())
            step.headers.emplace_back(name, as_text(text));
    } else if (key == "body") {
        read_by_format(value, step.body, step.bodies_of, as_text);
    } else if (key == "delay_ms") {
        step.delay = milliseconds(value.get<int>());
    } else if (key == "gap_ms") {
        step.gap = milliseconds(value.get<int>());
    } else if (key == "drip") {
        step.drip = value.get<bool>();
    } else if (key == "cut_after") {
        step.cut_after = value.get<std::size_t>();
    } else if (key == "reset") {
        step.reset = value.get<bool>();
    } else if (key == "error_after") {
        step.error_after = value.get<std::size_t>();
    } else if (key == "error") {
        step.error_type = value.value("type", "");
        step.error_message = value.value("message", "");
    } else if (key == "close") {
        step.close = value.get<bool>();
    } else if (key == "raw") {
        step.raw = value.get<std::string>();
    } else {
        throw std::runtime_error("unknown field");
    }
}

bool has_tool_use(const Ordered& content) {
    return std::any_of(content.begin(), content.end(),
                       [](const Ordered& block) { return block.value("type", "") == "tool_use"; });
}

}  // namespace

Result<std::vector<Step>> read_script(const std::string& text) {
    const auto script = Ordered::parse(text, nullptr, false);
    const Ordered* steps = &script;
    if (script.is_object() && script.contains("steps")) steps = &script["steps"];
    if (!steps->is_array()) return Error{"the script is no JSON array of steps"};
    std::vector<Step> out;
    for (const Ordered& written : *steps) {
        Step step;
        step.content = Ordered::array();
        for (const auto& [key, value] : written.items()) {
            try {
                read_field(step, key, value);
            } catch (const std::exception& e) {
                return Error{"step " + std::to_string(out.size() + 1) + ": " + key + ": " +
                             e.what()};
            }
        }
        if (step.stop_reason.empty()) {
            step.stop_reason = has_tool_use(step.content) ? "tool_use" : "end_turn";
        }
        out.push_back(std::move(step));
    }
    return out;
}

}  // namespace tenon::testing
