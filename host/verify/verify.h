#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "host/base/result.h"
#include "host/plugins/loader.h"

namespace tenon::verify {

/// The verdict of one check, addressed to the maker of the plugin. Texts are valid UTF-8.
struct Verdict {
    /// kRemark: the plugin works, but should be better.
    enum class Outcome { kOk, kRemark, kFailed };
    std::string check;  ///< such as "note", or "call NAME" for a tool
    Outcome outcome = Outcome::kOk;
    std::string text;
    std::string remedy;  ///< what to do; empty for kOk
};
using VerdictSink = std::function<void(const Verdict&)>;

struct VerifyOptions {
    std::filesystem::path file;
    std::filesystem::path program;  ///< tenon-plugin-host
    /// As for loading it: `by_id` has the configuration that the plugin is created with, and its
    /// grants. The state folder exists; it holds a temporary folder meanwhile.
    plugins::LoaderOptions loader;
    std::set<std::string> taken_names;  ///< of the tools that come with the host
    std::stop_token stop;
};

/// What is known about a verified file.
struct Verified {
    std::string id, version;  ///< empty: not known
    bool failed = false;      ///< at least one check
    bool stopped = false;     ///< the rest was not checked
};

/// Checks a plugin file: first without running any of its code, then, if it may be loaded, in
/// processes of their own with a deadline each (see plugin_host/verify_steps.h), confined as the
/// plugin would be. Passes each verdict to `tell` when it is known. Blocks for seconds, longer for
/// a plugin that hangs; a stop ends it soon. Leaves no process and no file. While it runs, this
/// process starts no others (see run_verify_step). The Error says what this host lacks; it is no
/// verdict on the plugin.
Result<Verified> verify(const VerifyOptions& options, const VerdictSink& tell);

}  // namespace tenon::verify
