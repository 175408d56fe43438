#include "host/plugin/sudden_end.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "host/base/forced_end.h"
#include "host/base/output.h"
#include "host/plugin/code_of_plugins.h"
#include "host/plugin/printed_output.h"
#include "host/plugin/running.h"

namespace tenon::plugin {
namespace {

struct Fault {
    int signal;
    const char* name;
};
constexpr std::array kFaults = {Fault{SIGSEGV, "SIGSEGV"}, Fault{SIGBUS, "SIGBUS"},
                                Fault{SIGFPE, "SIGFPE"},   Fault{SIGILL, "SIGILL"},
                                Fault{SIGABRT, "SIGABRT"}, Fault{SIGSYS, "SIGSYS"}};
constexpr std::size_t kSignalStackBytes = 64U << 10U;  // the handler also searches the stack
constexpr int kPatienceWithOtherThreadMs = 1000;

// What a signal handler can reach.
std::atomic<pid_t> watched_process{0};
std::atomic<bool> exit_expected{false};
std::atomic<bool> explaining{false};

const char* name_of(int signal) noexcept {
    for (const Fault& fault : kFaults)
        if (fault.signal == signal) return fault.name;
    return "a signal";
}

struct Registers {
    std::uintptr_t program_counter = 0, stack_pointer = 0;
};

Registers registers_of([[maybe_unused]] const void* context) noexcept {
#if defined(__x86_64__)
    const auto& saved = static_cast<const ucontext_t*>(context)->uc_mcontext;
    return {static_cast<std::uintptr_t>(saved.gregs[REG_RIP]),
            static_cast<std::uintptr_t>(saved.gregs[REG_RSP])};
#elif defined(__aarch64__)
    const auto& saved = static_cast<const ucontext_t*>(context)->uc_mcontext;
    return {saved.pc, saved.sp};
#else
    return {};
#endif
}

/// The plugin on a thread that is not known to run one: it has started the thread itself.
const char* plugin_of_own_thread(const Registers& registers) noexcept {
    if (const char* const id = plugin_at(registers.program_counter); id != nullptr) return id;
    // On a thread of the host, what earlier calls have left on the stack would be found too.
    const bool is_of_host = has_run_plugins() || ::gettid() == ::getpid();
    return is_of_host ? nullptr : plugin_on_stack(registers.stack_pointer);
}

/// "the plugin x, tool y" and what can be done about it.
void add_culprit(FixedText& text, const Registers& registers) noexcept {
    RunningCode code = running_code();
    if (code.plugin == nullptr) {
        code.plugin = plugin_of_own_thread(registers);
        code.function = "a thread that it has started";
    }
    if (code.plugin == nullptr) {
        text << "tenon itself: no plugin's code was running on this thread. Please report it.";
        return;
    }
    add_to(text, code);
    text << ". With plugins." << code.plugin
         << ".isolated=true, only a process of its own would end.";
}

/// Whether another process has sent the signal: then no code of this one is at fault.
bool is_foreign(const siginfo_t& info) noexcept {
    return info.si_code <= 0 && info.si_code != SI_TKILL && info.si_pid != ::getpid();
}

void explain(int signal, const siginfo_t& info, const void* context) noexcept {
    restore_terminal();
    PrintedOutput::write_unread_to(error_descriptor());
    FixedText text;
    text << "tenon: " << name_of(signal);
    if (is_foreign(info)) {
        text << " was sent by the process " << std::int64_t{info.si_pid} << ".";
    } else {
        text << " in ";
        add_culprit(text, registers_of(context));
    }
    text << " The process ends by this signal. Jobs that run go on; opening the session again "
            "delivers "
            "their ends.\n";
    text.write_to(error_descriptor());
}

void on_fault(int signal, siginfo_t* info, void* context) {
    if (::getpid() == watched_process) {
        if (!explaining.exchange(true)) {
            explain(signal, *info, context);
        } else {
            // Another thread explains its own fault, and then the process ends.
            ::poll(nullptr, 0, kPatienceWithOtherThreadMs);
        }
    }
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // blocked here, so it is delivered on return
}

void check_exit(int status, const char* function) noexcept {
    if (exit_expected || ::getpid() != watched_process) return;
    FixedText text;
    text << "tenon: " << function;
    if (status >= 0) text << "(" << std::int64_t{status} << ")";
    text << " was called in ";
    Registers here;
    here.stack_pointer = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    add_culprit(text, here);
    text << " The process ends with status 1. Jobs that run go on; opening the session again "
            "delivers "
            "their ends.\n";
    PrintedOutput::write_unread_to(error_descriptor());
    end_at_once(EXIT_FAILURE, text);
}

void on_exit_called(int status, void*) {
    check_exit(status, "exit");
}

void on_quick_exit_called() {
    check_exit(-1, "quick_exit");
}

bool name_what_hangs(FixedText& text) {
    if (add_all_running(text)) return true;
    if (exit_expected) text << "a destructor of a static object, at the exit of the process,";
    return exit_expected;
}

/// The stack of this thread for signal handlers, unless it has one.
class SignalStack {
public:
    SignalStack() noexcept {
        stack_t now{};
        if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
        void* const memory = ::mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory == MAP_FAILED) return;  // without it only a stack overflow is not named
        memory_ = memory;
        stack_t stack{};
        stack.ss_sp = memory_;
        stack.ss_size = kSignalStackBytes;
        ::sigaltstack(&stack, nullptr);
    }
    ~SignalStack() {
        if (memory_ == nullptr) return;
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack(&none, nullptr);
        ::munmap(memory_, kSignalStackBytes);
    }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

private:
    void* memory_ = nullptr;
};

void give_this_thread_a_signal_stack() noexcept {
    thread_local const SignalStack stack;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSignalsBelongToASanitizer = true;
#else
constexpr bool kSignalsBelongToASanitizer = false;
#endif

void watch_faults() {
    set_begin_hook(give_this_thread_a_signal_stack);
    give_this_thread_a_signal_stack();
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigfillset(&action.sa_mask);
    for (const Fault& fault : kFaults)
        ::sigaction(fault.signal, &action, nullptr);
}

}  // namespace

void explain_sudden_ends() {
    watched_process = ::getpid();
    set_hang_namer(name_what_hangs);
    if (!kSignalsBelongToASanitizer) watch_faults();
    watch_exit_before_new_handlers();
}

void expect_exit() noexcept {
    exit_expected = true;
}

void watch_exit_before_new_handlers() noexcept {
    if (watched_process == 0) return;
    // The handler that was registered last runs first.
    (void)::on_exit(on_exit_called, nullptr);
    (void)std::at_quick_exit(on_quick_exit_called);
}

}  // namespace tenon::plugin
