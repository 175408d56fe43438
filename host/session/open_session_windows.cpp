#include <spdlog/spdlog.h>

#include "host/session/open_session.h"

namespace tenon::session {
/// A replayed run has no server, so it neither reads nor learns context windows.
void OpenSession::make_windows() {
    const bool asks_a_server = settings_.model.provider != "replay";
    windows_ = std::make_unique<model::Windows>(
        asks_a_server ? settings_.state_dir / "windows.json" : std::filesystem::path(),
        server_words(settings_.model));
    if (auto loaded = windows_->load(); !loaded) {
        notice("the context windows that models' servers have stated are not known: " +
               loaded.error().message + " (remove the file to have them learned again)");
    }
}

agent::LoopOptions OpenSession::loop_options() const {
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
    };
    options.compaction.accepted = [this](std::string_view model, std::int64_t prompt) {
        windows_->accepted(model, prompt);
    };
    return options;
}

}  // namespace tenon::session
