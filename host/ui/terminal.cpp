#include "host/ui/terminal.h"

#include <csignal>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"

namespace tenon::ui {
namespace {

constexpr char kCtrlB = '\x02';

winsize size_of(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {24, 80, 0, 0};
    return size;
}

}  // namespace

Result<std::unique_ptr<Terminal>> Terminal::open(Options options) {
    std::unique_ptr<Terminal> terminal(new Terminal(std::move(options)));
    if (!terminal->signals_ || !terminal->posted_event_)
        return Error::from_errno("watch for signals");
    return terminal;
}

Terminal::Terminal(Options options) : options_(std::move(options)) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    posted_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    termios mode{};
    if (::tcgetattr(options_.in, &mode) != 0) return;
    mode.c_cc[VEOL2] = kCtrlB;  // ends a line at once
    ::tcsetattr(options_.in, TCSANOW, &mode);
}

Terminal::~Terminal() {
    termios mode{};
    if (::tcgetattr(options_.in, &mode) != 0) return;
    mode.c_cc[VEOL2] = 0;
    ::tcsetattr(options_.in, TCSANOW, &mode);
}

void Terminal::post(std::function<void()> work) {
    const Lock lock(mutex_);
    posted_.push_back(std::move(work));
    const std::uint64_t one = 1;
    (void)!::write(posted_event_.get(), &one, sizeof one);
}

bool Terminal::run_posted() {
    std::deque<std::function<void()>> work;
    {
        const Lock lock(mutex_);
        work.swap(posted_);
    }
    for (const auto& piece : work)
        piece();
    return !work.empty();
}

Input Terminal::next() {
    while (true) {
        run_posted();
        if (std::exchange(woken_, false)) return Woken{};
        if (auto line = take_line()) return *line;
        if (closed_) return EndOfInput{};
        show_prompt();
        pollfd entries[3] = {{signals_.get(), POLLIN, 0},
                             {posted_event_.get(), POLLIN, 0},
                             {options_.in, POLLIN, 0}};
        if (::poll(entries, 3, -1) < 0) continue;
        if (entries[1].revents != 0) {
            std::uint64_t count = 0;
            (void)!::read(posted_event_.get(), &count, sizeof count);
        }
        if (entries[0].revents != 0)
            if (auto input = read_signal()) return *input;
        if (entries[2].revents != 0)
            if (auto input = read_input()) return *input;
    }
}

std::optional<Input> Terminal::read_signal() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    if (info.ssi_signo == SIGHUP) return Hangup{};
    if (info.ssi_signo == SIGTERM) return Terminate{};
    const bool had_text = !std::exchange(partial_, {}).empty();
    (void)write_all(options_.out, "\n");
    prompted_ = false;
    return Interrupt{had_text};
}

std::optional<Input> Terminal::read_input() {
    char buffer[4096];
    const ssize_t n = ::read(options_.in, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
    if (n < 0) return Hangup{};
    if (n == 0) {
        closed_ = ::isatty(options_.in) == 0;
        prompted_ = false;
        return EndOfInput{};
    }
    partial_.append(buffer, static_cast<std::size_t>(n));
    if (partial_.back() == kCtrlB) {
        partial_.pop_back();
        return ToBackground{};
    }
    for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
        typed_.push_back(utf8::repair(partial_.substr(0, end)));
        partial_.erase(0, end + 1);
        prompted_ = false;
    }
    return std::nullopt;
}

std::optional<Input> Terminal::take_line() {
    if (typed_.empty()) return std::nullopt;
    std::string text = std::move(typed_.front());
    typed_.pop_front();
    if (question_ && text.size() == 1 && question_->keys.find(text[0]) != std::string::npos)
        return Answer{text[0]};
    return Line{std::move(text)};
}

void Terminal::show_prompt() {
    if (!std::exchange(prompted_, true)) (void)write_all(options_.out, question_ ? "? " : "> ");
}

void Terminal::print(std::string_view lines) {
    std::string text(lines);
    if (text.empty() || text.back() != '\n') text += '\n';
    if (std::exchange(prompted_, false)) text.insert(0, "\n");
    (void)write_all(options_.out, text);
}

void Terminal::set_tail(std::vector<std::string>) {}
void Terminal::set_status(std::string) {}

void Terminal::set_question(std::optional<Question> question) {
    question_ = std::move(question);
    if (!question_) return;
    for (const std::string& line : question_->lines)
        print(line);
}

int Terminal::width() const {
    return size_of(options_.out).ws_col;
}
int Terminal::height() const {
    return size_of(options_.out).ws_row;
}

}  // namespace tenon::ui
