#include "host/session/provider.h"

#include <algorithm>
#include <set>

#include "host/base/json.h"
#include "host/base/mutex.h"
#include "host/base/utf8.h"
#include "host/config/settings_keys.h"
#include "host/model/endpoint.h"
#include "host/model/fallback.h"
#include "host/model/replay.h"
#include "host/model/retry.h"
#include "host/model/url.h"
#include "host/model/wire_formats.h"

namespace tenon::session {
namespace {

constexpr std::size_t kMostModelListBytes = std::size_t{1} << 20U;

using ProviderPtr = std::unique_ptr<agent::Provider>;

model::HttpConfig http_config(const config::Settings::Model& model) {
    model::HttpConfig http;
    http.base_url = model.base_url;
    http.ca_file = model.ca_file;
    http.ca_variables = model.ca_variables;
    http.ca_lock = model.ca_lock;
    http.proxy = model.proxy;
    http.https_proxy = model.https_proxy;
    http.no_proxy = model.no_proxy;
    http.idle_timeout = model.idle_timeout;
    return http;
}

/// One model at one server, as the conversations of a run share it.
struct Server {
    std::shared_ptr<const model::WireFormat> format;
    std::shared_ptr<model::TraitsByModel> traits;
    model::EndpointConfig config;
};

/// The model that is named first.
config::Settings::Model::Fallback first_model(const config::Settings::Model& model) {
    return {model.provider, model.base_url, model.name};
}

/// Scheme, host and port of a server; empty: its URL cannot be read.
std::string origin_of(const std::string& provider, const std::string& base_url) {
    const auto url = model::parse_url(
        base_url.empty() ? model::vendors_own_url(provider) : base_url, "model.baseUrl");
    return url ? (url->secure ? "https://" : "http://") + url->authority(true) : std::string();
}

/// Whether `asked` is at the server of the first model, which model.auth and model.headers are for:
/// another server must not see the credentials in them.
bool is_at_first_server(const config::Settings::Model& model,
                        const config::Settings::Model::Fallback& asked) {
    const std::string origin = origin_of(asked.provider, asked.base_url);
    return !origin.empty() && origin == origin_of(model.provider, model.base_url);
}

model::KeyField key_field_of(std::string_view auth, std::string_view provider) {
    if (auth == "none") return model::KeyField::kNone;
    if (auth.empty() ? provider == "anthropic" : auth == "x-api-key")
        return model::KeyField::kXApiKey;
    return model::KeyField::kBearer;
}

bool has_user(std::string_view base_url) {
    const auto url = model::parse_url(base_url, "base URL");
    return url && !url->user_info.empty();
}

const char* field_words(model::KeyField field) {
    return field == model::KeyField::kXApiKey ? "x-api-key" : "Authorization: Bearer";
}

/// What a person can do when the server refuses the key, which is sent in `field`.
std::string words_about_key(const std::string& origin, model::KeyField field,
                            bool auth_may_be_wrong) {
    std::string words = "the key (" + origin + ") was sent as " + field_words(field);
    if (!auth_may_be_wrong) return words;
    const bool by_x = field == model::KeyField::kXApiKey;
    const auto other = by_x ? model::KeyField::kBearer : model::KeyField::kXApiKey;
    return words + " (model.auth=" + (by_x ? "bearer" : "x-api-key") + " sends it as " +
           field_words(other) + ")";
}

/// The key, or what stands in its place. `asked` is the first model or a fallback.
void put_key(const config::Settings::Model& model, const config::Settings::Model::Fallback& asked,
             const config::Credentials& credentials, model::EndpointConfig& out) {
    const bool first = is_at_first_server(model, asked);
    out.key_field = key_field_of(first ? model.auth : "", asked.provider);
    if (first) out.headers = model.headers;
    const bool in_headers =
        std::any_of(out.headers.begin(), out.headers.end(),
                    [](const auto& field) { return config::carries_key(field.first); });
    if (in_headers) out.key_field = model::KeyField::kNone;
    if (out.key_field != model::KeyField::kNone) out.api_key = credentials.key_of(asked.provider);
    if (in_headers) {
        out.about_key = "the key that was sent is " + model.key_origin;
    } else if (!out.api_key.empty()) {
        const bool is_own = model::is_vendors_own(asked.provider, asked.base_url);
        out.about_key = words_about_key(credentials.origin_of(asked.provider), out.key_field,
                                        first && (!is_own || !model.auth.empty()));
    } else if (has_user(asked.base_url)) {
        out.about_key = "user and password of the address were sent as Authorization: Basic";
    } else {
        out.about_key = "no key was sent: ";
        out.about_key += out.key_field == model::KeyField::kNone
                             ? "model.auth is none"
                             : std::string("set ") + config::key_variable(asked.provider);
    }
}

Result<Server> server_of(const config::Settings::Model& model,
                         const config::Settings::Model::Fallback& asked,
                         const config::Credentials& credentials) {
    model::FormatOptions options;
    options.api_version = model.api_version;
    options.max_tokens_field = model.max_tokens_field;
    options.reasoning_effort = model.reasoning_effort;
    options.is_vendors_own = model::is_vendors_own(asked.provider, asked.base_url);
    options.threads = model.threads && options.is_vendors_own;
    auto format = model::make_wire_format(asked.provider, options);
    if (!format) return format.error();
    Server server;
    server.format = *format;
    server.traits =
        std::make_shared<model::TraitsByModel>(model::first_traits(asked.provider, asked.base_url));
    put_key(model, asked, credentials, server.config);
    server.config.http = http_config(model);
    server.config.http.base_url = asked.base_url;
    server.config.http.tls = std::make_shared<model::SharedTls>();
    return server;
}

Result<std::unique_ptr<model::Endpoint>> endpoint_at(const Server& server) {
    return model::Endpoint::create(server.format, server.traits, server.config);
}

Result<std::unique_ptr<model::Retry>> retry_at(const Server& server,
                                               const model::RetryPolicy& policy) {
    auto endpoint = endpoint_at(server);
    if (!endpoint) return endpoint.error();
    return std::make_unique<model::Retry>(std::move(*endpoint), policy);
}

/// The configured model and those that take its place, as the conversations of a run share them.
class Servers {
public:
    Servers(Server first, const config::Settings::Model& model)
        : policy_{.max_attempts = model.retry_max_attempts,
                  .base_delay = model.retry_base_delay,
                  .max_elapsed = model.retry_max_elapsed} {
        add(std::move(first), "", model);
    }
    /// `name` empty: that of the session's model.
    void add(Server server, std::string name, const config::Settings::Model& model) {
        asked_.push_back({std::move(server), std::move(name), server_words(model)});
        availability_ = std::make_shared<model::Availability>(asked_.size());
    }

