#include "host/config/key_texts.h"

#include <algorithm>

#include "host/config/setting_values.h"

namespace tenon::config {

namespace {

/// The choices as the program itself compares them.
std::string loosest_first(const KeySpec& spec) {
    std::vector<SettingValue> values;
    for (const std::string_view choice : listed_choices(spec.choices))
        if (auto value = parse_value(spec, choice)) values.push_back(*std::move(value));
    std::stable_sort(
        values.begin(), values.end(),
        [&spec](const SettingValue& a, const SettingValue& b) { return is_looser(spec, b, a); });
    std::string out;
    for (const SettingValue& value : values)
        out += (out.empty() ? "" : ", ") + value.text;
    return out;
}

/// For keys whose values have an order. `word` is that for a stricter number.
std::string only_stricter(const KeySpec& spec, std::string_view truth, std::string_view word) {
    if (spec.type == ValueType::kChoice)
        return "With a lock, only stricter values are accepted; from loose to strict: " +
               loosest_first(spec) + ".";
    if (spec.type == ValueType::kBoolean)
        return "With a lock, only " + std::string(truth) + " is accepted.";
    return "With a lock, only " + std::string(word) + " values are accepted.";
}

}  // namespace

std::string what_a_lock_accepts(const KeySpec& spec) {
    switch (spec.strictness) {
        case Strictness::kSmaller:
            return only_stricter(spec, "false", "smaller");
        case Strictness::kGreater:
            return only_stricter(spec, "true", "larger");
        case Strictness::kByMode:
            return only_stricter(spec, {}, {});
        case Strictness::kMore:
            return "With a lock, values may be added.";
        case Strictness::kFewer:
            return "With a lock, no value may be added.";
        case Strictness::kFixed:
            break;
    }
    return "With a lock, no other value is accepted.";
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
