// AddressSanitizer asks for this. Its search for leaks, by a process that stops the others, was
// seen to hang in a supervisor that was exiting.
extern "C" __attribute__((visibility("default"), used)) const char* __asan_default_options() {
    return "detect_leaks=0";
}
