// LeakSanitizer reads this from whatever program is linked with it; other builds do not call it.
extern "C" __attribute__((visibility("default"), used)) const char* __lsan_default_suppressions() {
    // ncurses forgets what it found out of a terminal when the next one is opened.
    return "leak:_nc_trim_sgr0\n";
}
