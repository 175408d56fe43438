#include <fcntl.h>
#include <gmock/gmock.h>
#include <pthread.h>
#include <unistd.h>

#include <Poco/Net/ServerSocket.h>
#include <gtest/gtest.h>

#include "host/base/limits.h"
#include "host/base/unique_fd.h"
#include "tests/model/support.h"
#include "tests/support/sanitizers.h"

/// The failures of a provider when this process, and not the server, lacks a resource.
namespace tenon::model {
namespace {

using ::testing::HasSubstr;

/// No file can be opened while it exists.
class NoDescriptors {
public:
    NoDescriptors() : before_(descriptor_limit()) {
        constexpr rlim_t kLow = 64;
        set_descriptor_limit(kLow);
        for (UniqueFd fd(open_one()); fd; fd.reset(open_one()))
            taken_.push_back(std::move(fd));
    }
    ~NoDescriptors() { set_descriptor_limit(before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    static int open_one() { return ::open("/", O_PATH | O_CLOEXEC); }
    rlim_t before_;
    std::vector<UniqueFd> taken_;
};

/// No thread can be started while it exists: none gets a stack of that size.
class NoThreads {
public:
    NoThreads() {
        pthread_attr_t attributes;
        ::pthread_getattr_default_np(&before_);
        ::pthread_attr_init(&attributes);
        ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 47U);
        EXPECT_EQ(::pthread_setattr_default_np(&attributes), 0);
        ::pthread_attr_destroy(&attributes);
    }
    ~NoThreads() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;

private:
    pthread_attr_t before_{};
};

class Shortage : public ::testing::Test {
protected:
    [[nodiscard]] std::string url(const std::string& scheme, const std::string& host) const {
        return scheme + "://" + host + ":" + std::to_string(listener_.address().port());
    }
    /// The failure of one attempt.
    agent::ModelFailure failure_of(agent::Provider& provider) {
        const auto answer = provider.ask(talk_.request(), watcher_, {});
        if (answer) ADD_FAILURE() << "there is an answer";
        return answer ? agent::ModelFailure() : answer.error();
    }

private:
    Talk talk_;
    Watcher watcher_;
    /// Accepts connections and never answers.
    Poco::Net::ServerSocket listener_{Poco::Net::SocketAddress("127.0.0.1", 0)};
};

TEST_F(Shortage, OfDescriptorsIsNotRetriedAsAFaultOfTheServer) {
    if (tenon::testing::kSanitizerNeedsDescriptors)
        GTEST_SKIP() << tenon::testing::kWhySanitizerNeedsDescriptors;
    struct Case {
        const char* scheme;
        const char* host;
        const char* doing;
    };
    const std::vector<Case> cases = {
        {"http", "127.0.0.1", "connect to http://127.0.0.1"},
        {"http", "localhost", "look up localhost"},
        {"https", "127.0.0.1", "load certificate authorities"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.doing);
        const auto provider = provider_for(url(one.scheme, one.host));
        const NoDescriptors none;
        const auto failure = failure_of(*provider);
        EXPECT_FALSE(failure.retryable) << failure.message;
        EXPECT_THAT(failure.message, HasSubstr(one.doing));
        EXPECT_THAT(failure.message, HasSubstr("Too many open files"));
        EXPECT_THAT(failure.message, HasSubstr("ulimit -n"));
    }
}

TEST_F(Shortage, OfThreadsIsNotRetriedAsAFaultOfTheServer) {
    for (const char* host : {"127.0.0.1", "localhost"}) {
        SCOPED_TRACE(host);
        const auto provider = provider_for(url("http", host));
        const NoThreads none;
        const auto failure = failure_of(*provider);
        EXPECT_FALSE(failure.retryable) << failure.message;
        EXPECT_THAT(failure.message, HasSubstr("start "));
        EXPECT_THAT(failure.message, HasSubstr("Resource temporarily unavailable"));
        EXPECT_THAT(failure.message, HasSubstr("ulimit -u"));
    }
}

}  // namespace
}  // namespace tenon::model
