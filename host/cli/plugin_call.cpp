#include "host/base/untrusted.h"
#include "host/cli/plugin_verbs.h"
#include "host/cli/tool_call.h"

namespace tenon::cli {

int call_plugin(const PluginCall& call) {
    const auto words = std::span(call.arguments.words).subspan(2);
    const auto made = tool_call_of(words, "tenon plugin call FILE TOOL [JSON]", call.console.input);
    if (!made) return complain(call.console, made.error().message, kExitUsage);
    std::error_code error;
    const auto file = std::filesystem::absolute(call.word(0), error);
    if (error || call.word(0).empty())
        return complain(call.console, in_quotes(call.word(0)) + " is not the name of a file",
                        kExitUsage);
    return prepare_and_call_tool(*made, call.options, call.sources, call.console,
                                 call.start_logging, file);
}

}  // namespace tenon::cli
