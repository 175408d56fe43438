#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "host/agent/ports.h"

namespace tenon::session {

/// A model at the server of one of the configured models.
struct ServedModel {
    std::size_t place = 0;  ///< of the server: see agent::Provider::place_of_asked
    std::string name;
    auto operator<=>(const ServedModel&) const = default;
};

/// Asks the model's server for its context window, blocking; none: it does not say, or its answer
/// would not count. Null: there is no server to ask.
using WindowAsker =
    std::function<std::optional<std::int64_t>(const ServedModel& model, std::stop_token stop)>;

/// Passes requests on to another provider. When an answer with tool calls has come, so that the
/// conversation grows, it asks the server for the window of the model that has answered, once, on a
/// thread of its own. So no request waits for it; neither does the end of the session, which stops
/// the question.
class WindowProbe : public agent::Provider {
public:
    struct Ports {
        agent::Provider& provider;
        WindowAsker ask;  ///< may be null
        /// Whether an answer of the server would not count.
        std::function<bool(const ServedModel& model)> is_known;
        /// Called on the probe's thread.
        std::function<void(const ServedModel& model, std::int64_t tokens)> learn;
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
    void begin(const ServedModel& model);
    void put_question(const ServedModel& model);

    Ports ports_;
    std::set<ServedModel> asked_;
    std::atomic<bool> is_asking_ = false;
    std::stop_source stop_;
    std::thread thread_;
};

}  // namespace tenon::session
