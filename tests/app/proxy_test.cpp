#include "tests/app/network_run.h"
#include "tests/support/tinyproxy.h"

/// Whole runs on a machine that reaches the server through tinyproxy. The proxy's own log says
/// which way a request went.
namespace tenon::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ThroughProxy : public NetworkRun {
protected:
    void SetUp() override {
        if (!Tinyproxy::is_installed()) GTEST_SKIP() << "tinyproxy is not installed";
    }
    static std::string lines(const std::string& text) {
        return std::to_string(std::count(text.begin(), text.end(), '\n'));
    }
    static void expect_no_password(const std::string& text) {
        EXPECT_THAT(text, Not(HasSubstr(Tinyproxy::kPassword)));
        EXPECT_THAT(text, Not(HasSubstr("wr0ng")));
        EXPECT_THAT(text, Not(HasSubstr("dGVub246")));  // "tenon:" in Base64
    }
};

/// Replaces {right}, {address}, {port} in the text.
std::string filled_in(std::string text, const Tinyproxy& proxy, const ModelServer& server) {
    const std::pair<std::string, std::string> values[] = {
        {"{right}", proxy.right_url()},
        {"{address}", proxy.address()},
        {"{port}", std::to_string(server.port())},
    };
    for (const auto& [name, value] : values) {
        if (const auto at = text.find(name); at != text.npos) text.replace(at, name.size(), value);
    }
    return text;
}

TEST_F(ThroughProxy, RequestsGoAsTheConfigurationSays) {
    struct Case {
        std::string base;  // {port} follows
        Environment environment;
        std::vector<std::string> options;
        bool through;
    };
    const std::string host = "https://127.0.0.1:";
    const std::string local = "https://localhost:";
    const auto with = [](const std::string& no_proxy) {
        return Environment{{"HTTPS_PROXY", "{right}"}, {"NO_PROXY", no_proxy}};
    };
    const std::vector<Case> cases = {
        {host, {}, {"-D", "model.proxy={right}"}, true},
        {host, {}, {"-D", "model.proxy=tenon:pass-w0rd.s3cret@{address}"}, true},
        {host, {}, {"-D", "model.proxy=http://te%6Eon:pass%2Dw0rd%2es3cret@{address}/"}, true},
        {host, {}, {}, false},
        {host, {{"HTTPS_PROXY", "{right}"}}, {}, true},
        {host, {{"HTTPS_PROXY", "tenon:pass-w0rd.s3cret@{address}"}}, {}, true},
        {host, {{"https_proxy", "{right}"}}, {}, true},
        {host, {{"https_proxy", "http://127.0.0.1:1"}, {"HTTPS_PROXY", "{right}"}}, {}, true},
        {host, {{"HTTPS_PROXY", "http://127.0.0.1:1"}}, {"-D", "model.proxy={right}"}, true},
        {host, {{"HTTPS_PROXY", "{right}"}}, {"-D", "model.proxy=none"}, false},
        {host, {{"https_proxy", "{right}"}, {"no_proxy", "127.0.0.1"}}, {}, false},
        {host, {{"NO_PROXY", "*"}}, {"-D", "model.proxy={right}"}, false},
        {host, with("127.0.0.1"), {}, false},
        {host, with("other.example, 127.0.0.0/8"), {}, false},
        {host, with("*"), {}, false},
        {host, with("127.0.0.1:{port}"), {}, false},
        {host, with("127.0.0.1:1"), {}, true},
        {host, with("10.0.0.0/8,localhost"), {}, true},
        {local, with("localhost"), {}, false},
        {local, with(".localhost"), {}, false},
        {local, with("LOCALHOST:{port}"), {}, false},
        {local, with("host,local,otherlocalhost"), {}, true},
        {"http://127.0.0.1:", {}, {"-D", "model.proxy={right}"}, true},
        {"http://127.0.0.1:", {{"HTTPS_PROXY", "{right}"}}, {}, false},  // for https alone
    };
    for (const Case& c : cases) {
        const bool tls = c.base.starts_with("https");
        ModelServer server(std::string(kFine), tls ? certificates_->server(certificates_->right)
                                                   : ModelServer::Options{});
        Tinyproxy proxy;
        std::string trace = c.base;
        Environment environment = {{"ANTHROPIC_BASE_URL", c.base + std::to_string(server.port())},
                                   {"SSL_CERT_FILE", certificates_->authority_file}};
        for (const auto& [name, value] : c.environment) {
            environment[name] = filled_in(value, proxy, server);
            trace += " " + name + "=" + value;
        }
        std::vector<std::string> options;
        for (const std::string& option : c.options) {
            options.push_back(filled_in(option, proxy, server));
            trace += " " + option;
        }
        SCOPED_TRACE(trace);
        const CommandResult ran = run(environment, options);
        EXPECT_EQ(ran.output, "fine\n") << ran.errors;
        EXPECT_EQ(server.requests().size(), 1U);
        const std::string line = (tls ? "CONNECT " : "POST ") + c.base.substr(tls ? 8 : 0) +
                                 std::to_string(server.port()) + (tls ? "" : "/v1/messages");
        EXPECT_EQ(proxy.requests(), c.through ? line + " HTTP/1.1\n" : "");
    }
}

