
#include "host/sandbox/explain.h"

#include <algorithm>
#include <cctype>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <unistd.h>

#include "host/base/path_text.h"

namespace tenon::sandbox {
namespace {

constexpr std::size_t kMostSentences = 3;
constexpr std::size_t kMostBytes = 64U << 10U;  // of output
constexpr std::size_t kMostOfALine = 1000;

/// Words in error messages, in lower case, and what they can be a sign of.
struct ErrorSign {
    std::string_view words;
    bool about_writing;    ///< of a path that may not be written
    bool about_reading;    ///< of a path that may not be read
    bool about_protected;  ///< of a path that is protected inside a writable directory
};
constexpr ErrorSign kErrorSigns[] = {
    {"read-only file system", true, false, true},
    {"permission denied", false, true, true},
    {"operation not permitted", false, true, true},
    {"device or resource busy", false, false, true},
    {"resource busy or locked", false, false, true},
    {"is a directory", false, false, true},
    {"no such file or directory", false, true, false},
};

/// Messages of programs that cannot make or connect a socket.
constexpr std::string_view kNetworkMessages[] = {
    "could not resolve host",
    "couldn't resolve host",
    "unable to resolve host",
    "temporary failure in name resolution",
    "temporary failure resolving",
    "name or service not known",
    "no address associated with hostname",
    "network is unreachable",
    "failed to establish a new connection",
    "couldn't connect to server",
    "socket: permission denied",
    "socket: operation not permitted",
    "connect: permission denied",
    "getaddrinfo eai_again",
    "create socket: permission denied",
};

/// Messages of Node. They are also used for sockets with a path, which then follows.
constexpr std::string_view kNodeMessages[] = {"listen eacces", "connect eacces"};

/// A refusal that is not about a path. `words` count only at the beginning of a line or after ": ";
/// elsewhere they may be a part of a file's name.
struct ProcessRefusal {
    std::string_view words;
    std::string_view sentence;
};
constexpr std::string_view kTracingSentence = "tracing processes is not allowed; sandbox.mode";
constexpr ProcessRefusal kProcessRefusals[] = {
    {"kill: (", "signals to processes outside are not allowed; sandbox.mode"},
    {"kill: sending signal", "signals to processes outside are not allowed; sandbox.mode"},
    {"ptrace(", kTracingSentence},
    {"ptrace: ", kTracingSentence},
    {"ptrace_traceme: ", kTracingSentence},
    {"unshare: ", "making namespaces is not allowed; sandbox.mode"},
    {"mount: ", "mounting is not allowed; sandbox.mode"},
    {"umount: ", "mounting is not allowed; sandbox.mode"},
    {"chroot: ", "changing the root is not allowed; sandbox.mode"},
};
/// Only without Landlock, because then all tracing is refused.
constexpr std::string_view kLeakSanitizerMessage = "leaksanitizer does not work under ptrace";
constexpr std::string_view kRightsSentence =
    "getting the rights of another user is not allowed; sandbox.mode";

/// Messages of git about placeholders: of `git clean` and `git stash -u`, and of `git clone URL .`.
constexpr std::string_view kRemovalMessage = "failed to remove ";
constexpr std::string_view kCloningMessage = "already exists and is not an empty directory";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool contains(std::string_view text, std::string_view words) {
    return text.find(words) != std::string_view::npos;
}

bool begins_a_clause(std::string_view text, std::string_view words) {
    return text.starts_with(words) || contains(text, ": " + std::string(words));
}

/// Whether a line, in lower case, contains a name or address of this machine, perhaps with a port.
bool names_loopback(std::string_view line) {
    constexpr std::string_view kOfHosts = "abcdefghijklmnopqrstuvwxyz0123456789.:-";
    for (std::size_t at = 0; at < line.size();) {
        const auto begin = line.find_first_of(kOfHosts, at);
        if (begin == std::string_view::npos) return false;
        const auto end = std::min(line.find_first_not_of(kOfHosts, begin), line.size());
        const std::string host = std::string(line.substr(begin, end - begin)) + ":";
        for (const std::string_view known : {"127.", "localhost:", "::1:"}) {
            if (host.starts_with(known)) return true;
        }
        at = end;
    }
    return false;
}

/// Names in quotes, as programs write them: 'x', "x", ‘x’, “x”, `x'.
void add_quoted(std::string_view line, std::vector<std::string>& names) {
    constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
        {"'", "'"}, {"\"", "\""}, {"\u2018", "\u2019"}, {"\u201C", "\u201D"}, {"`", "'"}};
    for (const auto& [open, close] : kQuotes) {
        for (auto at = line.find(open); at != std::string_view::npos;) {
            const auto begin = at + open.size();
            const auto end = line.find(close, begin);
            if (end == std::string_view::npos) break;
            if (end > begin) names.emplace_back(line.substr(begin, end - begin));
            at = line.find(open, end + close.size());
        }
    }
}

/// Words that begin with a slash.
void add_absolute(std::string_view line, std::vector<std::string>& names) {
    constexpr std::string_view kEnds = " \t:,;\"'`()[]<>=";
    for (std::size_t at = 0; at < line.size();) {
        const auto begin = line.find_first_not_of(kEnds, at);
        if (begin == std::string_view::npos) return;
        const auto end = std::min(line.find_first_of(kEnds, begin), line.size());
        if (line[begin] == '/') names.emplace_back(line.substr(begin, end - begin));
        at = end;
    }
}

/// `cat: NAME: Permission denied`: the text between the last two colons, if it is one word.
void add_last_part(std::string_view line, std::size_t sign, std::vector<std::string>& names) {
    if (sign < 2 || line.substr(sign - 2, 2) != ": ") return;
    const std::string_view before = line.substr(0, sign - 2);
    const auto colon = before.rfind(": ");
    const std::string_view part =
        colon == std::string_view::npos ? before : before.substr(colon + 2);
    if (!part.empty() && !contains(part, " ")) names.emplace_back(part);
}

std::string absolute(const std::string& name, std::string_view cwd) {
    std::string path = (std::filesystem::path(cwd) / name).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

bool is_there(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// The names that a message may be about. `sign` is the position of its words of kErrorSigns.
std::vector<std::string> names_in(std::string_view line, std::size_t sign) {
    std::vector<std::string> names;
    add_quoted(line, names);
    add_absolute(line, names);
    add_last_part(line, sign, names);
    return names;
}

bool is_absolute(std::string_view name) {
    return name.starts_with('/');
}

class Explanation {
public:
    Explanation(const Policy& policy, const CommandOutcome& outcome)
        : policy_(policy), outcome_(outcome) {}

    std::vector<std::string> sentences() {
        std::string_view rest = outcome_.output;
        if (rest.size() > kMostBytes) rest.remove_prefix(rest.size() - kMostBytes);
        while (!rest.empty() && sentences_.size() < kMostSentences) {
            const auto end = std::min(rest.find('\n'), rest.size());
            judge(rest.substr(0, std::min(end, kMostOfALine)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return std::move(sentences_);
    }

private:
    void judge(std::string_view line) {
        if (!outcome_.failed && !line.starts_with("bash: line ")) return;
        const std::string text = lower(line);
        if (is_about_placeholders(line, text)) return say(placeholder_sentence());
        for (const ErrorSign& sign : kErrorSigns) {
            const auto at = text.find(sign.words);
            if (at == std::string::npos) continue;
            if (judge_paths(line, at, sign)) return;
            if (sign.about_writing && leads_elsewhere(line, at))
                return say("writing there is not allowed; " + setting_for_writing());
        }
        if (is_about_network(text)) return say("the network is not allowed; sandbox.network");
        judge_processes(line, text);
    }

    /// Whether a message about writing is about a path outside although it names none: the command
    /// may have changed its directory, or used a symbolic link.
    [[nodiscard]] bool leads_elsewhere(std::string_view line, std::size_t at) const {
        const auto names = names_in(line, at);
        if (std::none_of(names.begin(), names.end(), is_absolute)) return true;
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            if (!is_absolute(name)) return false;
            std::error_code error;
            const auto real = std::filesystem::weakly_canonical(name, error).string();
            return !error && !may_be_written(real) && !is_device(real);
        });
    }

    [[nodiscard]] std::string setting_for_writing() const {
        return policy_.mode == Mode::kReadOnly ? "sandbox.mode" : "sandbox.write";
    }

    [[nodiscard]] bool is_about_placeholders(std::string_view line, const std::string& text) const {
        if (policy_.mode != Mode::kWorkspace) return false;
        if (const auto at = text.find(kCloningMessage); at != std::string::npos) {
            std::vector<std::string> names;
            add_quoted(line, names);
            return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                return absolute(name, outcome_.cwd) == policy_.workspace &&
                       has_only_protected_names();
            });
        }
        const auto at = text.find(kRemovalMessage);
        if (at == std::string::npos) return false;
        const std::string_view rest = line.substr(at + kRemovalMessage.size());
        const std::string name(rest.substr(0, rest.find(": ")));
        const auto& guarded = policy_.protected_paths;
        return std::find(guarded.begin(), guarded.end(), absolute(name, outcome_.cwd)) !=
               guarded.end();
    }

    /// Whether the workspace contains only protected names.
    [[nodiscard]] bool has_only_protected_names() const {
        std::error_code error;
        for (std::filesystem::directory_iterator at(policy_.workspace, error), end;
             !error && at != end; at.increment(error)) {
            const std::string path = at->path().string();
            const auto holds = [&](const std::string& one) { return is_beneath(one, path); };
            const auto& guarded = policy_.protected_paths;
            if (std::none_of(guarded.begin(), guarded.end(), holds)) return false;
        }
        return !error;
    }

    [[nodiscard]] std::string placeholder_sentence() const {
        std::string names;
        for (const std::string& path : policy_.protected_paths) {
            if (path == policy_.workspace || !is_beneath(path, policy_.workspace)) continue;
            names += (names.empty() ? "" : " ") + path.substr(policy_.workspace.size() + 1);
        }
        return "the places of protected names (" + names +
               ") are held while a command runs and cannot be removed; sandbox.mode";
    }

    [[nodiscard]] bool is_about_network(const std::string& text) const {
        // A refused connection has reached the other side.
        if (policy_.network == Network::kFull || contains(text, "connection refused")) return false;
        if (policy_.network == Network::kLoopback && names_loopback(text)) return false;
        const auto is_in = [&](std::string_view words) { return contains(text, words); };
        if (std::any_of(std::begin(kNodeMessages), std::end(kNodeMessages), is_in)) {
            std::vector<std::string> paths;
            add_absolute(text, paths);
            return paths.empty();
        }
        return std::any_of(std::begin(kNetworkMessages), std::end(kNetworkMessages), is_in);
    }

    void judge_processes(std::string_view line, const std::string& text) {
        if (contains(text, "no new privileges")) return say(std::string(kRightsSentence));
        if (contains(text, kLeakSanitizerMessage) && lacks(Gap::kLandlock))
            return say(std::string(kTracingSentence));
        const auto at =
            std::min(text.find("operation not permitted"), text.find("permission denied"));
        if (at == std::string::npos || names_own_file(line, at)) return;
        for (const auto& [words, sentence] : kProcessRefusals) {
            if (begins_a_clause(text, words)) return say(std::string(sentence));
        }
    }

    /// Whether the message is about a file that the command may write: then the sandbox is not the
    /// reason, but the file's mode. Not for a directory, which may be where something was to be
    /// mounted.
    [[nodiscard]] bool names_own_file(std::string_view line, std::size_t at) const {
        const auto names = names_in(line, at);
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            const std::string path = absolute(name, outcome_.cwd);
            std::error_code ignored;
            return may_be_written(path) && is_there(path) &&
                   !std::filesystem::is_directory(path, ignored);
        });
    }

