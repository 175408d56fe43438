#include "host/cli/verbs.h"

#include <algorithm>
#include <csignal>
#include <poll.h>
#include <unistd.h>
#include <vector>

#include "host/base/nearest.h"
#include "host/base/untrusted.h"

namespace tenon::cli {
namespace {

std::string listed(std::span<const VerbSpec> verbs) {
    std::string text;
    for (std::size_t i = 0; i < verbs.size(); ++i) {
        if (i > 0) text += i + 1 == verbs.size() ? " or " : ", ";
        text += verbs[i].name;
    }
    return text;
}

Result<void> check_options(const CommandSpec& command, const VerbSpec& verb,
                           const Arguments& arguments) {
    for (const Arguments::Given& given : arguments.options) {
        const auto is_given = [&](const OptionSpec& spec) { return spec.long_name == given.name; };
        const bool own = std::any_of(command.options.begin(), command.options.end(), is_given);
        if (!own ||
            std::find(verb.options.begin(), verb.options.end(), given.name) != verb.options.end())
            continue;
        return Error{"--" + std::string(given.name) + " does not go with '" +
                     std::string(command.name) + " " + std::string(verb.name) + "'"};
    }
    return {};
}

/// The exit code that a shell reports for a program that SIGPIPE has ended.
constexpr int kEndedByPipe = 128 + SIGPIPE;

/// Whether `fd` is a pipe or a socket whose other end is closed: `tenon jobs logs ID | head`.
bool has_no_reader(int fd) {
    pollfd entry{fd, POLLOUT, 0};
    return fd >= 0 && ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

Result<const VerbSpec*> find_verb(const CommandSpec& command, std::span<const VerbSpec> verbs,
                                  const Arguments& arguments) {
    const std::string name(command.name);
    if (arguments.words.empty())
        return Error{"usage: " + name + " " + listed(verbs) + "; see --help"};
    const std::string& word = arguments.words.front();
    const auto verb = std::find_if(verbs.begin(), verbs.end(),
                                   [&](const VerbSpec& known) { return known.name == word; });
    if (verb == verbs.end()) {
        std::vector<std::string_view> names;
        for (const VerbSpec& known : verbs)
            names.push_back(known.name);
        const auto meant = nearest(word, names);
        return Error{
            "unknown: " + name + " " + visible(word) +
            (meant ? "; did you mean " + std::string(*meant) + "?" : "; it is " + listed(verbs))};
    }
    if (auto checked = check_options(command, *verb, arguments); !checked) return checked.error();
    const std::string usage = "usage: " + name + " " + word + (verb->ids > 0 ? " ID" : "");
    if (arguments.words.size() - 1 < verb->ids) return Error{usage};
    if (arguments.words.size() - 1 > verb->ids) {
        return Error{usage + "; unexpected argument " + in_quotes(arguments.words[verb->ids + 1])};
    }
    return &*verb;
}

int complain(const Console& console, const std::string& message, int code) {
    console.err << "tenon: " << visible(message, true) << '\n';
    return code;
}

void print_json(const Console& console, const std::string& json) {
    const bool terminal = console.output >= 0 && ::isatty(console.output) == 1;
    console.out << (terminal ? visible_json(json) : json) << '\n';
}

int finish(const Console& console, int code) {
    console.out.flush();
    if (console.out) return code;
    if (has_no_reader(console.output)) return kEndedByPipe;
    return complain(console, "standard output cannot be written", 1);
}

}  // namespace tenon::cli
