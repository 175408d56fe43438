#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

/// A schema that a plugin states, parsed; at most 64 KiB.
Result<Json> parse_schema(std::string_view text);

/// A JSON Schema (draft 7, the keywords listed in schema_form.cpp), compiled once, checked often.
/// Immutable: may be used by many threads at once. Patterns run on RE2, in time linear in the text.
class Schema {
public:
    /// Refuses what could be misunderstood: unknown keywords, malformed ones, patterns that RE2
    /// does not take, references other than into this schema, recursion. `top` must be of type
    /// object.
    static Result<Schema> compile(const Json& schema);
    /// The same for the input of a tool: no oneOf, anyOf, allOf at the top, names that a model's
    /// endpoint accepts.
    static Result<Schema> compile_tool_input(const Json& schema);

    /// The error names each argument that does not fit, what is wrong, and what is allowed. A
    /// number without a fraction is an integer, also when it is written as 2.0 or 1e2.
    [[nodiscard]] Result<void> check(const Json& value) const;
    /// The value with such numbers written as integers where the schema wants integers, for whoever
    /// is to read one kind of number only. Nothing when there is nothing to write anew.
    [[nodiscard]] std::optional<Json> with_integers(const Json& value) const;

    Schema(Schema&&) noexcept;
    Schema& operator=(Schema&&) noexcept;
    ~Schema();

private:
    struct Compiled;
    explicit Schema(std::unique_ptr<Compiled> compiled);
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace tenon::plugins
