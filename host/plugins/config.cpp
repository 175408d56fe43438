#include "host/plugins/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "host/base/nearest.h"
#include "host/base/untrusted.h"
#include "host/plugins/schema.h"

namespace tenon::plugins {
namespace {

/// The keys `plugins.<id>.<name>` that the host itself understands.
constexpr std::string_view kHostKeys[] = {"enabled", "isolated", "callTimeout", "grants"};
constexpr std::size_t kListedKeys = 12;
constexpr std::string_view kAnyObject = R"({"type":"object"})";

/// A member that is an object, or an empty one.
const Json& object_in(const Json& parent, const std::string& key) {
    static const Json nothing = Json::object();
    const Json& found = member(parent, key);
    return found.is_object() ? found : nothing;
}

template <class Number>
Json number_or_text(const std::string& text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = error == std::errc() && end == text.data() + text.size();
    // JSON has no "inf" and no "nan".
    if constexpr (std::is_floating_point_v<Number>) good = good && std::isfinite(value);
    return good ? Json(value) : Json(text);
}

Json typed(const std::string& text, const Json& schema) {
    const std::string type = string_or(schema, "type");
    if (type == "integer") return number_or_text<std::int64_t>(text);
    if (type == "number") return number_or_text<double>(text);
    if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
    if (type == "array") return Json::array({typed(text, object_in(schema, "items"))});
    return text;
}

/// The position in a list that "10" states; 0 when the text is not a position.
std::size_t position_of(std::string_view text) {
    std::size_t at = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), at);
    return error == std::errc() && end == text.data() + text.size() ? at : 0;
}

// ---------------------------------------------------------------- where a key belongs

/// How the schema of an object reads a key: as a member of it, and perhaps as something within that
/// member.
struct Reading {
    enum class Kind {
        kStated,   ///< the schema names it
        kAllowed,  ///< the schema does not name it and does not exclude it
        kExcluded,
    };
    Kind kind = Kind::kAllowed;
    /// The names of members and the positions in lists, from the outside.
    std::vector<std::string> steps;
    const Json* value = nullptr;   ///< the schema of the value; never null
    const Json* parent = nullptr;  ///< the schema of the innermost object that was reached
    std::string path;              ///< of that object, with a dot at its end; empty: the outermost
    std::string list;  ///< of kExcluded: the list whose elements have nothing within them
    const Json* items = nullptr;  ///< the schema of its elements
};

class Reader {
public:
    explicit Reader(const Json& schema) {
        static const Json anything = Json::object();
        reading_.value = &anything;
        reading_.parent = &schema;
    }

    Reading read(const std::string& key) && {
        in_object(*reading_.parent, key);
        return std::move(reading_);
    }

private:
    void in_object(const Json& schema, const std::string& key) {
        reading_.parent = &schema;
        const Json& properties = object_in(schema, "properties");
        const std::string head = key.substr(0, key.find('.'));
        if (properties.contains(key)) return end(key, properties[key], Reading::Kind::kStated);
        const Json& others = member(schema, "additionalProperties");
        const bool excluded = others == Json(false);
        const auto otherwise = excluded ? Reading::Kind::kExcluded : Reading::Kind::kAllowed;
        if (head == key) {
            if (others.is_object()) return end(key, others, Reading::Kind::kStated);
            return end(key, *reading_.value, otherwise);
        }
        const std::string rest = key.substr(head.size() + 1);
        const Json* inner = nullptr;
        if (properties.contains(head)) {
            inner = &properties[head];
        } else if (others.is_object()) {
            inner = &others;
        }
        if (inner == nullptr || !within(head, *inner, rest)) end(key, *reading_.value, otherwise);
    }

    /// False: the value can have nothing within it.
    bool within(const std::string& head, const Json& schema, const std::string& rest) {
        const std::string type = string_or(schema, "type");
        const bool is_list = type == "array" && position_of(rest.substr(0, rest.find('.'))) > 0;
        if (!is_list && type != "object") return false;
        reading_.steps.push_back(head);
        reading_.path += head + ".";
        if (!is_list) {
            in_object(schema, rest);
            return true;
        }
        const Json& items = object_in(schema, "items");
        const std::string position = rest.substr(0, rest.find('.'));
        if (position == rest) {
            end(position, items, Reading::Kind::kStated);
        } else if (!within(position, items, rest.substr(position.size() + 1))) {
            end(rest, *reading_.value, Reading::Kind::kExcluded);
            reading_.list = reading_.path.substr(0, reading_.path.size() - 1);
            reading_.items = &items;
        }
        return true;
    }

