#include "host/model/http.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <Poco/Net/ServerSocket.h>
#include <gtest/gtest.h>

#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

namespace tenon::model {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;
using tenon::testing::ModelServer;

constexpr auto kForever = std::chrono::milliseconds(24h);

HttpConfig patient() {
    HttpConfig config;
    config.idle_timeout = kForever;
    config.connect_timeout = kForever;
    return config;
}

/// Asks in a thread, so that the test can stop it.
class Asking {
public:
    Asking(const std::string& url, HttpConfig config, Watcher& watcher)
        : provider_(provider_for(url, std::move(config))), thread_([this, &watcher] {
              result_ = provider_->ask(talk_.request(), watcher, stop_.get_token());
          }) {}
    agent::ModelFailure stop() {
        stop_.request_stop();
        thread_.join();
        EXPECT_TRUE(result_);
        EXPECT_FALSE(*result_);
        return result_->error();
    }

private:
    Talk talk_;
    std::stop_source stop_;
    std::unique_ptr<Anthropic> provider_;
    std::optional<Result<agent::Answer, agent::ModelFailure>> result_;
    std::thread thread_;
};

TEST(Http, StopsBeforeItBegins) {
    ModelServer server(R"([{"content":"x"}])");
    std::stop_source stop;
    stop.request_stop();
    Watcher watcher;
    const auto answer =
        provider_for(server.url())->ask(Talk().request(), watcher, stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().stopped);
    EXPECT_FALSE(answer.error().retryable);
    EXPECT_EQ(server.requests().size(), 0U);
}

TEST(Http, StopsWhileItWaitsForTheResponse) {
    ModelServer server(R"([{"content":"x","delay_ms":86400000}])");
    Watcher watcher;
    Asking asking(server.url(), patient(), watcher);
    ASSERT_TRUE(server.wait_for_requests(1));
    EXPECT_TRUE(asking.stop().stopped);
}

TEST(Http, StopsInTheMiddleOfABody) {
    ModelServer server(
        R"([{"events":[["message_start",{"type":"message_start","message":{"id":"m"}}],
                       ["content_block_start",{"type":"content_block_start","index":0,
                        "content_block":{"type":"text","text":"first"}}],
                       ["content_block_delta",{"type":"content_block_delta"}]], "gap_ms":200}])");
    Watcher watcher;
    std::stop_source stop;
    watcher.then = [&] { stop.request_stop(); };
    const auto answer =
        provider_for(server.url(), patient())->ask(Talk().request(), watcher, stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().stopped);
    EXPECT_EQ(watcher.texts, std::vector<std::string>{"first"});
}

/// A listener whose queue is full: connecting to it hangs.
class DeafListener {
public:
    DeafListener() {
        socket_.bind(Poco::Net::SocketAddress("127.0.0.1", 0));
        socket_.listen(0);
        for (int i = 0; i < 4; ++i) {
            Poco::Net::StreamSocket filler;
            filler.connectNB(socket_.address());
            fillers_.push_back(filler);
        }
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(socket_.address().port());
    }

private:
    Poco::Net::ServerSocket socket_;
    std::vector<Poco::Net::StreamSocket> fillers_;
};

TEST(Http, StopsWhileItConnects) {
    const DeafListener listener;
    Watcher watcher;
    Asking asking(listener.url(), patient(), watcher);
    EXPECT_TRUE(asking.stop().stopped);
}

TEST(Http, GivesUpConnectingAfterItsTimeout) {
    const DeafListener listener;
    Watcher watcher;
    HttpConfig config = patient();
    config.connect_timeout = 100ms;
    const auto answer = provider_for(listener.url(), config)->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("connect to " + listener.url()));
    EXPECT_THAT(answer.error().message, HasSubstr("timed out"));
    EXPECT_TRUE(answer.error().retryable);
}

TEST(Http, StopsInTheMiddleOfATlsHandshake) {
    Poco::Net::ServerSocket listener(Poco::Net::SocketAddress("127.0.0.1", 0));
    Watcher watcher;
    Asking asking("https://127.0.0.1:" + std::to_string(listener.address().port()), patient(),
                  watcher);
    auto silent = listener.acceptConnection();
    char c = 0;
    ASSERT_EQ(silent.receiveBytes(&c, 1), 1) << "the handshake has begun";
    EXPECT_TRUE(asking.stop().stopped);
}

