// LeakSanitizer calls this in each program that is linked with it. Other builds do not call it.
extern "C" __attribute__((visibility("default"), used)) const char* __lsan_default_suppressions() {
    // ncurses loses the data of one terminal when the next one is opened.
    return "leak:_nc_trim_sgr0\n";
}
