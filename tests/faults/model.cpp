#include "tests/faults/model.h"

namespace tenon::faults {

using testing::Step;

void Model::allow(int numbers, int at_once) {
    const Lock lock(mutex_);
    allowed_ = numbers;
    at_once_ = at_once;
}

void Model::ask_for_all_at_once() {
    const Lock lock(mutex_);
    all_at_once_ = true;
}

void Model::on_request(std::function<void()> hook) {
    const Lock lock(mutex_);
    hook_ = std::move(hook);
}

void Model::look(const Json& request) {
    ++requests_;
    told_ = read_request(request);
    const std::size_t had = settled_.size();
    settled_ = faults::settled(told_, read_evidence(workspace_));
    fruitless_ = settled_.size() > had ? 0 : fruitless_ + 1;
    for (const auto& [id, end] : told_.notifications) {
        if (told_.notifications.count(id) + told_.waited_for.count(id) > 1) doubled_.insert(id);
    }
}

/// As many as it has in mind, in the order of their numbers; now and then it wants to wait as well.
/// It gives up for now where one answer after the other has led to nothing.
Json Model::calls() {
    constexpr int kMostFruitless = 4;
    Json calls = Json::array();
    if (fruitless_ >= kMostFruitless) {
        fruitless_ = 0;
        return calls;
    }
    const int most =
        all_at_once_ ? at_once_ : std::uniform_int_distribution<>(1, at_once_)(random_);
    for (int number = 0; number < allowed_ && static_cast<int>(calls.size()) < most; ++number) {
        if (settled_.count(number) > 0) continue;
        calls.push_back(call_of({number, told_.attempts[number]}, demand_));
    }
    constexpr int kOneIn = 5;
    // Two waits find the same ends: one of them may tell each.
    const auto waits = !calls.empty() && random_() % kOneIn == 0 ? 1 + random_() % 2 : 0;
    for (auto i = waits; i > 0; --i) {
        calls.push_back({{"type", "tool_use"},
                         {"id", "toolu_wait" + std::to_string(waits_++)},
                         {"name", "background_wait"},
                         {"input", {{"seconds", 1}}}});
    }
    return calls;
}

Step Model::answer(const Json& request) {
    std::function<void()> hook;
    Json content;
    {
        const Lock lock(mutex_);
        look(request);
        content = calls();
        hook = hook_;
    }
    if (hook) hook();
    Step step;
    step.stop_reason = content.empty() ? "end_turn" : "tool_use";
    if (content.empty()) {
        content.push_back({{"type", "text"}, {"text", "ok"}});
    } else {
        content.insert(content.begin(), Json{{"type", "thinking"}, {"thinking", "More work."}});
    }
    step.content = nlohmann::ordered_json::parse(content.dump());
    return step;
}

Told Model::newest() const {
    const Lock lock(mutex_);
    return told_;
}

int Model::requests() const {
    const Lock lock(mutex_);
    return requests_;
}

int Model::settled() const {
    const Lock lock(mutex_);
    return static_cast<int>(settled_.size());
}

std::set<std::string> Model::doubled() const {
    const Lock lock(mutex_);
    return doubled_;
}

}  // namespace tenon::faults
