#include <gmock/gmock.h>

#include <Poco/Pipe.h>
#include <Poco/Process.h>
#include <gtest/gtest.h>

#include "tests/model/support.h"
#include "tests/support/model_server/server.h"
#include "tests/support/temp_dir.h"

namespace tenon::model {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;
using tenon::testing::ModelServer;
using tenon::testing::TempDir;

/// A certificate for `names` (as in subjectAltName) that is its own authority, and its key.
struct Certificate {
    Certificate(const TempDir& dir, const std::string& stem, const std::string& names)
        : file(dir / (stem + ".pem")), key(dir / (stem + ".key")) {
        const Poco::Process::Args args = {"req",
                                          "-x509",
                                          "-newkey",
                                          "ec",
                                          "-pkeyopt",
                                          "ec_paramgen_curve:prime256v1",
                                          "-nodes",
                                          "-keyout",
                                          key,
                                          "-out",
                                          file,
                                          "-days",
                                          "2",
                                          "-subj",
                                          "/CN=" + stem,
                                          "-addext",
                                          "subjectAltName=" + names};
        Poco::Pipe quiet;  // holds the few lines it prints
        auto made = Poco::Process::launch("openssl", args, nullptr, nullptr, &quiet);
        if (made.wait() != 0) throw std::runtime_error("openssl req failed");
    }
    [[nodiscard]] ModelServer::Options options() const {
        ModelServer::Options options;
        options.tls = new Poco::Net::Context(Poco::Net::Context::SERVER_USE, key, file, "",
                                             Poco::Net::Context::VERIFY_NONE);
        return options;
    }
    std::string file;
    std::string key;
};

class Tls : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        dir_ = new TempDir;
        right_ = new Certificate(*dir_, "right", "IP:127.0.0.1,DNS:localhost");
        wrong_ = new Certificate(*dir_, "wrong", "DNS:elsewhere.example");
    }
    static void TearDownTestSuite() {
        delete wrong_;
        delete right_;
        delete dir_;
    }
    static inline TempDir* dir_ = nullptr;
    static inline Certificate* right_ = nullptr;
    static inline Certificate* wrong_ = nullptr;

    static HttpConfig trusting(const std::string& ca_file) {
        HttpConfig config;
        config.ca_file = ca_file;
        return config;
    }
};

TEST_F(Tls, AsksOverOneVerifiedConnection) {
    ModelServer server(R"([{"content":"safe"},{"content":"and sound"}])", right_->options());
    Watcher watcher;
    const auto provider = provider_for(server.url(), trusting(right_->file));
    for (const char* text : {"safe", "and sound"}) {
        const auto answer = provider->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, text);
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Tls, ChecksTheNameOfLocalhostToo) {
    ModelServer server(R"([{"content":"safe"}])", right_->options());
    Watcher watcher;
    const auto answer =
        provider_for("https://localhost:" + std::to_string(server.port()), trusting(right_->file))
            ->ask(Talk().request(), watcher, {});
    EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(Tls, RefusesUntrustedServers) {
    struct Case {
        const char* what;
        const Certificate* server;
        std::string ca_file;
        std::string host;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"unknown authority", right_, "", "127.0.0.1", "certificate verify failed"},
        {"and the reason", right_, "", "127.0.0.1", "self-signed certificate"},
        {"and whose it is", right_, "", "127.0.0.1", "CN=right"},
        {"and what to do", right_, "", "127.0.0.1", "set model.caFile"},
        {"another authority", right_, wrong_->file, "127.0.0.1", "certificate verify failed"},
        {"wrong address", wrong_, wrong_->file, "127.0.0.1", "certificate"},
        {"wrong name", wrong_, wrong_->file, "localhost", "certificate"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        ModelServer server(R"([{"content":"never"}])", c.server->options());
        Watcher watcher;
        const auto answer = provider_for("https://" + c.host + ":" + std::to_string(server.port()),
                                         trusting(c.ca_file))
                                ->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr(c.message));
        EXPECT_FALSE(answer.error().retryable) << "it would be refused again";
        EXPECT_EQ(server.requests().size(), 0U) << "the key was not sent";
    }
}

