#include "host/config/key_texts.h"

#include <algorithm>

namespace tenon::config {

/// The table knows it for its message about a value that no key accepts.
std::string allowed_values(const KeySpec& spec) {
    constexpr std::string_view kBefore = "; allowed: ";
    const auto refused = parse_value(spec, "");
    if (refused) return {};
    const std::string& message = refused.error().message;
    const auto at = message.find(kBefore);
    return at == std::string::npos ? message : message.substr(at + kBefore.size());
}

/// The table names them in its message about a key that does not exist.
std::vector<const KeySpec*> host_keys_of_plugins() {
    constexpr std::string_view kPrefix = "plugins.ID.";
    std::vector<const KeySpec*> keys;
    const std::string hint = hint_for_unknown("plugins.no key is nearly like this one");
    for (auto at = hint.find(kPrefix); at != std::string::npos; at = hint.find(kPrefix, at)) {
        at += kPrefix.size();
        const auto end = std::min(hint.find(',', at), hint.size());
        if (const KeySpec* const spec = find_plugin_key(hint.substr(at, end - at)))
            keys.push_back(spec);
    }
    return keys;
}

std::string_view first_sentence(std::string_view text) {
    const std::string_view first = text.substr(0, text.find(". "));
    return first.substr(0, first.size() - (first.ends_with('.') ? 1 : 0));
}

std::vector<std::string_view> listed_choices(std::string_view choices) {
    std::vector<std::string_view> out;
    while (!choices.empty()) {
        const auto end = std::min(choices.find(", "), choices.size());
        out.push_back(choices.substr(0, end));
        choices.remove_prefix(std::min(end + 2, choices.size()));
    }
    return out;
}

}  // namespace tenon::config
