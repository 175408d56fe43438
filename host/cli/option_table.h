#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

/// Parses command lines according to tables of options and verbs. Options are never abbreviated.
/// They may be anywhere, as `--opt value`, `--opt=value`, `-o value` or `-ovalue`; `--` ends them.
/// Pure functions.
namespace tenon::cli {

/// What happens if an option is given twice: the last one is used, it is an error, or all are used.
enum class Repeat { kLast, kOnce, kList };

/// What the value of an option, or a word after a verb, stands for. For the completion in shells.
enum class Takes {
    kText,
    kFile,
    kFolder,
    kChoice,        ///< one of OptionSpec::values, "a, b, c"
    kSettingValue,  ///< a value of the configuration's key OptionSpec::values
    kSetting,       ///< KEY=VALUE
    kSession,
    kJob,
    kUnendedJob,  ///< it is queued or runs
    kPlugin,      ///< an id, a directory's name, or a plugin's file
    kPluginFile,
    kTool,
};

struct OptionSpec {
    char short_name = 0;         ///< 0: none
    std::string_view long_name;  ///< without dashes
    std::string_view argument;   ///< "DIR"; empty: a flag
    std::string_view help;       ///< begins in lower case and has no full stop at its end
    Repeat repeat = Repeat::kLast;
    Takes takes = Takes::kText;
    std::string_view values = {};

    [[nodiscard]] std::string shown() const { return "--" + std::string(long_name); }
};

/// The verb of a sub-command, such as `list` in `tenon jobs list`.
struct VerbSpec {
    static constexpr std::size_t kAny = SIZE_MAX;

    std::string_view name;
    /// Those of the command's own options that the verb takes; the rest is empty.
    std::array<std::string_view, 4> options = {};
    std::size_t min_ids = 0, max_ids = 0;  ///< how many words may follow the verb
    std::string_view words = {};           ///< what they are, for the usage; empty: ids
    std::string_view help = {};            ///< as in OptionSpec
    Takes takes = Takes::kText;            ///< the words after the verb; kPluginFile: the first
};

struct CommandSpec {
    std::string_view name;     ///< "tenon config"
    std::string_view usage;    ///< the forms of the command without its name, one a line
    std::string_view summary;  ///< one paragraph
    std::span<const OptionSpec> options;
    std::string_view footer = {};  ///< lines, each of which is wrapped
    std::string_view brief = {};   ///< for the list of commands, as in OptionSpec; empty: hidden
    std::span<const VerbSpec> verbs = {};
    Takes takes = Takes::kText;  ///< the first word of a command without verbs

    /// The word that names it: "config".
    [[nodiscard]] std::string_view word() const { return name.substr(name.find(' ') + 1); }
};

/// A parsed command line.
struct Arguments {
    struct GivenOption {
        std::string_view name;  ///< long name
        std::string value;
    };
    std::vector<GivenOption> options;      ///< in order
    std::vector<std::string> words;        ///< everything that is not an option, in order
    std::optional<std::size_t> dashes_at;  ///< how many words precede `--`; none: there is no `--`

    [[nodiscard]] bool has(std::string_view long_name) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view long_name) const;  ///< the last
    [[nodiscard]] std::vector<std::string> values(std::string_view long_name) const;
};

/// One word of the command line that is an option: the name and the value attached to it.
struct OptionWord {
    const OptionSpec* spec = nullptr;       ///< null: there is no such option
    std::string_view name;                  ///< as typed, dashes included
    std::optional<std::string_view> value;  ///< what was attached to it
};
/// None: the word is no option.
std::optional<OptionWord> option_word(std::span<const OptionSpec> table, std::string_view word);

/// Options that the program has, but not where the parsed words are: in `command`.
struct ForeignOptions {
    std::span<const OptionSpec> options;
    std::string_view command = {};  ///< "tenon config"
};
/// Says that a known option, named by its long name, is of no use with a command.
Error does_not_go_with(std::string_view option, std::string_view command);

/// With `stop_at_first_word`, the first word that is not an option and all words after it are not
/// parsed: they become `words`, for a sub-command. The error names the option and suggests one, or
/// says what is allowed, or that it is one of `foreign`.
Result<Arguments> parse_arguments(std::span<const OptionSpec> table,
                                  std::span<const std::string> args,
                                  bool stop_at_first_word = false,
                                  const ForeignOptions& foreign = {});

/// Finds the verb, which is the first word, and checks its options and the number of words after
/// it. The error says what is allowed.
Result<const VerbSpec*> find_verb(const CommandSpec& command, const Arguments& arguments);

/// The text of `--help`, at most 80 columns.
std::string help_text(const CommandSpec& command);

}  // namespace tenon::cli