TEST_F(Tls, AdvisesNoFileOfAuthoritiesThatTheAdministratorHasLocked) {
    ModelServer server(R"([{"content":"never"}])", right_->options());
    HttpConfig config = trusting("");
    config.ca_lock = "/etc/tenon/tenon.xml:3";
    Watcher watcher;
    const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message,
                HasSubstr("the administrator has locked model.caFile (/etc/tenon/tenon.xml:3)"));
    EXPECT_EQ(answer.error().message.find("SSL_CERT_FILE"), std::string::npos);
}

TEST_F(Tls, RefusesAFileWithoutAuthoritiesBeforeTheFirstRequest) {
    const auto garbage = dir_->write("garbage.pem", "hello");
    struct Case {
        std::string ca_file;
        const char* message;
    };
    for (const Case& c :
         {Case{(*dir_ / "missing.pem").string(), "no such file"},
          Case{right_->key, "no certificate in it"}, Case{garbage.string(), "no certificate in it"},
          Case{"/dev/null", "not a file"}}) {
        SCOPED_TRACE(c.ca_file);
        HttpConfig config = trusting(c.ca_file);
        config.base_url = "https://127.0.0.1";
        const auto client = HttpClient::create(config);
        ASSERT_FALSE(client);
        EXPECT_THAT(client.error().message, HasSubstr("model.caFile"));
        EXPECT_THAT(client.error().message, HasSubstr(c.ca_file));
        EXPECT_THAT(client.error().message, HasSubstr(c.message));
        config.base_url = "http://127.0.0.1";
        EXPECT_TRUE(HttpClient::create(config)) << "without TLS it is not read";
    }
}

TEST_F(Tls, SaysWhereTheAuthoritiesAre) {
    EXPECT_EQ(find_authorities(right_->file).value_or("none"), right_->file);
    EXPECT_FALSE(find_authorities("/nonexistent"));
    const TempDir empty;
    ::setenv("SSL_CERT_FILE", "/nonexistent", 1);
    ::setenv("SSL_CERT_DIR", empty.path().c_str(), 1);
    auto none = find_authorities("");
    empty.write("0a1b2c3d.0", "");
    auto folder = find_authorities("");
    ::setenv("SSL_CERT_FILE", right_->file.c_str(), 1);
    auto file = find_authorities("");
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message,
                HasSubstr("neither in /nonexistent nor in " + empty.path().string()));
    EXPECT_EQ(std::move(folder).value_or("none"), empty.path());
    EXPECT_EQ(std::move(file).value_or("none"), right_->file);
}

TEST_F(Tls, TakesNoAuthoritiesOfTheEnvironmentWhereThatIsNotAllowed) {
    for (const bool allowed : {true, false}) {
        SCOPED_TRACE(allowed);
        ModelServer server(R"([{"content":"safe"}])", right_->options());
        HttpConfig config = trusting("");
        config.ca_variables = allowed;
        const auto provider = provider_for(server.url(), config);
        Watcher watcher;
        ::setenv("SSL_CERT_FILE", right_->file.c_str(), 1);
        const auto answer = provider->ask(Talk().request(), watcher, {});
        const bool of_environment = find_authorities("", allowed).value_or("") == right_->file;
        ::unsetenv("SSL_CERT_FILE");
        EXPECT_EQ(answer.ok(), allowed);
        EXPECT_EQ(of_environment, allowed);
    }
}

TEST_F(Tls, ExplainsAServerWithoutTls) {
    Poco::Net::ServerSocket listener(Poco::Net::SocketAddress("127.0.0.1", 0));
    std::jthread plain([&listener] {
        auto client = listener.acceptConnection();
        const std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
        client.sendBytes(text.data(), static_cast<int>(text.size()));
    });
    Watcher watcher;
    const auto answer =
        provider_for("https://127.0.0.1:" + std::to_string(listener.address().port()),
                     trusting(right_->file))
            ->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("TLS handshake"));
    EXPECT_THAT(answer.error().message, HasSubstr("without TLS, at this https address"));
}

TEST_F(Tls, GivesUpAfterTheIdleTimeoutWhateverTheConnectTimeoutIs) {
    // Listens, but answers neither a handshake nor CONNECT.
    Poco::Net::ServerSocket silent(Poco::Net::SocketAddress("127.0.0.1", 0));
    const std::string address = "127.0.0.1:" + std::to_string(silent.address().port());
    for (const bool through_proxy : {false, true}) {
        SCOPED_TRACE(through_proxy);
        HttpConfig config = trusting(right_->file);
        config.connect_timeout = 24h;
        config.idle_timeout = 200ms;
        if (through_proxy) config.proxy = address;
        Watcher watcher;
        const auto answer =
            provider_for(through_proxy ? "https://api.example" : "https://" + address, config)
                ->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("no answer in time"));
        EXPECT_TRUE(answer.error().retryable);
    }
}

