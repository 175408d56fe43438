#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "host/shell/parser.h"

/// Internal to script.h: what the words of a command hold, and what they may stand for.
namespace tenon::shell {

/// What the words of a part hold.
struct InnerCommands {
    std::vector<std::vector<Word>> commands;
    std::vector<std::string> scripts;
    std::vector<std::string> arguments;  ///< what $1 and further are in these scripts
    bool too_many = false;               ///< commands to name them all
    bool reads_commands = false;         ///< from its standard input
    std::string opaque;
};

/// wrappers.cpp: the commands that any word of ours may hold.
InnerCommands look_into(WordSpan words);
bool is_shell(std::string_view name);
/// Begins with a dash and is more than that.
bool is_option(std::string_view word);

/// options.cpp: commands that are given as the words behind the options of another, by a
/// table. False: `name` is not in it.
bool look_into_wrapper(std::string_view name, WordSpan words, InnerCommands& inner);

/// directories.cpp: sets Part::directories.
void name_directories(ParseState& sink);

/// The literal values that variables have anywhere in a text, and what words become with them.
class VariableValues {
public:
    /// Learns from the words of a part: assignments, read, printf -v, set --, aliases, calls of
    /// functions.
    void learn(const Part& part, const ParseState& sink);
    void learn(std::string_view name, const Word& value);
    void learn(std::string_view name, std::string value, int generation = 0);
    /// What $1 and further may be.
    void learn_arguments(const std::vector<std::string>& arguments);
    /// What commands of the text print or are given to read: for `read`, for shells, for xargs.
    void learn_feed(const Part& part, ParseState& sink);

    /// Nothing further is learned: values that are made from each other could grow without end.
    void freeze() { frozen_ = true; }
    [[nodiscard]] bool knows(std::string_view name) const { return table_.count(name) != 0; }
    /// Every value that was learned.
    [[nodiscard]] std::vector<std::string> all() const;
    [[nodiscard]] const std::vector<std::string>& feeds() const { return feeds_; }
    /// Grows with all that is learned.
    [[nodiscard]] std::size_t version() const { return version_; }
    /// The commands that `part` may stand for, with braces expanded and values put in; itself not.
    [[nodiscard]] std::vector<Part> readings(const Part& part, ParseState& sink) const;
    /// The literal texts that a word may stand for.
    [[nodiscard]] std::vector<std::string> texts(const Word& word) const;

private:
    using ChosenValues = std::map<std::string, std::string>;
    using ExpansionValues = std::pair<std::string, std::vector<std::string>>;

    [[nodiscard]] std::vector<std::string> candidates(const Expansion& expansion) const;
    [[nodiscard]] std::vector<ExpansionValues> keys(const Part& part, ParseState& sink) const;
    [[nodiscard]] std::vector<Word> fields(const Word& word,
                                           const std::vector<std::u32string>& items,
                                           const ChosenValues& choice) const;
    void learn_assignment(std::string_view name, bool adds, const Word& word, std::size_t from);
    void add_feed(std::string text, ParseState& sink);

    std::map<std::string, std::vector<std::string>, std::less<>> table_;
    /// How often a value was made from an earlier one of the same variable, by name and value; and
    /// the assignments that do so.
    std::map<std::string, int> generations_;
    std::map<std::string, std::unordered_set<std::string>, std::less<>> growing_;
    std::unordered_set<std::string> overflowing_;
    std::vector<std::string> feeds_;
    std::string separators_ = " \t\n";
    std::size_t version_ = 0;
    bool frozen_ = false;
};

}  // namespace tenon::shell
