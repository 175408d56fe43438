#include "tests/app/network_run.h"
#include "tests/support/thread_server.h"
#include "tests/support/tunnel.h"

/// Whole runs with message threads: on Anthropic's own address, which a proxy leads to a server of
/// this test, and elsewhere, where they are not used.
namespace tenon::testing {
namespace {

class ThreadRuns : public NetworkRun {
protected:
    static Poco::Net::Context::Ptr tls() {
        static const SignedCertificate certificate({{{"CN", "server"}}, "DNS:api.anthropic.com"},
                                                   &certificates_->authority);
        return certificates_->server(certificate).tls;
    }
    CommandResult run_at(const Tunnel& tunnel, const std::string& prompt,
                         const std::vector<std::string>& options) const {
        std::vector<std::string> words = {"-p", prompt, "--session", "s1"};
        words.insert(words.end(), options.begin(), options.end());
        return tenon(words, {{"HTTPS_PROXY", tunnel.url()},
                             {"SSL_CERT_FILE", certificates_->authority_file}});
    }
    static std::vector<std::string> uses(const ThreadServer& server) {
        std::vector<std::string> all;
        for (const auto& seen : server.seen())
            all.push_back(seen.thread);
        return all;
    }
};

TEST_F(ThreadRuns, ContinueTheThreadOfTheRunBefore) {
    ThreadServer server(0, tls());
    const Tunnel tunnel(server.port());
    const std::vector<std::string> threads = {"-D", "model.threads=true"};
    const CommandResult first = run_at(tunnel, "go", threads);
    EXPECT_EQ(first.output, "answer 1\n") << first.errors;
    const CommandResult second = run_at(tunnel, "and on", threads);
    EXPECT_EQ(second.output, "answer 2\n") << second.errors;
    const CommandResult third = run_at(tunnel, "without", {});
    EXPECT_EQ(third.output, "answer 3\n") << third.errors;
    EXPECT_EQ(uses(server), (std::vector<std::string>{"create", "continue", ""}));
    EXPECT_EQ(server.conversation().size(), 5U);
    EXPECT_EQ(tunnel.requests().at(0), "CONNECT api.anthropic.com:443 HTTP/1.1");
    EXPECT_EQ(server.seen()[1].messages, 1U);
}

TEST_F(ThreadRuns, DoWithoutThemElsewhere) {
    ThreadServer server(0);
    const CommandResult ran =
        run({{"ANTHROPIC_BASE_URL", server.url()}}, {"-D", "model.threads=true"});
    EXPECT_EQ(ran.output, "answer 1\n") << ran.errors;
    EXPECT_EQ(uses(server), std::vector<std::string>{""});
    EXPECT_EQ(server.seen()[0].beta, "");
}

}  // namespace
}  // namespace tenon::testing
