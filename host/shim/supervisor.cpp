#include "host/shim/supervisor.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/clock.h"
#include "host/jobs/record.h"
#include "host/shim/start.h"
#include "host/shim/tree.h"

namespace tenon::shim {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 500ms;  // between SIGTERM and SIGKILL
constexpr auto kGiveUp = 5s;    // of SIGKILL rounds
constexpr auto kRound = 10ms;
constexpr auto kTending = 1s;  // between two looks at the sandbox's helpers
// Processes that bash started last, as in `> >(tee log)`, are often about to end too.
constexpr auto kStragglers = 20ms;
constexpr auto kWorthASync = 100ms;
// Between attempts to write on a file system that refuses reserved space. Doubled ten times, this
// is half an hour in all.
constexpr auto kFirstPause = 1s;
constexpr auto kLongestPause = 1024s;

std::string who_cancelled(int folder) {
    std::string by = jobs::recorded_request(folder);
    return by.empty() ? "SIGTERM" : by;
}

std::int64_t microseconds(const timeval& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

}  // namespace

Supervisor::Supervisor(int folder, jobs::JobSpec job, sandbox::Confinement& confinement,
                       std::uint64_t output_cap, UniqueFd starter, jobs::EndFile end_file)
    : folder_(folder),
      job_(std::move(job)),
      confinement_(confinement),
      starter_(std::move(starter)),
      end_file_(std::move(end_file)),
      spool_(folder, output_cap),
      started_(Clock::now()),
      started_ms_(wall_clock_ms()),
      deadline_(jobs::deadline_of(started_, job_.timeout)),
      limits_(job_.limits) {}

bool Supervisor::run() {
    if (!start()) return refuse("cannot supervise the command: out of descriptors or memory");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return refuse(Error::from_errno("cannot start bash: pipe").message);
    output_.reset(ends[0]);
    UniqueFd input(ends[1]);
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    // The end was requested before this process could be signalled: the command does not begin.
    if (::faccessat(folder_, jobs::kCancelFile, F_OK, 0) == 0) {
        end_requested_ = true;
        note_why_it_must_end();
        return publish(how_it_ended());
    }
    const char* id = std::getenv("TENON_JOB_ID");
    limits_.prepare(id != nullptr ? id : "");
    place_.wants_pid_namespace = job_.pid_namespace;
    place_.cgroup_procs = limits_.cgroup_procs();
    place_.most_tasks = limits_.task_brake();
    auto bash = start_bash(job_, confinement_, input.get(), place_);
    input.reset();
    if (!bash) return refuse(bash.error().message);
    bash_ = *bash;
    in_namespace_ = static_cast<bool>(place_.status);
    root_ = in_namespace_ ? bash_ : ::getpid();
    limits_.begin(root_, bash_);
    // Now, while bash starts: making a file takes as long as a sixth of that.
    spool_.open();

    wait_for_end();
    if (bash_status_) limits_.look_at_end();
    if (bash_status_ && !limits_.reached()) {
        let_stragglers_finish();
        if (children_left_) left_behind_ = count_living(root_, confinement_.helpers());
        const bool published = publish(how_it_ended());
        supervise_left_behind();
        return published;
    }
    note_why_it_must_end();
    end_tree();
    read_waiting_output();
    return publish(how_it_ended());
}

bool Supervisor::refuse(const std::string& reason) {
    spool_.write("tenon: " + reason + "\n");
    // The record has the reason as well, so nothing is missing if this cannot be written.
    if (spool_.omitted() > 0) spool_ = Spool(folder_, 0);
    jobs::JobEnd end = how_it_ended();
    end.status = jobs::Status::kError;
    end.exit_code = 127;
    end.reason = reason;
    return publish(std::move(end));
}

bool Supervisor::start() {
    sigset_t ours;
    ::sigemptyset(&ours);
    ::sigaddset(&ours, SIGTERM);
    ::sigaddset(&ours, SIGCHLD);
    signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
    return static_cast<bool>(signals_);
}

void Supervisor::wait_for_end() {
    while (!bash_status_ && !must_end())
        pump(deadline_.value_or(Clock::time_point::max()));
}

bool Supervisor::must_end() const {
    return end_requested_ || limits_.reached() || (deadline_ && Clock::now() >= *deadline_);
}

void Supervisor::let_stragglers_finish() {
    const auto until = Clock::now() + kStragglers;
    reap();
    while (children_left_ && !end_requested_ && Clock::now() < until)
        pump(until);
    read_waiting_output();
}

void Supervisor::supervise_left_behind() {
    keep_output_ = job_.lifetime == jobs::Lifetime::kPersistent;
    if (keep_output_) {
        while (children_left_ && !must_end())
            pump(deadline_.value_or(Clock::time_point::max()));
    }
    // The status was written already: only the output can still say why.
    if (limits_.reached() && keep_output_)
        spool_.write("tenon: ended: " + jobs::sentence_of(*limits_.reached()) + "\n");
    if (children_left_) end_tree();
    if (left_behind_ > 0 && !children_left_) jobs::mark_tree_ended(folder_);
}

void Supervisor::note_why_it_must_end() {
    if (end_requested_) {
        ended_by_ = who_cancelled(folder_);
    } else if (limits_.reached()) {
        limit_ = limits_.reached();
        ended_by_ = limit_->actor;
    } else {
        timed_out_ = true;
        ended_by_ = "timeout";
    }
}

void Supervisor::end_tree() {
    // Processes that fork without end must not be faster than the listing of them. The process
    // group is bash's own until bash is reaped. Stopping it does not reach other process groups of
    // the job.
    const bool forks = limits_.reached() && limits_.reached()->limit == jobs::kProcessLimit;
    if (forks && !in_namespace_) stop_descendants(root_, bash_status_ ? 0 : bash_);
    // A stopped process takes its SIGTERM only when it goes on.
    if (!limits_.runs_away()) signal_descendants(root_, SIGTERM, SIGCONT);
    const auto grace_over = Clock::now() + kGrace;
    reap();
    while (children_left_ && Clock::now() < grace_over && !limits_.runs_away())
        pump(grace_over);
    const auto give_up = Clock::now() + kGiveUp;
    while (children_left_ && Clock::now() < give_up) {
        kill_round();
        const auto round_over = Clock::now() + kRound;
        while (children_left_ && Clock::now() < round_over)
            pump(round_over);
    }
    if (children_left_) survivors_ = count_living(root_, confinement_.helpers());
}

void Supervisor::kill_round() {
    limits_.kill_group();
    // Nothing in a PID namespace outlives its init.
    if (in_namespace_) {
        ::kill(bash_, SIGKILL);
    } else {
        kill_descendants(root_);
    }
}

/// Waits for one event, until `until` at most, and handles it.
void Supervisor::pump(Clock::time_point until) {
    until = std::min(until, limits_.next());
    if (!confinement_.helpers().empty()) until = std::min(until, Clock::now() + kTending);
    int timeout = -1;
    if (until != Clock::time_point::max()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 86'400'000));
    }
    pollfd ready[] = {{signals_.get(), POLLIN, 0},
                      {output_.get(), POLLIN, 0},
                      {place_.status.get(), POLLIN, 0},
                      {confinement_.descriptor(), POLLIN, 0}};
    const int events = ::poll(ready, 4, timeout);
    confinement_.tend();
    if (Clock::now() >= limits_.next()) limits_.look(confinement_.helpers());
    if (events <= 0) return;
    if (ready[3].revents != 0) confinement_.serve();
    if (ready[2].revents != 0) take_reported_status();
    if (ready[1].revents != 0) read_output(1U << 20U);
    if (ready[0].revents != 0) take_signals();
}

