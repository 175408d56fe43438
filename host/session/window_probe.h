#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "host/agent/ports.h"

namespace tenon::session {

/// Asks the server for the context window of a model, blocking; none: it does not say. Null: there
/// is no server to ask, or its answer would not count.
using WindowAsker =
    std::function<std::optional<std::int64_t>(const std::string& model, std::stop_token stop)>;

/// Passes requests on to another provider. When an answer with tool calls has come, so that the
/// conversation grows, it asks the server for the model's window, once, on a thread of its own. So
/// no request waits for it; neither does the end of the session, which stops the question.
class WindowProbe : public agent::Provider {
public:
    struct Ports {
        agent::Provider& provider;
        WindowAsker ask;  ///< may be null
        /// Whether the window is known, so that nothing is asked. Called by the thread of `ask`.
        std::function<bool(std::string_view model)> is_known;
        /// Called on the probe's thread.
        std::function<void(const std::string& model, std::int64_t tokens)> learn;
    };
    /// `ports` outlive it.
    explicit WindowProbe(Ports ports) : ports_(std::move(ports)) {}
    ~WindowProbe() override;
    WindowProbe(const WindowProbe&) = delete;
    WindowProbe& operator=(const WindowProbe&) = delete;

    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;
    [[nodiscard]] std::size_t place_of_asked() const override {
        return ports_.provider.place_of_asked();
    }

private:
    void begin(const std::string& model);

    Ports ports_;
    std::stop_source stop_;
    std::thread thread_;
};

}  // namespace tenon::session
