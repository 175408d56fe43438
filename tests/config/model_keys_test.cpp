// The keys of the model: families of keys, keys and addresses of several vendors.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/config/settings_keys.h"
#include "tests/config/world.h"

namespace tenon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

std::vector<std::string> shown(const Settings& settings) {
    std::vector<std::string> out;
    for (const Settings::Model::Fallback& one : settings.model.fallbacks)
        out.push_back(one.provider + " " + one.base_url + " " + one.name);
    return out;
}

TEST(ModelKeys, AreTheSameInBothFormsOfFiles) {
    const std::string properties =
        "model.provider = openai\nmodel.auth = none\nmodel.contextWindow = 8192\n"
        "model.maxTokensField = max_completion_tokens\nmodel.reasoningEffort = high\n"
        "model.threads = true\nmodel.price.input = 3\nmodel.price.output = 15.5\n"
        "model.price.cacheRead = 0.000000001\nmodel.price.cacheWrite = 0\n"
        "model.headers.X-Team = research and more\nmodel.headers.x.dotted = 1\n"
        "model.fallback.2.name = second\nmodel.fallback.1.name = first\n"
        "model.fallback.2.baseUrl = http://h:1/v1\nmodel.fallback.2.provider = anthropic\n";
    const std::string xml =
        "<tenon><model><provider>openai</provider><auth>none</auth>"
        "<contextWindow>8192</contextWindow><maxTokensField>max_completion_tokens</maxTokensField>"
        "<reasoningEffort>high</reasoningEffort><threads>true</threads>"
        "<price><input>3</input><output>15.5</output><cacheRead>0.000000001</cacheRead>"
        "<cacheWrite>0</cacheWrite></price>"
        "<headers><X-Team>research and more</X-Team><x.dotted>1</x.dotted></headers>"
        "<fallback><name>first</name></fallback>"
        "<fallback><provider>anthropic</provider><baseUrl>http://h:1/v1</baseUrl>"
        "<name>second</name></fallback></model></tenon>";
    for (const bool is_xml : {false, true}) {
        SCOPED_TRACE(is_xml ? "XML" : "properties");
        World world;
        if (is_xml) world.dir.write("etc/tenon.xml", xml);
        if (!is_xml) world.system_says(properties);
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_THAT(found.warnings, IsEmpty());
        const Settings::Model& model = found.settings.model;
        EXPECT_EQ(model.provider, "openai");
        EXPECT_EQ(model.auth, "none");
        EXPECT_EQ(model.context_window, 8192);
        EXPECT_EQ(model.max_tokens_field, "max_completion_tokens");
        EXPECT_EQ(model.reasoning_effort, "high");
        EXPECT_TRUE(model.threads);
        EXPECT_EQ(model.price.input, 3);
        EXPECT_EQ(model.price.output, 15.5);
        EXPECT_EQ(model.price.cache_read, 1e-9);
        EXPECT_EQ(model.price.cache_write, 0);
        EXPECT_THAT(model.headers,
                    ElementsAre(Pair("X-Team", "research and more"), Pair("x.dotted", "1")));
        EXPECT_THAT(shown(found.settings),
                    ElementsAre("openai  first", "anthropic http://h:1/v1 second"));
    }
}

TEST(ModelKeys, HaveDefaultsThatChangeNothing) {
    const Settings settings = World().settings();
    EXPECT_EQ(settings.model.auth, "");
    EXPECT_EQ(settings.model.context_window, std::nullopt);
    EXPECT_EQ(settings.model.max_tokens_field, "");
    EXPECT_EQ(settings.model.reasoning_effort, "");
    EXPECT_FALSE(settings.model.threads);
    EXPECT_EQ(settings.model.price.input, std::nullopt);
    EXPECT_THAT(settings.model.headers, IsEmpty());
    EXPECT_THAT(settings.model.fallbacks, IsEmpty());
}

