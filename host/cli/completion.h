#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/cli/command_list.h"
#include "host/cli/option_table.h"

/// The completion of command lines in shells. What a line means follows from the tables of options
/// and verbs alone; what exists on this machine (jobs, plugins, …) comes from a port.
namespace tenon::cli {

struct Candidate {
    std::string text;         ///< the whole word that is to stand in the line
    std::string description;  ///< may be empty, may hold any bytes
};

/// What may stand in place of the word that is being typed.
struct Completion {
    enum class Rest { kNothing, kFiles, kFolders };  ///< what the shell itself may offer too
    std::vector<Candidate> candidates;
    Rest rest = Rest::kNothing;
};

/// What is there to choose from. `begin` is the beginning of the word; candidates that begin in
/// another way may be left out, since they are not shown.
class Surroundings {
public:
    virtual ~Surroundings() = default;
    [[nodiscard]] virtual std::vector<Candidate> jobs(std::string_view begin, bool unended) = 0;
    [[nodiscard]] virtual std::vector<Candidate> sessions(std::string_view begin,
                                                          bool of_workspace) = 0;
    [[nodiscard]] virtual std::vector<Candidate> tools() = 0;
    [[nodiscard]] virtual std::vector<Candidate> plugins() = 0;
    /// The keys `plugins.<id>.<name>` of every plugin, each with `=` at its end.
    [[nodiscard]] virtual std::vector<Candidate> keys_of_plugins() = 0;
    /// The plugin files, and the directories, in the directory that `begin` names.
    [[nodiscard]] virtual std::vector<Candidate> plugin_files(std::string_view begin) = 0;
};

/// A command line up to the word that is being typed. Mistakes in it are passed over.
struct TypedLine {
    const CommandSpec* command = nullptr;  ///< null: there is none yet
    std::vector<OptionSpec> options;       ///< those that may follow
    std::vector<Arguments::GivenOption> given;
    std::vector<std::string> words;       ///< of the command, its verb first; an unknown command
    const OptionSpec* waiting = nullptr;  ///< the option, in `options`, whose value comes next
    bool after_dashes = false;
    std::string last;  ///< the word that is being typed

    /// `words` are those after the program's name; the last is being typed.
    static TypedLine of(std::span<const std::string> words);
    TypedLine() = default;
    TypedLine(TypedLine&&) = default;
    TypedLine(const TypedLine&) = delete;  // `waiting` points into it

    /// Null: there is none yet, or the command has none.
    [[nodiscard]] const VerbSpec* verb() const;
};

/// Only candidates that begin with the word that is being typed.
Completion complete(const TypedLine& line, Surroundings& around);

}  // namespace tenon::cli
