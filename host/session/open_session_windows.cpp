#include <spdlog/spdlog.h>

#include "host/session/open_session.h"

namespace tenon::session {
/// A replayed run has no server, so it neither reads nor learns context windows.
void OpenSession::make_windows() {
    const bool asks_a_server = settings_.model.provider != "replay";
    windows_ = std::make_unique<model::Windows>(
        asks_a_server ? settings_.state_dir / "windows.json" : std::filesystem::path(),
        server_words(settings_.model), settings_.model.context_window);
    if (auto loaded = windows_->load(); !loaded) {
        notice("the context windows that models' servers have stated are not known: " +
               loaded.error().message + " (remove the file to have them learned again)");
    }
}

void OpenSession::make_provider() {
    WindowProbe::Ports ports{*options_.run.provider, options_.run.ask_for_window, nullptr, nullptr};
    ports.is_known = [this](std::string_view model) { return windows_->window(model).has_value(); };
    ports.learn = [this](const std::string& model, std::int64_t tokens) {
        spdlog::info("the server lists {} tokens as the window of {}", tokens, model);
        if (auto kept = windows_->learn_listed(model, tokens); !kept)
            spdlog::warn("the window of the model is not kept: {}", kept.error().message);
        report_small_window(model);
    };
    provider_ = std::make_unique<WindowProbe>(std::move(ports));
}

/// Says once when system prompt and tools leave less than half of the window for the work.
void OpenSession::report_small_window(std::string_view model) {
    const auto window = windows_->window(model);
    const std::int64_t taken = fixed_tokens_;
    if (!window || taken <= *window / 2 || small_window_reported_.exchange(true)) return;
    notice("the tools and the system prompt take about " + std::to_string(taken) + " of the " +
           std::to_string(*window) + " tokens that the window of the model " + std::string(model) +
           " has, so little is left for the work: switch plugins off "
           "(plugins.ID.enabled=false), or give the model a larger window (Ollama: "
           "OLLAMA_CONTEXT_LENGTH; model.contextWindow, if this number is wrong)");
}

agent::LoopOptions OpenSession::loop_options() {
    const std::int64_t max_tokens = settings_.model.max_tokens;
    agent::LoopOptions options;
    options.max_tokens = max_tokens;
    options.max_turns = settings_.agent.max_turns;
    options.wait_for_jobs = options_.wait_for_jobs;
    options.compaction.keep_recent = static_cast<std::size_t>(settings_.agent.keep_recent);
    options.compaction.threshold = [this, max_tokens](std::string_view model) {
        const model::WindowShares shares = windows_->shares(model, max_tokens);
        const auto configured = settings_.agent.token_threshold;
        if (!configured) return shares.request;
        return shares.learned ? std::min(*configured, shares.request) : *configured;
    };
    options.compaction.knows_window = [this, max_tokens](std::string_view model) {
        return windows_->shares(model, max_tokens).known;
    };
    options.compaction.answer = [this, max_tokens](std::string_view model) {
        return windows_->shares(model, max_tokens).answer;
    };
    options.compaction.learn = [this](std::string_view model, std::int64_t window) {
        if (auto kept = windows_->learn(model, window); !kept)
            spdlog::warn("the window of the model is not kept: {}", kept.error().message);
        report_small_window(model);
    };
    options.compaction.accepted = [this](std::string_view model, std::int64_t prompt) {
        windows_->accepted(model, prompt);
    };
    return options;
}

}  // namespace tenon::session
