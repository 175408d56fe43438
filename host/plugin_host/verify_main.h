#pragma once

/// One step of `tenon plugin verify`, in a process of its own (see plugin/verify_protocol.h).
namespace tenon::plugin_host::verify {

/// Runs the step `step` on the library `file`, whose job is on standard input, and returns the exit
/// status. 2: no such step, or no job. The process has one thread when this is called; the plugin's
/// code runs in it, so it may also end in any other way, or not at all.
int run_verify_step(const char* step, const char* file);

}  // namespace tenon::plugin_host::verify
