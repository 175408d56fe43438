#include "tests/app/network_run.h"

/// Whole runs against servers whose certificates a private authority has signed.
namespace tenon::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PrivateAuthority : public NetworkRun {
protected:
    static Environment address(const std::string& host, const ModelServer& server) {
        return {{"ANTHROPIC_BASE_URL", "https://" + host + ":" + std::to_string(server.port())}};
    }
    /// A directory of authorities with this one under `name`.
    [[nodiscard]] std::string directory(const std::string& stem, const std::string& name) const {
        certificates_->write(stem + "/" + name, certificates_->authority.pem());
        return std::filesystem::path(certificates_->authority_file).replace_filename(stem).string();
    }
};

TEST_F(PrivateAuthority, IsTrustedWhenAKeyOrVariableNamesIt) {
    struct Case {
        const char* what;
        std::string variable, key;
    };
    const std::string file = certificates_->authority_file;
    const std::string bundle = certificates_->write(
        "bundle.pem", "# two authorities\n" +
                          SignedCertificate({{{"CN", "Other CA"}}, "", true}).pem() +
                          certificates_->authority.pem());
    for (const Case& c :
         {Case{"model.caFile", "", file}, Case{"SSL_CERT_FILE", file, ""},
          Case{"the key is the stronger one", "/none.pem", file},
          Case{"the second of a bundle", "", bundle},
          Case{"a directory", "", directory("hashed", certificates_->authority.hash_name())}}) {
        SCOPED_TRACE(c.what);
        ModelServer server(std::string(kFine), certificates_->server(certificates_->right));
        Environment environment = address("localhost", server);
        if (!c.variable.empty()) environment["SSL_CERT_FILE"] = c.variable;
        std::vector<std::string> options;
        if (!c.key.empty()) options = {"-D", "model.caFile=" + c.key};
        const CommandResult ran = run(environment, options);
        EXPECT_EQ(ran.output, "fine\n") << ran.errors;
    }
}

TEST_F(PrivateAuthority, ACertificateThatCannotBeVerifiedIsRefusedOnceAndExplained) {
    const NameEntries subject = {{"CN", "server"}};
    const std::string hosts = "IP:127.0.0.1,DNS:localhost";
    const SignedCertificate& ca = certificates_->authority;
    const SignedCertificate alone({subject, hosts});
    const SignedCertificate expired({subject, hosts, false, -3 * kDay, -kDay}, &ca);
    const SignedCertificate future({subject, hosts, false, kDay, 3 * kDay}, &ca);
    const SignedCertificate elsewhere(
        {subject, "DNS:models.example,DNS:*.models.example,IP:10.1.2.3"}, &ca);
    const SignedCertificate nameless({{{"CN", "other"}}, ""}, &ca);
    const SignedCertificate twin({{{"CN", "Test CA"}}, "", true});
    const SignedCertificate by_twin({subject, hosts}, &twin);
    const SignedCertificate between({{{"CN", "Between CA"}}, "", true}, &ca);
    const SignedCertificate by_between({subject, hosts}, &between);
    const SignedCertificate stale({{{"CN", "Stale CA"}}, "", true, -3 * kDay, -kDay}, &ca);
    const SignedCertificate by_stale({subject, hosts}, &stale);
    const std::string trusted = certificates_->authority_file;
    const std::string other = certificates_->write(
        "other.pem", SignedCertificate({{{"CN", "Other CA"}}, "", true}).pem());
    const std::string issuer = "issued by \"CN=Test CA\"";
    const std::string key = "set model.caFile (or SSL_CERT_FILE)";
    struct Case {
        const char* what;
        const SignedCertificate* certificate;
        std::string chain, ca_file, host;
        std::vector<std::string> said;
    };
    const std::vector<Case> cases = {
        {"unknown authority",
         &certificates_->right,
         "",
         "",
         "127.0.0.1",
         {"authority is unknown here", "certificate of \"CN=server\"", issuer, key}},
        {"the server sends it",
         &certificates_->right,
         ca.pem(),
         "",
         "127.0.0.1",
         {"authority is unknown here", issuer, key}},
        {"another authority",
         &certificates_->right,
         "",
         other,
         "127.0.0.1",
         {"authority is unknown here", issuer, key}},
        {"an authority of that name",
         &by_twin,
         "",
         trusted,
         "127.0.0.1",
         {"authority", issuer, key}},
        {"self-signed",
         &alone,
         "",
         trusted,
         "127.0.0.1",
         {"self-signed certificate", "issued by \"CN=server\"", key}},
        {"no intermediate",
         &by_between,
         "",
         trusted,
         "127.0.0.1",
         {"an authority in between", "issued by \"CN=Between CA\"", key}},
        {"expired",
         &expired,
         "",
         trusted,
         "127.0.0.1",
         {"has expired", "valid until 20", "clock of this machine says 20", "correct the clock"}},
        {"expired above",
         &by_stale,
         stale.pem(),
         trusted,
         "127.0.0.1",
         {"has expired", "certificate of \"CN=Stale CA\"", issuer, "valid until 20"}},
        {"not yet valid",
         &future,
         "",
         trusted,
         "127.0.0.1",
         {"not yet valid", "valid from 20", "clock of this machine says 20", "correct the clock"}},
        {"another host",
         &elsewhere,
         "",
         trusted,
         "localhost",
         {"does not belong to localhost",
          "it is for \"models.example\", \"*.models.example\", "
          "10.1.2.3 (" +
              issuer,
          "model.baseUrl"}},
        {"another address",
         &elsewhere,
         "",
         trusted,
         "127.0.0.1",
         {"does not belong to 127.0.0.1", "model.baseUrl"}},
        {"no host at all",
         &nameless,
         "",
         trusted,
         "localhost",
         {"does not belong to localhost", "it is for no host", "model.baseUrl"}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        ModelServer server(std::string(kFine), certificates_->server(*c.certificate, c.chain));
        std::vector<std::string> options;
        if (!c.ca_file.empty()) options = {"-D", "model.caFile=" + c.ca_file};
        const CommandResult ran = run(address(c.host, server), options);
        EXPECT_EQ(ran.code, 1);
        EXPECT_EQ(ran.output, "");
        for (const std::string& text : c.said)
            EXPECT_THAT(ran.errors, HasSubstr(text));
        EXPECT_THAT(ran.errors, Not(HasSubstr("proxy http")));
        EXPECT_EQ(server.connections(), 1) << "it was asked once";
        EXPECT_EQ(server.requests().size(), 0U) << "the key was not sent";
    }
}

TEST_F(PrivateAuthority, AnIntermediateThatTheServerSendsIsFollowed) {
    const SignedCertificate between({{{"CN", "Between CA"}}, "", true}, &certificates_->authority);
    const SignedCertificate leaf({{{"CN", "server"}}, "DNS:localhost"}, &between);
    ModelServer server(std::string(kFine), certificates_->server(leaf, between.pem()));
    const CommandResult ran =
        run(address("localhost", server), {"-D", "model.caFile=" + certificates_->authority_file});
    EXPECT_EQ(ran.output, "fine\n") << ran.errors;
}

TEST_F(PrivateAuthority, NamesInCertificatesAreShownVisiblyAndCut) {
    const std::string evil = "\x1b[2Jtenon: all is well\n\xE2\x80\xAE";
    const std::string filler(60, 'x');
    const SignedCertificate forger({{{"O", filler}, {"OU", filler}, {"CN", evil}}, "", true});
    const SignedCertificate leaf({{{"CN", "server"}}, "DNS:localhost"}, &forger);
    ModelServer server(std::string(kFine), certificates_->server(leaf));
    const CommandResult ran = run(address("localhost", server));
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.errors, HasSubstr("all is well"));
    for (const std::string& raw : {std::string("\x1b"), std::string("\xE2\x80\xAE"),
                                   std::string("\ntenon: all"), filler + "," + "O"})
        EXPECT_THAT(ran.errors, Not(HasSubstr(raw)));
}