    void end(const std::string& step, const Json& value, Reading::Kind kind) {
        reading_.steps.push_back(step);
        reading_.value = &value;
        reading_.kind = kind;
    }

    Reading reading_;
};

/// Puts a value where it belongs. A list is an object here, with its positions as names.
void put(Json& object, const Reading& reading, std::size_t at, Json value) {
    const std::string& step = reading.steps[at];
    if (at + 1 == reading.steps.size()) {
        object[step] = std::move(value);
        return;
    }
    Json& inner = object[step];
    if (!inner.is_object()) inner = Json::object();
    put(inner, reading, at + 1, std::move(value));
}

/// Turns objects whose schema states a list into lists, in the order of their positions.
Json with_lists(const Json& value, const Json& schema) {
    if (!value.is_object()) return value;
    if (string_or(schema, "type") == "array") {
        std::map<std::size_t, const Json*> elements;
        for (const auto& [position, element] : value.items())
            elements[position_of(position)] = &element;
        Json list = Json::array();
        for (const auto& [position, element] : elements)
            list.push_back(with_lists(*element, object_in(schema, "items")));
        return list;
    }
    Json out = Json::object();
    const Json& properties = object_in(schema, "properties");
    for (const auto& [name, inner] : value.items()) {
        out[name] = with_lists(inner, properties.contains(name)
                                          ? properties[name]
                                          : object_in(schema, "additionalProperties"));
    }
    return out;
}

// ---------------------------------------------------------------- warnings

/// "KEY is a list of texts: …".
std::string hint_for_list(const std::string& prefix, const Reading& reading) {
    const std::string key = prefix + visible(reading.list);
    std::string of;
    for (const auto& [type, words] :
         {std::pair("string", "texts"), std::pair("integer", "integers"),
          std::pair("number", "numbers"), std::pair("boolean", "true or false")})
        if (string_or(*reading.items, "type") == type) of = std::string(" of ") + words;
    return key + " is a list" + of + ", whose keys are " + key + ".1, " + key + ".2, …";
}

/// "did you mean KEY?", or the keys that there are; empty when nothing is known.
std::string hint_for(const std::string& prefix, const std::string& key, const Reading& reading) {
    if (!reading.list.empty()) return hint_for_list(prefix, reading);
    std::vector<std::string_view> known;
    const Json& properties = object_in(*reading.parent, "properties");
    for (const auto& [name, ignored] : properties.items())
        known.push_back(name);
    std::string all;
    for (std::size_t i = 0; i < std::min(known.size(), kListedKeys); ++i)
        all += (all.empty() ? "" : ", ") + visible(reading.path + std::string(known[i]));
    if (known.size() > kListedKeys) all += ", …";
    const bool outermost = reading.path.empty();
    if (outermost) known.insert(known.end(), std::begin(kHostKeys), std::end(kHostKeys));
    if (const auto meant = nearest(key.substr(reading.path.size()), known))
        return "did you mean " + prefix + visible(reading.path + std::string(*meant)) + "?";
    return all.empty() ? "it has none" + std::string(outermost ? "" : " there")
                       : "its keys are " + all;
}

std::string at_origin(const std::map<std::string, std::string>& origins, const std::string& key) {
    const auto found = origins.find(key);
    return found == origins.end() ? std::string() : found->second + ": ";
}

/// What a person should know about a key; empty: nothing.
std::string warning_about(const std::string& id, const std::string& key, const Reading& reading) {
    const std::string prefix = "plugins." + id + ".";
    const std::string shown = prefix + visible(key);
    if (reading.kind == Reading::Kind::kStated) return {};
    if (reading.kind == Reading::Kind::kExcluded)
        return shown + " has no effect: the plugin " + id + " has no such key; " +
               hint_for(prefix, key, reading);
    const auto meant = nearest(key.substr(0, key.find('.')), kHostKeys);
    if (!meant || !reading.path.empty()) return {};
    return shown + " is passed to the plugin " + id +
           ", whose schema does not name it; did you mean " + prefix + std::string(*meant) + "?";
}

