#include "host/agent/tool_batch.h"

#include <deque>
#include <exception>
#include <map>
#include <system_error>
#include <thread>

namespace tenon::agent {
namespace {

CallOutcome failure(std::string why) {
    return {{std::move(why), true, {}}, false, {}};
}

std::string unknown_tool(const std::string& name, Toolbox& toolbox) {
    std::string known;
    for (const ToolSpec* spec : toolbox.specs())
        known += (known.empty() ? "" : ", ") + spec->name;
    return "Unknown tool '" + name + "'. Available tools: " + known;
}

/// Tasks waiting for a worker, and outcomes waiting for the thread that asked.
template <class Task>
class Exchange {
public:
    explicit Exchange(std::size_t expected) : outstanding_(expected) {}

    void add_work(const Task& task) {
        const Lock lock(mutex_);
        work_.push_back(task);
    }
    std::optional<Task> take_work() {
        const Lock lock(mutex_);
        if (work_.empty()) return std::nullopt;
        const Task task = work_.front();
        work_.pop_front();
        return task;
    }
    void put(const ToolCall& call, CallOutcome outcome) {
        const Lock lock(mutex_);
        done_.emplace_back(&call, std::move(outcome));
        changed_.notify_one();
    }
    /// Blocks until an outcome is there; nothing once all have been taken.
    std::optional<std::pair<const ToolCall*, CallOutcome>> take() {
        Lock lock(mutex_);
        if (outstanding_ == 0) return std::nullopt;
        while (done_.empty())
            changed_.wait(lock);
        auto first = std::move(done_.front());
        done_.pop_front();
        --outstanding_;
        return first;
    }

private:
    Mutex mutex_;
    Condition changed_;
    std::size_t outstanding_ TENON_GUARDED_BY(mutex_);
    std::deque<Task> work_ TENON_GUARDED_BY(mutex_);
    std::deque<std::pair<const ToolCall*, CallOutcome>> done_ TENON_GUARDED_BY(mutex_);
};

}  // namespace

void ToolBatch::run(const std::vector<ToolCall>& calls, std::stop_token stop,
                    const std::function<void(const ToolCall&, CallOutcome)>& finished) {
    std::vector<const ToolCall*> together;
    for (const ToolCall& call : calls) {
        const Tool* tool = toolbox_.find(call.name);
        if (tool == nullptr || tool->spec().concurrent) {
            together.push_back(&call);
            continue;
        }
        run_side_by_side(together, stop, finished);
        together.clear();
        finished(call, run_one({&call}, stop));
    }
    run_side_by_side(together, stop, finished);
}

void ToolBatch::run_side_by_side(
    const std::vector<const ToolCall*>& calls, std::stop_token stop,
    const std::function<void(const ToolCall&, CallOutcome)>& finished) {
    if (calls.size() <= 1) {
        for (const ToolCall* call : calls)
            finished(*call, run_one({call}, stop));
        return;
    }
    // Calls of one plugin keep an order: a wait finds the job that was asked for just before it.
    const auto group_of = [this](const ToolCall* call) {
        Tool* tool = toolbox_.find(call->name);
        return tool != nullptr ? tool->spec().plugin : std::string();
    };
    std::map<std::string, std::size_t> places;
    for (const ToolCall* call : calls)
        ++places[group_of(call)];
    std::map<std::string, Turns> turns;
    for (const auto& [group, count] : places)
        turns.try_emplace(group, count);
    std::map<std::string, std::size_t> next_place;

    Exchange<Task> exchange(calls.size());
    std::vector<std::jthread> threads;
    const auto start_thread = [&](auto function, const auto& instead) {
        try {
            threads.emplace_back(function);
        } catch (const std::system_error&) {
            instead();  // no thread to be had
        }
    };
    std::size_t pooled = 0;
    for (const ToolCall* call : calls) {
        const std::string group = group_of(call);
        const Task task{call, &turns.at(group), next_place[group]++};
        const Tool* tool = toolbox_.find(call->name);
        if (tool == nullptr || !tool->spec().own_thread) {
            exchange.add_work(task);
            ++pooled;
            continue;
        }
        start_thread(
            [this, task, stop, &exchange] { exchange.put(*task.call, run_one(task, stop)); },
            [&] {
                task.turns->pass(task.place);
                exchange.put(*call, failure("the host cannot start another thread for this call"));
            });
    }
    const auto work = [this, stop, &exchange] {
        while (const auto task = exchange.take_work())
            exchange.put(*task->call, run_one(*task, stop));
    };
    for (std::size_t i = 0; i < std::min(pooled, max_workers_); ++i)
        start_thread(work, work);
    while (auto done = exchange.take())
        finished(*done->first, std::move(done->second));
}

CallOutcome ToolBatch::run_one(const Task& task, std::stop_token stop) noexcept {
    CallOutcome outcome;
    try {
        outcome = try_one(task, std::move(stop));
    } catch (const std::exception& e) {
        outcome = failure("The tool '" + task.call->name + "' failed inside the host: " + e.what());
    }
    if (task.turns != nullptr) task.turns->pass(task.place);
    return outcome;
}

CallOutcome ToolBatch::try_one(const Task& task, std::stop_token stop) {
    const ToolCall& call = *task.call;
    if (stop.stop_requested()) return failure("interrupted");
    if (!call.input_error.empty()) return failure(call.input_error);
    Tool* tool = toolbox_.find(call.name);
    if (tool == nullptr) return failure(unknown_tool(call.name, toolbox_));
    if (auto wrong = tool->check(call)) return failure(std::move(*wrong));
    const Gate::Verdict verdict = gate_.judge(tool->spec(), call, stop);
    if (!verdict.allowed) return {{verdict.reason, true, {}}, true, {}};

    sink_.on_event(ToolStarted{call});
    CallContext context(
        caller_, call.id, stop,
        [this, &call](std::string note) {
            sink_.on_event(ToolProgressed{call.id, std::move(note)});
        },
        task.turns, task.place);
    const auto begin = std::chrono::steady_clock::now();
    CallOutcome outcome{tool->call(call, context), false, {}};
    outcome.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    // What a call has read and then not said, or not wholly, is still to be delivered.
    if (outcome.result.is_error || outcome.result.cut_at != std::string::npos) {
        outcome.result.delivered_jobs.clear();
        return outcome;
    }
    for (std::string& job : context.take_delivered())
        outcome.result.delivered_jobs.push_back(std::move(job));
    return outcome;
}

}  // namespace tenon::agent
