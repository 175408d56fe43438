#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/secrets.h"
#include "host/config/credentials.h"
#include "host/config/settings.h"
#include "host/model/dial.h"
#include "host/session/window_probe.h"

namespace tenon::session {

/// Makes a provider for one more conversation of a run. Thread-safe. The providers may outlive the
/// source. The Error says why there is none.
using ProviderSource = std::function<Result<std::unique_ptr<agent::Provider>>()>;

/// The source of providers according to the settings. Each conversation gets its own provider,
/// which retries requests, asks the fallback models, and records answers if configured. All
/// conversations share one replay or one record file. Connects to nothing. The Error (exit 2) says
/// what is missing and how to set it. `secrets` outlives the providers.
Result<ProviderSource> make_provider_source(const config::Settings::Model& model,
                                            const config::Credentials& credentials,
                                            const Secrets& secrets);

/// Asks a model's server for its context window, in the same way as a run asks. Nothing is asked at
/// a vendor's own address, where the window is configured, and a second time in a run. Null for
/// `replay`.
WindowAsker make_window_asker(const config::Settings::Model& model,
                              const config::Credentials& credentials);

/// The settings of a fallback model as if it were the configured one. What belongs to the server of
/// the configured model alone is left out, its header fields above all.
config::Settings::Model fallback_model(const config::Settings::Model& first,
                                       const config::Settings::Model::Fallback& fallback);

/// How the server of a provider other than `replay` would be reached: its address and a proxy.
/// Opens nothing, and does not look at certificates. The Error says which of the two is wrong.
Result<model::Route> route_to_server(const config::Settings::Model& model);

/// The address of the server, for messages, without credentials; empty for `replay`.
std::string server_words(const config::Settings::Model& model);

/// Which server that is, however its base URL is written: the URL below which requests are sent,
/// without credentials; empty for `replay`.
std::string server_address(const config::Settings::Model& model);

/// The names of the models that the server lists, in its order. Asks like `ask_server_for_models`.
/// The Error says what went wrong; a list that nobody understands has no names.
Result<std::vector<std::string>> model_names_of_server(const config::Settings::Model& model,
                                                       const config::Credentials& credentials,
                                                       std::chrono::milliseconds each_step,
                                                       std::stop_token stop);

/// Asks the server of a provider other than `replay` once for its list of models, in the same way
/// as a run asks: address, proxy, certificates, key. It costs no tokens. Returns the HTTP status.
/// Blocks until the server answers, for at most `each_step` without a byte, and until `stop`.
Result<int, model::HttpFailure> ask_server_for_models(const config::Settings::Model& model,
                                                      const config::Credentials& credentials,
                                                      std::chrono::milliseconds each_step,
                                                      std::stop_token stop);

}  // namespace tenon::session
