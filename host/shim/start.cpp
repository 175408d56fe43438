#include "host/shim/start.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"

namespace tenon::shim {
namespace {

constexpr int kFirstOther = 3;  // after the standard streams
constexpr int kOomRaise = 500;  // of 1000

void reset_signals() {
    // By the system call: the C library refuses two signals, which posix_spawn leaves ignored.
    constexpr unsigned long kDefault[8] = {};  // any architecture's struct sigaction
    for (int signal = 1; signal < NSIG; ++signal)
        ::syscall(SYS_rt_sigaction, signal, kDefault, nullptr, NSIG / 8);  // not SIGKILL, SIGSTOP
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void take_signals() {
    // SIGXFSZ: with a file size limit of the starter, output is lost, but the supervisor goes on.
    for (const int ignored :
         {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2})
        ::signal(ignored, SIG_IGN);
    sigset_t ours;
    ::sigemptyset(&ours);
    ::sigaddset(&ours, SIGTERM);
    ::sigaddset(&ours, SIGCHLD);
    ::sigprocmask(SIG_SETMASK, &ours, nullptr);
}

void restore_descriptor_limit(rlim_t soft) {
    rlimit limit{};
    if (soft == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void raise_oom_score() {
    constexpr char kFile[] = "/proc/self/oom_score_adj";
    const UniqueFd fd(::open(kFile, O_RDWR | O_CLOEXEC));
    char text[16] = {};
    if (!fd || ::pread(fd.get(), text, sizeof text - 1, 0) <= 0) return;
    const int raised = std::min(1000, std::atoi(text) + kOomRaise);
    const int length = std::snprintf(text, sizeof text, "%d", raised);
    // If it cannot be written, the job runs all the same.
    if (::pwrite(fd.get(), text, static_cast<std::size_t>(length), 0) < 0) return;
}

/// Reports from the child why it cannot become the command, as a whole sentence.
[[noreturn]] void give_up(int failures, const std::string& why) {
    std::ignore = ::write(failures, why.data(), std::min<std::size_t>(why.size(), PIPE_BUF));
    ::_exit(127);
}

/// When the supervisor is killed, the job is lost: its shell must not go on without a supervisor.
void die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
}

[[noreturn]] void become_bash(const jobs::JobSpec& job, sandbox::Confinement& confinement,
                              int output, int failures, pid_t parent) {
    reset_signals();
    die_with(parent);
    ::setsid();
    raise_oom_score();
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    if (auto entered = confinement.enter(); !entered) give_up(failures, entered.error().message);
    // Once more: the kernel clears this when a process changes its credentials.
    if (job.containment.is_on()) die_with(parent);
    if (::chdir(job.cwd.c_str()) != 0)
        give_up(failures, Error::from_errno("cannot enter " + job.cwd).message);
    ::setenv("PWD", job.cwd.c_str(), 1);
    ::execlp("bash", "bash", "-c", job.command.c_str(), static_cast<char*>(nullptr));
    give_up(failures, Error::from_errno("cannot start bash").message);
}

}  // namespace

Result<UniqueFd> detach(rlim_t soft_descriptor_limit) {
    reset_signals();
    take_signals();
    UniqueFd starter(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, kFirstOther));
    if (starter && starter.get() != kFirstOther) {
        starter.reset(::dup3(starter.get(), kFirstOther, O_CLOEXEC));
    }
    ::syscall(SYS_close_range, starter ? kFirstOther + 1 : kFirstOther, ~0U, 0);
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return Error::from_errno("open /dev/null");
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), stream);
    // Only now: the descriptors that were inherited are closed.
    restore_descriptor_limit(soft_descriptor_limit);
    ::setsid();
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Error::from_errno("become a subreaper");
    return starter;
}

void prepare_environment(const std::string& job_id) {
    constexpr std::pair<const char*, const char*> kUnlessSet[] = {
        {"PAGER", "cat"},
        {"GIT_PAGER", "cat"},
        {"GIT_TERMINAL_PROMPT", "0"},
        {"DEBIAN_FRONTEND", "noninteractive"},
        {"TERM", "dumb"}};
    for (const auto& [name, value] : kUnlessSet)
        ::setenv(name, value, 0);
    ::setenv("TENON_JOB_ID", job_id.c_str(), 1);
    // The host has removed them already. This is for a shim that was started in another way.
    for (const char* credential : {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"})
        ::unsetenv(credential);
}

Result<pid_t> start_bash(const jobs::JobSpec& job, sandbox::Confinement& confinement, int output,
                         Placement& place) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno("cannot start bash: pipe");
    const UniqueFd failures(ends[0]);
    UniqueFd report(ends[1]);
    const pid_t pid = fork_placed(place);
    if (pid < 0) return Error::from_errno("cannot start bash: fork");
    if (pid == 0) become_bash(job, confinement, output, report.get(), place.parent);
    report.reset();
    char why[PIPE_BUF];
    ssize_t n = 0;
    do {
        n = ::read(failures.get(), why, sizeof why);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        confinement.attend();
        return pid;
    }
    ::waitpid(pid, nullptr, 0);
    return Error{std::string(why, static_cast<std::size_t>(n))};
}

}  // namespace tenon::shim
