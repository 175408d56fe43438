#include "host/cli/command_list.h"

#include <algorithm>
#include <array>

namespace tenon::cli {
namespace {

/// A command that does not log.
template <auto Run>
int without_log(Options options, const config::Sources& sources, const Console& console,
                const StartLogging&) {
    return Run(std::move(options), sources, console);
}

constexpr bool kLoadsPlugins = true;

constinit const std::array kCommands = {
    Command{kJobsCommand, without_log<run_jobs>},
    Command{kTasksCommand, without_log<run_tasks>},
    Command{kSessionsCommand, without_log<run_sessions>},
    Command{kToolCommand, run_tool, kLoadsPlugins},
    Command{kPluginCommand, run_plugin, kLoadsPlugins},
    Command{kConfigCommand, without_log<run_config>},
    Command{kDoctorCommand, without_log<run_doctor>},
    Command{kCompleteCommand, without_log<run_complete>},
};

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

const Command* find_command(std::string_view word) {
    const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                    [word](const Command& c) { return c.spec.word() == word; });
    return found == kCommands.end() ? nullptr : &*found;
}

}  // namespace tenon::cli