TEST(ModelKeys, RefuseWhatTheyCannotMean) {
    struct Case {
        const char *key, *value, *said;
    };
    const Case cases[] = {
        {"model.provider", "chat", "allowed: anthropic, openai, openai-responses, replay"},
        {"model.auth", "basic", "allowed: x-api-key, bearer, none"},
        {"model.contextWindow", "255", "from 256"},
        {"model.contextWindow", "8k", "from 256"},
        {"model.maxTokensField", "n_predict", "allowed: max_tokens, max_completion_tokens"},
        {"model.reasoningEffort", "", "not empty"},
        {"model.threads", "maybe", "true, false"},
        {"model.price.input", "-1", "a number from 0"},
        {"model.price.output", "1e3", "a number from 0"},
        {"model.price.output", "1.", "a number from 0"},
        {"model.price.cacheRead", ".5", "a number from 0"},
        {"model.price.cacheRead", "$1", "a number from 0"},
        {"model.price.cacheWrite", "1000000.1", "a number from 0"},
        {"model.price.other", "1", "unknown key"},
        {"model.headers.X-Team", "", "not empty"},
        {"model.headers.X-Team", "f\xC3\xBCr", "printable ASCII"},
        {"model.headers.X Team", "a", "the name of an HTTP header field"},
        {"model.headers.X:", "a", "the name of an HTTP header field"},
        {"model.headers.", "a", "the name of an HTTP header field"},
        {"model.headers.Host", "a", "that Tenon does not set itself"},
        {"model.headers.CONTENT-LENGTH", "1", "that Tenon does not set itself"},
        {"model.headers", "a", "allowed: model.headers.NAME"},
        {"model.fallback.name", "a", "model.fallback.N.name, where N is 1"},
        {"model.fallback.0.name", "a", "where N is 1"},
        {"model.fallback.01.name", "a", "where N is 1"},
        {"model.fallback.-1.name", "a", "where N is 1"},
        {"model.fallback.1000.name", "a", "where N is 1"},
        {"model.fallback.1", "a", "model.fallback.N.name"},
        {"model.fallback.1.url", "http://h", "model.fallback.N.baseUrl"},
        {"model.fallback.1.provider", "replay", "anthropic, openai, openai-responses"},
        {"model.fallback.1.baseUrl", "h:1", "http://HOST"},
        {"model.fallback.1.baseUrl", "http://h/v1?x=1", "without a query"},
        {"model.fallback.1.name", "", "not empty"},
        {"model.fallbacks.1.name", "a", "unknown key"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.key) + "=" + c.value);
        World world;
        world.define(c.key, c.value);
        const auto errors = world.examined().errors;
        ASSERT_EQ(errors.size(), 1U);
        EXPECT_THAT(errors[0], HasSubstr(c.said));
        EXPECT_THAT(errors[0], HasSubstr("-D"));
    }
}

TEST(ModelKeys, NameFileAndLineOfAnAddressThatNoRunCouldUse) {
    World world;
    world.user_says("model.name=m\nmodel.baseUrl=http://h/v1?key=t0p\n");
    const auto errors = world.examined().errors;
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_THAT(errors[0], HasSubstr("tenon.properties:2: model.baseUrl: \"http://h/v1?"));
    EXPECT_THAT(errors[0], Not(HasSubstr("t0p")));
}

TEST(ModelKeys, OfAnUntrustedWorkspaceHaveNoEffect) {
    World world;
    world.workspace_says(
        "model.provider=openai\nmodel.auth=none\nmodel.headers.Authorization=Bearer stolen-key\n"
        "model.contextWindow=300\nmodel.maxTokensField=max_tokens\nmodel.reasoningEffort=high\n"
        "model.threads=true\nmodel.fallback.1.name=m\nmodel.fallback.1.baseUrl=http://evil\n"
        "model.fallback.x=1\nmodel.price.input=0\n");
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_EQ(found.warnings.size(), 11U);
    EXPECT_EQ(found.settings.model.provider, "anthropic");
    EXPECT_EQ(found.settings.model.auth, "");
    EXPECT_THAT(found.settings.model.headers, IsEmpty());
    EXPECT_THAT(found.settings.model.fallbacks, IsEmpty());
    EXPECT_EQ(found.settings.model.context_window, std::nullopt);
    EXPECT_FALSE(found.settings.model.threads);
    EXPECT_EQ(found.settings.model.price.input, std::nullopt);
}

