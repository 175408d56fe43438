#include "tests/faults/model.h"

namespace tenon::faults {

using testing::Step;

void Model::allow(int numbers, int at_once) {
    const Lock lock(mutex_);
    allowed_ = numbers;
    at_once_ = at_once;
}

void Model::always_ask_for_most() {
    const Lock lock(mutex_);
    always_most_ = true;
}

void Model::on_request(std::function<void()> hook) {
    const Lock lock(mutex_);
    hook_ = std::move(hook);
}

void Model::read(const Json& request) {
    ++requests_;
    view_ = read_request(request);
    const std::size_t had = done_.size();
    done_ = faults::numbers_done(view_, read_evidence(workspace_));
    calls_without_progress_ = done_.size() > had ? 0 : calls_without_progress_ + 1;
    for (const auto& [id, end] : view_.notifications) {
        if (view_.notifications.count(id) + view_.wait_results.count(id) > 1) doubled_.insert(id);
    }
}

/// The calls of the next answer, in the order of their numbers; now and then background_wait, too.
/// None after several answers without progress: the turn ends then.
Json Model::calls() {
    constexpr int kMostWithoutProgress = 4;
    Json calls = Json::array();
    if (calls_without_progress_ >= kMostWithoutProgress) {
        calls_without_progress_ = 0;
        return calls;
    }
    const int most =
        always_most_ ? at_once_ : std::uniform_int_distribution<>(1, at_once_)(random_);
    for (int number = 0; number < allowed_ && static_cast<int>(calls.size()) < most; ++number) {
        if (done_.count(number) > 0) continue;
        calls.push_back(call_of({number, view_.attempts[number]}, job_options_));
    }
    constexpr int kWaitOneIn = 5;
    // Two waits find the same ends, and only one of them may deliver each.
    const auto waits = !calls.empty() && random_() % kWaitOneIn == 0 ? 1 + random_() % 2 : 0;
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
        read(request);
        content = calls();
        hook = hook_;
    }
    if (hook) hook();
    Step step;
    step.stop_reason = content.empty() ? "end_turn" : "tool_use";
    if (content.empty()) {
        content.push_back({{"type", "text"}, {"text", "ok"}});
    } else {
        content.insert(content.begin(), Json{{"type", "thinking"}, {"thinking", "More job."}});
    }
    step.content = nlohmann::ordered_json::parse(content.dump());
    return step;
}

ModelView Model::newest_view() const {
    const Lock lock(mutex_);
    return view_;
}

int Model::requests() const {
    const Lock lock(mutex_);
    return requests_;
}

int Model::numbers_done() const {
    const Lock lock(mutex_);
    return static_cast<int>(done_.size());
}

std::set<std::string> Model::doubled() const {
    const Lock lock(mutex_);
    return doubled_;
}

}  // namespace tenon::faults
