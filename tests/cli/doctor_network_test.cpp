#include <Poco/Pipe.h>
#include <Poco/Process.h>
#include <gtest/gtest.h>

#include "tests/cli/doctor_checks.h"
#include "tests/config/world.h"
#include "tests/support/model_server/server.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using tenon::testing::ModelServer;
using tenon::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Doctor, SaysHowTheServerWouldBeReached) {
    struct Case {
        const char* what;
        std::map<std::string, std::string> variables;
        std::string key, value;
        const char* name;
        CheckStatus status;
        const char* found;
    };
    const Case cases[] = {
        {"the vendor's own", {}, "", "", "server", kOk, "https://api.anthropic.com"},
        {"a wrong address",
         {},
         "model.baseUrl",
         "http://h/?q",
         "server",
         kOk,
         "not looked at, since its address is wrong"},
        {"no proxy", {}, "", "", "proxy", kOk, "none is set"},
        {"of the environment",
         {{"HTTPS_PROXY", "http://u:geheim@p:3128"}},
         "",
         "",
         "proxy",
         kOk,
         "http://p:3128 (of the environment)"},
        {"of the configuration",
         {},
         "model.proxy",
         "http://u:geheim@q:1",
         "proxy",
         kOk,
         "http://q:1"},
        {"not for this host",
         {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", "api.anthropic.com"}},
         "",
         "",
         "proxy",
         kOk,
         "none; NO_PROXY names api.anthropic.com"},
        {"not for http",
         {{"HTTPS_PROXY", "http://p:1"}},
         "model.baseUrl",
         "http://h",
         "proxy",
         kOk,
         "none; HTTPS_PROXY is for https only"},
        {"malformed",
         {{"HTTPS_PROXY", "http://u:geheim@"}},
         "",
         "",
         "proxy",
         kError,
         "proxy (HTTPS_PROXY): names no host; allowed: http://"},
        {"a wrong file",
         {},
         "model.caFile",
         "/nonexistent",
         "certificates",
         kError,
         "/nonexistent): no such file"},
        {"replayed", {}, "model.provider", "replay", "server", kOk, "none is asked"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        config::World world;
        for (const auto& [name, value] : c.variables)
            world.sources.environment[name] = value;
        if (!c.key.empty()) world.define(c.key.c_str(), c.value.c_str());
        const Checks checks = check_network(world.examined());
        const Check& found = check_named(checks, c.name);
        EXPECT_EQ(found.status, c.status);
        EXPECT_THAT(found.found, HasSubstr(c.found));
        EXPECT_EQ(found.remedy.empty(), c.status == kOk);
        for (const Check& check : checks)
            EXPECT_THAT(check.found + check.remedy, Not(HasSubstr("geheim")));
    }
}

TEST(Doctor, LooksAtCertificatesForTheServersOfFallbackModelsToo) {
    config::World world;
    world.define("model.baseUrl", "http://h");
    world.define("model.caFile", "/nonexistent");
    world.define("model.fallback.2.name", "n");
    world.define("model.fallback.2.baseUrl", "https://two");
    const Checks checks = check_network(world.examined());
    EXPECT_THAT(checks.at(2), is_ok("server", "of the fallback model n: https://two"));
    EXPECT_EQ(check_named(checks, "certificates").status, kError);
}

class DoctorOnline : public ::testing::Test {
protected:
    [[nodiscard]] Check reach(const std::string& url, const std::string& key,
                              const std::string& ca_file = {}) const {
        config::World world;
        world.sources.credentials.anthropic = key;
        world.define("model.baseUrl", url.c_str());
        if (!ca_file.empty()) world.define("model.caFile", ca_file.c_str());
        const Checks checks = check_server(world.examined());
        EXPECT_EQ(checks.size(), 1U);
        return checks.at(0);
    }
};

TEST_F(DoctorOnline, SaysWhetherTheServerAcceptsTheKey) {
    ModelServer::Options options;
    options.strict.api_key = "the-right-key";
    ModelServer server(R"([{"content":"never"}])", options);
    EXPECT_THAT(
        reach(server.url(), "the-right-key"),
        is_check("online", kOk, AllOf(StartsWith("reached in "), HasSubstr("accepts the key")),
                 IsEmpty()));
    EXPECT_THAT(reach(server.url(), "a-wrong-key"),
                is_check("online", kError,
                         EndsWith("it refuses the key (HTTP 401), which is "
                                  "ANTHROPIC_API_KEY of the environment"),
                         StartsWith("export ANTHROPIC_API_KEY=")));
    EXPECT_THAT(reach(server.url(), ""),
                is_check("online", kError, HasSubstr("it wants a key (HTTP 401)"), HasSubstr("")));
    EXPECT_EQ(server.lookups().size(), 3U);
    for (const auto& request : server.lookups())
        EXPECT_EQ(request.method + " " + request.path, "GET /v1/models");
}

TEST_F(DoctorOnline, AsksNoServerWhereTheAddressIsWrong) {
    EXPECT_THAT(
        reach("http://h/?q", "a-key"),
        is_check("online", kOk, HasSubstr("since the server's address is wrong"), IsEmpty()));
}

TEST_F(DoctorOnline, TakesAServerWithoutAListOfModelsForReachable) {
    // It refuses what is not below /v1.
    Poco::Net::ServerSocket listener(Poco::Net::SocketAddress("127.0.0.1", 0));
    const std::string url = "http://127.0.0.1:" + std::to_string(listener.address().port());
    struct Case {
        const char* line;
        CheckStatus status;
        const char* found;
    };
    for (const Case& c :
         {Case{"404 Not Found", kOk, "nothing is known of the key"},
          Case{"403 Forbidden", kError, "it refuses the key (HTTP 403)"},
          Case{"301 Moved", kError, "a redirect"}, Case{"529 Overloaded", kWarning, "HTTP 529"}}) {
        SCOPED_TRACE(c.line);
        std::jthread answers([&] {
            auto client = listener.acceptConnection();
            char head[4096];
            (void)client.receiveBytes(head, sizeof head);
            const std::string text =
                "HTTP/1.1 " + std::string(c.line) + "\r\ncontent-length: 0\r\n\r\n";
            client.sendBytes(text.data(), static_cast<int>(text.size()));
        });
        const Check found = reach(url, "a-key");
        EXPECT_EQ(found.status, c.status);
        EXPECT_THAT(found.found, HasSubstr(c.found));
    }
}

TEST_F(DoctorOnline, RepeatsTheWordsOfTheClientWhenItCannotConnect) {
    std::uint16_t port = 0;
    {
        const Poco::Net::ServerSocket closed(Poco::Net::SocketAddress("127.0.0.1", 0));
        port = closed.address().port();
    }
    EXPECT_THAT(
        reach("http://127.0.0.1:" + std::to_string(port), "a-key"),
        is_check("online", kError, HasSubstr("Connection refused"), HasSubstr("model.baseUrl")));
    config::World world;
    EXPECT_THAT(check_server(world.examined()),
                ElementsAre(is_check("online", kError, HasSubstr("want of a key"),
                                     StartsWith("export ANTHROPIC_API_KEY="))));
}

TEST_F(DoctorOnline, UsesTheCertificatesOfARun) {
    const TempDir dir;
    const std::string file = dir / "own.pem", key = dir / "own.key";
    const Poco::Process::Args words = {"req",
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
                                       "/CN=own",
                                       "-addext",
                                       "subjectAltName=IP:127.0.0.1"};
    Poco::Pipe quiet;
    ASSERT_EQ(Poco::Process::launch("openssl", words, nullptr, nullptr, &quiet).wait(), 0);
    ModelServer::Options options;
    options.tls = new Poco::Net::Context(Poco::Net::Context::SERVER_USE, key, file, "",
                                         Poco::Net::Context::VERIFY_NONE);
    ModelServer server(R"([{"content":"never"}])", options);
    EXPECT_THAT(reach(server.url(), "a-key"),
                is_check("online", kError,
                         AllOf(HasSubstr("self-signed certificate"), HasSubstr("model.caFile")),
                         HasSubstr("")));
    EXPECT_EQ(reach(server.url(), "a-key", file).status, kOk);
}

}  // namespace
}  // namespace tenon::cli