TEST_F(ThroughProxy, ARefusalIsFinalAndNamesTheProxyWithoutThePassword) {
    struct Case {
        const char* what;
        std::string base;
        std::string login;
        std::vector<std::string> said;
    };
    ModelServer server(std::string(kFine), certificates_->server(certificates_->right));
    ModelServer plain{std::string(kFine)};
    const std::string right = std::string(Tinyproxy::kUser) + ":" + Tinyproxy::kPassword;
    const std::vector<Case> cases = {
        {"wrong password",
         server.url(),
         "tenon:wr0ng",
         {"CONNECT 127.0.0.1", "it does not accept the user and password", "model.proxy"}},
        {"no password",
         server.url(),
         "",
         {"407", "it wants a user and a password", "model.proxy or HTTPS_PROXY"}},
        {"a filtered host",
         "https://refused.example",
         right,
         {"CONNECT refused.example:443", "403", "do not allow this host"}},
        {"no password for http",
         plain.url(),
         "",
         {"POST http://127.0.0.1", "407", "it wants a user and a password"}},
        {"wrong password for http", plain.url(), "tenon:wr0ng", {"HTTP 401", "through proxy"}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Tinyproxy proxy;
        const CommandResult ran =
            run({{"ANTHROPIC_BASE_URL", c.base}},
                {"-D", "model.proxy=" + (c.login.empty() ? proxy.address() : proxy.url(c.login))});
        EXPECT_EQ(ran.code, 1);
        EXPECT_THAT(ran.errors, HasSubstr("proxy http://" + proxy.address() + ":"));
        for (const std::string& text : c.said)
            EXPECT_THAT(ran.errors, HasSubstr(text));
        expect_no_password(ran.output + ran.errors);
        EXPECT_EQ(lines(proxy.requests()), "1") << "it was asked once";
        EXPECT_EQ(server.connections() + plain.connections(), 0);
    }
    expect_no_password(all_files());
}

TEST_F(ThroughProxy, AProxyThatIsDownIsTriedAgainAndNamed) {
    const std::string address = "127.0.0.1:" + std::to_string(free_port());
    const CommandResult ran = run({{"ANTHROPIC_BASE_URL", "https://models.example"},
                                   {"HTTPS_PROXY", "http://tenon:wr0ng@" + address}});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.errors, HasSubstr("connect to https://models.example through proxy http://" +
                                      address + ": connect to " + address));
    EXPECT_THAT(ran.errors, HasSubstr("after 2 attempts"));
    expect_no_password(ran.output + ran.errors + all_files());
}

