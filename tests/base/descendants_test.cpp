#include "host/base/descendants.h"

#include <cerrno>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tenon {
namespace {

/// A chain of processes, each of which starts the next one and ends. It ends by itself after a
/// while, so that a test that fails leaves nothing.
[[noreturn]] void go_on_in_new_children(int started) {
    const char byte = '.';
    (void)!::write(started, &byte, 1);
    for (int i = 0; i < 200'000; ++i)
        if (::fork() != 0) ::_exit(0);
    ::_exit(0);
}

[[noreturn]] void ignore_everything(int started) {
    ::setsid();
    ::signal(SIGTERM, SIG_IGN);
    ::alarm(300);
    const char byte = '.';
    (void)!::write(started, &byte, 1);
    for (;;)
        ::pause();
}

/// The status of a process that starts two such processes and ends them: 0 when none is left.
int end_them() {
    int started[2];
    if (::pipe(started) != 0 || ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
    if (::fork() == 0) go_on_in_new_children(started[1]);
    if (::fork() == 0) ignore_everything(started[1]);
    char bytes[2];
    for (int i = 0; i < 2; ++i)
        if (::read(started[0], bytes, 1) != 1) return 2;
    if (end_descendants(std::chrono::minutes(2)) < 2) return 3;
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD ? 0 : 4;
}

TEST(Descendants, AreEndedAlsoWhenTheyGoOnInNewChildrenOrIgnoreSignals) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(end_them());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tenon