TEST(ModelKeys, GiveAFallbackTheProviderAndTheServerOfTheFirstModel) {
    World world;
    world.user_says(
        "model.provider=openai-responses\nmodel.fallback.7.name=m\n"
        "model.fallback.8.name=n\nmodel.fallback.8.provider=anthropic\n");
    world.sources.environment["OPENAI_BASE_URL"] = "http://gateway";
    world.sources.environment["ANTHROPIC_BASE_URL"] = "http://other";
    const Settings settings = world.settings();
    EXPECT_EQ(settings.model.base_url, "http://gateway");
    EXPECT_THAT(shown(settings), ElementsAre("openai-responses http://gateway m", "anthropic  n"));
}

TEST(ModelKeys, OfAFallbackArePutTogetherFromAllLayersInTheOrderOfNumbers) {
    World world;
    world.system_says("model.fallback.10.name=ten\nmodel.fallback.2.name=two\n");
    world.user_says("model.fallback.2.baseUrl=http://h\n");
    world.define("model.fallback.2.name", "other");
    EXPECT_THAT(shown(world.settings()), ElementsAre("anthropic http://h other", "anthropic  ten"));
}

TEST(ModelKeys, OfAFallbackThatAFileNamesAreThoseOfThatFile) {
    const std::string theirs =
        "<tenon><model><fallback><provider>openai</provider><baseUrl>http://company/v1</baseUrl>"
        "<name>theirs</name></fallback><fallback><name>second</name></fallback></model></tenon>";
    World world;
    world.dir.write("etc/tenon.xml", theirs);
    world.user_says("model.fallback.1.name=mine\n");
    EXPECT_THAT(shown(world.settings()), ElementsAre("anthropic  mine", "anthropic  second"));
    for (const char* both : {"model.fallback.1.name=mine\nmodel.fallback.1.baseUrl=http://own\n",
                             "model.fallback.1.baseUrl=http://own\nmodel.fallback.1.name=mine\n"}) {
        world.user_says(both);
        EXPECT_THAT(shown(world.settings()),
                    ElementsAre("anthropic http://own mine", "anthropic  second"));
    }
    world.define("model.fallback.1.name", "other");
    EXPECT_THAT(shown(world.settings()),
                ElementsAre("anthropic http://own other", "anthropic  second"))
        << "an option changes one member";
}

TEST(ModelKeys, WantANameForEachFallback) {
    World world;
    world.user_says("model.fallback.1.name=m\nmodel.fallback.2.baseUrl=http://h\n");
    EXPECT_THAT(world.examined().errors,
                ElementsAre((world.dir / "home/.config/tenon/tenon.properties").string() +
                            ":2: model.fallback.2.baseUrl is set, and model.fallback.2.name is "
                            "not; each fallback model needs a name"));
    world.define("model.fallback.2.name", "n");
    EXPECT_THAT(world.examined().errors, IsEmpty());
}

TEST(ModelKeys, OfHeadersAreTheSameInUpperAndLowerCase) {
    World world;
    world.system_says("model.headers.X-Team=a\n");
    world.user_says("model.headers.x-team=b\n");
    EXPECT_THAT(world.settings().model.headers, ElementsAre(Pair("X-Team", "b")));
    world.user_says("model.headers.x-team=b\nmodel.headers.X-TEAM=c\n");
    EXPECT_THAT(world.examined().errors, ElementsAre(HasSubstr("is given twice")));
}

TEST(ModelKeys, NeverShowCredentialsInHeaders) {
    for (const char* name : {"Authorization", "X-Api-Key", "api-key", "X-Secret", "X-Auth-Token",
                             "X-Access-Token", "Cookie", "Proxy-Authorization"}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(shown_value(std::string("model.headers.") + name, "t0p"), "[redacted]");
    }
    EXPECT_EQ(shown_value("model.headers.X-Team", "a"), "a");
    EXPECT_EQ(shown_value("model.headers.X-Author", "a"), "a");
    EXPECT_EQ(shown_value("model.fallback.1.baseUrl", "http://u:t0p@h"), "http://[redacted]@h");
    World world;
    world.define("model.headers.Authorization", "t0p-secret\xC3\xBC");
    EXPECT_THAT(world.examined().errors, ElementsAre(Not(HasSubstr("t0p"))));
}

