#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

/// Parses the text of a schema; at most 64 KiB.
Result<Json> parse_schema(std::string_view text);

/// A compiled JSON Schema (draft 7, with the keywords that schema_form.cpp lists). Immutable, so
/// several threads may use it at once. Patterns run on RE2, in time linear in the text.
class Schema {
public:
    /// Refuses unknown and malformed keywords, patterns that RE2 does not accept, recursion, and
    /// references other than into this schema. The schema must be of type object.
    static Result<Schema> compile(const Json& schema);
    /// The same for the arguments of a tool. Also refuses what the endpoints of models refuse:
    /// oneOf, anyOf, allOf and $ref at the top level, and argument names that do not match
    /// [a-zA-Z0-9_.-]{1,64}.
    static Result<Schema> compile_tool_input(const Json& schema);
    /// The same for an answer of a model, which may be of any type. Here `format` is checked, an
    /// unknown one is refused, and integers may be of any size.
    static Result<Schema> compile_answer(const Json& schema);

    /// The error names each member that does not fit and what is wrong with it; at most five.
    /// `whole` is what it calls the value itself. A number without a fraction is an integer, also
    /// when it is written as 2.0 or 1e2.
    [[nodiscard]] Result<void> check(const Json& value,
                                     std::string_view whole = "the arguments") const;
    /// The value with such numbers as integers wherever the schema states an integer, so that a
    /// plugin gets only one form of integers. Nothing when the value need not change.
    [[nodiscard]] std::optional<Json> with_integers(const Json& value) const;

    Schema(Schema&&) noexcept;
    Schema& operator=(Schema&&) noexcept;
    ~Schema();

private:
    struct Compiled;
    explicit Schema(std::unique_ptr<Compiled> compiled);
    static Result<Schema> compile_form(Result<Json> form, bool of_answer);
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace tenon::plugins
