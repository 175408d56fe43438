#include "host/sitting/work_queue.h"

#include <algorithm>

namespace tenon::sitting {
namespace {

bool is_prompt(const WorkQueue::Work& work) {
    return work.command == nullptr;
}

bool has_line(const WorkQueue::Work& work) {
    return !work.line.empty();
}

}  // namespace

void WorkQueue::add_prompt(std::string prompt) {
    work_.push_back({std::move(prompt), nullptr});
    prompts_held_ = false;
}

void WorkQueue::add_command(Command command, std::string line) {
    work_.push_back({std::move(line), std::move(command)});
}

std::deque<WorkQueue::Work>::const_iterator WorkQueue::next() const {
    return prompts_held_ ? std::find_if_not(work_.begin(), work_.end(), is_prompt) : work_.begin();
}

std::optional<WorkQueue::Work> WorkQueue::take_next() {
    const auto first = next();
    if (first == work_.end()) return std::nullopt;
    Work work = *first;
    work_.erase(first);
    return work;
}

std::vector<std::string> WorkQueue::take_deliverable() {
    std::vector<std::string> taken;
    auto at = work_.begin();
    while (at != work_.end() && (is_prompt(*at) || at->only_shows)) {
        if (at->only_shows) {
            ++at;
            continue;
        }
        taken.push_back(std::move(at->line));
        at = work_.erase(at);
    }
    prompts_held_ = false;
    return taken;
}

void WorkQueue::put_back(std::vector<std::string> prompts) {
    for (auto prompt = prompts.rbegin(); prompt != prompts.rend(); ++prompt)
        work_.push_front({std::move(*prompt), nullptr});
    prompts_held_ = true;
}

std::vector<std::string> WorkQueue::lines() const {
    std::vector<std::string> lines;
    for (const Work& work : work_) {
        if (has_line(work)) lines.push_back(work.line);
    }
    return lines;
}

std::optional<std::string> WorkQueue::take_last_line() {
    const auto last = std::find_if(work_.rbegin(), work_.rend(), has_line);
    if (last == work_.rend()) return std::nullopt;
    std::string line = std::move(last->line);
    work_.erase(std::next(last).base());
    if (std::none_of(work_.begin(), work_.end(), is_prompt)) prompts_held_ = false;
    return line;
}

std::vector<std::string> WorkQueue::take_lines() {
    std::vector<std::string> taken = lines();
    std::erase_if(work_, has_line);
    prompts_held_ = false;
    return taken;
}

void WorkQueue::clear() {
    work_.clear();
    prompts_held_ = false;
}

}  // namespace tenon::sitting
