#include "host/cli/standard_input.h"

#include <unistd.h>

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

}  // namespace tenon::cli
