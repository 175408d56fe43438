#include "host/shim/start.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"

namespace tenon::shim {
namespace {

constexpr int kFirstOther = 3;  // after the standard streams
constexpr int kOomRaise = 500;  // of 1000

void reset_signals() {
    // Past the C library, which keeps two signals from its callers: posix_spawn leaves them
    // ignored.
    constexpr unsigned long kDefault[8] = {};  // any architecture's struct sigaction
    for (int signal = 1; signal < NSIG; ++signal)
        ::syscall(SYS_rt_sigaction, signal, kDefault, nullptr, NSIG / 8);  // not SIGKILL, SIGSTOP
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void take_signals() {
    // SIGXFSZ: a file size limit that the starter had must cost output, not the supervisor.
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
    // Where it cannot be written the job runs all the same.
    if (::pwrite(fd.get(), text, static_cast<std::size_t>(length), 0) < 0) return;
}

enum class Step : int { kFolder, kBash };
struct Failure {
    Step step;
    int code;
};

[[noreturn]] void become_bash(const jobs::JobSpec& job, int output, int failures, pid_t parent) {
    reset_signals();
    // Whoever ends the supervisor by force has lost the job: its shell shall not go on unseen.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::setsid();
    raise_oom_score();
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    Failure failure{Step::kFolder, 0};
    if (::chdir(job.cwd.c_str()) == 0) {
        ::setenv("PWD", job.cwd.c_str(), 1);
        ::execlp("bash", "bash", "-c", job.command.c_str(), static_cast<char*>(nullptr));
        failure.step = Step::kBash;
    }
    failure.code = errno;
    std::ignore = ::write(failures, &failure, sizeof failure);
    ::_exit(127);
}

}  // namespace

Result<UniqueFd> detach(rlim_t soft_descriptor_limit) {
    reset_signals();
    take_signals();
    UniqueFd announce(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, kFirstOther));
    if (announce && announce.get() != kFirstOther) {
        announce.reset(::dup3(announce.get(), kFirstOther, O_CLOEXEC));
    }
    ::syscall(SYS_close_range, announce ? kFirstOther + 1 : kFirstOther, ~0U, 0);
    const UniqueFd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nowhere) return Error::from_errno("open /dev/null");
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(nowhere.get(), stream);
    // Only now: descriptors above the starter's low limit are closed already.
    restore_descriptor_limit(soft_descriptor_limit);
    ::setsid();
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Error::from_errno("become a subreaper");
    return announce;
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
    // The host has removed them already; this is for whoever starts the shim in another way.
    for (const char* credential : {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"})
        ::unsetenv(credential);
}

Result<pid_t> start_bash(const jobs::JobSpec& job, int output, Placement& place) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno("cannot start bash: pipe");
    const UniqueFd failures(ends[0]);
    UniqueFd report(ends[1]);
    const pid_t pid = fork_placed(place);
    if (pid < 0) return Error::from_errno("cannot start bash: fork");
    if (pid == 0) become_bash(job, output, report.get(), place.parent);
    report.reset();
    Failure failure{};
    ssize_t n = 0;
    do {
        n = ::read(failures.get(), &failure, sizeof failure);
    } while (n < 0 && errno == EINTR);
    if (n != static_cast<ssize_t>(sizeof failure)) return pid;
    ::waitpid(pid, nullptr, 0);
    return Error::from_errno(
        failure.step == Step::kBash ? "cannot start bash" : "cannot enter " + job.cwd,
        failure.code);
}

}  // namespace tenon::shim
