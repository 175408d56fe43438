#include "host/plugins/schema.h"

#include <algorithm>
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

namespace tenon::plugins {
namespace {

using valijson::adapters::Adapter;
using valijson::adapters::FrozenValue;
using valijson::constraints::Constraint;

constexpr std::size_t kMaxSchemaBytes = 64U << 10U;
constexpr std::size_t kMaxCauses = 5;

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

bool is_of(const Adapter& value, const std::string& type) {
    if (type == "string") return value.isString();
    if (type == "number") return value.isNumber();
    if (type == "boolean") return value.isBool();
    if (type == "array") return value.isArray();
    if (type == "object") return value.isObject();
    if (type == "null") return value.isNull();
    return value.isInteger() || (value.isDouble() && integer_in(Json(value.asDouble())));
}

/// Ours, because the library does not take 2.0 for an integer and does not say which types are
/// allowed.
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
        const bool fits = std::any_of(types.begin(), types.end(),
                                      [&](const std::string& type) { return is_of(value, type); });
        return fits ? std::string() : allowed;
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
        return fits ? std::string() : allowed;
    };
}

/// Ours, because the library uses std::regex, which overflows the stack on long texts, and measures
/// a text up to its first NUL only.
Check text_check(const Adapter& stated) {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::shared_ptr<const RE2> pattern;
    stated.applyToObject([&](const std::string& name, const Adapter& limit) {
        if (name == "minLength") least = limit.asInteger();
        if (name == "maxLength") most = limit.asInteger();
        if (name == "pattern") pattern = std::make_shared<const RE2>(limit.asString(), RE2::Quiet);
        return true;
    });
    if (pattern && !pattern->ok())
        throw std::runtime_error("the pattern " + pattern->pattern() +
                                 " is not understood: " + pattern->error());
    return [least, most, pattern](const Adapter& value) {
        const std::string text = value.isString() ? value.asString() : "";
        const auto length = static_cast<std::int64_t>(utf8::length(text));
        std::string wrong;
        if (!value.isString()) return wrong;
        if (length < least) wrong = "must have at least " + std::to_string(least) + " characters";
        if (length > most) wrong = "must have at most " + std::to_string(most) + " characters";
        if (pattern && !RE2::PartialMatch(text, *pattern))
            wrong = "must match the pattern " + pattern->pattern();
        return wrong;
    };
}

/// "<root>", "[job_ids]", "[0]" → job_ids[0]; empty for the root.
std::string instance_path(const std::vector<std::string>& context) {
    std::string out;
    for (std::size_t i = 1; i < context.size(); ++i) {
        const std::string& step = context[i];
        const bool index = step.find_first_not_of("[]0123456789") == std::string::npos;
        if (index || step.size() < 2) {
            out += step;
        } else {
            out += (out.empty() ? "" : ".") + step.substr(1, step.size() - 2);
        }
    }
    return out;
}

std::string line_of(const valijson::ValidationResults::Error& error, std::string_view whole) {
    const std::string path = instance_path(error.context);
    if (error.description.starts_with("must "))
        return (path.empty() ? std::string(whole) : path) + " " + error.description;
    return path.empty() ? error.description : path + ": " + error.description;
}

/// The library reports the value that does not fit, and then for each value around it that it
/// "Failed to validate" something. The reports of the second kind are used only if there are none
/// of the first.
std::string report(const valijson::ValidationResults& results, std::string_view whole) {
    std::vector<std::string> causes;
    for (const auto& error : results)
        if (causes.size() < kMaxCauses && !error.description.starts_with("Failed to validate"))
            causes.push_back(line_of(error, whole));
    if (causes.empty())
        return results.numErrors() > 0 ? line_of(*results.begin(), whole)
                                       : std::string(whole) + " do not fit the schema";
    std::string out;
    for (const std::string& cause : causes)
        out += (out.empty() ? "" : "; ") + cause;
    return out;
}

}  // namespace

Result<Json> parse_schema(std::string_view text) {
    if (text.size() > kMaxSchemaBytes) return Error{"more than 64 KiB of schema"};
    return parse_json(text);
}

struct Schema::Compiled {
    Json form;
    valijson::Schema schema;
};

Schema::Schema(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

Result<Schema> Schema::compile(const Json& schema) {
    if (!schema.is_object() || string_or(schema, "type") != "object")
        return Error{R"(schema at its top: must be an object with "type":"object")"};
    auto form = schema_form(schema);
    if (!form) return form.error();
    auto compiled = std::make_unique<Compiled>();
    compiled->form = std::move(*form);
    try {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.addConstraintBuilder(kTypesKeyword, new AssertionBuilder<type_check>);
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
    const valijson::adapters::NlohmannJsonAdapter target(value);
    if (validator.validate(compiled_->schema, target, &results)) return {};
    return Error{report(results, whole)};
}

}  // namespace tenon::plugins
