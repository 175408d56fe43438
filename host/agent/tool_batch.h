#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/secrets.h"

namespace tenon::agent {

/// What came of one call.
struct CallOutcome {
    ToolResult result;
    bool denied = false;
    std::chrono::milliseconds duration{};  ///< of the call itself, without what was asked before it
};

/// The text of a result as valid UTF-8 without known secrets. Where the text was cut, a secret
/// may have been cut too: then its parts are removed as well.
std::string text_without_keys(const ToolResult& result, const Secrets& secrets);

/// Runs the calls of one answer: consecutive calls of concurrent tools side by side, any other call
/// alone between them. At most `max_workers` threads, and beyond these up to 256 for calls of tools
/// that have their own. What finds no thread, because these are busy or the system has no more,
/// waits until one is free. A person is asked about the calls in their order.
class ToolBatch {
public:
    ToolBatch(Toolbox& toolbox, Gate& gate, EventSink& sink, Caller caller,
              std::size_t max_workers = 8)
        : toolbox_(toolbox),
          gate_(gate),
          sink_(sink),
          caller_(std::move(caller)),
          max_workers_(max_workers) {}

    /// Blocks until every call has its outcome. `finished` is called once a call, on this thread,
    /// as soon as the call is done. After `stop`, calls that had not begun are answered
    /// "interrupted".
    void run(const std::vector<ToolCall>& calls, std::stop_token stop,
             const std::function<void(const ToolCall&, CallOutcome)>& finished);

private:
    struct Task {
        const ToolCall* call;
        Turn in_plugin = {};    ///< among the calls of the same plugin that run beside it
        Turn at_question = {};  ///< among all calls that run beside it
    };
    CallOutcome run_one(const Task& task, std::stop_token stop) noexcept;
    CallOutcome try_one(const Task& task, std::stop_token stop);
    void run_side_by_side(const std::vector<const ToolCall*>& calls, std::stop_token stop,
                          const std::function<void(const ToolCall&, CallOutcome)>& finished);

    Toolbox& toolbox_;
    Gate& gate_;
    EventSink& sink_;
    Caller caller_;
    std::size_t max_workers_;
};

}  // namespace tenon::agent
