#include "host/cli/console.h"

#include <csignal>
#include <poll.h>
#include <unistd.h>

#include "host/base/untrusted.h"

namespace tenon::cli {
namespace {

/// The exit code that a shell reports for a program that SIGPIPE has ended.
constexpr int kEndedByPipe = 128 + SIGPIPE;

/// Whether `fd` is a pipe or a socket whose other end is closed: `tenon jobs logs ID | head`.
bool has_no_reader(int fd) {
    pollfd entry{fd, POLLOUT, 0};
    return fd >= 0 && ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

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
    return complain(console, "standard output cannot be written", kExitFailed);
}

}  // namespace tenon::cli