TEST(ModelKeys, MakeTheCredentialsInHeadersKnownAsSecrets) {
    World world;
    world.define("model.headers.Authorization", "Bearer t0p-secret-of-a-gateway");
    world.define("model.headers.X-Team", "researchers");
    const Configuration found = world.examined();
    Secrets secrets;
    found.credentials.add_to(secrets);
    EXPECT_EQ(secrets.redact("t0p-secret-of-a-gateway of researchers"),
              "[redacted] of researchers");
    EXPECT_EQ(world.shown("model.headers.Authorization").value, "[redacted]");
    EXPECT_EQ(world.shown("model.headers.X-Team").value, "researchers");
}

TEST(ModelKeys, MakeThePartsOfACredentialInAHeaderKnownAsSecrets) {
    struct Case {
        const char *value, *text, *shown;
    };
    const Case cases[] = {
        {"session=very-secret-1; other=very-secret-2",
         "session=very-secret-1 | very-secret-1 | other=very-secret-2 | very-secret-2",
         "[redacted] | [redacted] | [redacted] | [redacted]"},
        {"session=very-secret-1;t=x", "a very-secret-1.", "a [redacted]."},
        {"id=dmVyeS1zZWNyZXQ==", "dmVyeS1zZWNyZXQ==", "[redacted]"},
        {"Signature id=1,sig=very-secret-3", "very-secret-3", "[redacted]"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.value);
        World world;
        world.define("model.headers.Cookie", one.value);
        Secrets secrets;
        world.examined().credentials.add_to(secrets);
        EXPECT_EQ(secrets.redact(one.text), one.shown);
    }
}

TEST(ModelKeys, MakeThePasswordsOfAddressesKnownAsSecrets) {
    struct Case {
        const char *key, *value, *text, *shown;
    };
    const Case cases[] = {
        {"model.baseUrl", "https://user:very-secret-1@h/v1", "user very-secret-1",
         "user [redacted]"},
        {"model.baseUrl", "https://u:very%40secret-2@h", "very%40secret-2 very@secret-2",
         "[redacted] [redacted]"},
        {"model.baseUrl", "https://long-user-name@h", "long-user-name", "long-user-name"},
        {"model.baseUrl", "https://u:password@h", "password", "password"},
        {"model.proxy", "http://u:very-secret-3@h:1", "very-secret-3", "[redacted]"},
        {"model.fallback.1.baseUrl", "http://u:very-secret-4@h", "very-secret-4", "[redacted]"},
        {"model.baseUrl", "https://long-name-of-a-host/very-long:path@h",
         "long-name-of-a-host very-long:path@h", "long-name-of-a-host very-long:path@h"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.value);
        World world;
        world.define("model.fallback.1.name", "second");
        world.define(one.key, one.value);
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, ::testing::IsEmpty());
        Secrets secrets;
        found.credentials.add_to(secrets);
        EXPECT_EQ(secrets.redact(one.text), one.shown);
    }
}

TEST(ModelKeys, MakeThePasswordsOfVariablesKnownAsSecretsWhateverIsUsed) {
    World world;
    world.sources.environment["HTTPS_PROXY"] = "http://u:very-secret-1%@h:1";
    world.sources.environment["https_proxy"] = "http://u:very-secret-2@h:1";
    world.sources.environment["OPENAI_BASE_URL"] = "http://u:very-secret-3@h:1";
    world.sources.environment["ANTHROPIC_BASE_URL"] = "http://u:very-secret-4@h:1";
    world.define("model.baseUrl", "http://h");
    world.define("model.proxy", "none");
    Secrets secrets;
    world.examined().credentials.add_to(secrets);
    EXPECT_EQ(secrets.redact("very-secret-1% very-secret-2 very-secret-3 very-secret-4"),
              "[redacted] [redacted] [redacted] [redacted]");
}

