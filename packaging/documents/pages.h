#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"

/// Manual pages. A template is the source of a page in which lines that begin with `@` stand for
/// what the program's own tables say:
///
///     @title NAME SECTION MANUAL     the heading, with version and date
///     @forms                         the forms of the program, for the synopsis
///     @usage COMMAND                 the forms of one sub-command
///     @options                       the options of a run, those of all sub-commands among them
///     @command COMMAND               verbs, options and exit codes of one sub-command
///     @commands [COMMAND=PAGE]…      the same for all, each with a heading; those with a page of
///                                    their own only by its name
///     @slash                         the commands of an interactive session
///     @keys                          every key of the configuration
///     @variables                     the environment variables
///
/// After any of these but the first three, `@more ITEM` begins text that is appended to what is
/// said about an item: an option (`--json`, `jobs --json`), a command (`jobs`), a verb
/// (`jobs list`), a slash command (`/jobs`), a key, a variable. `@end` ends the last of them.
namespace tenon::documents {

struct Edition {
    std::string version, date;
};

/// The Error names the line, and an item of `@more` that does not exist.
Result<std::string> page_of(std::string_view page_template, const Edition& edition);

}  // namespace tenon::documents
