#include <spdlog/spdlog.h>

#include "host/session/open_session.h"
#include "host/session/provider.h"

namespace tenon::session {
/// A replayed run has no server, so it neither reads nor learns context windows.
void OpenSession::make_windows() {
    const bool asks_a_server = settings_.model.provider != "replay";
    std::vector<config::Settings::Model> models = {settings_.model};
    for (const auto& fallback : settings_.model.fallbacks)
        models.push_back(fallback_model(settings_.model, fallback));
    std::optional<Error> failed;  // they share one file
    for (const config::Settings::Model& model : models) {
        windows_.push_back(std::make_unique<model::Windows>(
            asks_a_server ? settings_.state_dir / "windows.json" : std::filesystem::path(),
            server_words(model), model.context_window));
        if (auto loaded = windows_.back()->load(); !loaded) failed = loaded.error();
    }
    if (!failed) return;
    notice("the context windows that models' servers have stated are not known: " +
           failed->message + " (remove the file to have them learned again)");
}

model::Windows& OpenSession::windows_of(const agent::AskedModel& asked) const {
    return *windows_.at(asked.place);
}

std::string_view OpenSession::name_of(const agent::AskedModel& asked) const {
    return asked.place == 0 ? asked.session
                            : std::string_view(settings_.model.fallbacks.at(asked.place - 1).name);
}

void OpenSession::make_provider() {
    WindowProbe::Ports ports{*options_.run.provider, options_.run.ask_for_window, nullptr, nullptr};
    ports.is_known = [this](const ServedModel& model) {
        return windows_.at(model.place)->needs_no_listing(model.name);
    };
    ports.learn = [this](const ServedModel& model, std::int64_t tokens) {
        spdlog::info("the server lists {} tokens as the window of {}", tokens, model.name);
        if (auto kept = windows_.at(model.place)->learn_listed(model.name, tokens); !kept)
            spdlog::warn("the window of the model is not kept: {}", kept.error().message);
        if (model.place == 0) report_small_window(model.name);
    };
    provider_ = std::make_unique<WindowProbe>(std::move(ports));
}

/// Says once when system prompt and tools leave less than half of the window for the work.
void OpenSession::report_small_window(std::string_view model) {
    const auto window = windows_.front()->window(model);
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
    const auto shares = [this, max_tokens](const agent::AskedModel& asked) {
        return windows_of(asked).shares(name_of(asked), max_tokens);
    };
    options.compaction.threshold = [this, shares](const agent::AskedModel& asked) {
        const model::WindowShares known = shares(asked);
        const auto configured = settings_.agent.token_threshold;
        if (!configured) return known.request;
        return known.learned ? std::min(*configured, known.request) : *configured;
    };
    options.compaction.window = [this](const agent::AskedModel& asked) {
        return windows_of(asked).window(name_of(asked));
    };
    options.compaction.answer = [shares](const agent::AskedModel& asked) {
        return shares(asked).answer;
    };
    options.compaction.learn = [this](const agent::AskedModel& asked, std::int64_t window) {
        if (auto kept = windows_of(asked).learn(name_of(asked), window); !kept)
            spdlog::warn("the window of the model is not kept: {}", kept.error().message);
        if (asked.place == 0) report_small_window(asked.session);
    };
    options.compaction.accepted = [this](const agent::AskedModel& asked, std::int64_t prompt) {
        windows_of(asked).accepted(name_of(asked), prompt);
    };
    return options;
}

}  // namespace tenon::session