void Supervisor::take_signals() {
    signalfd_siginfo got{};
    while (::read(signals_.get(), &got, sizeof got) == static_cast<ssize_t>(sizeof got)) {
        if (got.ssi_signo == SIGTERM) end_requested_ = true;
    }
    reap();
}

void Supervisor::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
        if (release_if_traced(pid, status) || pid != bash_) continue;
        take_reported_status();  // of bash, where this was only its init
        if (!bash_status_) bash_status_ = status;
        place_.status.reset();
    }
    // Every orphan becomes our child, so without children there are no descendants either. waitpid
    // does not report the sandbox's helpers here.
    children_left_ = pid == 0;
}

void Supervisor::take_reported_status() {
    if (!place_.status || bash_status_) return;
    bash_status_ = reported_status(place_.status);
    if (bash_status_) place_.status.reset();
}

void Supervisor::read_output(std::size_t at_most) {
    static char buffer[65536];
    while (output_ && at_most > 0) {
        const ssize_t n = ::read(output_.get(), buffer, std::min(sizeof buffer, at_most));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            output_.reset();
            return;
        }
        at_most -= static_cast<std::size_t>(n);
        if (keep_output_) spool_.write({buffer, static_cast<std::size_t>(n)});
    }
}

/// Reads what is in the pipe now, and no more: a process left behind may print without end.
void Supervisor::read_waiting_output() {
    int waiting = 0;
    if (output_ && ::ioctl(output_.get(), FIONREAD, &waiting) == 0 && waiting > 0) {
        read_output(static_cast<std::size_t>(waiting));
    }
}

