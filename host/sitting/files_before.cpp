#include "host/sitting/files_before.h"

#include "host/base/atomic_file.h"
#include "host/ui/diff.h"

namespace tenon::sitting {
namespace {

/// The event of type `Event` in `event`, also that of a subagent, whose call is returned too.
template <class Event>
std::pair<std::string, const Event*> find(const agent::AgentEvent& event) {
    if (const auto* nested = std::get_if<agent::SubagentEvent>(&event))
        return {nested->tool_use_id, std::get_if<Event>(&nested->event)};
    return {{}, std::get_if<Event>(&event)};
}

}  // namespace

void FilesBefore::on_event(const agent::AgentEvent& event) {
    const auto [subagent, started] = find<agent::ToolStarted>(event);
    if (started != nullptr) read({subagent, started->call.id}, *started);
}

void FilesBefore::read(const Key& key, const agent::ToolStarted& started) {
    const agent::ToolFacts& facts = started.facts;
    const std::string path = ui::changed_path(started.call.input, facts);
    if (facts.result != agent::ResultView::kChange || path.empty()) return;
    auto contents = read_whole_file(workspace_ / path, kLargestChangedFile);
    if (!contents) return;
    std::string text = secrets_.redact(*std::move(contents));
    const Lock lock(mutex_);
    files_[key] = std::move(text);
}

std::optional<std::string> FilesBefore::take(const agent::AgentEvent& event) {
    const auto [subagent, finished] = find<agent::ToolFinished>(event);
    if (finished == nullptr) return std::nullopt;
    const Lock lock(mutex_);
    auto node = files_.extract({subagent, finished->call.id});
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
}

void FilesBefore::clear() {
    const Lock lock(mutex_);
    files_.clear();
}

}  // namespace tenon::sitting
