#include "host/plugins/schema_explain.h"

#include <re2/re2.h>
#include <vector>

#include "host/base/utf8.h"
#include "host/plugins/schema_form.h"

namespace tenon::plugins {
namespace {

constexpr std::size_t kMaxComplaints = 5;
constexpr std::size_t kShownCharacters = 60;

std::string shown(const Json& value) {
    const std::string text = dump_json(value);
    const auto head = utf8::first(text, kShownCharacters);
    return std::string(head) + (head.size() < text.size() ? "…" : "");
}

std::string with_article(const std::string& type) {
    if (type == "null") return type;
    const bool vowel = type.find_first_of("aeio") == 0;
    return (vowel ? "an " : "a ") + type;
}

std::vector<std::string> types_of(const Json& form) {
    const Json& type = member(form, "type");
    if (const std::string* one = string_in(type)) return {*one};
    return strings_in(type);
}

bool is_of(const Json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == value.type_name();
}

/// Collects complaints on the way down.
class Explanation {
public:
    void walk(const Json& form, const Json& value, const std::string& at) {
        if (form == false) return add(at, "is not allowed");
        if (!form.is_object() || complaints_.size() >= kMaxComplaints) return;
        if (!fits_type(form, value, at) || !fits_choice(form, value, at)) return;
        if (const std::string* words = string_in(value)) text(form, *words, at);
        if (value.is_number()) number(form, value, at);
        if (value.is_array()) array(form, value, at);
        if (value.is_object()) object(form, value, at);
        if (const auto parts = form.find("allOf"); parts != form.end())
            for (const Json& part : *parts)
                walk(part, value, at);
    }

    [[nodiscard]] std::string joined() const {
        std::string out;
        for (const std::string& complaint : complaints_)
            out += (out.empty() ? "" : "; ") + complaint;
        return out;
    }

private:
    void add(const std::string& at, const std::string& what) {
        if (complaints_.size() < kMaxComplaints)
            complaints_.push_back((at.empty() ? "the arguments" : at) + " " + what);
    }

    bool fits_type(const Json& form, const Json& value, const std::string& at) {
        const auto types = types_of(form);
        std::string allowed;
        for (const std::string& type : types) {
            if (is_of(value, type)) return true;
            allowed += (allowed.empty() ? "" : " or ") + with_article(type);
        }
        if (types.empty()) return true;
        add(at, "must be " + allowed + ", not " + shown(value));
        return false;
    }

    bool fits_choice(const Json& form, const Json& value, const std::string& at) {
        Json choices = member(form, "enum");
        if (form.contains("const")) choices = Json::array({member(form, "const")});
        if (choices.empty()) return true;
        std::string allowed;
        for (const Json& choice : choices) {
            if (choice == value) return true;
            allowed += (allowed.empty() ? "" : ", ") + shown(choice);
        }
        add(at, std::string("must be ") + (choices.size() > 1 ? "one of " : "") + allowed +
                    ", not " + shown(value));
        return false;
    }

    void text(const Json& form, const std::string& value, const std::string& at) {
        const auto limits = form.find(kTextKeyword);
        if (limits == form.end()) return;
        const auto length = static_cast<std::int64_t>(utf8::length(value));
        if (const auto least = integer_or(*limits, "minLength", 0); length < least)
            add(at, "must have at least " + std::to_string(least) + " characters, not " +
                        std::to_string(length));
        if (const auto most = integer_or(*limits, "maxLength", INT64_MAX); length > most)
            add(at, "must have at most " + std::to_string(most) + " characters, not " +
                        std::to_string(length));
        const std::string pattern = string_or(*limits, "pattern");
        if (!pattern.empty() && !RE2::PartialMatch(value, RE2(pattern, RE2::Quiet)))
            add(at, "must match the pattern " + pattern + ", not " + shown(value));
    }

    void number(const Json& form, const Json& value, const std::string& at) {
        const auto bound = [&](const char* key, const char* words, auto breaks) {
            const Json& stated = member(form, key);
            const auto limit = number_in(stated);
            if (limit && breaks(number_in(value).value_or(0), *limit))
                add(at, std::string("must be ") + words + " " + dump_json(stated) + ", not " +
                            dump_json(value));
        };
        bound("minimum", "at least", [](double a, double b) { return a < b; });
        bound("maximum", "at most", [](double a, double b) { return a > b; });
        bound("exclusiveMinimum", "greater than", [](double a, double b) { return a <= b; });
        bound("exclusiveMaximum", "less than", [](double a, double b) { return a >= b; });
    }

    void array(const Json& form, const Json& value, const std::string& at) {
        const auto size = static_cast<std::int64_t>(value.size());
        if (const auto least = integer_or(form, "minItems", 0); size < least)
            add(at, "must have at least " + std::to_string(least) + " elements, not " +
                        std::to_string(size));
        if (const auto most = integer_or(form, "maxItems", INT64_MAX); size > most)
            add(at, "must have at most " + std::to_string(most) + " elements, not " +
                        std::to_string(size));
        const auto items = form.find("items");
        if (items == form.end()) return;
        for (std::size_t i = 0; i < value.size() && complaints_.size() < kMaxComplaints; ++i) {
            const std::string here = at + "[" + std::to_string(i) + "]";
            if (!items->is_array()) walk(*items, value[i], here);
            if (items->is_array() && i < items->size()) walk((*items)[i], value[i], here);
        }
    }

    void object(const Json& form, const Json& value, const std::string& at) {
        const std::string prefix = at.empty() ? "" : at + ".";
        for (const std::string& name : strings_in(member(form, "required")))
            if (!value.contains(name)) add(prefix + name, "is required");
        const Json& properties = member(form, "properties");
        const Json& others = member(form, "additionalProperties");
        for (const auto& [name, inner] : value.items()) {
            if (properties.contains(name)) {
                walk(member(properties, name), inner, prefix + name);
            } else if (others == false) {
                add(prefix + name, "is not known here; allowed: " + names_of(properties));
            } else {
                walk(others, inner, prefix + name);
            }
        }
    }

    static std::string names_of(const Json& properties) {
        std::string out;
        for (const auto& [name, ignored] : properties.items())
            out += (out.empty() ? "" : ", ") + name;
        return out.empty() ? "none" : out;
    }

    std::vector<std::string> complaints_;
};

}  // namespace

std::string explain_misfit(const Json& form, const Json& value) {
    Explanation explanation;
    explanation.walk(form, value, "");
    return explanation.joined();
}

}  // namespace tenon::plugins
