#pragma once

/// What a person learns when this process ends because of a plugin that runs inside it.
namespace tenon::plugin {

/// From now on:
/// - SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGSYS write one line that names plugin, tool and
///   session, or says that it was Tenon itself; then the process dies of the same signal. Threads
///   that run code of plugins get a stack for signals, so a stack overflow is named too.
/// - exit() and quick_exit(), called by anybody before `expect_exit`, end the process with status 1
/// and
///   such a line. (_exit() cannot be noticed.)
/// - The message about something that does not stop (base/forced_end.h) names plugins and tools.
/// A process that a plugin has forked is not affected. Call it once, on the main thread, after
/// everything else that sets handlers of these signals. With a sanitizer the signals are left to
/// it.
void explain_sudden_ends();

/// The process is about to end by itself, in an orderly way.
void expect_exit() noexcept;

/// A library has been loaded, or an instance created: its handlers of atexit() and the destructors
/// of its static objects must run after the check of an unexpected exit().
void watch_exit_before_new_handlers() noexcept;

}  // namespace tenon::plugin
