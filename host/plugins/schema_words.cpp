#include "host/plugins/schema_words.h"

#include <algorithm>
#include <re2/re2.h>

#include "host/base/is_among.h"
#include "host/base/nearest.h"
#include "host/base/quantity.h"
#include "host/plugins/schema_form.h"

namespace tenon::plugins {
namespace {

constexpr std::size_t kMaxCauses = 5;
constexpr std::size_t kMostNames = 12;

/// A place in the value, and the schema of it where that is simple to find.
struct FlawPlace {
    std::string path;  ///< "items[1].id"; empty: the value itself
    const Json* form = nullptr;
    const Json* value = nullptr;
};

/// What is wrong at one place. `allowed` is a predicate; `found` may be empty.
struct FlawCause {
    std::string path, allowed, found;
};

const Json& form_of_member(const Json& form, const std::string& name) {
    const Json& properties = member(form, "properties");
    if (properties.is_object() && properties.contains(name)) return properties[name];
    return member(form, "additionalProperties");
}

std::string joined_path(const std::string& path, const std::string& name) {
    return path + (path.empty() ? "" : ".") + name;
}

FlawPlace place_of(const std::vector<std::string>& context, const Json& form, const Json& value) {
    static const Json nothing;
    FlawPlace out{{}, &form, &value};
    for (std::size_t i = 1; i < context.size(); ++i) {
        const std::string step =
            context[i].size() > 2 ? context[i].substr(1, context[i].size() - 2) : context[i];
        const auto index = parse_integer(step);
        if (out.value->is_array() && index && *index >= 0 &&
            static_cast<std::size_t>(*index) < out.value->size()) {
            out.path += "[" + step + "]";
            out.value = &(*out.value)[static_cast<std::size_t>(*index)];
            out.form = &member(*out.form, "items");
        } else {
            out.path = joined_path(out.path, step);
            const bool has = out.value->is_object() && out.value->contains(step);
            out.form = &form_of_member(*out.form, step);
            out.value = has ? &(*out.value)[step] : &nothing;
        }
    }
    return out;
}

std::string type_in_words(const std::string& type) {
    if (type == "null") return type;
    return (type.find_first_of("aeio") == 0 ? "an " : "a ") + type;
}

/// "; it must be a string"; empty: any type, or the schema does not say it simply.
std::string needed_type(const Json& form) {
    std::string out;
    for (const std::string& type : strings_in(member(form, kTypesKeyword)))
        out += (out.empty() ? "; it must be " : " or ") + type_in_words(type);
    return out;
}

/// The members that the schema names, and the one that was most likely meant.
std::string known_members(const std::string& name, const Json& form) {
    std::vector<std::string_view> names;
    const Json& properties = member(form, "properties");
    if (properties.is_object())
        for (const auto& [one, ignored] : properties.items())
            names.emplace_back(one);
    if (names.empty()) return "";
    if (const auto meant = nearest(name, names))
        return "; did you mean " + std::string(*meant) + "?";
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
        out += (out.empty() ? "; allowed: " : ", ") + std::string(names[i]);
    return out + (names.size() > kMostNames ? ", …" : "");
}

/// The validator writes 2.500000.
std::string shorter(std::string number) {
    if (number.find('.') == std::string::npos) return number;
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
    return number;
}

std::string count_of(const Json& value) {
    return value.is_structured() ? std::to_string(value.size()) : "";
}

/// A limit of a number, a list or an object.
bool take_limit(const std::string& text, const FlawPlace& at, FlawCause& out) {
    struct Limit {
        const char* pattern;
        const char* words;
        const char* unit;
    };
    static const Limit limits[] = {
        {"Expected number less than ([-0-9.]+)", "must be less than ", ""},
        {"Expected number less than or equal to ([-0-9.]+)", "must be at most ", ""},
        {"Expected number greater than ([-0-9.]+)", "must be greater than ", ""},
        {"Expected number greater than or equal to ([-0-9.]+)", "must be at least ", ""},
        {"Value should be a multiple of ([-0-9.]+)", "must be a multiple of ", ""},
        {"Array should contain no more than ([0-9]+) elements\\.", "must have at most ",
         " elements"},
        {"Array should contain no fewer than ([0-9]+) elements\\.", "must have at least ",
         " elements"},
        {"Object should have no more than ([0-9]+) properties\\.", "must have at most ",
         " members"},
        {"Object should have no fewer than ([0-9]+) properties\\.", "must have at least ",
         " members"},
    };
    for (const Limit& limit : limits) {
        std::string number;
        if (!RE2::FullMatch(text, limit.pattern, &number)) continue;
        std::string unit = limit.unit;
        if (number == "1" && !unit.empty()) unit.pop_back();  // "1 element"
        out.allowed = limit.words + shorter(number) + unit;
        out.found = at.value->is_number() ? dump_json(*at.value) : count_of(*at.value);
        return true;
    }
    return false;
}

bool take_member(const std::string& text, const FlawPlace& at, FlawCause& out) {
    std::string name;
    if (RE2::FullMatch(text, "(?s)Missing required property '(.*)'\\.", &name)) {
        out = {joined_path(at.path, name),
               "is missing" + needed_type(form_of_member(*at.form, name)),
               {}};
    } else if (RE2::FullMatch(text, "(?s)Missing dependency '(.*)'\\.", &name)) {
        out = {
            joined_path(at.path, name),
            "is missing, which another member needs" + needed_type(form_of_member(*at.form, name)),
            {}};
    } else if (RE2::FullMatch(text, "(?s)Object contains a property .*constraints: '(.*)'\\.",
                              &name)) {
        out = {joined_path(at.path, name), "is not allowed" + known_members(name, *at.form), {}};
    } else {
        return false;
    }
    return true;
}

std::string other_words(const std::string& text, const FlawPlace& at) {
    std::string first, second;
    if (RE2::FullMatch(text, "Elements at indexes #([0-9]+) and #([0-9]+) violate.*", &first,
                       &second))
        return "must have no element twice, and [" + first + "] and [" + second + "] are equal";
    if (text.find("'const'") != std::string::npos) {
        const Json& fixed = member(*at.form, "const");
        return fixed.is_null() ? "has another value than the only one that is allowed"
                               : "must be " + dump_json(fixed);
    }
    if (text.find("'contains'") != std::string::npos)
        return "must have an element that the schema asks for ('contains')";
    if (text.find("'not'") != std::string::npos)
        return "has a form that the schema excludes ('not')";
    if (text.find("more items than") != std::string::npos)
        return "has more elements than are allowed";
    if (text.find("exactly one") != std::string::npos)
        return "must fit exactly one of the allowed forms, and fits several";
    return "does not fit its schema";
}

FlawCause cause_of(const SchemaFlaw& flaw, const Json& form, const Json& value) {
    const FlawPlace at = place_of(flaw.context, form, value);
    FlawCause out{at.path, {}, {}};
    if (take_limit(flaw.description, at, out) || take_member(flaw.description, at, out)) return out;
    if (flaw.description.starts_with("must be ") || flaw.description.starts_with("must have ")) {
        const auto found = flaw.description.rfind(", not ");
        out.allowed = flaw.description.substr(0, found);
        constexpr std::size_t kNot = 6;
        if (found != std::string::npos) out.found = flaw.description.substr(found + kNot);
        if (!out.found.empty() && at.value->is_number()) out.found = dump_json(*at.value);
        return out;
    }
    out.allowed = flaw.description.starts_with("must ") ? flaw.description
                                                        : other_words(flaw.description, at);
    return out;
}

/// The validator reports the value that does not fit, and then for each value around it that it
/// "Failed to validate" something. The reports of the second kind are used only if there are none
/// of the first.
bool is_consequence(const SchemaFlaw& flaw) {
    return flaw.description.starts_with("Failed to validate");
}

bool says_alternatives(const SchemaFlaw& flaw) {
    return is_consequence(flaw) && (flaw.description.find("anyOf") != std::string::npos ||
                                    flaw.description.find("oneOf") != std::string::npos);
}

/// Of a value with alternatives, what each of them allows is one sentence.
void add_cause(std::vector<FlawCause>& causes, FlawCause cause,
               const std::vector<std::string>& alternatives) {
    constexpr std::string_view kMustBe = "must be ";
    if (is_among(alternatives, cause.path) && cause.allowed.starts_with(kMustBe)) {
        for (FlawCause& other : causes) {
            if (other.path != cause.path || !other.allowed.starts_with(kMustBe)) continue;
            other.allowed += " or " + cause.allowed.substr(kMustBe.size());
            return;
        }
    }
    causes.push_back(std::move(cause));
}

std::string line_of(const FlawCause& cause, std::string_view whole) {
    return (cause.path.empty() ? std::string(whole) : cause.path) + " " + cause.allowed +
           (cause.found.empty() ? "" : ", not " + cause.found);
}

}  // namespace

std::string flaws_in_words(const std::vector<SchemaFlaw>& flaws, const Json& form,
                           const Json& value, std::string_view whole) {
    std::vector<std::string> alternatives;
    for (const SchemaFlaw& flaw : flaws)
        if (says_alternatives(flaw))
            alternatives.push_back(place_of(flaw.context, form, value).path);
    std::vector<FlawCause> causes;
    for (const SchemaFlaw& flaw : flaws)
        if (!is_consequence(flaw)) add_cause(causes, cause_of(flaw, form, value), alternatives);
    if (causes.empty() && !flaws.empty()) causes.push_back(cause_of(flaws.front(), form, value));
    if (causes.empty()) return std::string(whole) + " do not fit the schema";
    std::string out;
    for (std::size_t i = 0; i < std::min(causes.size(), kMaxCauses); ++i)
        out += (out.empty() ? "" : "; ") + line_of(causes[i], whole);
    return out;
}

}  // namespace tenon::plugins
