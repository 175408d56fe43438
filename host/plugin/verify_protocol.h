#pragma once

/// How `tenon plugin verify` runs a step in a process of its own: `tenon-plugin-host --verify STEP
/// FILE`. The process reads its job, one JSON object, from standard input. It reports by JSON
/// lines, one message a line, on the descriptor kVerifyDescriptor:
///     {"doing":TEXT,"limit_ms":N,"late":TEXT}  what comes now; if nothing more comes for so long,
///                                              the process hangs, and `late` says what is wrong
///     {"failed":TEXT,"remedy":TEXT}            a defect
///     {"remark":TEXT,"remedy":TEXT}            what works but should be better
///     {"plugin":OBJECT}, {"tools":ARRAY}, {"hooks":ARRAY}, {"requests":ARRAY}
///                                              what the step has found out
///     {"end":true}                             the step is complete; the process ends by itself
/// A process that ends without the last message was ended by the plugin.
namespace tenon::plugin {

constexpr int kVerifyDescriptor = 3;
/// The exit status of a process whose descriptor the plugin has closed.
constexpr int kVerifyNoReport = 77;

/// The most that the result of a call may have.
constexpr unsigned long kVerifyMaxResultBytes = 4UL << 20U;

}  // namespace tenon::plugin
