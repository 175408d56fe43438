#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "host/shell/parser.h"

/// Internal to script.h: commands inside the words of other commands.
namespace tenon::shell {

/// The commands that the words of a part contain.
struct InnerCommands {
    std::vector<std::vector<Word>> commands;
    std::vector<std::string> scripts;
    std::vector<std::string> arguments;  ///< $1 and further in these scripts
    bool too_many = false;               ///< there are too many commands
    bool reads_commands = false;         ///< it runs commands from its standard input
    std::string opaque;
};

/// The commands in the words of one command. (wrappers.cpp)
InnerCommands look_into(WordSpan words);
bool is_shell(std::string_view name);
/// Begins with a dash and is more than that.
bool is_option(std::string_view word);

/// Adds the commands that follow the options of the program `name`, by a table of programs. False:
/// `name` is not in the table. (options.cpp)
bool look_into_wrapper(std::string_view name, WordSpan words, InnerCommands& inner);

/// Sets Part::directories. (directories.cpp)
void name_directories(ParseState& state);

/// The literal values that variables have anywhere in a text, and the words that they give. The
/// order of commands and branches does not count.
class VariableValues {
public:
    /// Adds the values from a part: assignments, read, printf -v, set --, aliases, function calls.
    void learn(const Part& part, const ParseState& state);
    void learn(std::string_view name, const Word& value);
    void learn(std::string_view name, std::string value, int generation = 0);
    /// Adds possible values of $1 and further.
    void learn_arguments(const std::vector<std::string>& arguments);
    /// Adds a text that the part prints, or gets as input: `read`, a shell or xargs may get it.
    void learn_feed(const Part& part, ParseState& state);

    /// From now on nothing is added: values that are made from each other could grow forever.
    void freeze() { frozen_ = true; }
    [[nodiscard]] bool knows(std::string_view name) const { return table_.count(name) != 0; }
    /// All values of all variables.
    [[nodiscard]] std::vector<std::string> all() const;
    [[nodiscard]] const std::vector<std::string>& feeds() const { return feeds_; }
    /// Grows with each added value.
    [[nodiscard]] std::size_t version() const { return version_; }
    /// The commands that `part` may become when braces and variables are expanded, without itself.
    [[nodiscard]] std::vector<Part> readings(const Part& part, ParseState& state) const;
    /// The literal texts that a word may become.
    [[nodiscard]] std::vector<std::string> texts(const Word& word) const;

private:
    using ChosenValues = std::map<std::string, std::string>;
    using ExpansionValues = std::pair<std::string, std::vector<std::string>>;

    [[nodiscard]] std::vector<std::string> candidates(const Expansion& expansion) const;
    [[nodiscard]] std::vector<ExpansionValues> keys(const Part& part, ParseState& state) const;
    [[nodiscard]] std::vector<Word> fields(const Word& word,
                                           const std::vector<std::u32string>& items,
                                           const ChosenValues& choice) const;
    void learn_assignment(std::string_view name, bool adds, const Word& word, std::size_t from);
    void add_feed(std::string text, ParseState& state);

    std::map<std::string, std::vector<std::string>, std::less<>> table_;
    /// How often a value was made from an earlier value of the same variable, by name and value;
    /// and the assignments that do that.
    std::map<std::string, int> generations_;
    std::map<std::string, std::unordered_set<std::string>, std::less<>> growing_;
    std::unordered_set<std::string> overflowing_;
    std::vector<std::string> feeds_;
    std::string separators_ = " \t\n";
    std::size_t version_ = 0;
    bool frozen_ = false;
};

}  // namespace tenon::shell