TEST(ModelKeys, SayWhereTheKeyOfTheProviderComesFrom) {
    struct Case {
        const char *provider, *auth, *header, *origin;
    };
    const Case cases[] = {
        {"anthropic", "", "", "ANTHROPIC_API_KEY of the environment"},
        {"openai", "", "", "OPENAI_API_KEY of the environment"},
        {"openai-responses", "bearer", "", "OPENAI_API_KEY of the environment"},
        {"openai", "none", "", ""},
        {"openai", "", "model.headers.authorization", "model.headers.authorization (-D)"},
        {"openai", "none", "model.headers.api-key", "model.headers.api-key (-D)"},
        {"openai", "", "model.headers.X-Session-Key", "OPENAI_API_KEY of the environment"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.provider) + c.auth + c.header);
        World world;
        world.sources.credentials.anthropic = "a-key";
        world.sources.credentials.openai = "o-key";
        world.define("model.provider", c.provider);
        if (*c.auth != '\0') world.define("model.auth", c.auth);
        if (*c.header != '\0') world.define(c.header, "value");
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(found.settings.model.key_origin, c.origin);
    }
}

TEST(ModelKeys, TakeTheAddressOfTheEnvironmentThatIsForTheProvider) {
    for (const auto& [provider, url] :
         {std::pair("anthropic", "http://a"), std::pair("openai", "http://o"),
          std::pair("openai-responses", "http://o")}) {
        SCOPED_TRACE(provider);
        World world;
        world.sources.environment["ANTHROPIC_BASE_URL"] = "http://a";
        world.sources.environment["OPENAI_BASE_URL"] = "http://o";
        world.define("model.provider", provider);
        EXPECT_EQ(world.settings().model.base_url, url);
    }
}

TEST(ModelKeys, OfAnotherModelOrServerAreLockedWithTheFirst) {
    struct Case {
        const char *machine, *lock;
        bool headers_too, provider_too;
    };
    const Case cases[] = {
        {"model.baseUrl=https://ours\n", "model.baseUrl", true, false},
        {"", "model.baseUrl", true, true},
        {"model.provider=anthropic\n", "model.provider", false, true},
        {"model.name=m\n", "model.name", false, false},
        {"", "model", true, true},
        {"", "model.fallback", false, false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.machine) + c.lock);
        World world;
        world.system_says(std::string(c.machine) + "model.fallback.1.name=theirs\nfinal=" + c.lock +
                          "\n");
        world.user_says(
            "model.fallback.1.name=mine\nmodel.fallback.2.name=other\n"
            "model.fallback.1.baseUrl=http://mine\nmodel.headers.X-Route=mine\n");
        world.define("model.provider", "openai");
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(found.settings.model.provider, c.provider_too ? "anthropic" : "openai");
        EXPECT_EQ(found.settings.model.headers.empty(), c.headers_too);
        const Settings::Model& first = found.settings.model;
        EXPECT_THAT(shown(found.settings),
                    ElementsAre(first.provider + " " + first.base_url + " theirs"));
        const std::size_t left_out = 3U + (c.headers_too ? 1U : 0U) + (c.provider_too ? 1U : 0U);
        EXPECT_EQ(found.warnings.size(), left_out);
        EXPECT_THAT(found.warnings, ::testing::Each(HasSubstr("is left out")));
    }
}

TEST(ModelKeys, CanBeLockedOneByOneAndAsFamilies) {
    World world;
    world.dir.write("etc/tenon.xml",
                    "<tenon><model><headers><X-Team final=\"true\">a</X-Team></headers>"
                    "<fallback final=\"true\"><name>theirs</name></fallback></model></tenon>");
    world.user_says("model.headers.x-team=b\nmodel.headers.X-Other=c\nmodel.fallback.2.name=m\n");
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_THAT(found.settings.model.headers,
                ElementsAre(Pair("X-Other", "c"), Pair("X-Team", "a")));
    EXPECT_THAT(shown(found.settings), ElementsAre("anthropic  theirs"));
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("model.headers.X-Team: \"b\" is left out"),
                                            HasSubstr("model.fallback.2.name")));
}

}  // namespace
}  // namespace tenon::config