/// Sends single bytes for ever.
class Dribbler {
public:
    Dribbler() : listener_(Poco::Net::SocketAddress("127.0.0.1", 0)) {
        thread_ = std::jthread([this](const std::stop_token& stop) {
            auto client = listener_.acceptConnection();
            try {
                while (!stop.stop_requested() && client.sendBytes("H", 1) == 1)
                    client.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_ERROR);
            } catch (const Poco::Exception&) {
                return;  // the client has had enough
            }
        });
    }
    [[nodiscard]] std::string address() const {
        return "127.0.0.1:" + std::to_string(listener_.address().port());
    }

private:
    Poco::Net::ServerSocket listener_;
    std::jthread thread_;
};

TEST_F(Tls, GivesUpOnAProxyThatSendsBytesForEver) {
    const Dribbler proxy;
    HttpConfig config = trusting(right_->file);
    config.idle_timeout = 300ms;
    config.proxy = proxy.address();
    Watcher watcher;
    const auto answer =
        provider_for("https://api.example", config)->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("no answer in time"));
}

TEST_F(Tls, GivesUpOnAHandshakeThatNobodyAnswers) {
    Poco::Net::ServerSocket silent(Poco::Net::SocketAddress("127.0.0.1", 0));
    HttpConfig config = trusting(right_->file);
    config.connect_timeout = 200ms;
    Watcher watcher;
    const auto answer =
        provider_for("https://127.0.0.1:" + std::to_string(silent.address().port()), config)
            ->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("TLS handshake: no answer in time"));
    EXPECT_TRUE(answer.error().retryable);
}

TEST_F(Tls, GivesUpWhenNoByteArrivesInTime) {
    ModelServer server(R"([{"content":"x","delay_ms":86400000}])", right_->options());
    HttpConfig config = trusting(right_->file);
    config.idle_timeout = 200ms;
    Watcher watcher;
    const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("no byte for 200 ms"));
}

TEST_F(Tls, StopsWhileItWaits) {
    ModelServer server(R"([{"content":"x","delay_ms":86400000}])", right_->options());
    HttpConfig config = trusting(right_->file);
    config.idle_timeout = 24h;
    const auto provider = provider_for(server.url(), config);
    std::stop_source stop;
    std::thread stopper([&] {
        server.wait_for_requests(1);
        stop.request_stop();
    });
    Watcher watcher;
    const auto answer = provider->ask(Talk().request(), watcher, stop.get_token());
    stopper.join();
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().stopped);
}

TEST_F(Tls, SurvivesAConnectionThatIsDropped) {
    for (const char* script : {R"([{"content":"a"},{"raw":""},{"content":"b"}])",
                               R"([{"content":"a"},{"reset":true},{"content":"b"}])",
                               R"([{"content":"a","close":true},{"content":"b"}])"}) {
        SCOPED_TRACE(script);
        ModelServer server(std::string(script), right_->options());
        const auto provider = provider_for(server.url(), trusting(right_->file));
        Watcher watcher;
        ASSERT_TRUE(provider->ask(Talk().request(), watcher, {}));
        const auto answer = provider->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, "b");
    }
}

