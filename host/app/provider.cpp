#include "host/app/provider.h"

#include "host/model/anthropic.h"
#include "host/model/replay.h"
#include "host/model/retry.h"

namespace tenon::app {
namespace {

using ProviderPtr = std::unique_ptr<agent::Provider>;

Result<ProviderPtr> make_anthropic(const Settings::Model& model, const Credentials& credentials) {
    if (credentials.anthropic.empty()) {
        return Error{
            "no key for the provider anthropic: set ANTHROPIC_API_KEY (or use --replay FILE)"};
    }
    model::AnthropicConfig config;
    config.api_key = credentials.anthropic;
    config.api_version = model.api_version;
    config.http.base_url = model.base_url;
    config.http.ca_file = model.ca_file;
    config.http.proxy = model.proxy;
    config.http.https_proxy = model.https_proxy;
    config.http.no_proxy = model.no_proxy;
    config.http.idle_timeout = model.idle_timeout;
    auto anthropic = model::Anthropic::create(std::move(config));
    if (!anthropic) return anthropic.error();
    model::RetryPolicy policy;
    policy.max_attempts = model.retry_max_attempts;
    policy.base_delay = model.retry_base_delay;
    policy.max_elapsed = model.retry_max_elapsed;
    return ProviderPtr(std::make_unique<model::Retry>(std::move(*anthropic), policy));
}

Result<ProviderPtr> make_replay(const Settings::Model& model) {
    if (model.replay_file.empty()) return Error{"the provider replay needs --replay FILE"};
    auto replay = model::Replay::open(model.replay_file);
    if (!replay) return replay.error();
    return ProviderPtr(std::move(*replay));
}

}  // namespace

Result<ProviderPtr> make_provider(const Settings::Model& model, const Credentials& credentials,
                                  const Secrets& secrets) {
    auto provider =
        model.provider == "replay" ? make_replay(model) : make_anthropic(model, credentials);
    if (!provider || model.record_file.empty()) return provider;
    auto record = model::Record::open(model.record_file, std::move(*provider), secrets);
    if (!record) return record.error();
    return ProviderPtr(std::move(*record));
}

}  // namespace tenon::app
