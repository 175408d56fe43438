// Whole runs: which requests carry a key, and how.
#include "tests/app/network_run.h"

namespace tenon::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTestKey = "test-key-0123456789";

class KeysOfRuns : public NetworkRun {};

TEST_F(KeysOfRuns, GoAsTheConfigurationSays) {
    struct Case {
        const char* about;
        std::vector<std::string> settings;
        std::string x_api_key, authorization;
    };
    const Case cases[] = {
        {"by default", {}, kTestKey, ""},
        {"x-api-key", {"model.auth=x-api-key"}, kTestKey, ""},
        {"bearer", {"model.auth=bearer"}, "", "Bearer " + kTestKey},
        {"none", {"model.auth=none"}, "", ""},
        {"a field in its place",
         {"model.headers.Authorization=Bearer a-token-of-a-gateway"},
         "",
         "Bearer a-token-of-a-gateway"},
        {"the same field", {"model.headers.X-API-Key=another-key"}, "another-key", ""},
        {"another field", {"model.headers.X-Team=research"}, kTestKey, ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.about);
        ModelServer::Options options;
        options.strict.needs_key = !(c.x_api_key.empty() && c.authorization.empty());
        const ModelServer server(kFine, options);
        std::vector<std::string> settings;
        for (const std::string& setting : c.settings)
            settings.insert(settings.end(), {"-D", setting});
        const CommandResult ran = run({{"ANTHROPIC_BASE_URL", server.url()}}, settings);
        EXPECT_EQ(ran.code, 0) << ran.errors;
        auto fields = server.requests().at(0).fields;
        EXPECT_EQ(fields["x-api-key"], c.x_api_key);
        EXPECT_EQ(fields["authorization"], c.authorization);
        EXPECT_EQ(fields.count("x-team"), c.about == std::string("another field") ? 1U : 0U);
        EXPECT_THAT(all_files(), Not(HasSubstr("a-token-of-a-gateway")));
    }
}

TEST_F(KeysOfRuns, AreNotNeededWhereTheServerAsksForNone) {
    ModelServer::Options options;
    options.strict.needs_key = false;
    const ModelServer server(kFine, options);
    const CommandResult ran =
        run({{"ANTHROPIC_BASE_URL", server.url()}, {"ANTHROPIC_API_KEY", ""}});
    EXPECT_EQ(ran.code, 0) << ran.errors;
    EXPECT_EQ(server.refusals(), 0);
}

TEST_F(KeysOfRuns, AreAskedForByTheirVariableWhenTheServerWantsOne) {
    struct Case {
        int status;
        std::vector<std::string> settings;
        const char *key, *said;
    };
    const Case cases[] = {
        {401, {}, "", "; no key was sent: set ANTHROPIC_API_KEY\n"},
        {403, {}, "", "; no key was sent: set ANTHROPIC_API_KEY\n"},
        {401, {"-D", "model.auth=none"}, "a-key-0123456789", "no key was sent: model.auth is none"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.said);
        const ModelServer server(R"([{"status":)" + std::to_string(c.status) + ",\"repeat\":0}]");
        const CommandResult ran =
            run({{"ANTHROPIC_BASE_URL", server.url()}, {"ANTHROPIC_API_KEY", c.key}}, c.settings);
        EXPECT_EQ(ran.code, 1);
        EXPECT_THAT(ran.errors, HasSubstr(c.said));
    }
}

TEST_F(KeysOfRuns, AreNamedByTheirOriginAndTheirFieldWhenTheServerRefusesThem) {
    struct Case {
        std::vector<std::string> settings;
        const char* said;
    };
    const Case cases[] = {
        {{},
         "; the key (ANTHROPIC_API_KEY of the environment) was sent as x-api-key "
         "(model.auth=bearer "
         "sends it as Authorization: Bearer)\n"},
        {{"-D", "model.auth=bearer"},
         "; the key (ANTHROPIC_API_KEY of the environment) was sent as Authorization: Bearer "
         "(model.auth=x-api-key sends it as x-api-key)\n"},
        {{"-D", "model.headers.X-API-Key=a-token-of-a-gateway"},
         "; the key that was sent is model.headers.X-API-Key (-D)\n"},
    };
    for (const int status : {401, 403}) {
        for (const Case& c : cases) {
            SCOPED_TRACE(c.said);
            const ModelServer server(R"([{"status":)" + std::to_string(status) + ",\"repeat\":0}]");
            const CommandResult ran = run({{"ANTHROPIC_BASE_URL", server.url()}}, c.settings);
            EXPECT_EQ(ran.code, 1);
            EXPECT_THAT(ran.errors, HasSubstr(c.said));
            EXPECT_THAT(ran.errors, Not(HasSubstr(kTestKey)));
            EXPECT_THAT(ran.errors, Not(HasSubstr("a-token-of-a-gateway")));
        }
    }
    const ModelServer server(R"([{"status":401,"repeat":0}])");
    const std::string with_user = "http://me:hush-hush@" + server.url().substr(7);
    const CommandResult by_user =
        run({{"ANTHROPIC_BASE_URL", with_user}, {"ANTHROPIC_API_KEY", ""}});
    EXPECT_THAT(by_user.errors, HasSubstr("; user and password of the address were sent as "
                                          "Authorization: Basic\n"));
    EXPECT_THAT(by_user.errors, Not(HasSubstr("hush-hush")));
    const CommandResult ran = run({{"OPENAI_BASE_URL", server.url()}, {"OPENAI_API_KEY", kTestKey}},
                                  {"--provider", "openai"});
    EXPECT_THAT(ran.errors,
                HasSubstr("; the key (OPENAI_API_KEY of the environment) was sent as "
                          "Authorization: Bearer (model.auth=x-api-key sends it as x-api-key)\n"));
}

TEST_F(KeysOfRuns, AreThoseOfTheProvider) {
    struct Case {
        const char *provider, *variable;
    };
    for (const Case& c : {Case{"anthropic", "ANTHROPIC_API_KEY"}, Case{"openai", "OPENAI_API_KEY"},
                          Case{"openai-responses", "OPENAI_API_KEY"}}) {
        SCOPED_TRACE(c.provider);
        const Environment neither = {{"ANTHROPIC_API_KEY", ""}};
        const CommandResult ran = run(neither, {"--provider", c.provider});
        EXPECT_EQ(ran.code, 2);
        EXPECT_THAT(ran.errors, HasSubstr(std::string("no key for the provider ") + c.provider));
        EXPECT_THAT(ran.errors, HasSubstr(std::string("export ") + c.variable + "=YOUR-KEY"));
    }
}

}  // namespace
}  // namespace tenon::testing
