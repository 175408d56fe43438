#include "host/plugins/schema.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <re2/re2.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "host/base/utf8.h"
#include "host/plugins/schema_form.h"
#include "host/plugins/schema_integers.h"
#include "host/plugins/schema_words.h"
#include "host/plugins/text_format.h"

namespace tenon::plugins {
namespace {

using valijson::adapters::Adapter;
using valijson::adapters::FrozenValue;
using valijson::constraints::Constraint;

constexpr std::size_t kMaxSchemaBytes = 64U << 10U;

/// Says what is wrong with a value, "must be …"; empty: nothing.
using Check = std::function<std::string(const Adapter&)>;

/// A constraint that is checked here and not by the library.
class Assertion final : public valijson::constraints::PolyConstraint {
public:
    explicit Assertion(Check check) : check_(std::move(check)) {}

    bool validate(const Adapter& target, const std::vector<std::string>& context,
                  valijson::ValidationResults* results) const override {
        const std::string wrong = check_(target);
        if (!wrong.empty() && results != nullptr) results->pushError(context, wrong);
        return wrong.empty();
    }

private:
    Constraint* cloneInto(void* at) const override { return new (at) Assertion(*this); }
    [[nodiscard]] std::size_t sizeOf() const override { return sizeof(Assertion); }

    Check check_;
};

/// Makes the assertion for one keyword of the form.
template <Check (*make_check)(const Adapter& stated)>
struct AssertionBuilder final : valijson::ConstraintBuilder {
    [[nodiscard]] Constraint* make(const Adapter& stated) const override {
        return new Assertion(make_check(stated));
    }
};

/// What counts as an integer: one that a tool can be given, or any.
enum class Integers { kOf64Bits, kAny };

bool is_whole(double number, Integers integers) {
    if (integers == Integers::kOf64Bits) return integer_in(Json(number)).has_value();
    return std::isfinite(number) && std::trunc(number) == number;
}

bool is_of(const Adapter& value, const std::string& type, Integers integers) {
    if (type == "string") return value.isString();
    if (type == "number") return value.isNumber();
    if (type == "boolean") return value.isBool();
    if (type == "array") return value.isArray();
    if (type == "object") return value.isObject();
    if (type == "null") return value.isNull();
    return value.isInteger() || (value.isDouble() && is_whole(value.asDouble(), integers));
}

/// As it is said after "not".
std::string kind_of(const Adapter& value) {
    if (value.isString()) return "a string";
    if (value.isArray()) return "an array";
    if (value.isObject()) return "an object";
    if (value.isNull()) return "null";
    std::string text;
    return value.asString(text) ? text : "another value";
}

/// A value that was none of the choices: a short text is shown, since most are misspelt.
std::string shown_choice(const Adapter& value) {
    constexpr std::size_t kLongestShown = 40;
    if (!value.isString() || value.asString().size() > kLongestShown) return kind_of(value);
    return dump_json(value.asString());
}

/// Ours, because the library does not take 2.0 for an integer and does not say which types are
/// allowed.
template <Integers integers>
Check type_check(const Adapter& stated) {
    std::vector<std::string> types;
    std::string allowed;
    stated.applyToArray([&](const Adapter& type) {
        types.push_back(type.asString());
        const bool vowel = types.back().find_first_of("aeio") == 0;
        allowed += allowed.empty() ? "must be " : " or ";
        allowed += (types.back() == "null" ? "" : vowel ? "an " : "a ") + types.back();
        return true;
    });
    return [types, allowed](const Adapter& value) {
        const bool fits = std::any_of(types.begin(), types.end(), [&](const std::string& type) {
            return is_of(value, type, integers);
        });
        return fits ? std::string() : allowed + ", not " + kind_of(value);
    };
}

/// Ours, because the library does not say which values are allowed.
Check choice_check(const Adapter& stated) {
    std::vector<std::shared_ptr<const FrozenValue>> choices;  // shared by the library's clones
    std::string allowed;
    stated.applyToArray([&](const Adapter& choice) {
        choices.emplace_back(choice.freeze());
        std::string text = "…";
        (void)choice.asString(text);
        allowed += (allowed.empty() ? "must be one of " : ", ") +
                   (choice.isString() ? dump_json(text) : text);
        return true;
    });
    return [choices, allowed](const Adapter& value) {
        const bool fits = std::any_of(choices.begin(), choices.end(), [&](const auto& choice) {
            return choice->equalTo(value, true);
        });
        return fits ? std::string() : allowed + ", not " + shown_choice(value);
    };
}

/// Ours, because the library uses std::regex, which overflows the stack on long texts, and measures
/// a text up to its first NUL only.
Check text_check(const Adapter& stated) {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::shared_ptr<const RE2> pattern;
    std::string format;
    stated.applyToObject([&](const std::string& name, const Adapter& limit) {
        if (name == "minLength") least = limit.asInteger();
        if (name == "maxLength") most = limit.asInteger();
        if (name == "pattern") pattern = std::make_shared<const RE2>(limit.asString(), RE2::Quiet);
        if (name == "format") format = limit.asString();
        return true;
    });
    return [least, most, pattern, format](const Adapter& value) {
        const std::string text = value.isString() ? value.asString() : "";
        const auto length = static_cast<std::int64_t>(utf8::length(text));
        std::string wrong;
        if (!value.isString()) return wrong;
        const auto limit = [length](const char* words, std::int64_t number) {
            return words + std::to_string(number) + (number == 1 ? " character" : " characters") +
                   ", not " + std::to_string(length);
        };
        if (length < least) wrong = limit("must have at least ", least);
        if (length > most) wrong = limit("must have at most ", most);
        if (pattern && !RE2::PartialMatch(text, *pattern))
            wrong = "must match the pattern " + pattern->pattern();
        if (!format.empty() && !has_format(text, format)) wrong = "must have the format " + format;
        return wrong;
    };
}

/// The library wraps integers above 2^63 around. Nothing when there are none.
std::optional<Json> without_wide_integers(const Json& value) {
    if (value.is_number_unsigned() && !integer_in(value)) return Json(*number_in(value));
    if (!value.is_structured()) return std::nullopt;
    std::optional<Json> changed;
    const auto replace = [&](const auto& key, const Json& element) {
        auto other = without_wide_integers(element);
        if (!other) return;
        if (!changed) changed = value;
        (*changed)[key] = *std::move(other);
    };
    if (value.is_object())
        for (const auto& [name, element] : value.items())
            replace(name, element);
    else
        for (std::size_t i = 0; i < value.size(); ++i)
            replace(i, value[i]);
    return changed;
}

}  // namespace

Result<Json> parse_schema(std::string_view text) {
    if (text.size() > kMaxSchemaBytes) return Error{"more than 64 KiB of schema"};
    return parse_json(text);
}

struct Schema::Compiled {
    Json form;
    valijson::Schema schema;
    bool of_answer = false;
};

Schema::Schema(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

Result<Schema> Schema::compile(const Json& schema) {
    if (!schema.is_object() || string_or(schema, "type") != "object")
        return Error{R"(schema at its top: must be an object with "type":"object")"};
    return compile_form(schema_form(schema), false);
}

Result<Schema> Schema::compile_answer(const Json& schema) {
    if (!schema.is_object()) return Error{"schema at its top: must be an object"};
    return compile_form(schema_form(schema, FormatKeyword::kAssertion), true);
}

Result<Schema> Schema::compile_form(Result<Json> form, bool of_answer) {
    if (!form) return form.error();
    auto compiled = std::make_unique<Compiled>();
    compiled->form = std::move(*form);
    compiled->of_answer = of_answer;
    try {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        if (of_answer) {
            parser.addConstraintBuilder(kTypesKeyword,
                                        new AssertionBuilder<type_check<Integers::kAny>>);
        } else {
            parser.addConstraintBuilder(kTypesKeyword,
                                        new AssertionBuilder<type_check<Integers::kOf64Bits>>);
        }
        parser.addConstraintBuilder(kChoicesKeyword, new AssertionBuilder<choice_check>);
        parser.addConstraintBuilder(kTextKeyword, new AssertionBuilder<text_check>);
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(compiled->form),
                              compiled->schema);
    } catch (const std::exception& e) {
        return Error{std::string("schema: ") + e.what()};
    }
    return Schema(std::move(compiled));
}

Result<Schema> Schema::compile_tool_input(const Json& schema) {
    if (schema.is_object()) {
        for (const char* refused : {"oneOf", "anyOf", "allOf", "$ref"})
            if (schema.contains(refused))
                return Error{std::string("schema at its top: '") + refused +
                             "' is not accepted there by models' endpoints"};
        static const RE2 name_pattern("[a-zA-Z0-9_.-]{1,64}");
        if (const auto properties = schema.find("properties");
            properties != schema.end() && properties->is_object())
            for (const auto& [name, ignored] : properties->items())
                if (!RE2::FullMatch(name, name_pattern))
                    return Error{"schema at /properties: the name '" + name +
                                 "' is not of 1 to 64 letters, digits, '_', '.' and '-'"};
    }
    return compile(schema);
}

std::optional<Json> Schema::with_integers(const Json& value) const {
    return plugins::with_integers(compiled_->form, value);
}

Result<void> Schema::check(const Json& value, std::string_view whole) const {
    valijson::ValidationResults results;
    valijson::Validator validator;
    const std::optional<Json> other =
        compiled_->of_answer ? without_wide_integers(value) : std::nullopt;
    const valijson::adapters::NlohmannJsonAdapter target(other ? *other : value);
    if (validator.validate(compiled_->schema, target, &results)) return {};
    std::vector<SchemaFlaw> flaws;
    for (const auto& error : results)
        flaws.push_back({error.context, error.description});
    return Error{flaws_in_words(flaws, compiled_->form, value, whole)};
}

}  // namespace tenon::plugins