TEST_F(PrivateAuthority, AFileWithoutAuthoritiesEndsTheRunBeforeItBegins) {
    const std::string pem = certificates_->authority.pem();
    struct Case {
        std::string file;
        const char* said;
    };
    const std::vector<Case> cases = {
        {certificates_->authority_file + ".none", "no such file"},
        {certificates_->write("empty.pem", ""), "the file is empty"},
        {certificates_->write("text.pem", "hello\n"), "there is no certificate in it"},
        {certificates_->write("key.pem", certificates_->right.key_pem()),
         "there is no certificate in it"},
        {certificates_->write("ca.der", certificates_->authority.der()), "it looks like DER"},
        {certificates_->write("cut.pem", pem.substr(0, pem.size() / 2)),
         "its first certificate is damaged"},
        {certificates_->write("damaged.pem", std::string(pem).replace(60, 8, "????????")),
         "its first certificate is damaged"},
        {directory("unhashed", "ca.pem"), "openssl rehash"},
        {"/dev/null", "not a file"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.file);
        for (const bool variable : {false, true}) {
            if (variable && &c != &cases.front()) continue;
            Environment environment = {{"ANTHROPIC_BASE_URL", "https://127.0.0.1:1"}};
            std::vector<std::string> options;
            if (variable) {
                environment["SSL_CERT_FILE"] = c.file;
            } else {
                options = {"-D", "model.caFile=" + c.file};
            }
            const CommandResult ran = run(environment, options);
            EXPECT_EQ(ran.code, 2);
            EXPECT_THAT(ran.errors, HasSubstr("model.caFile or SSL_CERT_FILE, " + c.file));
            EXPECT_THAT(ran.errors, HasSubstr(c.said));
        }
    }
}

TEST_F(NetworkRun, ALocalServerNeedsNoKey) {
    ModelServer::Options options;
    options.strict.needs_key = false;
    ModelServer server(std::string(kFine), options);
    folders_.home.write(".config/tenon/tenon.properties",
                        "model.baseUrl=" + server.url() + "\nmodel.name=local-model\n");
    const CommandResult ran = run({{"ANTHROPIC_API_KEY", ""}, {"TENON_MODEL", ""}});
    EXPECT_EQ(ran.output, "fine\n") << ran.errors;
    EXPECT_EQ(ran.errors, "");
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].path, "/v1/messages");
    EXPECT_EQ(requests[0].fields.count("x-api-key") + requests[0].fields.count("authorization"),
              0U);
    EXPECT_THAT(requests[0].body, HasSubstr("\"local-model\""));
}

TEST_F(NetworkRun, TheVendorsOwnServerNeedsAKey) {
    for (const char* base : {"", "https://api.anthropic.com", "https://API.anthropic.com/v1"}) {
        SCOPED_TRACE(base);
        const CommandResult ran = run({{"ANTHROPIC_API_KEY", ""}, {"ANTHROPIC_BASE_URL", base}});
        EXPECT_EQ(ran.code, 2);
        EXPECT_THAT(ran.errors, HasSubstr("ANTHROPIC_API_KEY"));
    }
}

}  // namespace
}  // namespace tenon::testing
