#pragma once

#include <span>
#include <string_view>

#include "host/cli/commands.h"

/// The one list of the sub-commands: the program runs what is here, and the main help, the
/// completion in shells and the man pages show it.
namespace tenon::cli {

struct Command {
    const CommandSpec& spec;
    int (*run)(Options, const config::Sources&, const Console&, const StartLogging&);
    /// It loads plugins, which may print: the program keeps its standard streams from them first.
    bool loads_plugins = false;

    [[nodiscard]] bool is_hidden() const { return spec.brief.empty(); }
};

/// In the order in which they are shown.
std::span<const Command> commands();

/// Null: there is no such command.
const Command* find_command(std::string_view word);

}  // namespace tenon::cli
