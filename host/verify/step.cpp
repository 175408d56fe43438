#include "host/verify/step.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/descendants.h"
#include "host/base/unique_fd.h"
#include "host/plugin/verify_protocol.h"
#include "host/plugins/plugin_process.h"

namespace tenon::verify {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// For the start of the process, until it says what it does.
constexpr milliseconds kStepStart{5000};
/// For what a step has left behind.
constexpr milliseconds kEndOfStep{5000};
constexpr std::size_t kMostPrinted = 4096;
constexpr std::size_t kMostReported = 64U << 20U;

struct PipeEnds {
    UniqueFd read, write;
};

Result<PipeEnds> step_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return Error::from_errno("make a pipe");
    return PipeEnds{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// A file in memory that holds the job, open at its beginning.
Result<UniqueFd> job_file(const Json& job) {
    UniqueFd file(::memfd_create("job", MFD_CLOEXEC));
    if (!file) return Error::from_errno("make the job of a step");
    if (auto written = write_all(file.get(), dump_json(job)); !written) return written.error();
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return Error::from_errno("rewind the job of a step");
    return file;
}

std::vector<char*> c_strings_of(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// The descriptors of a child, from 0 on.
Result<pid_t> spawn_step(const VerifyStep& step, const std::array<int, 4>& descriptors) {
    std::vector<std::string> words = {step.program.string(), "--verify", step.name,
                                      step.library.string()};
    std::vector<std::string> variables = plugins::environment_of_plugin(step.folder.string());
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (std::size_t to = 0; to < descriptors.size(); ++to)
        posix_spawn_file_actions_adddup2(&actions, descriptors[to], static_cast<int>(to));
    posix_spawn_file_actions_addchdir_np(&actions, step.folder.c_str());
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    pid_t child = -1;
    const int failed = ::posix_spawn(&child, words[0].c_str(), &actions, &attributes,
                                     c_strings_of(words).data(), c_strings_of(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0) return Error::from_errno("start " + step.program.string(), failed);
    return child;
}

/// Adopts the orphans of a step, so that they can be found and ended.
class Adoption {
public:
    Adoption() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    ~Adoption() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
    Adoption(const Adoption&) = delete;
    Adoption& operator=(const Adoption&) = delete;

    /// Ends all children and what they have started; returns how many there were.
    static std::size_t end_all() { return end_descendants(kEndOfStep); }
};

/// The running process of a step and what comes from it.
class RunningStep {
public:
    RunningStep(pid_t child, UniqueFd process, UniqueFd report, UniqueFd out, UniqueFd err)
        : child_(child),
          process_(std::move(process)),
          report_(std::move(report)),
          out_(std::move(out)),
          err_(std::move(err)) {}

    VerifyStepEnd run(const std::stop_token& stop) {
        const UniqueFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        const std::stop_callback wake(stop, [&] { ::eventfd_write(stopped.get(), 1); });
        while (!wait_for_event(stopped.get())) {
        }
        // Not its process group: what it has started is counted first, see Adoption.
        ::kill(child_, SIGKILL);
        ::waitpid(child_, &end_.status, 0);
        drain();
        return std::move(end_);
    }

private:
    /// True when the process has ended, or has to.
    bool wait_for_event(int stopped) {
        std::array<pollfd, 5> entries = {pollfd{process_.get(), POLLIN, 0},
                                         {stopped, POLLIN, 0},
                                         {report_.get(), POLLIN, 0},
                                         {out_.get(), POLLIN, 0},
                                         {err_.get(), POLLIN, 0}};
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now()).count();
        const int ready = ::poll(entries.data(), entries.size(),
                                 static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
        if (ready < 0) return errno != EINTR;
        if (entries[1].revents != 0) {
            end_.stopped = true;
            return true;
        }
        if (entries[3].revents != 0) take(out_, end_.printed);
        if (entries[4].revents != 0) take(err_, end_.complained);
        if (entries[2].revents != 0) take_report();
        if (entries[0].revents != 0 || reported_ > kMostReported) return true;
        // Also while it prints without end.
        if (Clock::now() >= deadline_) end_.late = late_;
        return Clock::now() >= deadline_;
    }

    /// What the process has written before its end. A process that it has left behind may hold the
    /// other ends of the pipes, so nothing is waited for.
    void drain() {
        const auto has_more = [](const UniqueFd& fd) {
            pollfd entry{fd.get(), POLLIN, 0};
            return fd && ::poll(&entry, 1, 0) == 1;
        };
        constexpr int kMostReads = 1024;
        for (int i = 0; i < kMostReads && has_more(report_); ++i)
            take_report();
        if (has_more(out_)) take(out_, end_.printed);
        if (has_more(err_)) take(err_, end_.complained);
    }

    static std::size_t take(UniqueFd& from, std::string& to) {
        std::array<char, 65536> buffer;
        const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
        if (n <= 0) {
            if (n == 0 || errno != EINTR) from.reset();
            return 0;
        }
        const auto room = kMostPrinted - std::min(kMostPrinted, to.size());
        to.append(buffer.data(), std::min(room, static_cast<std::size_t>(n)));
        return static_cast<std::size_t>(n);
    }

    void take_report() {
        std::array<char, 65536> buffer;
        const ssize_t n = ::read(report_.get(), buffer.data(), buffer.size());
        if (n <= 0) {
            if (n == 0 || errno != EINTR) report_.reset();
            return;
        }
        reported_ += static_cast<std::size_t>(n);
        unfinished_.append(buffer.data(), static_cast<std::size_t>(n));
        std::size_t begin = 0;
        for (auto end = unfinished_.find('\n'); end != std::string::npos;
             end = unfinished_.find('\n', begin)) {
            take_message(unfinished_.substr(begin, end - begin));
            begin = end + 1;
        }
        unfinished_.erase(0, begin);
    }

    void take_message(const std::string& line) {
        auto message = parse_json(line);
        if (!message || !message->is_object()) return;
        if (const std::string* doing = string_in(member(*message, "doing"))) {
            end_.doing = *doing;
            late_ = string_or(*message, "late", "did not return");
            constexpr std::int64_t kLongest = 60'000;
            deadline_ = Clock::now() + milliseconds(std::clamp<std::int64_t>(
                                           integer_or(*message, "limit_ms", 0), 0, kLongest));
        } else if (bool_or(*message, "end", false)) {
            end_.complete = true;
        } else {
            end_.messages.push_back(std::move(*message));
        }
    }

    const pid_t child_;
    UniqueFd process_, report_, out_, err_;
    Clock::time_point deadline_ = Clock::now() + kStepStart;
    std::string late_ = "did not start within 5 s";
    std::string unfinished_;
    std::size_t reported_ = 0;
    VerifyStepEnd end_;
};

}  // namespace

Result<VerifyStepEnd> run_verify_step(const VerifyStep& step, const std::stop_token& stop) {
    const Adoption adoption;
    auto job = job_file(step.job);
    if (!job) return job.error();
    auto report = step_pipe();
    auto out = step_pipe();
    auto err = step_pipe();
    if (!report || !out || !err) return (!report ? report : !out ? out : err).error();
    // A descriptor of 3 or less would be closed by the one before it that takes its number.
    UniqueFd reported(::fcntl(report->write.get(), F_DUPFD_CLOEXEC, 10));
    if (!reported) return Error::from_errno("make a descriptor for a step");
    const auto child =
        spawn_step(step, {job->get(), out->write.get(), err->write.get(), reported.get()});
    if (!child) return child.error();
    report->write.reset();
    out->write.reset();
    err->write.reset();
    reported.reset();
    UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, *child, 0)));
    if (!process) {
        const int code = errno;
        Adoption::end_all();
        return Error::from_errno("watch a step", code);
    }
    RunningStep running(*child, std::move(process), std::move(report->read), std::move(out->read),
                        std::move(err->read));
    VerifyStepEnd end = running.run(stop);
    end.left_behind = Adoption::end_all();
    return end;
}

}  // namespace tenon::verify