TEST_F(ThroughProxy, AServerThatTheProxyCannotReachIsTriedAgain) {
    for (const char* scheme : {"https", "http"}) {
        SCOPED_TRACE(scheme);
        Tinyproxy proxy;
        const CommandResult ran =
            run({{"ANTHROPIC_BASE_URL", scheme + ("://127.0.0.1:" + std::to_string(free_port()))}},
                {"-D", "model.proxy=" + proxy.right_url()});
        EXPECT_EQ(ran.code, 1);
        EXPECT_THAT(ran.errors, HasSubstr("proxy http://" + proxy.address()));
        EXPECT_THAT(ran.errors, HasSubstr("after 2 attempts"));
        EXPECT_EQ(lines(proxy.requests()), "2");
    }
}

TEST_F(ThroughProxy, AnUnusableAddressEndsTheRunBeforeItBegins) {
    struct Case {
        std::string proxy;
        const char* said;
    };
    for (const Case& c : {Case{"https://tenon:wr0ng@127.0.0.1:1", "TLS on the way to the proxy"},
                          Case{"socks5://tenon:wr0ng@127.0.0.1:1", "only HTTP proxies"},
                          Case{"http://tenon:12/wr0ng@127.0.0.1:1", "must not have a path"},
                          Case{"http://tenon:wr0ng/1@127.0.0.1:1", "allowed: http://["}}) {
        SCOPED_TRACE(c.proxy);
        const CommandResult ran =
            run({{"ANTHROPIC_BASE_URL", "https://models.example"}, {"HTTPS_PROXY", c.proxy}});
        EXPECT_EQ(ran.code, 2);
        EXPECT_THAT(ran.errors, HasSubstr("HTTPS_PROXY"));
        EXPECT_THAT(ran.errors, HasSubstr(c.said));
        const CommandResult set = run({{"ANTHROPIC_BASE_URL", "https://models.example"}},
                                      {"-D", "model.proxy=" + c.proxy});
        EXPECT_EQ(set.code, 2);
        EXPECT_THAT(set.errors, HasSubstr("model.proxy"));
        expect_no_password(ran.errors + set.errors + all_files());
    }
}

TEST_F(ThroughProxy, ThePasswordAppearsNowhere) {
    ModelServer server(std::string(kFine), certificates_->server(certificates_->right));
    Tinyproxy proxy;
    const Environment environment = {{"ANTHROPIC_BASE_URL", server.url()},
                                     {"SSL_CERT_FILE", certificates_->authority_file},
                                     {"HTTPS_PROXY", proxy.right_url()}};
    const std::vector<std::vector<std::string>> commands = {
        {"-p", "go", "--log-level", "trace", "--output-format", "stream-json", "--session", "s",
         "--record", (folders_.home / "record.jsonl").string()},
        {"config", "show"},
        {"config", "show", "--json"},
        {"config", "check"},
        {"sessions", "show", "s"}};
    for (const auto& words : commands) {
        SCOPED_TRACE(words.front() + " " + words[1]);
        const CommandResult ran = tenon(words, environment);
        EXPECT_EQ(ran.code, 0) << ran.errors;
        expect_no_password(ran.output + ran.errors);
    }
    expect_no_password(all_files());
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_EQ(server.requests().front().fields.count("proxy-authorization"), 0U);
}

TEST_F(ThroughProxy, ACertificateThatTheProxyMayHaveSignedSaysSo) {
    ModelServer server(std::string(kFine), certificates_->server(certificates_->right));
    Tinyproxy proxy;
    const CommandResult ran =
        run({{"ANTHROPIC_BASE_URL", server.url()}, {"HTTPS_PROXY", proxy.right_url()}});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.errors, HasSubstr("issued by \"CN=Test CA\""));
    EXPECT_THAT(ran.errors, HasSubstr("if the proxy http://" + proxy.address() +
                                      " inspects TLS, this certificate may be its own"));
    EXPECT_EQ(server.connections(), 1) << "it was asked once";
    EXPECT_EQ(server.requests().size(), 0U);
}

}  // namespace
}  // namespace tenon::testing