    bool judge_paths(std::string_view line, std::size_t at, const ErrorSign& sign) {
        for (const std::string& name : names_in(line, at)) {
            if (auto sentence = about(absolute(name, outcome_.cwd), sign)) {
                say(*sentence);
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::optional<std::string> about(const std::string& path,
                                                   const ErrorSign& sign) const {
        const bool guarded = is_beneath_any(path, policy_.protected_paths);
        if (sign.about_reading && is_hidden(path))
            return "reading " + path + " is not allowed; sandbox.denyRead";
        if (sign.about_protected && guarded && may_be_written(path))
            return "writing " + path + " is never allowed; sandbox.mode";
        // Without mount namespaces Landlock refuses, with another error.
        const bool about_writing =
            sign.about_writing || (sign.about_protected && lacks(Gap::kMountNamespace));
        if (!about_writing || may_be_written(path) || is_device(path)) return std::nullopt;
        return "writing " + path + " is not allowed; " + setting_for_writing();
    }

    [[nodiscard]] bool may_be_written(const std::string& path) const {
        return policy_.mode == Mode::kWorkspace && is_beneath_any(path, policy_.writable);
    }
    [[nodiscard]] bool is_hidden(const std::string& path) const {
        return std::any_of(policy_.denied_reads.begin(), policy_.denied_reads.end(),
                           [&](const std::string& denied) {
                               return is_beneath(path, denied) && is_there(denied);
                           });
    }
    [[nodiscard]] bool lacks(Gap gap) const {
        const auto& known = policy_.tolerated;
        return std::find(known.begin(), known.end(), gap) != known.end();
    }
    static bool is_device(const std::string& path) { return is_beneath(path, "/dev"); }

    void say(std::string sentence) {
        if (std::find(sentences_.begin(), sentences_.end(), sentence) == sentences_.end())
            sentences_.push_back(std::move(sentence));
    }

    const Policy& policy_;
    const CommandOutcome& outcome_;
    std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> explain(const Policy& policy, const CommandOutcome& outcome) {
    if (!policy.is_on()) return {};
    return Explanation(policy, outcome).sentences();
}

}  // namespace tenon::sandbox
