#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/cli/console.h"
#include "host/cli/option_table.h"

/// The verb of a sub-command, such as `list` in `tenon tasks list`, for commands whose verbs take
/// options and ids only.
namespace tenon::cli {

struct VerbSpec {
    std::string_view name;
    std::size_t ids = 0;  ///< how many ids follow the verb
    std::span<const std::string_view> options =
        {};  ///< those of the command's own options that the verb takes
};

/// Finds the verb and checks its ids and options. The error (exit 2) says what is allowed.
Result<const VerbSpec*> find_verb(const CommandSpec& command, std::span<const VerbSpec> verbs,
                                  const Arguments& arguments);

/// Prints one line on standard error and returns `code`.
int complain(const Console& console, const std::string& message, int code);

/// Prints one JSON document on standard output. On a terminal, control characters are printed as
/// JSON escapes.
void print_json(const Console& console, const std::string& json);

/// Flushes standard output and returns the exit code: 1 when it could not be written, else `code`.
int finish(const Console& console, int code);

}  // namespace tenon::cli
