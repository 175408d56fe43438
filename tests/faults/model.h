#pragma once

#include <filesystem>
#include <functional>
#include <random>
#include <string>

#include "host/base/mutex.h"
#include "tests/faults/told.h"
#include "tests/support/model_server/server.h"

namespace tenon::faults {

/// A model that asks for numbered work, as much of it as it may, and for nothing twice. It goes by
/// what stands in the conversation and by what has run, so that an answer which a killed host never
/// saw is given again. Thread-safe.
class Model {
public:
    Model(unsigned seed, Demand demand, std::filesystem::path workspace)
        : random_(seed), demand_(demand), workspace_(std::move(workspace)) {}

    /// From now on the numbers below this may be asked for, at most `at_once` in one answer.
    void allow(int numbers, int at_once);
    /// From now on each answer asks for as much as it may.
    void ask_for_all_at_once();
    /// Called with each request, before it is answered.
    void on_request(std::function<void()> hook);

    testing::Step answer(const Json& request);

    /// What the newest request told.
    [[nodiscard]] Told newest() const;
    [[nodiscard]] int requests() const;
    /// How many numbers need not be asked for again.
    [[nodiscard]] int settled() const;
    /// Jobs whose end some request told twice, each once.
    [[nodiscard]] std::set<std::string> doubled() const;

private:
    void look(const Json& request) TENON_REQUIRES(mutex_);
    Json calls() TENON_REQUIRES(mutex_);

    mutable Mutex mutex_;
    std::mt19937 random_ TENON_GUARDED_BY(mutex_);
    const Demand demand_;
    const std::filesystem::path workspace_;
    int allowed_ TENON_GUARDED_BY(mutex_) = 0;
    int at_once_ TENON_GUARDED_BY(mutex_) = 1;
    bool all_at_once_ TENON_GUARDED_BY(mutex_) = false;
    int requests_ TENON_GUARDED_BY(mutex_) = 0;
    int fruitless_ TENON_GUARDED_BY(mutex_) = 0;
    int waits_ TENON_GUARDED_BY(mutex_) = 0;
    Told told_ TENON_GUARDED_BY(mutex_);
    std::set<int> settled_ TENON_GUARDED_BY(mutex_);
    std::set<std::string> doubled_ TENON_GUARDED_BY(mutex_);
    std::function<void()> hook_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::faults
