#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/permission/arguments.h"

/// Inside of the list of read-only commands: options as GNU getopt_long(3) reads them.
namespace tenon::permission {

/// The options of one program that are on the list.
struct KnownOptions {
    std::string_view flags;   ///< short options without a value
    std::string_view values;  ///< short options with a value, in the same word or the next
    /// Long options with a blank between them. `name` has no value; `name=` has one, in the same
    /// word or the next; `name?` may have one in the same word.
    std::string_view long_names;
    bool number = false;          ///< `-5` is an option
    std::string_view optional{};  ///< short options that may have a value in the same word
    std::string_view more_long_names{};
    /// A value in the next word must not begin with a dash: the program may take it for an option.
    bool plain_values = false;
};

/// Arguments divided into options and operands.
struct ParsedOptions {
    /// Not empty: an option that is not on the list. Then the rest may be missing.
    std::string unknown;
    std::vector<std::pair<std::string, std::string>> options;  ///< "r" or "recursive", its value
    std::vector<Argument> operands;

    [[nodiscard]] bool has(std::string_view option) const;
    /// The values of an option, in order.
    [[nodiscard]] std::vector<std::string> values_of(std::string_view option) const;
};

/// Parses `arguments` from index `from` on. Options may follow operands, and end at `--`. Pure.
ParsedOptions parse_options(const std::vector<Argument>& arguments, std::size_t from,
                            const KnownOptions& known);

}  // namespace tenon::permission
