#include "host/model/http.h"

#include <gmock/gmock.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>

#include <Poco/DeflatingStream.h>
#include <Poco/Net/ServerSocket.h>
#include <gtest/gtest.h>

#include "host/base/utf8.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

namespace tenon::model {
namespace {

using ::testing::EndsWith;
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
    std::unique_ptr<Endpoint> provider_;
    std::optional<Result<agent::Answer, agent::ModelFailure>> result_;
    std::thread thread_;
};

TEST(Http, StopsBeforeItStarts) {
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

/// A listener whose queue is full: a connect to it blocks.
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

TEST(Http, GivesUpWhenNoByteArrivesInTime) {
    for (const char* step :
         {R"([{"content":"x","delay_ms":86400000}])", R"([{"content":"x","gap_ms":86400000}])"}) {
        SCOPED_TRACE(step);
        ModelServer server{std::string(step)};
        HttpConfig config = patient();
        config.idle_timeout = 100ms;
        Watcher watcher;
        const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message,
                    EndsWith("no byte for 100 ms, the limit of model.idleTimeout"));
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_EQ(server.requests().size(), 1U) << "not sent again behind the caller's back";
    }
}

TEST(Http, SendsAgainOnceWhenAKeptConnectionWasDropped) {
    // Closed when the second request has arrived.
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

std::string events_of_hello() {
    return "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n"
           "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
           "{\"type\":\"text\",\"text\":\"hello\"}}\n\n"
           "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
           "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";
}
const std::string kStop = "data: {\"type\":\"message_stop\"}\n\n";

std::string chunked(const std::string& body) {
    std::ostringstream out;
    out << std::hex << body.size() << "\r\n" << body << "\r\n0\r\n\r\n";
    return out.str();
}

std::string gzip(const std::string& text, Poco::DeflatingStreamBuf::StreamType type) {
    std::ostringstream out;
    Poco::DeflatingOutputStream in(out, type);
    in << text;
    in.close();
    return out.str();
}

/// The result of a request to a server that sends these bytes and closes the connection.
Result<agent::Answer, agent::ModelFailure> answer_to(const std::string& raw) {
    auto steps = tenon::testing::read_script("[{}]");
    steps->at(0).raw = raw;
    ModelServer server(*steps);
    Watcher watcher;
    return provider_for(server.url())->ask(Talk().request(), watcher, {});
}

TEST(Http, ReadsResponsesWithUnusualFraming) {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    const std::string stream = "content-type: text/event-stream\r\n";
    const std::string in_chunks = "transfer-encoding: chunked\r\n\r\n";
    const std::string whole = events_of_hello() + kStop;
    const auto deflated = gzip(whole, Poco::DeflatingStreamBuf::STREAM_ZLIB);
    const auto gzipped = gzip(whole, Poco::DeflatingStreamBuf::STREAM_GZIP);
    struct Case {
        const char* what;
        std::string raw;
    };
    const std::vector<Case> cases = {
        {"capitals", ok + "Content-Type: Text/Event-Stream; Charset=UTF-8\r\n" +
                         "Transfer-Encoding: Chunked\r\n\r\n" + chunked(whole)},
        {"no type", ok + in_chunks + chunked(whole)},
        {"103 before it", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + ok + stream +
                              in_chunks + chunked(whole)},
        {"100 and 102 before it", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
                                      ok + stream + in_chunks + chunked(whole)},
        {"gzip", ok + stream + "content-encoding: gzip\r\n" + in_chunks + chunked(gzipped)},
        {"gzip without saying so", ok + stream + in_chunks + chunked(gzipped)},
        {"said to be gzip and is not",
         ok + stream + "content-encoding: gzip\r\n" + in_chunks + chunked(whole)},
        {"deflate", ok + stream + "content-encoding: deflate\r\n" + in_chunks + chunked(deflated)},
        {"until the connection ends", ok + stream + "\r\n" + whole},
        {"with a length",
         ok + stream + "content-length: " + std::to_string(whole.size()) + "\r\n\r\n" + whole},
        {"no message_stop, chunks ended", ok + stream + in_chunks + chunked(events_of_hello())},
        {"no message_stop, [DONE]",
         ok + stream + in_chunks + chunked(events_of_hello() + "data: [DONE]\n\n")},
        {"no message_stop, until the end", ok + stream + "\r\n" + events_of_hello()},
        {"chunk extensions and trailers",
         ok + stream + in_chunks + "3;a=b\r\n: x\r\n2 \r\n\n\n\r\n" +
             chunked(whole).substr(0, chunked(whole).size() - 2) + "x-trailer: y\r\n\r\n"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const auto answer = answer_to(c.raw);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, "hello");
    }
}

TEST(Http, RecognisesATruncatedBody) {
    const std::string head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    const std::string body = events_of_hello();
    const std::string chunks = chunked(body);
    for (const std::string& raw :
         {head + "transfer-encoding: chunked\r\n\r\n" + chunks.substr(0, chunks.size() - 5),
          head + "transfer-encoding: chunked\r\n\r\n" + chunks.substr(0, chunks.size() - 7),
          head + "content-length: " + std::to_string(body.size() + 1) + "\r\n\r\n" + body}) {
        const auto answer = answer_to(raw);
        ASSERT_FALSE(answer) << "a stop reason came, but not the end of the stream";
        EXPECT_THAT(answer.error().message, HasSubstr("cut off"));
        EXPECT_TRUE(answer.error().retryable);
    }
}

TEST(Http, RefusesAnUnknownContentCoding) {
    for (const char* coding : {"br", "zstd", "gzip, br"}) {
        SCOPED_TRACE(coding);
        const auto answer =
            answer_to("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: " +
                      std::string(coding) + "\r\ntransfer-encoding: chunked\r\n\r\n" +
                      chunked("\x8b\x01\x02"));
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("compressed as \"" + std::string(coding)));
        EXPECT_FALSE(answer.error().retryable) << "it would be compressed again";
    }
    const auto busy = answer_to(
        "HTTP/1.1 529 Busy\r\ncontent-encoding: br\r\ncontent-length: 3\r\n\r\n\x8b\x01\x02");
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().http_status, 529) << "the status says enough";
    EXPECT_TRUE(busy.error().retryable);
}