/// A proxy for one test: records the request, and either opens a tunnel or answers.
class Proxy {
public:
    explicit Proxy(std::string status = "200 OK")
        : listener_(Poco::Net::SocketAddress("127.0.0.1", 0)), status_(std::move(status)) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    [[nodiscard]] std::string address() const {
        return "127.0.0.1:" + std::to_string(listener_.address().port());
    }
    /// The head of its request. Ends the proxy.
    std::string head() {
        thread_.request_stop();
        thread_.join();
        return head_;
    }

private:
    void run(const std::stop_token& stop) {
        while (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) {
            if (stop.stop_requested()) return;
        }
        auto client = listener_.acceptConnection();
        char c = 0;
        while (!head_.ends_with("\r\n\r\n") && client.receiveBytes(&c, 1) == 1)
            head_ += c;
        if (!head_.starts_with("CONNECT ")) {
            const std::string body = tenon::testing::error_body(418, "a teapot");
            write(client, "HTTP/1.1 418 Teapot\r\ncontent-length: " + std::to_string(body.size()) +
                              "\r\n\r\n" + body);
            return;
        }
        write(client, "HTTP/1.1 " + status_ + "\r\nx: y\r\n\r\n");
        if (!status_.starts_with("200")) return;
        Poco::Net::StreamSocket server(
            Poco::Net::SocketAddress(head_.substr(8, head_.find(' ', 8) - 8)));
        while (!stop.stop_requested() && (pump(client, server) && pump(server, client))) {
        }
    }
    static void write(Poco::Net::StreamSocket& to, const std::string& bytes) {
        to.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
    }
    static bool pump(Poco::Net::StreamSocket& from, Poco::Net::StreamSocket& to) {
        if (!from.poll(Poco::Timespan(0, 2'000), Poco::Net::Socket::SELECT_READ)) return true;
        char piece[4096];
        const int n = from.receiveBytes(piece, sizeof piece);
        return n > 0 && to.sendBytes(piece, n) == n;
    }

    Poco::Net::ServerSocket listener_;
    std::string status_;
    std::string head_;
    std::jthread thread_;
};

TEST_F(Tls, GoesThroughTheTunnelOfAProxy) {
    for (const bool from_environment : {false, true}) {
        SCOPED_TRACE(from_environment);
        ModelServer server(R"([{"content":"tunnelled"}])", right_->options());
        Proxy proxy;
        HttpConfig config = trusting(right_->file);
        (from_environment ? config.https_proxy : config.proxy) =
            "http://me:pass@" + proxy.address();
        Watcher watcher;
        const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        const std::string head = proxy.head();
        EXPECT_THAT(head, ::testing::StartsWith("CONNECT 127.0.0.1:" +
                                                std::to_string(server.port()) + " HTTP/1.1\r\n"));
        EXPECT_THAT(head, HasSubstr("Proxy-Authorization: Basic bWU6cGFzcw==\r\n"));
        EXPECT_THAT(head, ::testing::Not(HasSubstr("sk-test-key")));
    }
}

TEST_F(Tls, SaysWhenAProxyRefuses) {
    struct Case {
        const char* status;
        bool retryable;
    };
    for (const Case& c :
         {Case{"407 Proxy Authentication Required", false}, Case{"502 Bad Gateway", true}}) {
        SCOPED_TRACE(c.status);
        Proxy proxy(c.status);
        HttpConfig config;
        config.proxy = "http://me:hush-hush@" + proxy.address();
        Watcher watcher;
        const auto answer =
            provider_for("https://api.example", config)->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr("proxy http://" + proxy.address() +
                                                      ": CONNECT api.example:443: it "
                                                      "answered \"HTTP/1.1 " +
                                                      c.status));
        EXPECT_THAT(answer.error().message, ::testing::Not(HasSubstr("hush")));
        EXPECT_EQ(answer.error().retryable, c.retryable);
    }
}

TEST_F(Tls, SendsAProxyTheWholeUrlForPlainHttp) {
    Proxy proxy;
    HttpConfig config;
    config.proxy = proxy.address();
    Watcher watcher;
    const auto answer =
        provider_for("http://models.example:81/x", config)->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().http_status, 418);
    const std::string head = proxy.head();
    EXPECT_THAT(head,
                ::testing::StartsWith("POST http://models.example:81/x/v1/messages HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("Host: models.example:81\r\n"));
}

TEST_F(Tls, BypassesTheProxyForTheHostsOfNoProxy) {
    struct Case {
        const char* proxy;
        const char* https_proxy;
        const char* no_proxy;
    };
    for (const Case& c : {Case{"http://127.0.0.1:1", "", "127.0.0.0/8"},
                          Case{"", "http://127.0.0.1:1", ""}}) {  // for https only
        ModelServer server(R"([{"content":"direct"}])");
        HttpConfig config;
        config.proxy = c.proxy;
        config.https_proxy = c.https_proxy;
        config.no_proxy = c.no_proxy;
        Watcher watcher;
        const auto answer = provider_for(server.url(), config)->ask(Talk().request(), watcher, {});
        EXPECT_TRUE(answer) << answer.error().message;
    }
}

}  // namespace
}  // namespace tenon::model
