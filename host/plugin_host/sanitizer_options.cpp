// The options of AddressSanitizer and ThreadSanitizer in tenon-plugin-host, where it is built with
// one of them.

/// A plugin that crashes ends by its signal, as without the sanitizer: the host reports which.
/// Leaks of plugins are found by `tenon plugin verify`, and a confined process cannot be traced,
/// which the search for leaks needs.
extern "C" __attribute__((visibility("default"), used)) const char* __asan_default_options() {
    return "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_"
           "sigill=0";
}

/// A plugin that calls exit() within a call leaves threads of this program that are not joined.
extern "C" __attribute__((visibility("default"), used)) const char* __tsan_default_options() {
    return "report_thread_leaks=0:handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:"
           "handle_sigill=0";
}
