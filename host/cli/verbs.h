#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/cli/console.h"
#include "host/cli/option_table.h"

/// The word behind a sub-command's name, for commands whose verbs take little.
namespace tenon::cli {

struct VerbSpec {
    std::string_view name;
    std::size_t ids = 0;  ///< how many stand behind it
    std::span<const std::string_view> options =
        {};  ///< of the command's own, those that go with it
};

/// Finds the verb and checks what stands behind it. `command.name` is what a person typed. The
/// error (exit 2) says what is allowed.
Result<const VerbSpec*> find_verb(const CommandSpec& command, std::span<const VerbSpec> verbs,
                                  const Arguments& arguments);

/// One line on standard error; returns `code`.
int complain(const Console& console, const std::string& message, int code);

/// One JSON document on standard output; on a terminal, with characters that would act on it as
/// escapes.
void print_json(const Console& console, const std::string& json);

/// Ends a command: 1 when standard output could not be written, else `code`.
int finish(const Console& console, int code);

}  // namespace tenon::cli
