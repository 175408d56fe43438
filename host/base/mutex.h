#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang checks these (-Wthread-safety); other compilers see nothing.
#if defined(__clang__)
#define TENON_TSA(x) __attribute__((x))
#else
#define TENON_TSA(x)
#endif
#define TENON_GUARDED_BY(m) TENON_TSA(guarded_by(m))
#define TENON_REQUIRES(m) TENON_TSA(requires_capability(m))
#define TENON_EXCLUDES(m) TENON_TSA(locks_excluded(m))

namespace tenon {

/// std::mutex that clang's thread-safety analysis knows.
class TENON_TSA(capability("mutex")) Mutex {
public:
    void lock() TENON_TSA(acquire_capability()) { mutex_.lock(); }
    void unlock() TENON_TSA(release_capability()) { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

/// Holds a Mutex for a scope; may be released and taken again inside it.
class TENON_TSA(scoped_lockable) Lock {
public:
    explicit Lock(Mutex& mutex) TENON_TSA(acquire_capability(mutex)) : mutex_(mutex) {
        mutex_.lock();
    }
    ~Lock() TENON_TSA(release_capability()) {
        if (held_) mutex_.unlock();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    void lock() TENON_TSA(acquire_capability()) {
        mutex_.lock();
        held_ = true;
    }
    void unlock() TENON_TSA(release_capability()) {
        held_ = false;
        mutex_.unlock();
    }

private:
    Mutex& mutex_;
    bool held_ = true;
};

/// A condition variable for Mutex. Callers loop over their condition themselves, so that clang
/// sees the guarded members read under the lock.
class Condition {
public:
    Condition();
    ~Condition();
    void wait(Lock& lock);
    /// False when the time was over.
    bool wait_until(Lock& lock, std::chrono::steady_clock::time_point when);
    void notify_one() { inner_.notify_one(); }
    void notify_all() { inner_.notify_all(); }

private:
    std::condition_variable_any inner_;
};

}  // namespace tenon
