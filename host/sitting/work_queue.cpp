#include "host/sitting/work_queue.h"

#include <algorithm>

namespace tenon::sitting {
namespace {

bool is_prompt(const WorkQueue::Work& work) {
    return work.command == nullptr;
}

}  // namespace

void WorkQueue::add_prompt(std::string prompt) {
    work_.push_back({std::move(prompt), nullptr});
    prompts_held_ = false;
}

void WorkQueue::add_command(Command command) {
    work_.push_back({{}, std::move(command)});
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
    for (; !work_.empty() && is_prompt(work_.front()); work_.pop_front())
        taken.push_back(std::move(work_.front().prompt));
    prompts_held_ = false;
    return taken;
}

void WorkQueue::put_back(std::vector<std::string> prompts) {
    for (auto prompt = prompts.rbegin(); prompt != prompts.rend(); ++prompt)
        work_.push_front({std::move(*prompt), nullptr});
    prompts_held_ = true;
}

std::vector<std::string> WorkQueue::prompts() const {
    std::vector<std::string> prompts;
    for (const Work& work : work_) {
        if (is_prompt(work)) prompts.push_back(work.prompt);
    }
    return prompts;
}

std::optional<std::string> WorkQueue::take_last_prompt() {
    const auto last = std::find_if(work_.rbegin(), work_.rend(), is_prompt);
    if (last == work_.rend()) return std::nullopt;
    std::string prompt = std::move(last->prompt);
    work_.erase(std::next(last).base());
    if (prompts().empty()) prompts_held_ = false;
    return prompt;
}

std::vector<std::string> WorkQueue::take_prompts() {
    std::vector<std::string> taken = prompts();
    std::erase_if(work_, is_prompt);
    prompts_held_ = false;
    return taken;
}

void WorkQueue::clear() {
    work_.clear();
    prompts_held_ = false;
}

}  // namespace tenon::sitting