/// A key without effect, since another key gives a part of the same list or object.
std::vector<std::string> warnings_about_two_forms(
    const Json& schema, const std::string& id, const std::map<std::string, std::string>& own,
    const std::map<std::string, std::string>& origins) {
    std::map<std::vector<std::string>, std::string> known;  // by the steps to the value
    for (const auto& [key, ignored] : own) {
        const Reading reading = Reader(schema).read(key);
        if (reading.kind != Reading::Kind::kExcluded) known.emplace(reading.steps, key);
    }
    std::vector<std::string> out;
    for (auto whole = known.begin(); whole != known.end(); ++whole) {
        const auto part = std::next(whole);  // what begins with the same steps comes next
        const auto& steps = whole->first;
        if (part == known.end() || part->first.size() <= steps.size() ||
            !std::equal(steps.begin(), steps.end(), part->first.begin()))
            continue;
        out.push_back(at_origin(origins, whole->second) + "plugins." + id + "." +
                      visible(whole->second) + " has no effect, since " +
                      at_origin(origins, part->second) + "plugins." + id + "." +
                      visible(part->second) + " gives a part of the same value");
    }
    return out;
}

std::vector<std::string> warnings_about_keys(const Json& schema, const std::string& id,
                                             const std::map<std::string, std::string>& own,
                                             const std::map<std::string, std::string>& origins) {
    std::vector<std::string> out = warnings_about_two_forms(schema, id, own, origins);
    for (const auto& [key, ignored] : own) {
        const std::string warning = warning_about(id, key, Reader(schema).read(key));
        if (!warning.empty()) out.push_back(at_origin(origins, key) + warning);
    }
    return out;
}

/// What to do about an explanation of the schema, whose flaws are separated by semicolons: the
/// configured keys that it is about, with their places, and those that are missing.
std::string keys_to_change(const std::string& flaws, const std::string& id,
                           const std::map<std::string, std::string>& own,
                           const std::map<std::string, std::string>& origins) {
    constexpr std::string_view kMissing = " is missing";
    std::string explanation, missing, out;
    for (std::size_t at = 0; at < flaws.size();) {
        const auto end = std::min(flaws.find("; ", at), flaws.size());
        const std::string flaw = flaws.substr(at, end - at);
        at = end + 2;
        if (flaw.ends_with(kMissing) && flaw.find('[') == std::string::npos) {
            missing += (missing.empty() ? "plugins." : ", plugins.") + id + "." +
                       flaw.substr(0, flaw.size() - kMissing.size());
        } else if (missing.empty() || !flaw.starts_with("it must be ")) {
            explanation += flaw + "; ";
        }
    }
    for (const auto& [key, ignored] : own) {
        const auto at = explanation.find(key.substr(0, key.find('.')));
        if (at == std::string::npos) continue;
        out += (out.empty() ? "" : ", ") + std::string("plugins.") + id + "." + visible(key);
        if (const auto origin = origins.find(key); origin != origins.end())
            out += " (" + visible(origin->second) + ")";
    }
    if (!missing.empty())
        return (out.empty() ? "" : "change " + out + ", and ") + "set " + missing +
               " in the configuration";
    return "change " + (out.empty() ? "plugins." + id + ".* in the configuration" : out);
}

}  // namespace

Json config_json(const std::map<std::string, std::string>& own, const Json& schema) {
    Json out = Json::object();
    for (const auto& [key, text] : own) {
        const Reading reading = Reader(schema).read(key);
        put(out, reading, 0, typed(text, *reading.value));
    }
    return with_lists(out, schema);
}

Result<CheckedConfig, plugin::Refusal> checked_config(
    std::string_view schema_text, const std::string& id,
    const std::map<std::string, std::string>& own,
    const std::map<std::string, std::string>& origins) {
    const auto schema_json = parse_schema(schema_text.empty() ? kAnyObject : schema_text);
    if (!schema_json)
        return plugin::invalid_plugin("its configuration schema: " + schema_json.error().message);
    const auto schema = Schema::compile(*schema_json);
    if (!schema)
        return plugin::invalid_plugin("its configuration schema: " + schema.error().message);

    CheckedConfig out;
    out.warnings = warnings_about_keys(*schema_json, id, own, origins);
    std::map<std::string, std::string> known = own;
    std::erase_if(known, [&](const auto& one) {
        return Reader(*schema_json).read(one.first).kind == Reading::Kind::kExcluded;
    });
    const Json config = config_json(known, *schema_json);
    if (auto fits = schema->check(config, "the keys"); !fits) {
        return plugin::Refusal{"its configuration: " + fits.error().message,
                               keys_to_change(fits.error().message, id, known, origins)};
    }
    out.json = dump_json(config);
    return out;
}

std::vector<std::string> warnings_about_keys(std::string_view schema_text, const std::string& id,
                                             const std::map<std::string, std::string>& own,
                                             const std::map<std::string, std::string>& origins) {
    const auto schema = parse_schema(schema_text.empty() ? kAnyObject : schema_text);
    return schema ? warnings_about_keys(*schema, id, own, origins) : std::vector<std::string>();
}

}  // namespace tenon::plugins
