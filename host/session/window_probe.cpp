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
    const bool is_first = ports_.provider.place_of_asked() == 0;  // not a fallback's answer
    if (answer && is_first && !answer->calls.empty()) begin(std::string(request.model));
    return answer;
}

void WindowProbe::begin(const std::string& model) {
    const WindowAsker ask = std::exchange(ports_.ask, nullptr);
    if (!ask || ports_.is_known(model)) return;
    // A request needs threads of its own. Where the system has no more, nothing is asked.
    const auto question = [this, ask, model] {
        try {
            const auto tokens = ask(model, stop_.get_token());
            if (tokens) ports_.learn(model, *tokens);
        } catch (const std::exception& e) {
            spdlog::debug("the server was not asked for the window of {}: {}", model, e.what());
        }
    };
    try {
        thread_ = start_thread("window", question);
    } catch (const std::exception& e) {
        spdlog::debug("the server is not asked for the window of {}: {}", model, e.what());
    }
}

}  // namespace tenon::session
