#pragma once

#include <gmock/gmock.h>
#include <memory>

#include <gtest/gtest.h>

#include "tests/runs/run_folders.h"
#include "tests/support/certificates.h"

namespace tenon::testing {

/// A directory with a private authority and the certificates that it has signed.
class Certificates {
public:
    std::string write(const std::string& name, const std::string& text) const {
        return dir_.write(name, text).string();
    }
    /// A server with this certificate; the others of the chain follow it.
    [[nodiscard]] ModelServer::Options server(const SignedCertificate& certificate,
                                              const std::string& chain = "") const {
        ModelServer::Options options;
        options.tls = new Poco::Net::Context(
            Poco::Net::Context::SERVER_USE, write("server.key", certificate.key_pem()),
            write("server.pem", certificate.pem() + chain), "", Poco::Net::Context::VERIFY_NONE);
        return options;
    }

    SignedCertificate authority{{{{"CN", "Test CA"}}, "", true}};
    SignedCertificate right{{{{"CN", "server"}}, "IP:127.0.0.1,DNS:localhost"}, &authority};

private:
    TempDir dir_;

public:
    std::string authority_file = write("ca.pem", authority.pem());
};

/// Runs of the real program against servers on this machine. Nothing of this process's environment
/// reaches them. They may try twice, at once.
class NetworkRun : public ::testing::Test {
protected:
    /// `tenon -p go` with these variables and options.
    [[nodiscard]] CommandResult run(const Environment& more,
                                    const std::vector<std::string>& options = {}) const {
        std::vector<std::string> words = {"-p", "go"};
        words.insert(words.end(), options.begin(), options.end());
        return tenon(words, more);
    }
    [[nodiscard]] CommandResult tenon(std::vector<std::string> words,
                                      const Environment& more) const {
        words.insert(words.begin(), TENON_PROGRAM);
        words.insert(words.end(),
                     {"-D", "model.retry.maxAttempts=2", "-D", "model.retry.baseDelayMs=1"});
        Environment environment = folders_.environment();
        environment["ANTHROPIC_API_KEY"] = "test-key-0123456789";
        environment["TENON_MODEL"] = "test-model";
        for (const auto& [name, value] : more)
            environment[name] = value;
        Process process(words, environment, folders_.workspace());
        const auto exit = process.wait();
        return {exit.code, process.output, process.errors};
    }
    /// The text of all files that the runs have left.
    [[nodiscard]] std::string all_files() const {
        std::string all;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(folders_.home.path())) {
            if (entry.is_regular_file()) all += folders_.home.read(entry.path());
        }
        return all;
    }

    static void SetUpTestSuite() { certificates_ = new Certificates; }
    static void TearDownTestSuite() {
        delete certificates_;
        certificates_ = nullptr;
    }
    static inline Certificates* certificates_ = nullptr;
    RunFolders folders_;
};

constexpr const char* kFine = R"([{"content":"fine","repeat":0}])";

}  // namespace tenon::testing
