#pragma once

#include <functional>

#include "host/cli/console.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"

/// The sub-commands of `tenon`. Each prints results to `console.out` and everything else to
/// standard error, and returns the exit code: 0; 2 for wrong usage or configuration; the other
/// codes are stated below. Each has its table of options and verbs beside it; the list of all is in
/// command_list.h. Known keys are removed from everything that is printed. Call them from the main
/// thread.
namespace tenon::cli {

extern const CommandSpec kConfigCommand, kDoctorCommand, kJobsCommand, kSessionsCommand,
    kTasksCommand, kToolCommand, kPluginCommand, kCompleteCommand;

/// `tenon config show|check|trust`. `show`: every key, its value and its origin; `--json`: an array
/// of {"key","value","origin"}, where value is null when the key has none. `check`: reports what is
/// wrong on standard error. `trust`: shows the workspace's configuration file and what it sets,
/// asks on a terminal (without a terminal `--yes` is needed), and records the hash of exactly the
/// bytes that it showed; nothing else is written. Exit code 1: trust was refused.
int run_config(Options options, const config::Sources& sources, const Console& console);

/// `tenon jobs list|show ID|logs ID [-f]|cancel ID…|cancel --all|wait ID…|run -- COMMAND`, on the
/// store of the state directory, whether a host runs or not. `--json`: one document; `list`,
/// `cancel` and `wait` print an array of jobs, the others one job. Only `run` creates anything, and
/// only `run` needs a configuration without errors. While a verb waits, every signal ends the
/// program; `list --watch` ends by a signal only. Exit code 1: a job is unknown, could not be
/// cancelled or started, or has not completed.
int run_jobs(Options options, const config::Sources& sources, const Console& console);

/// `tenon sessions list [--all]|show ID|export ID`: reads journals, also those of running hosts,
/// and never takes their lock. `list`: the sessions of the workspace, the one written last first.
/// `--json`: `list` and `show` print one document. `export` prints JSON lines, with `--markdown` a
/// document for people. Exit code 1: a session is unknown or its journal cannot be read.
int run_sessions(Options options, const config::Sources& sources, const Console& console);

/// `tenon tasks list|graph [--dot]`: the tasks of the workspace's `.tasks/`, which are only read.
/// `--json`: one document; `list` prints an array of tasks, `graph` prints {"tasks","edges"}. Files
/// that cannot be used are reported on standard error. Exit code 1: the tasks cannot be read.
int run_tasks(Options options, const config::Sources& sources, const Console& console);

/// `tenon doctor [--json] [--online]`: what would stop a run with the same options, and what to do,
/// one line for each check. `--json`: {"ok","checks":[{"name","status","found","remedy"}]}. Works
/// with a configuration that has errors. Changes nothing that lasts. Only `--online` connects, once
/// and for ten seconds at most. Call it before any thread has started, since it forks. Exit code 1:
/// an error would stop a run.
int run_doctor(Options options, const config::Sources& sources, const Console& console);

/// Directs the log to where the configuration says.
using StartLogging = std::function<Result<void>(const config::Settings::Log&)>;

/// `tenon tool NAME [JSON]`: calls one tool without a model and without a session. Permissions are
/// those of a headless run: nobody is asked. The text of the tool's result is printed. Call it
/// before any thread has started: it handles SIGINT, SIGTERM and SIGHUP, which cancel the call, and
/// returns when the call has ended. Exit code 1: the result is an error, or the call was refused; 2
/// also when there is no such tool or the arguments do not fit it; 128 plus the signal's number: a
/// signal has ended the call.
int run_tool(Options options, const config::Sources& sources, const Console& console,
             const StartLogging& start_logging);

/// `tenon plugin list|info ID|FILE|verify FILE|call FILE TOOL [JSON]|new NAME`. `--json`: `list`
/// prints an array, `info` and `verify` one object. Call it before any thread has started, since
/// `verify` and `call` handle signals. Exit codes: see the verbs in plugin_verbs.h; those of `call`
/// are those of run_tool.
int run_plugin(Options options, const config::Sources& sources, const Console& console,
               const StartLogging& start_logging);

/// `tenon __complete WORD…`, hidden: the words of a command line so far, the last of which is being
/// typed and may be empty. Prints a line `candidate<TAB>description` for each word that may stand
/// in its place, then `:files`, `:dirs` or `:none`: what the shell itself may offer too, after the
/// last `=` of the word if it has one. Prints nothing when something is wrong; the exit code is
/// always 0. See MachineSurroundings for what it does not do.
int run_complete(const Options& options, const config::Sources& sources, const Console& console);

}  // namespace tenon::cli
