#include "host/cli/ask.h"

#include <cerrno>
#include <termios.h>
#include <unistd.h>

#include "host/base/untrusted.h"

namespace tenon::cli {

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
