#include "host/plugin/printed_output.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/base/limits.h"
#include "host/base/output.h"
#include "host/plugin/running.h"

namespace tenon::plugin {
namespace {

constexpr std::size_t kReadBytes = 16384;
// All that a pipe holds. What is printed meanwhile may go on for ever: it is for the thread.
constexpr int kMostReads = 4;

std::atomic<PrintedOutput*> active_output{nullptr};
std::atomic<int> unread_fd{-1};
std::atomic<const std::string*> unfinished_line{nullptr};
std::atomic<int> readers{0};  // threads that have taken something and not yet shown it

/// Async-signal-safe: at most 200 ms.
void wait_for_readers() {
    for (int i = 0; i < 200 && readers > 0; ++i) {
        const timespec moment{0, 1'000'000};
        ::nanosleep(&moment, nullptr);
    }
}

void write_harmless(int fd, char* bytes, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
        const auto c = static_cast<unsigned char>(bytes[at]);
        if ((c < ' ' && c != '\n' && c != '\t') || c >= 0x7f) bytes[at] = '?';
    }
    (void)!::write(fd, bytes, count);
}

void send_standard_streams_to(int fd) {
    std::cout.flush();
    (void)std::fflush(stdout);
    (void)std::fflush(stderr);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
}

}  // namespace

Result<std::unique_ptr<PrintedOutput>> PrintedOutput::start(std::set<std::string> ids, Sink sink) {
    const std::string doing = "take what plugins print";
    if (output_descriptor() == STDOUT_FILENO)
        return Error{doing + ": the program's own standard streams have not been kept"};
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return shortage_error(doing, errno);
    UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    UniqueFd quit(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!quit) return shortage_error(doing, errno);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    std::unique_ptr<PrintedOutput> output(
        new PrintedOutput(std::move(ids), std::move(sink), std::move(reader), std::move(quit)));
    send_standard_streams_to(writer.get());
    // Into a pipe, stdio would keep what is printed until its buffer is full.
    (void)std::setvbuf(stdout, nullptr, _IONBF, 0);
    return output;
}

PrintedOutput::PrintedOutput(std::set<std::string> ids, Sink sink, UniqueFd reader, UniqueFd quit)
    : ids_(std::move(ids)),
      sink_(std::move(sink)),
      reader_(std::move(reader)),
      quit_(std::move(quit)) {
    thread_ = start_thread("printed", [this] { watch(); });
    unread_fd = reader_.get();
    unfinished_line = &lines_.unfinished();
    active_output = this;
    set_end_hook(on_plugin_end);
}

PrintedOutput::~PrintedOutput() {
    set_end_hook(nullptr);
    active_output = nullptr;
    unfinished_line = nullptr;
    const UniqueFd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    // Without a descriptor for it: writing to a pipe without a reader fails, and harms nobody.
    if (nowhere) send_standard_streams_to(nowhere.get());
    ::eventfd_write(quit_.get(), 1);
    thread_.join();
    read(nullptr, true);
    unread_fd = -1;
}

void PrintedOutput::watch() {
    while (true) {
        pollfd entries[2] = {{reader_.get(), POLLIN, 0}, {quit_.get(), POLLIN, 0}};
        if (::poll(entries, 2, timeout_ms()) < 0) continue;  // EINTR
        if (entries[1].revents != 0) return;
        read(nullptr, false);
        // Only children that a plugin has left could write to the pipe again.
        if ((entries[0].revents & (POLLIN | POLLHUP)) == POLLHUP) return;
    }
}

int PrintedOutput::timeout_ms() {
    const Lock lock(mutex_);
    const auto when = lines_.next_remark();
    if (when == PrintedLines::Time::max()) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(when - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void PrintedOutput::read(const char* plugin, bool finish) {
    struct Reading {
        Reading() { ++readers; }
        ~Reading() { --readers; }
    } const reading;
    const Lock order(showing_);
    std::vector<PrintedLines::Line> lines;
    {
        const Lock lock(mutex_);
        std::array<char, kReadBytes> bytes;
        ssize_t n = 0;
        for (int i = 0; i < kMostReads; ++i) {
            do {
                n = ::read(reader_.get(), bytes.data(), bytes.size());
            } while (n < 0 && errno == EINTR);
            if (n <= 0) break;
            auto more = lines_.take({bytes.data(), static_cast<std::size_t>(n)},
                                    std::chrono::steady_clock::now());
            std::move(more.begin(), more.end(), std::back_inserter(lines));
        }
        const auto now = std::chrono::steady_clock::now();
        auto rest = finish ? lines_.finish(now) : lines_.take({}, now);
        std::move(rest.begin(), rest.end(), std::back_inserter(lines));
    }
    if (!lines.empty()) show(plugin, lines);
}

void PrintedOutput::show(const char* plugin, const std::vector<PrintedLines::Line>& lines) {
    const std::string name = plugin != nullptr ? std::string(plugin) : running_names();
    for (const PrintedLines::Line& line : lines)
        sink_(name, line);
}

/// The plugins that may print and run now; else the only one that may print.
std::string PrintedOutput::running_names() const {
    std::set<std::string> running;
    for_each_running(
        [](void* found, const char* id) { static_cast<std::set<std::string>*>(found)->insert(id); },
        &running);
    std::string names;
    for (const std::string& id : ids_)
        if (running.count(id) > 0) names += (names.empty() ? "" : ", ") + id;
    if (!names.empty()) return names;
    return ids_.size() == 1 ? *ids_.begin() : "a plugin";
}

void PrintedOutput::on_plugin_end(const char* plugin) noexcept {
    PrintedOutput* const output = active_output;
    if (output == nullptr || output->ids_.count(plugin) == 0) return;
    try {
        output->read(plugin, true);
    } catch (const std::exception& e) {
        say("what the plugin " + std::string(plugin) + " printed is lost: " + e.what());
    }
}

void PrintedOutput::write_unread_to(int fd) noexcept {
    const int unread = unread_fd;
    if (unread < 0) return;
    // The thread that reads may have just taken the last words. If this thread itself was reading,
    // the wait is in vain, and short.
    wait_for_readers();
    char bytes[4096];
    if (const std::string* const line = unfinished_line; line != nullptr)
        write_harmless(fd, bytes, line->copy(bytes, sizeof bytes));
    for (std::size_t i = 0; i < kMostReads * kReadBytes / sizeof bytes; ++i) {
        const ssize_t n = ::read(unread, bytes, sizeof bytes);
        if (n <= 0) return;
        write_harmless(fd, bytes, static_cast<std::size_t>(n));
    }
}

}  // namespace tenon::plugin
