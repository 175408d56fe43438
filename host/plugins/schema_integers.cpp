#include "host/plugins/schema_integers.h"

#include <algorithm>

#include "host/plugins/schema_form.h"

namespace tenon::plugins {
namespace {

bool is_whole_float(const Json& value) {
    return value.is_number_float() && integer_in(value).has_value();
}

bool has_whole_float(const Json& value) {
    if (!value.is_structured()) return is_whole_float(value);
    return std::any_of(value.begin(), value.end(), has_whole_float);
}

bool states_integer(const Json& form, const Json& value) {
    const auto is_same_integer = [&value](const Json& choice) {
        return choice.is_number_integer() && choice == value;
    };
    const Json& types = member(form, kTypesKeyword);
    const Json& choices = member(form, kChoicesKeyword);
    return std::find(types.begin(), types.end(), "integer") != types.end() ||
           std::any_of(choices.begin(), choices.end(), is_same_integer) ||
           is_same_integer(member(form, "const"));
}

/// Walks over the schema and the value together and replaces numbers.
class Replacement {
public:
    void walk(const Json& form, Json& value) {
        if (!form.is_object()) return;
        if (is_whole_float(value) && states_integer(form, value)) {
            value = *integer_in(value);
            changed_ = true;
        }
        for (const char* key : {"allOf", "anyOf", "oneOf"})
            if (const auto parts = form.find(key); parts != form.end() && parts->is_array())
                for (const Json& part : *parts)
                    walk(part, value);
        for (const char* key : {"if", "then", "else"})
            if (const auto part = form.find(key); part != form.end()) walk(*part, value);
        if (value.is_object()) {
            object(form, value);
            dependencies(form, value);
        }
        if (value.is_array()) array(form, value);
    }
    [[nodiscard]] bool changed() const { return changed_; }

private:
    void object(const Json& form, Json& value) {
        const auto properties = form.find("properties");
        const auto others = form.find("additionalProperties");
        for (auto& [name, member] : value.items()) {
            const bool known = properties != form.end() && properties->contains(name);
            if (known) walk(*properties->find(name), member);
            if (!known && others != form.end()) walk(*others, member);
        }
    }

    void dependencies(const Json& form, Json& value) {
        const auto parts = form.find("dependencies");
        if (parts == form.end() || !parts->is_object()) return;
        for (const auto& [name, part] : parts->items())
            if (value.contains(name)) walk(part, value);
    }

    void array(const Json& form, Json& value) {
        const auto items = form.find("items");
        const auto others = form.find("additionalItems");
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (items != form.end() && !items->is_array()) {
                walk(*items, value[i]);
            } else if (items != form.end() && i < items->size()) {
                walk((*items)[i], value[i]);
            } else if (others != form.end()) {
                walk(*others, value[i]);
            }
        }
        if (const auto one = form.find("contains"); one != form.end())
            for (Json& element : value)
                walk(*one, element);
    }

    bool changed_ = false;
};

}  // namespace

std::optional<Json> with_integers(const Json& form, const Json& value) {
    if (!has_whole_float(value)) return std::nullopt;
    Json copy = value;
    Replacement replacement;
    replacement.walk(form, copy);
    if (!replacement.changed()) return std::nullopt;
    return copy;
}

}  // namespace tenon::plugins
