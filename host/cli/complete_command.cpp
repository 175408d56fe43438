#include <exception>

#include "host/base/untrusted.h"
#include "host/cli/machine_surroundings.h"

namespace tenon::cli {
namespace {

/// The last line, which says what else the shell may offer.
constexpr const char* rest_line(Completion::Rest rest) {
    switch (rest) {
        case Completion::Rest::kFiles:
            return ":files\n";
        case Completion::Rest::kFolders:
            return ":dirs\n";
        case Completion::Rest::kNothing:
            break;
    }
    return ":none\n";
}

std::string completion_text(const Completion& completion) {
    std::string text;
    for (const Candidate& candidate : completion.candidates) {
        // A word with a control character would be another line, or another word.
        if (visible(candidate.text) != candidate.text) continue;
        text += candidate.text + "\t" + harmless_line(candidate.description) + "\n";
    }
    return text + rest_line(completion.rest);
}

}  // namespace

constinit const CommandSpec kCompleteCommand{
    "tenon __complete",
    "WORD…",
    "Prints what may stand in place of the last word of a command line, for shells.",
    {}};

int run_complete(const Options& options, const config::Sources& sources, const Console& console) {
    try {
        const TypedLine line = TypedLine::of(options.rest);
        MachineSurroundings around(sources, line.given);
        console.out << completion_text(complete(line, around)) << std::flush;
    } catch (const std::exception&) {
        // Whatever is wrong, a message in the middle of a line that is being typed helps nobody.
        return 0;
    }
    return 0;
}

}  // namespace tenon::cli
