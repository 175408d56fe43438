#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/model_server/wire.h"

/// What the two formats of OpenAI have in common. The checks throw RefusedRequest; `where` is a
/// member's path, "messages[0].content".
namespace tenon::testing::openai {

[[noreturn]] void refuse(const std::string& message, const std::string& code = {},
                         const std::string& param = {});
[[noreturn]] void refuse_type(const std::string& where, const std::string& wanted,
                              const Json& value);
[[noreturn]] void refuse_value(const std::string& where, const std::string& value,
                               const std::string& supported);

/// The path of a member.
std::string path_of(const std::string& where, std::string_view key);

/// Refuses members with other names.
void only(const Json& object, std::initializer_list<std::string_view> allowed,
          const std::string& where);
/// The member, which must be there.
const Json& need(const Json& object, const char* key, const std::string& where);
std::string need_string(const Json& object, const char* key, const std::string& where);
/// Refuses a member of another type, when it is there.
void may_be_bool(const Json& object, const char* key, const std::string& where = {});
void may_be_number(const Json& object, const char* key, const std::string& where = {});

/// The name of a function: ^[a-zA-Z0-9_-]{1,64}$.
void check_name(const std::string& name, const std::string& where);
void check_length(const std::string& text, std::size_t longest, const std::string& where);
/// The parameters of a function. Strict ones allow no further members and require all.
void check_schema(const Json& schema, bool strict, const std::string& function);
/// Arguments of a call that is sent back: a JSON object as text.
void check_arguments(const Json& call, const std::string& where);
/// A data URL of an image.
void check_image_url(const std::string& url, const std::string& where);

/// The key, the type of the content, and no field of another format.
void check_fields(const Fields& fields, const EndpointRules& rules);
std::string error_body(const RefusedRequest& error, const std::string& type);
/// The `code` of an error that has a type of the Messages API.
std::string code_of(const std::string& type);

/// Token counts of a step in the names of the Messages API, as these formats count them.
struct Counts {
    Json input = 10;  ///< cached tokens included
    Json cached = 0;
    Json output = 5;
    [[nodiscard]] Json total() const;
};
Counts counts_of(const Json& usage);

/// Of a result's text: whether it begins as Tenon marks failed calls, which is taken off.
bool take_error_prefix(std::string& text);
/// An image of a data URL as a block of the Messages API.
OrderedJson image_block_of(const std::string& url);

}  // namespace tenon::testing::openai