    [[nodiscard]] Result<ProviderPtr> make_provider() const {
        std::vector<model::FallbackModel> models;
        for (const Asked& one : asked_) {
            auto retry = retry_at(one.server, policy_);
            if (!retry) {
                return one.name.empty()
                           ? retry.error()
                           : retry.error().while_doing("the fallback model " + one.name);
            }
            models.push_back({one.name, one.words, std::move(*retry)});
        }
        if (models.size() == 1) return ProviderPtr(std::move(models.front().retry));
        return ProviderPtr(std::make_unique<model::Fallback>(std::move(models), availability_));
    }

private:
    struct Asked {
        Server server;
        std::string name;
        std::string words;
    };
    model::RetryPolicy policy_;
    std::vector<Asked> asked_;
    std::shared_ptr<model::Availability> availability_;
};

/// A provider that all conversations share, for one of them.
class SharedProvider : public agent::Provider {
public:
    explicit SharedProvider(std::shared_ptr<agent::Provider> provider)
        : provider_(std::move(provider)) {}
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override {
        return provider_->ask(request, sink, std::move(stop));
    }

private:
    std::shared_ptr<agent::Provider> provider_;
};

Result<ProviderSource> replay_source(const config::Settings::Model& model) {
    if (model.replay_file.empty()) return Error{"the provider replay needs --replay FILE"};
    auto opened = model::Replay::open(model.replay_file);
    if (!opened) return opened.error();
    return ProviderSource([replay = std::shared_ptr<agent::Provider>(std::move(*opened))] {
        return Result<ProviderPtr>(std::make_unique<SharedProvider>(replay));
    });
}

Result<ProviderSource> server_source(const config::Settings::Model& model,
                                     const config::Credentials& credentials) {
    auto first = server_of(model, first_model(model), credentials);
    if (!first) return first.error();
    Servers servers(std::move(*first), model);
    for (const auto& fallback : model.fallbacks) {
        const config::Settings::Model settings = fallback_model(model, fallback);
        auto server = server_of(settings, first_model(settings), credentials);
        if (!server) return server.error().while_doing("the fallback model " + fallback.name);
        server->config.section = config::section_of_fallback(fallback.number);
        servers.add(std::move(*server), fallback.name, settings);
    }
    // One provider is made and discarded, to report what is missing before the run starts.
    if (auto made = servers.make_provider(); !made) return made.error();
    return ProviderSource([servers] { return servers.make_provider(); });
}

}  // namespace

config::Settings::Model fallback_model(const config::Settings::Model& first,
                                       const config::Settings::Model::Fallback& fallback) {
    config::Settings::Model model = first;
    model.fallbacks.clear();
    model.provider = fallback.provider;
    model.base_url = fallback.base_url;
    model.name = fallback.name;
    model.context_window.reset();
    model.price = {};
    if (is_at_first_server(first, fallback)) return model;
    model.auth.clear();
    model.headers.clear();
    model.max_tokens_field.clear();
    model.reasoning_effort.clear();
    model.threads = false;
    return model;
}

Result<model::Route> route_to_server(const config::Settings::Model& model) {
    model::HttpConfig config = http_config(model);
    if (config.base_url.empty()) config.base_url = model::vendors_own_url(model.provider);
    config.ca_file.clear();
    const auto client = model::HttpClient::create(std::move(config));
    if (!client) return client.error();
    return (*client)->route();
}

std::string server_words(const config::Settings::Model& model) {
    if (model.provider == "replay") return {};
    if (model.base_url.empty()) return model::vendors_own_url(model.provider);
    const auto url = model::parse_url(model.base_url, "model.baseUrl");
    return url ? url->shown() : std::string();
}

std::string server_address(const config::Settings::Model& model) {
    const auto format = model::make_wire_format(model.provider, {});
    if (!format) return {};
    const auto base = model::request_base_url(**format, model.base_url);
    if (!base) return {};
    const auto url = model::parse_url(*base, "model.baseUrl");
    return url ? url->shown() : std::string();
}

namespace {

/// The questions that a run has asked. Thread-safe.
class AskedOnce {
public:
    bool is_first(const ServedModel& model) {
        const Lock lock(mutex_);
        return asked_.insert(model).second;
    }

private:
    Mutex mutex_;
    std::set<ServedModel> asked_ TENON_GUARDED_BY(mutex_);
};

Result<model::HttpHead, model::HttpFailure> get_models(const config::Settings::Model& model,
                                                       const config::Credentials& credentials,
                                                       std::chrono::milliseconds each_step,
                                                       const model::OnBody& on_body,
                                                       std::stop_token stop) {
    auto server = server_of(model, first_model(model), credentials);
    if (!server) return model::HttpFailure{server.error().message};
    model::HttpConfig& http = server->config.http;
    http.connect_timeout = std::min(http.connect_timeout, each_step);
    http.idle_timeout = std::min(http.idle_timeout, each_step);
    auto endpoint = endpoint_at(*server);
    if (!endpoint) return model::HttpFailure{endpoint.error().message};
    return (*endpoint)->ask_for_models(on_body, std::move(stop));
}

}  // namespace

Result<int, model::HttpFailure> ask_server_for_models(const config::Settings::Model& model,
                                                      const config::Credentials& credentials,
                                                      std::chrono::milliseconds each_step,
                                                      std::stop_token stop) {
    const auto head = get_models(
        model, credentials, each_step,
        [](const model::HttpHead&, std::string_view) { return false; }, std::move(stop));
    if (!head) return head.error();
    return head->status;
}

Result<std::vector<std::string>> model_names_of_server(const config::Settings::Model& model,
                                                       const config::Credentials& credentials,
                                                       std::chrono::milliseconds each_step,
                                                       std::stop_token stop) {
    std::string body;
    const auto take = [&body](const model::HttpHead&, std::string_view bytes) {
        body.append(bytes.substr(0, kMostModelListBytes - body.size()));
        return body.size() < kMostModelListBytes;
    };
    const auto head = get_models(model, credentials, each_step, take, std::move(stop));
    if (!head) return Error{head.error().message};
    if (head->status != 200) return Error{"HTTP " + std::to_string(head->status)};
    const auto list = parse_json(utf8::repair(body));
    if (!list) return list.error();
    std::vector<std::string> names;
    const Json& data = member(*list, "data");
    if (!data.is_array()) return names;
    for (const Json& one : data) {
        if (std::string name = string_or(one, "id"); !name.empty())
            names.push_back(std::move(name));
    }
    return names;
}

WindowAsker make_window_asker(const config::Settings::Model& model,
                              const config::Credentials& credentials) {
    if (model.provider == "replay") return nullptr;
    return [model, credentials, asked = std::make_shared<AskedOnce>()](
               const ServedModel& at, const std::stop_token& stop) {
        const config::Settings::Model settings =
            at.place == 0 ? model : fallback_model(model, model.fallbacks.at(at.place - 1));
        std::optional<std::int64_t> window;
        if (settings.context_window ||
            model::is_vendors_own(settings.provider, settings.base_url) || !asked->is_first(at))
            return window;
        const auto server = server_of(settings, first_model(settings), credentials);
        if (!server) return window;
        if (const auto endpoint = endpoint_at(*server))
            window = model::ask_for_window((*endpoint)->window_question(), at.name, stop);
        return window;
    };
}

Result<ProviderSource> make_provider_source(const config::Settings::Model& model,
                                            const config::Credentials& credentials,
                                            const Secrets& secrets) {
    auto source =
        model.provider == "replay" ? replay_source(model) : server_source(model, credentials);
    if (!source || model.record_file.empty()) return source;
    auto file = model::RecordFile::open(model.record_file, secrets);
    if (!file) return file.error();
    return ProviderSource([inner = *source, file = *file]() -> Result<ProviderPtr> {
        auto provider = inner();
        if (!provider) return provider;
        return ProviderPtr(std::make_unique<model::Recorder>(file, std::move(*provider)));
    });
}

}  // namespace tenon::session
