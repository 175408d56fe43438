#include "tests/support/pty.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <vterm.h>

namespace tenon::testing {
namespace {

void append_utf8(std::string& text, std::uint32_t c) {
    const auto byte = [&](std::uint32_t value) { text.push_back(static_cast<char>(value)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xc0 | (c >> 6));
        byte(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        byte(0xe0 | (c >> 12));
        byte(0x80 | ((c >> 6) & 0x3f));
        byte(0x80 | (c & 0x3f));
    } else {
        byte(0xf0 | (c >> 18));
        byte(0x80 | ((c >> 12) & 0x3f));
        byte(0x80 | ((c >> 6) & 0x3f));
        byte(0x80 | (c & 0x3f));
    }
}

constexpr std::uint32_t kRightHalf = 0xffffffff;  // of a wide character, for libvterm

std::string text_of(const VTermScreenCell* cells, int columns) {
    std::string text;
    for (int column = 0; column < columns; ++column) {
        const VTermScreenCell& cell = cells[column];
        if (cell.chars[0] == kRightHalf) continue;
        if (cell.chars[0] == 0) text.push_back(' ');
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; ++i)
            append_utf8(text, cell.chars[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace

/// The screen that libvterm computes from the output.
class Pty::Screen {
public:
    explicit Screen(Size size)
        : terminal_(vterm_new(size.rows, size.columns)),
          screen_(vterm_obtain_screen(terminal_)),
          size_(size) {
        vterm_set_utf8(terminal_, 1);
        vterm_output_set_callback(terminal_, keep_answer, this);
        vterm_screen_set_callbacks(screen_, &kCallbacks, this);
        vterm_screen_enable_altscreen(screen_, 1);
        vterm_screen_reset(screen_, 1);
    }
    ~Screen() { vterm_free(terminal_); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    void show(std::string_view bytes) { vterm_input_write(terminal_, bytes.data(), bytes.size()); }
    void resize(Size size) {
        vterm_set_size(terminal_, size.rows, size.columns);
        size_ = size;
    }
    [[nodiscard]] std::string line(int row) const {
        std::vector<VTermScreenCell> cells(static_cast<std::size_t>(size_.columns));
        for (int column = 0; column < size_.columns; ++column)
            vterm_screen_get_cell(screen_, {row, column}, &cells[static_cast<std::size_t>(column)]);
        return text_of(cells.data(), size_.columns);
    }
    [[nodiscard]] int rows() const { return size_.rows; }
    [[nodiscard]] Cursor cursor() const {
        VTermPos position{};
        vterm_state_get_cursorpos(vterm_obtain_state(terminal_), &position);
        return {position.row, position.col};
    }

    std::string scrollback;
    std::string answers;  ///< of the terminal to the program, not sent yet

private:
    static void keep_answer(const char* bytes, std::size_t size, void* self) {
        static_cast<Screen*>(self)->answers.append(bytes, size);
    }
    static int keep_line(int columns, const VTermScreenCell* cells, void* self) {
        static_cast<Screen*>(self)->scrollback += text_of(cells, columns) + "\n";
        return 1;
    }
    static constexpr VTermScreenCallbacks kCallbacks{nullptr, nullptr, nullptr,   nullptr,
                                                     nullptr, nullptr, keep_line, nullptr};

    VTerm* terminal_;
    VTermScreen* screen_;
    Size size_;
};

Pty::Pty(const std::vector<std::string>& command, const Environment& environment,
         const std::filesystem::path& cwd, Size size)
    : screen_(std::make_unique<Screen>(size)) {
    std::vector<char*> argv, envp;
    for (const auto& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    std::vector<std::string> variables;
    for (const auto& [key, value] : environment)
        variables.push_back(key + "=" + value);
    for (auto& variable : variables)
        envp.push_back(variable.data());
    envp.push_back(nullptr);
    const winsize window{static_cast<unsigned short>(size.rows),
                         static_cast<unsigned short>(size.columns), 0, 0};
    int master = -1;
    pid_ = ::forkpty(&master, nullptr, nullptr, &window);
    if (pid_ == 0) {
        if (::chdir(cwd.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    if (pid_ < 0) throw std::runtime_error("forkpty: " + std::string(::strerror(errno)));
    master_.reset(master);
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    ::fcntl(master, F_SETFL, O_NONBLOCK);
}

Pty::~Pty() {
    if (reaped_) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool Pty::pump(std::chrono::steady_clock::time_point deadline, std::string_view& to_send) {
    if (!master_) return false;
    const bool answering = !screen_->answers.empty();
    std::string_view answer = screen_->answers;
    std::string_view& out = answering ? answer : to_send;
    pollfd entry{master_.get(), static_cast<short>(out.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) return false;
    if ((entry.revents & POLLOUT) != 0) {
        const ssize_t n = ::write(master_.get(), out.data(), out.size());
        if (n > 0) out.remove_prefix(static_cast<std::size_t>(n));
        if (answering) screen_->answers = std::string(answer);
    }
    if ((entry.revents & (POLLIN | POLLHUP | POLLERR)) != 0) take();
    return true;
}

void Pty::take() {
    char buffer[65536];
    const ssize_t n = ::read(master_.get(), buffer, sizeof buffer);
    if (n > 0) {
        const std::string_view bytes(buffer, static_cast<std::size_t>(n));
        raw_ += bytes;
        show_output();
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        master_.reset();  // EIO: no process has the other side open
        show_output();
    }
}

void Pty::show_output() {
    constexpr std::string_view kBegin = "\033[?2026h";
    constexpr std::string_view kEnd = "\033[?2026l";
    // The first bytes of a sequence may have been shown already.
    const std::size_t seen = shown_ - std::min(shown_, kBegin.size() - 1);
    const std::string_view unseen = std::string_view(raw_).substr(seen);
    const std::size_t begin = unseen.rfind(kBegin);
    const bool is_open =
        begin != std::string_view::npos && unseen.find(kEnd, begin) == std::string_view::npos;
    const std::size_t end = is_open && master_ ? std::max(shown_, seen + begin) : raw_.size();
    screen_->show(std::string_view(raw_).substr(shown_, end - shown_));
    shown_ = end;
}

void Pty::send(std::string_view keys) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!keys.empty() && pump(deadline, keys)) {
    }
}

bool Pty::wait_until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string_view nothing;
    while (!done())
        if (!pump(deadline, nothing)) return false;
    return true;
}

bool Pty::wait_for(std::string_view text, std::chrono::milliseconds timeout) {
    return wait_until(
        [&] {
            for (int row = 0; row < screen_->rows(); ++row)
                if (screen_->line(row).find(text) != std::string::npos) return true;
            return false;
        },
        timeout);
}

Process::Exit Pty::wait(std::chrono::milliseconds timeout) {
    const UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd entry{ended.get(), POLLIN, 0};
    wait_until([] { return false; }, timeout);
    if (::poll(&entry, 1, master_ ? 0 : static_cast<int>(timeout.count())) <= 0)
        throw std::runtime_error("a program did not end in time; it shows:\n" + screen());
    int status = 0;
    ::waitpid(pid_, &status, 0);
    reaped_ = true;
    if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
    return {-1, WTERMSIG(status)};
}

void Pty::resize(Size size) {
    screen_->resize(size);
    const winsize window{static_cast<unsigned short>(size.rows),
                         static_cast<unsigned short>(size.columns), 0, 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &window);
}

void Pty::hang_up() {
    master_.reset();
}

void Pty::send_signal(int signal) const {
    ::kill(pid_, signal);
}

termios Pty::modes() const {
    termios modes{};
    ::tcgetattr(master_.get(), &modes);
    return modes;
}

std::vector<std::string> Pty::lines() const {
    std::vector<std::string> lines;
    for (int row = 0; row < screen_->rows(); ++row)
        lines.push_back(screen_->line(row));
    while (!lines.empty() && lines.back().empty())
        lines.pop_back();
    return lines;
}

std::string Pty::screen() const {
    std::string text;
    for (const std::string& line : lines())
        text += line + "\n";
    return text;
}

const std::string& Pty::scrollback() const {
    return screen_->scrollback;
}

Pty::Cursor Pty::cursor() const {
    return screen_->cursor();
}

}  // namespace tenon::testing
