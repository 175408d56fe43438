// How the server is reached.
#include <chrono>
#include <stop_token>

#include "host/base/limits.h"
#include "host/base/mutex.h"
#include "host/cli/doctor.h"
#include "host/config/settings_keys.h"
#include "host/model/tls.h"
#include "host/session/provider.h"
#include "host/session/run_needs.h"

namespace tenon::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatienceWithServer = 10s;

/// `address` says how to set that of the server.
Check wrong_route(const std::string& problem, const std::string& address) {
    const bool of_proxy = problem.starts_with("proxy");
    return {of_proxy ? "proxy" : "server", CheckStatus::kError, problem,
            of_proxy ? "model.proxy=http://HOST:PORT, or HTTPS_PROXY; model.proxy=none uses none"
                     : address};
}

Check proxy_found(const config::Settings::Model& model, const model::Route& route) {
    if (route.proxy)
        return {"proxy", CheckStatus::kOk,
                route.proxy->shown() + (model.proxy.empty() ? " (of the environment)" : ""), ""};
    if (model.proxy.empty() && model.https_proxy.empty())
        return {"proxy", CheckStatus::kOk, "none is set", ""};
    if (model.proxy.empty() && !route.target.secure)
        return {"proxy", CheckStatus::kOk, "none; HTTPS_PROXY is for https only", ""};
    return {"proxy", CheckStatus::kOk, "none; NO_PROXY names " + route.target.host, ""};
}

Check authorities_found(const config::Settings::Model& model) {
    const auto found = model::find_authorities(model.ca_file, model.ca_variables);
    if (found) return {"certificates", CheckStatus::kOk, *found, ""};
    return {"certificates", CheckStatus::kError, found.error().message,
            model.ca_lock.empty()
                ? "install the package ca-certificates, or: model.caFile=FILE.pem"
                : "ask the administrator, who has locked model.caFile (" + model.ca_lock + ")"};
}

/// The routes to the servers of the fallback models: a run makes all of them before it starts.
/// Returns whether a certificate is needed on one of them.
bool check_fallback_routes(const config::Configuration& found, Checks& out) {
    const config::Settings::Model& model = found.settings.model;
    bool is_secure = false;
    for (const auto& fallback : model.fallbacks) {
        const std::string section = config::section_of_fallback(fallback.number);
        const std::string whose = "of the fallback model " + fallback.name + ": ";
        if (has_wrong_address(found, section)) {
            out.push_back({"server", CheckStatus::kOk,
                           whose + "not looked at, since its address is wrong", ""});
            continue;
        }
        const auto route = session::route_to_server(session::fallback_model(model, fallback));
        Check check = route ? Check{"server", CheckStatus::kOk, route->target.shown(), ""}
                            : wrong_route(route.error().message, section + ".baseUrl=https://HOST");
        check.found.insert(0, whose);
        out.push_back(std::move(check));
        is_secure = is_secure || (route && route->target.secure);
    }
    return is_secure;
}

/// Requests a stop at the deadline, if it is not destroyed before.
class Deadline {
public:
    explicit Deadline(std::chrono::milliseconds after)
        : thread_(start_thread("deadline", [this, after] { wait(after); })) {}
    ~Deadline() {
        {
            const Lock lock(mutex_);
            over_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

private:
    void wait(std::chrono::milliseconds after) {
        const auto until = std::chrono::steady_clock::now() + after;
        Lock lock(mutex_);
        while (!over_) {
            if (changed_.wait_until(lock, until)) continue;
            stop_.request_stop();
            return;
        }
    }

    std::stop_source stop_;
    Mutex mutex_;
    Condition changed_;
    bool over_ TENON_GUARDED_BY(mutex_) = false;
    std::thread thread_;  // last: it uses all the others
};

Check judge_status(int status, const std::string& reached, const config::Configuration& found) {
    const std::string& origin = found.settings.model.key_origin;
    const bool has_key = !origin.empty();
    if (status == 401 || status == 403)
        return {"online", CheckStatus::kError,
                reached + (has_key ? "it refuses the key" : "it wants a key") + " (HTTP " +
                    std::to_string(status) + ")" + (has_key ? ", which is " + origin : ""),
                origin.starts_with("model.headers.")
                    ? "correct " + origin
                    : session::line_for_key(found.settings.model.provider)};
    if (status >= 200 && status < 300)
        return {"online", CheckStatus::kOk,
                reached + (has_key ? "it accepts the key" : "it wants no key"), ""};
    const std::string answer = reached + "it answers HTTP " + std::to_string(status);
    if (status == 404 || status == 405 || status == 501)
        return {"online", CheckStatus::kOk,
                answer + " for the list of models, so nothing is known of the key", ""};
    if (status >= 300 && status < 400)
        return {"online", CheckStatus::kError, answer + ", a redirect, which is not followed",
                "model.baseUrl=URL, the address that it names"};
    return {"online", CheckStatus::kWarning, answer, "try again later; see the server's own logs"};
}

}  // namespace

Checks check_network(const config::Configuration& found) {
    const config::Settings::Model& model = found.settings.model;
    if (model.provider == "replay") return {{"server", CheckStatus::kOk, "none is asked", ""}};
    if (has_wrong_address(found))
        return {{"server", CheckStatus::kOk, "not looked at, since its address is wrong", ""}};
    const auto route = session::route_to_server(model);
    if (!route)
        return {wrong_route(route.error().message, std::string("model.baseUrl=https://HOST, or ") +
                                                       config::base_url_variable(model.provider))};
    Checks out = {{"server", CheckStatus::kOk, route->target.shown(), ""},
                  proxy_found(model, *route)};
    const bool is_secure = check_fallback_routes(found, out) || route->target.secure;
    if (is_secure) out.push_back(authorities_found(model));
    return out;
}

Checks check_server(const config::Configuration& found) {
    const config::Settings::Model& model = found.settings.model;
    if (model.provider == "replay") return {{"online", CheckStatus::kOk, "no server is asked", ""}};
    if (has_wrong_address(found))
        return {{"online", CheckStatus::kOk, "not tried, since the server's address is wrong", ""}};
    if (session::missing_needs(model, found.credentials).key)
        return {{"online", CheckStatus::kError, "not tried, for want of a key",
                 session::line_for_key(model.provider)}};
    const auto begin = std::chrono::steady_clock::now();
    const Deadline deadline(kPatienceWithServer);
    const auto status = session::ask_server_for_models(model, found.credentials,
                                                       kPatienceWithServer, deadline.token());
    if (!status)
        return {{"online", CheckStatus::kError,
                 status.error().stopped ? "no answer within 10 s" : status.error().message,
                 "check model.baseUrl, model.proxy and model.caFile (tenon config show)"}};
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    return {judge_status(*status, "reached in " + std::to_string(taken.count()) + " ms; ", found)};
}

}  // namespace tenon::cli