TEST(Http, StopsWhileItSends) {
    Poco::Net::ServerSocket listener(Poco::Net::SocketAddress("127.0.0.1", 0));
    const auto client = HttpClient::create([&] {
        auto config = patient();
        config.base_url = "http://127.0.0.1:" + std::to_string(listener.address().port());
        return config;
    }());
    const std::string much(std::size_t{64} << 20U, 'x');
    const std::vector<std::string_view> body = {much};
    std::stop_source stop;
    std::thread stopper([&] {
        auto deaf = listener.acceptConnection();
        char c = 0;
        deaf.receiveBytes(&c, 1);
        stop.request_stop();
    });
    const auto response = (*client)->post(
        {"/x", {}, body}, [](const auto&, auto) { return true; }, stop.get_token());
    stopper.join();
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().stopped);
}

TEST(Http, GivesUpWhenNoByteComesForTooLong) {
    for (const char* step :
         {R"([{"content":"x","delay_ms":86400000}])", R"([{"content":"x","gap_ms":86400000}])"}) {
        SCOPED_TRACE(step);
        ModelServer server{std::string(step)};
        HttpConfig config = patient();
        config.idle_timeout = 100ms;
        Watcher watcher;
        const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("no byte for 100 ms"));
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_EQ(server.requests().size(), 1U) << "not sent again behind the caller's back";
    }
}

TEST(Http, SendsAgainOnceWhenAKeptConnectionWasDropped) {
    // Closed before the second request, and only when it has come.
    for (const char* script : {R"([{"content":"a","close":true},{"content":"b"}])",
                               R"([{"content":"a"},{"raw":""},{"content":"b"}])",
                               R"([{"content":"a"},{"reset":true},{"content":"b"}])"}) {
        SCOPED_TRACE(script);
        ModelServer server{std::string(script)};
        const auto provider = provider_for(server.url());
        Watcher watcher;
        ASSERT_TRUE(provider->ask(Talk().request(), watcher, {}));
        const auto answer = provider->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, "b");
        EXPECT_EQ(server.connections(), 2);
    }
}

TEST(Http, DoesNotSendAgainWhenAResponseHadBegun) {
    ModelServer server(R"([{"content":"a"},{"content":"b","cut_after":50},{"content":"c"}])");
    const auto provider = provider_for(server.url());
    Watcher watcher;
    ASSERT_TRUE(provider->ask(Talk().request(), watcher, {}));
    EXPECT_FALSE(provider->ask(Talk().request(), watcher, {}));
    EXPECT_EQ(server.requests().size(), 2U);
    EXPECT_TRUE(provider->ask(Talk().request(), watcher, {})) << "on a connection of its own";
}

TEST(Http, SaysWhereAndWhyItCannotConnect) {
    std::string url;
    {
        Poco::Net::ServerSocket gone(Poco::Net::SocketAddress("127.0.0.1", 0));
        url = "http://127.0.0.1:" + std::to_string(gone.address().port());
    }
    Watcher watcher;
    auto answer =
        provider_for("http://user:hush-hush@" + url.substr(7))->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("connect to " + url));
    EXPECT_THAT(answer.error().message, HasSubstr("refused"));
    EXPECT_THAT(answer.error().message, ::testing::Not(HasSubstr("hush")));
    EXPECT_EQ(answer.error().http_status, 0);
    EXPECT_TRUE(answer.error().retryable);
}

TEST(Http, TriesEveryAddressOfAHost) {
    // localhost is ::1 too on most machines, and the server listens on 127.0.0.1 alone.
    ModelServer server(R"([{"content":"x"}])");
    Watcher watcher;
    const auto answer = provider_for("http://localhost:" + std::to_string(server.port()))
                            ->ask(Talk().request(), watcher, {});
    EXPECT_TRUE(answer) << answer.error().message;
}

}  // namespace
}  // namespace tenon::model
