#pragma once

#include <filesystem>
#include <functional>
#include <random>
#include <string>

#include "host/base/mutex.h"
#include "tests/faults/model_view.h"
#include "tests/support/model_server/server.h"

namespace tenon::faults {

/// A model that asks for numbered jobs, each once. It decides by the conversation and by what has
/// run, so it repeats an answer that a killed host never received. Thread-safe.
class Model {
public:
    Model(unsigned seed, TrialJobOptions options, std::filesystem::path workspace)
        : random_(seed), job_options_(options), workspace_(std::move(workspace)) {}

    /// From now on the numbers below this may be asked for, at most `at_once` in one answer.
    void allow(int numbers, int at_once);
    /// From now on each answer has as many calls as are allowed.
    void always_ask_for_most();
    /// Called with each request, before it is answered.
    void on_request(std::function<void()> hook);

    testing::Step answer(const Json& request);

    /// What the newest request contains.
    [[nodiscard]] ModelView newest_view() const;
    [[nodiscard]] int requests() const;
    /// How many numbers need not be asked for again.
    [[nodiscard]] int numbers_done() const;
    /// Jobs whose end one request delivered twice.
    [[nodiscard]] std::set<std::string> doubled() const;

private:
    void read(const Json& request) TENON_REQUIRES(mutex_);
    Json calls() TENON_REQUIRES(mutex_);

    mutable Mutex mutex_;
    std::mt19937 random_ TENON_GUARDED_BY(mutex_);
    const TrialJobOptions job_options_;
    const std::filesystem::path workspace_;
    int allowed_ TENON_GUARDED_BY(mutex_) = 0;
    int at_once_ TENON_GUARDED_BY(mutex_) = 1;
    bool always_most_ TENON_GUARDED_BY(mutex_) = false;
    int requests_ TENON_GUARDED_BY(mutex_) = 0;
    int calls_without_progress_ TENON_GUARDED_BY(mutex_) = 0;
    int waits_ TENON_GUARDED_BY(mutex_) = 0;
    ModelView view_ TENON_GUARDED_BY(mutex_);
    std::set<int> done_ TENON_GUARDED_BY(mutex_);
    std::set<std::string> doubled_ TENON_GUARDED_BY(mutex_);
    std::function<void()> hook_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::faults
