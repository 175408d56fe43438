#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/json.h"

/// The wire formats as servers speak them: which requests they refuse, and how an answer is
/// written.
namespace tenon::testing {

struct Step;

/// Header fields by their names in lower case.
using Fields = std::map<std::string, std::string>;
/// The events of a stream as (name, data). An event without a name has no `event:` line.
using Events = std::vector<std::pair<std::string, std::string>>;

/// Why a server refuses a request. Thrown by the checks of the formats.
struct RefusedRequest {
    int status = 400;
    std::string message;
    std::string code = {};   ///< where the format has such codes
    std::string param = {};  ///< the member that is wrong, where the format names it
};

/// What kind of server it is. The first members hold for all formats.
struct EndpointRules {
    std::string api_key;           ///< empty: any
    bool needs_key = true;         ///< false: a key is refused
    bool reject_same_role = true;  ///< the vendors merge such messages, other servers refuse them
    /// Chat Completions: no message of the user may follow the results of calls (Mistral's
    /// servers).
    bool reject_user_after_tool = false;
    bool reject_system_role = false;   ///< Chat Completions (the template of Gemma)
    bool reject_null_content = false;  ///< Chat Completions: a text, if only an empty one
    std::size_t max_body = std::size_t{32} << 20U;
    std::int64_t max_tokens = 128'000;
    /// Names of members that this server does not know, wherever they are in a request.
    std::set<std::string> unknown_members = {};
    std::set<std::string> models = {};  ///< others are refused with 404; empty: any
    /// The model reasons: Chat Completions refuse `max_tokens`, and take `reasoning_effort`.
    bool reasoning_model = false;
    /// Responses: `reasoning.encrypted_content` is refused.
    bool no_encrypted_reasoning = false;
    /// Chat Completions: reasoning has `reasoning_details` too, which must come back unchanged.
    bool reasoning_details = false;
    std::int64_t props_window = 0;  ///< in tokens, told by GET /props; 0: there is no /props
    std::int64_t list_window = 0;   ///< told by GET /v1/models; 0: not told
};

/// One request that is answered, for the writer of the events.
struct Answered {
    const Step& step;     ///< with signatures and job ids
    int number = 1;       ///< of the answer, counted from 1
    const Json& request;  ///< as it was sent
};

/// One wire format. Stateless and thread-safe.
class ServerWire {
public:
    virtual ~ServerWire() = default;
    /// As `model.provider` names it.
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// How the path of a request ends.
    [[nodiscard]] virtual std::string_view path() const = 0;
    /// Throws RefusedRequest.
    virtual void check_fields(const Fields& fields, const EndpointRules& rules) const = 0;
    /// Everything in a request except its reasoning. Throws RefusedRequest.
    virtual void check(const Json& request, const EndpointRules& rules) const = 0;
    /// A checked request as the Messages API would have it.
    [[nodiscard]] virtual OrderedJson neutral(const OrderedJson& request) const = 0;
    /// Gives the thinking of an answer signatures that depend on `prefix`, everything before it.
    /// Returns the blocks of thinking that must come back, as they are in `neutral`.
    [[nodiscard]] virtual std::vector<Json> sign(Step& step, std::uint64_t prefix,
                                                 const Json& request,
                                                 const EndpointRules& rules) const = 0;
    [[nodiscard]] virtual Events events(const Answered& answer,
                                        const EndpointRules& rules) const = 0;
    /// The event that ends a stream with an error.
    [[nodiscard]] virtual std::pair<std::string, std::string> error_event(
        const std::string& type, const std::string& message) const = 0;
    [[nodiscard]] virtual std::string error_body(const RefusedRequest& error,
                                                 const std::string& type = {}) const = 0;
};

const ServerWire& messages_wire();
const ServerWire& chat_wire();
const ServerWire& responses_wire();
/// The format of a request's path; null: it is of none.
const ServerWire* wire_of_path(std::string_view path);

/// The key that the fields hold, if `rules` want one.
std::optional<RefusedRequest> check_key(const Fields& fields, const EndpointRules& rules);
/// The body of a request. Throws RefusedRequest.
Json parse_request(const std::string& body, const EndpointRules& rules);
/// Checks all of a request, except reasoning. Throws RefusedRequest.
void check_request(const ServerWire& wire, const Json& request, const EndpointRules& rules);
/// Both.
std::optional<RefusedRequest> check_body(const ServerWire& wire, const std::string& body,
                                         const EndpointRules& rules);
/// The value of a header field, or an empty text.
std::string field_of(const Fields& fields, const char* name);

// ---------------------------------------------------------------- for the formats

/// Cuts a text into pieces of whole characters.
std::vector<std::string> pieces_of(std::string_view text, std::size_t characters);
/// Letters, digits, _ and -.
bool is_plain_name(const std::string& text, std::size_t longest);
/// 16 hexadecimal digits.
std::string hex_of(std::uint64_t value);
/// A signature for each thinking block of `content` that has none.
void sign_blocks(OrderedJson& content, std::uint64_t prefix);
/// The thinking blocks of `content` that must come back: all except those at the end of the answer,
/// where the endpoint refuses them.
std::vector<Json> thinking_to_come_back(const OrderedJson& content);
/// Of a block of type tool_use: its arguments as text.
std::string arguments_of(const OrderedJson& call);

}  // namespace tenon::testing
