#pragma once

#include <atomic>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include <tenon/plugin.h>

#include "host/base/mutex.h"
#include "host/base/unique_fd.h"

/// A host for the steps of `tenon plugin verify`: the structs that a plugin gets, without anything
/// behind them. Requests are answered TENON_UNSUPPORTED, except path.roots/1.
namespace tenon::plugin_host::verify {

/// How new the host is that the structs belong to.
enum class HostAge {
    kThis,     ///< the structs of this version, and nothing readable behind them
    kShorter,  ///< without the last member of each struct, which a plugin must ask for by TENON_HAS
    kNewer,    ///< a later minor version: longer structs, whose new bytes mean nothing to a plugin
};

/// Memory for one struct. What follows its last byte can be neither read nor written. The memory is
/// never freed, so that a plugin that uses it too late is found out and does not crash.
class GuardedMemory {
public:
    /// `bytes` is a multiple of 8. Throws std::bad_alloc.
    GuardedMemory(std::size_t bytes, void* owner);
    [[nodiscard]] void* get() const { return start_; }
    /// The owner of the memory in which the struct at `start` is.
    static void* owner_of(const void* start);

private:
    char* start_;
};

struct TestHostOptions {
    std::string plugin_dir, workspace, state_dir;
};

/// The tenon_host of one instance. Any thread of the plugin may use the table. Never destroyed.
class TestHost {
public:
    TestHost(const TestHostOptions& options, HostAge age);
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;

    [[nodiscard]] const tenon_host* table() const {
        return static_cast<const tenon_host*>(memory_.get());
    }
    [[nodiscard]] HostAge age() const { return age_; }
    /// From now on the plugin must not use the table.
    void close() { closed_.store(true); }
    [[nodiscard]] bool used_when_closed() const { return used_late_.load(); }
    [[nodiscard]] std::set<std::string> methods() const;

private:
    static TestHost& of(const tenon_host* table);
    void used() {
        if (closed_.load()) used_late_.store(true);
    }
    void note_request(std::string_view method);

    const HostAge age_;
    GuardedMemory memory_;
    std::string roots_;  // the answer to path.roots/1
    std::atomic<bool> closed_{false}, used_late_{false};
    mutable Mutex mutex_;
    std::set<std::string> methods_ TENON_GUARDED_BY(mutex_);
};

/// One call. Any thread of the plugin may use the table. Never destroyed.
class TestCall {
public:
    /// Both texts outlive the running call. Throws std::runtime_error when there is no descriptor
    /// left.
    TestCall(const std::string& tool, const std::string& arguments, HostAge age);
    TestCall(const TestCall&) = delete;
    TestCall& operator=(const TestCall&) = delete;

    [[nodiscard]] const tenon_call* table() const {
        return static_cast<const tenon_call*>(memory_.get());
    }
    void cancel();
    /// invoke has returned: from now on the plugin must not use the table. By one thread, once.
    void close();
    [[nodiscard]] bool used_when_closed() const { return used_late_.load(); }
    /// Whether the plugin had closed the descriptor that tells of the cancellation; after `close`.
    [[nodiscard]] bool lost_its_event() const { return lost_event_; }
    [[nodiscard]] std::string text() const;

private:
    static TestCall& of(const tenon_call* table);
    void used() {
        if (closed_.load()) used_late_.store(true);
    }
    bool write(std::string_view chunk);

    GuardedMemory memory_;
    UniqueFd event_;
    std::atomic<bool> cancelled_{false}, closed_{false}, used_late_{false};
    bool lost_event_ = false;
    mutable Mutex mutex_;
    std::string text_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::plugin_host::verify
