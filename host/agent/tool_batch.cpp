#include "host/agent/tool_batch.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <system_error>
#include <thread>

#include "host/base/limits.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

// So many calls that may wait for long run at once; the others wait for a thread.
constexpr std::size_t kMostOwnThreads = 256;
// Of a command: a thread that watches it, its supervisor, bash, and what bash starts.
constexpr std::size_t kProcessesPerCommand = 5;

// Of a command: the call's own, its supervisor's two, and one to read what it printed.
constexpr std::size_t kDescriptorsPerCommand = 4;
constexpr std::size_t kDescriptorsToSpare = 24;

/// How many such calls the system has processes and descriptors for.
std::size_t most_own_threads() {
    const std::size_t processes = processes_left().value_or(kMostOwnThreads * kProcessesPerCommand);
    const std::size_t descriptors = descriptors_left();
    const std::size_t spare =
        descriptors > kDescriptorsToSpare ? descriptors - kDescriptorsToSpare : 0;
    return std::clamp<std::size_t>(
        std::min(processes / kProcessesPerCommand, spare / kDescriptorsPerCommand), 1,
        kMostOwnThreads);
}

CallOutcome failure(std::string why) {
    return {{std::move(why), true, {}}, false, {}};
}

std::string unknown_tool(const std::string& name, Toolbox& toolbox) {
    std::string known;
    for (const ToolSpec* spec : toolbox.specs())
        known += (known.empty() ? "" : ", ") + spec->name;
    const std::string why = toolbox.why_missing(name);
    return "Unknown tool '" + name + "'" + (why.empty() ? "" : ": " + why) +
           ". Available tools: " + known;
}

/// Calls that wait for a thread. They are taken in the order of the answer, so that none waits for
/// its turn behind one that has no thread yet.
template <class Task>
class CallQueue {
public:
    void add(const Task& task) {
        const Lock lock(mutex_);
        waiting_.push_back(task);
        ++tasks;
    }
    std::optional<Task> take() {
        const Lock lock(mutex_);
        if (waiting_.empty()) return std::nullopt;
        const Task task = waiting_.front();
        waiting_.pop_front();
        return task;
    }

    std::size_t tasks = 0;    // in all; used only by the thread that runs the batch
    std::size_t threads = 0;  // that take from here; used only by that thread

private:
    Mutex mutex_;
    std::deque<Task> waiting_ TENON_GUARDED_BY(mutex_);
};

/// Outcomes that wait for the thread that runs the batch.
class Outcomes {
public:
    void put(const ToolCall& call, CallOutcome outcome) {
        const Lock lock(mutex_);
        done_.emplace_back(&call, std::move(outcome));
        changed_.notify_one();
    }
    /// Blocks until an outcome is there.
    std::pair<const ToolCall*, CallOutcome> take() {
        Lock lock(mutex_);
        while (done_.empty())
            changed_.wait(lock);
        auto first = std::move(done_.front());
        done_.pop_front();
        return first;
    }

private:
    Mutex mutex_;
    Condition changed_;
    std::deque<std::pair<const ToolCall*, CallOutcome>> done_ TENON_GUARDED_BY(mutex_);
};

}  // namespace

std::string text_without_keys(const ToolResult& result, const Secrets& secrets) {
    std::string text = utf8::repair(result.text);
    if (result.cut_at >= text.size()) return secrets.redact(std::move(text));
    const std::size_t end = std::min(result.resumes_at, text.size());
    return secrets.redact_part(text.substr(0, result.cut_at), {false, true}) +
           secrets.redact(text.substr(result.cut_at, end - result.cut_at)) +
           secrets.redact_part(text.substr(end), {true, false});
}

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
    Turns questions(calls.size());

    CallQueue<Task> pooled, with_own_thread;
    std::vector<std::pair<Task, CallQueue<Task>*>> tasks;
    for (const ToolCall* call : calls) {
        const std::string group = group_of(call);
        const Tool* tool = toolbox_.find(call->name);
        CallQueue<Task>& queue =
            tool != nullptr && tool->spec().own_thread ? with_own_thread : pooled;
        const Turn in_plugin{&turns.at(group), next_place[group]++};
        tasks.emplace_back(Task{call, in_plugin, {&questions, tasks.size()}}, &queue);
        queue.add(tasks.back().first);
    }
    Outcomes outcomes;
    std::vector<std::jthread> threads;
    const auto start_threads = [&](CallQueue<Task>& queue, std::size_t most) {
        const auto work = [this, stop, &queue, &outcomes] {
            while (const auto task = queue.take())
                outcomes.put(*task->call, run_one(*task, stop));
        };
        try {
            for (; queue.threads < std::min(queue.tasks, most); ++queue.threads)
                threads.emplace_back(work);
        } catch (const std::system_error&) {
            // The system has no more: those that run take over the rest.
        }
    };
    // Measuring what is left reads /proc, so it is done only for several calls.
    start_threads(with_own_thread, with_own_thread.tasks > 1 ? most_own_threads() : 1);
    start_threads(pooled, max_workers_);
    std::size_t outstanding = 0;
    for (const auto& [task, queue] : tasks) {
        if (queue->threads == 0) {
            finished(*task.call, run_one(task, stop));
        } else {
            ++outstanding;
        }
    }
    for (; outstanding > 0; --outstanding) {
        auto done = outcomes.take();
        finished(*done.first, std::move(done.second));
    }
}

CallOutcome ToolBatch::run_one(const Task& task, std::stop_token stop) noexcept {
    CallOutcome outcome;
    try {
        outcome = try_one(task, std::move(stop));
    } catch (const std::exception& e) {
        outcome = failure("The tool '" + task.call->name + "' failed inside the host: " + e.what());
    }
    task.at_question.pass();
    task.in_plugin.pass();
    return outcome;
}

CallOutcome ToolBatch::try_one(const Task& task, std::stop_token stop) {
    const ToolCall& call = *task.call;
    if (stop.stop_requested()) return failure("interrupted");
    if (!call.input_error.empty()) return failure(call.input_error);
    Tool* tool = toolbox_.find(call.name);
    if (tool == nullptr) return failure(unknown_tool(call.name, toolbox_));
    if (auto wrong = tool->check(call)) return failure(std::move(*wrong));
    const Gate::Verdict verdict = gate_.judge(tool->spec(), call, stop, task.at_question);
    task.at_question.pass();
    if (!verdict.allowed) return {{verdict.reason, true, {}}, true, {}};

    sink_.on_event(ToolStarted{call, tool->spec().facts});
    Caller caller = caller_;
    caller.tool = call.name;
    CallContext context(
        std::move(caller), call.id, stop,
        [this, &call](std::string note) {
            sink_.on_event(ToolProgressed{call.id, std::move(note)});
        },
        task.in_plugin);
    const auto begin = std::chrono::steady_clock::now();
    CallOutcome outcome{tool->call(call, context), false, {}};
    outcome.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    // An end that a failed call, or a result that was cut off, has read is not delivered by it.
    if (outcome.result.is_error || outcome.result.cut_at != std::string::npos) {
        outcome.result.delivered_jobs.clear();
        return outcome;
    }
    for (std::string& job : context.take_delivered())
        outcome.result.delivered_jobs.push_back(std::move(job));
    return outcome;
}

}  // namespace tenon::agent
