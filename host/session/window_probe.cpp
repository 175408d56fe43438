#include "host/session/window_probe.h"

#include <exception>

#include <spdlog/spdlog.h>

#include "host/base/limits.h"

namespace tenon::session {

WindowProbe::~WindowProbe() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
}

Result<agent::Answer, agent::ModelFailure> WindowProbe::ask(const agent::Request& request,
                                                            agent::EventSink& sink,
                                                            std::stop_token stop) {
    auto answer = ports_.provider.ask(request, sink, std::move(stop));
    if (answer && !answer->calls.empty())
        begin({ports_.provider.place_of_asked(), answer->by.name});
    return answer;
}

/// One question at a time: while one runs, the next answer of the other model leads to its own.
void WindowProbe::begin(const ServedModel& model) {
    if (ports_.ask == nullptr || is_asking_ || ports_.is_known(model)) return;
    if (!asked_.insert(model).second) return;
    if (thread_.joinable()) thread_.join();
    is_asking_ = true;
    // A request needs threads of its own. Where the system has no more, nothing is asked.
    try {
        thread_ = start_thread("window", [this, model] { put_question(model); });
    } catch (const std::exception& e) {
        is_asking_ = false;
        spdlog::debug("the server is not asked for the window of {}: {}", model.name, e.what());
    }
}

void WindowProbe::put_question(const ServedModel& model) {
    try {
        const auto tokens = ports_.ask(model, stop_.get_token());
        if (tokens) ports_.learn(model, *tokens);
    } catch (const std::exception& e) {
        spdlog::debug("the server was not asked for the window of {}: {}", model.name, e.what());
    }
    is_asking_ = false;
}

}  // namespace tenon::session