TEST(Http, ABodyThatCannotBeDecompressedIsAMalformedAnswer) {
    for (const char* coding : {"gzip", "deflate"}) {
        SCOPED_TRACE(coding);
        const auto answer =
            answer_to("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: " +
                      std::string(coding) + "\r\ntransfer-encoding: chunked\r\n\r\n" +
                      chunked("\x1f is neither of the two"));
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("cannot be decompressed"));
        EXPECT_NE(answer.error().malformed, "") << "so that it is not bought again and again";
    }
}

TEST(Http, ReadsTheCompressedBodyOfAnError) {
    const auto body =
        gzip(tenon::testing::error_body(529, "later"), Poco::DeflatingStreamBuf::STREAM_GZIP);
    const auto answer =
        answer_to("HTTP/1.1 529 Busy\r\ncontent-encoding: gzip\r\ncontent-length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("overloaded_error: later"));
}

TEST(Http, RecognisesAnErrorWithStatus200) {
    for (const char* type : {"application/json", "text/event-stream", "text/plain"}) {
        SCOPED_TRACE(type);
        const std::string body = "\n" + tenon::testing::error_body(529, "later");
        const auto answer =
            answer_to("HTTP/1.1 200 OK\r\ncontent-type: " + std::string(type) +
                      "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("overloaded_error: later"));
        EXPECT_EQ(answer.error().type, "overloaded_error");
        EXPECT_TRUE(answer.error().retryable);
    }
}

/// Sends `before`, and then `again` until the client has gone.
class EndlessServer {
public:
    EndlessServer(std::string before, std::string again)
        : listener_(Poco::Net::SocketAddress("127.0.0.1", 0)) {
        thread_ = std::jthread([this, before = std::move(before),
                                again = std::move(again)](const std::stop_token& stop) {
            auto client = listener_.acceptConnection();
            try {
                client.sendBytes(before.data(), static_cast<int>(before.size()));
                while (!stop.stop_requested()) {
                    client.sendBytes(again.data(), static_cast<int>(again.size()));
                    client.poll(Poco::Timespan(0, 10'000), Poco::Net::Socket::SELECT_ERROR);
                }
            } catch (const Poco::Exception&) {
                return;  // the client has gone
            }
        });
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(listener_.address().port());
    }

private:
    Poco::Net::ServerSocket listener_;
    std::jthread thread_;
};

TEST(Http, GivesUpOnBytesWithoutProgress) {
    const std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    struct Case {
        const char* what;
        std::string before;
        std::string again;
    };
    const std::vector<Case> cases = {
        {"100 Continue", "", "HTTP/1.1 100 Continue\r\n\r\n"},
        {"103 Early Hints", "", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"},
        {"comments", head, "9\r\n: keep\n\n\n\r\n"},
        {"blank lines", head, "1\r\n\n\r\n"},
        {"an event that never ends", head, "7\r\ndata: x\r\n"},
        {"a chunk header that never ends", head + "5;", "x"},
        {"the body of an error", "HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n",
         "1\r\nx\r\n"},
    };
    // Side by side: each takes its time.
    std::vector<std::jthread> askers;
    for (const Case& c : cases) {
        askers.emplace_back([&c] {
            SCOPED_TRACE(c.what);
            const EndlessServer server(c.before, c.again);
            HttpConfig config = patient();
            config.idle_timeout = 600ms;
            Watcher watcher;
            const auto answer =
                provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
            ASSERT_FALSE(answer);
            EXPECT_THAT(answer.error().message,
                        EndsWith("no progress for 1800 ms, though bytes came; "
                                 "that is 3 times model.idleTimeout"));
            EXPECT_TRUE(answer.error().retryable);
        });
    }
}

TEST(Http, WaitsAsLongAsPingsArrive) {
    // Longer than the patience with bytes that are no events, which is 3 s here.
    ModelServer server(
        R"([{"events":[["message_start",{"type":"message_start","message":{"id":"m"}}],)" +
        [] {
            std::string pings;
            for (int i = 0; i < 90; ++i)
                pings += R"(["ping",{"type":"ping"}],)";
            return pings;
        }() +
        R"(["message_delta",{"type":"message_delta","delta":{"stop_reason":"end_turn"}}],
                ["message_stop",{"type":"message_stop"}]],"gap_ms":40}])");
    HttpConfig config = patient();
    config.idle_timeout = 1s;
    Watcher watcher;
    const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
    EXPECT_TRUE(answer) << answer.error().message;
}

TEST(Http, BoundsAHeaderLineThatNeverEnds) {
    const EndlessServer server("HTTP/1.1 200 OK\r\nx: ", std::string(5000, 'x'));
    Watcher watcher;
    const auto answer = provider_for(server.url(), patient())->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().retryable);
}

TEST(Http, KeepsControlCharactersOfAServerOutOfMessages) {
    const std::string body = Json{{"type", "error"},
                                  {"error",
                                   {{"type", "api_error\x1b[2J"},
                                    {"message", "a\x1b]52;c;x\x07\n\r" + std::string("\xC2\x9B") +
                                                    "b" + std::string(5000, 'y')}}}}
                                 .dump();
    const auto answer = answer_to("HTTP/1.1 500 Oops\r\nrequest-id: r\x1b[31m\r\ncontent-length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_FALSE(answer);
    const agent::ModelFailure& failure = answer.error();
    EXPECT_LT(failure.message.size(), 1500U);
    for (const std::string& text : {failure.message, failure.type, failure.request_id}) {
        EXPECT_TRUE(utf8::is_valid(text));
        for (const char c : text)
            EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << text;
        EXPECT_EQ(text.find("\xC2\x9B"), std::string::npos);
    }
}

}  // namespace
}  // namespace tenon::model
