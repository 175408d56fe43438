#include "host/plugins/schema.h"

#include <limits>
#include <re2/re2.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "host/base/utf8.h"
#include "host/plugins/schema_explain.h"
#include "host/plugins/schema_form.h"
#include "host/plugins/schema_integers.h"

namespace tenon::plugins {
namespace {

using valijson::adapters::Adapter;
using valijson::constraints::Constraint;

constexpr std::size_t kMaxSchemaBytes = 64U << 10U;

std::int64_t count_or(const Adapter& limits, const std::string& key, std::int64_t otherwise) {
    limits.applyToObject([&](const std::string& name, const Adapter& value) {
        if (name == key) value.asInteger(otherwise);
        return true;
    });
    return otherwise;
}

std::string text_of(const Adapter& limits, const std::string& key) {
    std::string out;
    limits.applyToObject([&](const std::string& name, const Adapter& value) {
        if (name == key) value.asString(out);
        return true;
    });
    return out;
}

/// pattern, minLength and maxLength. The library's own versions go through std::regex, which
/// overflows the stack on long texts, and measure up to the first NUL.
class TextConstraint final : public valijson::constraints::PolyConstraint {
public:
    explicit TextConstraint(const Adapter& limits)
        : least_(count_or(limits, "minLength", 0)),
          most_(count_or(limits, "maxLength", std::numeric_limits<std::int64_t>::max())) {
        const std::string pattern = text_of(limits, "pattern");
        if (pattern.empty()) return;
        pattern_ = std::make_shared<const RE2>(pattern, RE2::Quiet);
        if (!pattern_->ok())
            throw std::runtime_error("the pattern " + pattern +
                                     " is not understood: " + pattern_->error());
    }

    bool validate(const Adapter& target, const std::vector<std::string>& context,
                  valijson::ValidationResults* results) const override {
        if (!target.isString()) return true;
        const std::string text = target.asString();
        const auto length = static_cast<std::int64_t>(utf8::length(text));
        const bool fits = length >= least_ && length <= most_ &&
                          (!pattern_ || RE2::PartialMatch(text, *pattern_));
        if (!fits && results != nullptr)
            results->pushError(context, "The string's length or pattern is wrong.");
        return fits;
    }

private:
    Constraint* cloneInto(void* at) const override { return new (at) TextConstraint(*this); }
    [[nodiscard]] std::size_t sizeOf() const override { return sizeof(TextConstraint); }

    std::int64_t least_;
    std::int64_t most_;
    std::shared_ptr<const RE2> pattern_;  // shared by the clones that the library makes
};

class TextConstraintBuilder final : public valijson::ConstraintBuilder {
public:
    [[nodiscard]] Constraint* make(const Adapter& limits) const override {
        return new TextConstraint(limits);
    }
};

/// "<root>", "[job_ids]", "[0]" → job_ids[0]
std::string path_of(const std::vector<std::string>& context) {
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
    return out.empty() ? "the arguments" : out;
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
        parser.addConstraintBuilder(std::string(kTextKeyword),
                                    new TextConstraintBuilder);  // the parser owns it
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

Result<void> Schema::check(const Json& given) const {
    const std::optional<Json> rewritten = with_integers(given);
    const Json& value = rewritten ? *rewritten : given;
    const valijson::adapters::NlohmannJsonAdapter target(value);
    valijson::Validator validator;
    if (validator.validate(compiled_->schema, target, nullptr)) return {};
    std::string why = explain_misfit(compiled_->form, value);
    if (!why.empty()) return Error{std::move(why)};
    valijson::ValidationResults results;
    validator.validate(compiled_->schema, target, &results);
    valijson::ValidationResults::Error first;
    if (!results.popError(first)) return Error{"the arguments do not fit the schema"};
    return Error{path_of(first.context) + ": " + first.description};
}

}  // namespace tenon::plugins
