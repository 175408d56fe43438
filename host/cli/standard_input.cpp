#include "host/cli/standard_input.h"

#include <cerrno>
#include <termios.h>
#include <unistd.h>

#include "host/base/untrusted.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kMostInput = 32U << 20U;

}  // namespace

Result<std::string> read_to_end(int fd) {
    std::string text;
    char buffer[65536];
    while (true) {
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EBADF) return text;  // started without a standard input
        if (n < 0) return Error::from_errno("read standard input");
        if (n == 0) return text;
        text.append(buffer, static_cast<std::size_t>(n));
        if (text.size() > kMostInput)
            return Error{"standard input is larger than 32 MiB; put it into a file and name that"};
    }
}

bool ask_yes_no(const std::string& question, std::ostream& err, int input) {
    ::tcflush(input, TCIFLUSH);
    err << visible(question) << " [y/n] " << std::flush;
    std::string answer;
    char c = 0;
    while (true) {
        const ssize_t n = ::read(input, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0 || c == '\n' || answer.size() > 16) break;
        answer += c;
    }
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace tenon::cli
