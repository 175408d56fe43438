#include "host/session/run_needs.h"

#include <algorithm>

#include "host/config/settings_keys.h"
#include "host/model/wire_formats.h"

namespace tenon::session {
namespace {

/// The user's file of configuration: the one that is there, else the XML file.
std::string line_of_user_file(const config::Settings& settings) {
    if (settings.config_dir.empty()) return "model.name in the configuration";
    const auto xml = settings.config_dir / "tenon.xml";
    const auto properties = settings.config_dir / "tenon.properties";
    std::error_code failed;
    if (!std::filesystem::exists(xml, failed) && std::filesystem::exists(properties, failed))
        return "model.name=NAME in " + properties.string();
    return "<tenon><model><name>NAME</name></model></tenon> in " + xml.string();
}

/// "(OPENAI_API_KEY is set: tenon --provider openai uses it)"; empty: nothing is set.
std::string what_other_provider_uses(const config::Settings::Model& model) {
    const auto& variables = model.unused_variables;
    std::string names;
    for (const std::string& name : variables)
        names += (names.empty() ? "" : " and ") + name;
    if (names.empty()) return {};
    const bool several = variables.size() > 1;
    return "(" + names + (several ? " are" : " is") + " set: tenon --provider " +
           config::other_vendor(model.provider) + " uses " + (several ? "them)" : "it)");
}

}  // namespace

std::string line_for_key(std::string_view provider) {
    return std::string("export ") + config::key_variable(provider) + "=YOUR-KEY";
}

bool needs_key(const config::Settings::Model& model) {
    const auto& headers = model.headers;
    return model.provider != "replay" && model.auth != "none" &&
           model::is_vendors_own(model.provider, model.base_url) &&
           std::none_of(headers.begin(), headers.end(),
                        [](const auto& field) { return config::carries_key(field.first); });
}

MissingNeeds missing_needs(const config::Settings::Model& model,
                           const config::Credentials& credentials) {
    return {model.name.empty() && model.provider != "replay",
            needs_key(model) && credentials.key_of(model.provider).empty(), model.provider};
}

std::string what_is_missing(const MissingNeeds& missing) {
    const std::string model = missing.model ? "no model is named" : "";
    const std::string key =
        missing.key ? "no key for the provider " + missing.provider + " is set" : "";
    return model + (missing.model && missing.key ? ", and " : "") + key;
}

std::string how_to_give(const MissingNeeds& missing, const config::Settings& settings) {
    std::string out;
    if (missing.key) out += line_for_key(missing.provider) + "\n";
    if (missing.model && !settings.model.name_lock.empty()) {
        out += "ask the administrator: model.name has no value, and is locked by " +
               settings.model.name_lock + "\n";
    } else if (missing.model) {
        out += "tenon --model NAME\n";
        out +=
            "(to keep the name: export TENON_MODEL=NAME, or " + line_of_user_file(settings) + ")\n";
    }
    if (const std::string other = what_other_provider_uses(settings.model); !other.empty())
        out += other + "\n";
    if (missing.key && settings.model.base_url_lock.empty())
        out += "(or use a server of your own, without a key: -D model.baseUrl=http://HOST:PORT)\n";
    out.pop_back();
    return out;
}

}  // namespace tenon::session
