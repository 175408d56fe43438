#include "host/app/prompt_input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "host/base/utf8.h"
#include "host/cli/standard_input.h"

namespace tenon::app {
namespace {

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

/// Whether a byte, the end or an error arrives in time.
bool is_ready(int fd, std::chrono::milliseconds patience) {
    pollfd entry{fd, POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const int n = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (n >= 0 || errno != EINTR) return n != 0;
    }
}

}  // namespace

Result<std::optional<PromptInput>> read_prompt(const std::optional<std::string>& prompt, int fd,
                                               std::chrono::milliseconds patience) {
    const bool terminal = ::isatty(fd) == 1;
    const bool input_alone = !prompt || *prompt == "-";
    if (!prompt && terminal) return std::optional<PromptInput>{};

    PromptInput input;
    if (!input_alone) input.text = utf8::repair(*prompt);
    input.typed = input.text.size();
    if (input_alone || (!terminal && is_ready(fd, patience))) {
        auto piped = cli::read_to_end(fd);
        if (!piped) return piped.error();
        if (!is_blank(*piped)) input.text += (input.text.empty() ? "" : "\n\n") + *piped;
    } else if (!terminal) {
        input.notices.emplace_back("nothing came on standard input within " +
                                   std::to_string(patience.count() / 1000) +
                                   " s; it is ignored (end it with </dev/null)");
    }
    if (is_blank(input.text)) {
        return Error{input_alone ? "the prompt on standard input is empty"
                                 : "the prompt of -p is empty"};
    }
    input.text = utf8::repair(input.text);
    return std::optional(std::move(input));
}

}  // namespace tenon::app
