#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

/// Command lines by table. Options are never abbreviated; they stand anywhere, as `--opt value`,
/// `--opt=value`, `-o value` or `-ovalue`; `--` ends them. Pure functions.
namespace tenon::cli {

enum class Repeat { kLast, kOnce, kList };  ///< given again: the last counts, an error, all count

struct OptionSpec {
    char short_name = 0;         ///< 0: none
    std::string_view long_name;  ///< without dashes
    std::string_view argument;   ///< "DIR"; empty: a flag
    std::string_view help;
    Repeat repeat = Repeat::kLast;

    [[nodiscard]] std::string shown() const { return "--" + std::string(long_name); }
};

struct CommandSpec {
    std::string_view name;     ///< "tenon config"
    std::string_view usage;    ///< lines behind the name, one form each
    std::string_view summary;  ///< one paragraph
    std::span<const OptionSpec> options;
    std::string_view footer = {};  ///< printed as it is
};

/// A command line taken apart.
struct Arguments {
    struct Given {
        std::string_view name;  ///< long name
        std::string value;
    };
    std::vector<Given> options;            ///< in order
    std::vector<std::string> words;        ///< everything that is no option, in order
    std::optional<std::size_t> dashes_at;  ///< how many words stood before `--`

    [[nodiscard]] bool has(std::string_view long_name) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view long_name) const;  ///< the last
    [[nodiscard]] std::vector<std::string> values(std::string_view long_name) const;
};

/// With `stop_at_first_word`, that word and all behind it become `words` as they are (a
/// sub-command). The error names the option, and what was meant or is allowed.
Result<Arguments> parse_arguments(std::span<const OptionSpec> table,
                                  std::span<const std::string> args,
                                  bool stop_at_first_word = false);

/// The text of `--help`, at most 80 columns.
std::string help_text(const CommandSpec& command);

}  // namespace tenon::cli