jobs::JobEnd Supervisor::how_it_ended() const {
    jobs::JobEnd end;
    if (bash_status_ && WIFEXITED(*bash_status_)) end.exit_code = WEXITSTATUS(*bash_status_);
    if (bash_status_ && WIFSIGNALED(*bash_status_)) end.signal = WTERMSIG(*bash_status_);
    if (limit_) {
        end.status = jobs::Status::kError;
        end.limit = limit_;
        end.reason = jobs::sentence_of(*limit_);
    } else if (!ended_by_.empty()) {
        end.status = timed_out_ ? jobs::Status::kTimeout : jobs::Status::kCancelled;
    } else {
        end.status = end.exit_code == 0 ? jobs::Status::kCompleted : jobs::Status::kError;
    }
    end.ended_by = ended_by_;
    end.left_behind = left_behind_;
    end.survivors = survivors_;
    end.no_pid_namespace = place_.no_namespace;
    return end;
}

bool Supervisor::publish(jobs::JobEnd end) {
    complete(end);
    bool recorded = record(end);
    if (!recorded && !folder_is_gone()) {
        // Not every file system really reserves space.
        spool_.drop_tail();
        end.omitted_bytes = spool_.omitted();
        recorded = record(end);
    }
    if (!recorded) {
        jobs::send_unrecorded_end(starter_, end);
        unrecorded_ = std::move(end);
    }
    starter_.reset();
    return recorded;
}

void Supervisor::complete(jobs::JobEnd& end) {
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    end.started_ms = started_ms_;
    end.ended_ms = wall_clock_ms();
    end.ended_boot_ms = boot_clock_ms();
    end.boot_id = boot_id();
    end.duration_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_).count();
    end.user_us = microseconds(used.ru_utime);
    end.system_us = microseconds(used.ru_stime);
    end.max_rss_kib = used.ru_maxrss;
    end.output_bytes = spool_.total();
    end.omitted_bytes = spool_.omitted();
    if (end.reason.empty()) end.reason = spool_.problem();
}

bool Supervisor::record(const jobs::JobEnd& end) {
    // The end of a short foreground command is recorded in the session's journal, which is not
    // synced either: a sync would take longer than the command, and nothing would be safer. A
    // command that runs longer may have become a background job. Its end must still be the same if
    // the machine goes down after the end was delivered.
    const bool sync =
        job_.kind == jobs::JobKind::kBackground || Clock::now() - started_ >= kWorthASync;
    return end_file_.record(end, sync ? Sync::kYes : Sync::kNo).ok();
}

bool Supervisor::folder_is_gone() const {
    struct stat folder {};
    return ::fstat(folder_, &folder) == 0 && folder.st_nlink == 0;
}

void Supervisor::record_later() {
    end_requested_ = false;
    limits_.stop();
    for (auto pause = kFirstPause; pause <= kLongestPause && !folder_is_gone(); pause *= 2) {
        const auto until = Clock::now() + pause;
        while (!end_requested_ && Clock::now() < until)
            pump(until);
        if (record(unrecorded_) || end_requested_) return;
    }
}

}  // namespace tenon::shim
