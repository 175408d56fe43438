#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

/// What a plugin needs beyond its own directories and the workspace: `network`, `exec`,
/// `read:DIR`, `write:DIR`. DIR is an absolute path, or `~`, or begins with `~/`. Pure functions.
namespace tenon::plugin {

enum class NeedKind { kNetwork, kExec, kRead, kWrite };

struct Need {
    NeedKind kind;
    std::string directory = {};  ///< of kRead and kWrite, as it was written
};

/// Takes any bytes. The Error says, after the text itself, what is wrong with it. `..` is refused,
/// since it hides where a path leads.
Result<Need> parse_need(std::string_view text);
std::string to_string(const Need& need);

/// The content of the note of needs (type 2): a JSON object with the list `needs` and the text
/// `summary`. Other members are ignored. The bytes may be hostile.
struct Needs {
    std::vector<std::string> needs;  ///< each parses; none twice
    std::string summary;             ///< for a person; UTF-8, but with any characters
};
/// A need that this host does not know is a Refusal: the plugin would not work, and nobody could
/// tell what it may do.
Result<Needs, Refusal> parse_needs(std::string_view json);

}  // namespace tenon::plugin
