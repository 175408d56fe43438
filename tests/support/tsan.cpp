// ThreadSanitizer reads this from whatever program is linked with it; other builds do not call it.
extern "C" __attribute__((visibility("default"), used)) const char* __tsan_default_suppressions() {
    // Poco's TaskManager and ThreadPool take their two mutexes in both orders.
    return "deadlock:libPocoFoundation\n";
}
