// ThreadSanitizer calls this in each program that is linked with it. Other builds do not call it.
extern "C" __attribute__((visibility("default"), used)) const char* __tsan_default_suppressions() {
    // Poco's TaskManager and ThreadPool take their two mutexes in both orders.
    return "deadlock:libPocoFoundation\n";
}
