#include "host/session/run_setup.h"

#include <fstream>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/session/run_needs.h"
#include "tests/config/world.h"

namespace tenon::session {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct WorldWithKey : config::World {
    WorldWithKey() { sources.credentials.anthropic = "a-key"; }
};

Result<std::unique_ptr<RunSetup>> prepared(const config::World& world,
                                           const RunRequest& request = {}) {
    return prepare_run(world.examined(), request);
}

TEST(RunSetup, AsksASessionForAnotherModelOnlyWhereTheCommandLineNamesOne) {
    WorldWithKey world;
    const auto expect = [&](const std::string& used, const std::optional<std::string>& asked) {
        SCOPED_TRACE(used);
        const auto setup = prepared(world);
        ASSERT_TRUE(setup) << setup.error().message;
        EXPECT_EQ((*setup)->settings.model.name, used);
        EXPECT_EQ((*setup)->model, asked);
    };
    world.user_says("model.name=of-file\n");
    expect("of-file", std::nullopt);
    world.sources.environment["TENON_MODEL"] = "of-variable";
    expect("of-variable", std::nullopt);
    world.option_says("model.name", "of-option", "--model");
    expect("of-option", "of-option");
    world.define("model.name", "of-define");
    expect("of-define", "of-define");
}

TEST(RunSetup, AsksASessionForTheModelThatIsLocked) {
    WorldWithKey world;
    world.system_says("model.name=locked\nfinal=model.name\n");
    world.sources.environment["TENON_MODEL"] = "of-variable";
    world.option_says("model.name", "of-option", "--model");
    const auto setup = prepared(world);
    ASSERT_TRUE(setup) << setup.error().message;
    EXPECT_EQ((*setup)->settings.model.name, "locked");
    EXPECT_EQ((*setup)->model, "locked") << "a session may have been begun with another";
}

TEST(RunSetup, ABudgetOfMoneyNeedsAPrice) {
    WorldWithKey world;
    RunRequest request;
    request.budget.money = agent::Money::of_dollars(0.5);
    for (const char* prices : {"", "model.price.cacheRead=1\nmodel.price.cacheWrite=1\n"}) {
        world.user_says("model.name=m\n" + std::string(prices));
        const auto setup = prepared(world, request);
        ASSERT_FALSE(setup);
        EXPECT_THAT(setup.error().message, HasSubstr("--max-budget-usd needs the prices"));
        EXPECT_THAT(setup.error().message, HasSubstr("model.price.output"));
    }
    world.user_says("model.name=m\nmodel.price.output=10\n");
    const auto setup = prepared(world, request);
    ASSERT_TRUE(setup) << setup.error().message;
    (*setup)->spending->add({1'000, 50'000, 0, 0}, false);
    EXPECT_EQ((*setup)->spending->cost(), request.budget.money);
    EXPECT_TRUE((*setup)->spending->over_budget());

    request.budget = {std::nullopt, 100};
    world.user_says("model.name=m\n");
    const auto unpriced = prepared(world, request);
    ASSERT_TRUE(unpriced) << unpriced.error().message;
    EXPECT_EQ((*unpriced)->spending->cost(), std::nullopt);
}

TEST(RunSetup, SaysWhatIsMissing) {
    config::World world;
    const std::string folder = (world.dir / "home/.config/tenon").string();
    EXPECT_EQ(prepared(world).error().message,
              "no model is named, and no key for the provider anthropic is set:\n"
              "  export ANTHROPIC_API_KEY=YOUR-KEY\n"
              "  tenon --model NAME\n"
              "  (to keep the name: export TENON_MODEL=NAME, or "
              "<tenon><model><name>NAME</name></model></tenon> in " +
                  folder +
                  "/tenon.xml)\n"
                  "  (or use a server of your own, without a key: "
                  "-D model.baseUrl=http://HOST:PORT)\n"
                  "`tenon doctor` checks everything else.");
    world.user_says("model.maxTokens=4096\n");
    world.sources.credentials.anthropic = "a-key";
    EXPECT_EQ(prepared(world).error().message,
              "no model is named:\n"
              "  tenon --model NAME\n"
              "  (to keep the name: export TENON_MODEL=NAME, or model.name=NAME in " +
                  folder +
                  "/tenon.properties)\n"
                  "`tenon doctor` checks everything else.");
    world.sources.credentials.anthropic.clear();
    world.user_says("model.name=m\n");
    EXPECT_EQ(prepared(world).error().message,
              "no key for the provider anthropic is set:\n"
              "  export ANTHROPIC_API_KEY=YOUR-KEY\n"
              "  (or use a server of your own, without a key: -D model.baseUrl=http://HOST:PORT)\n"
              "`tenon doctor` checks everything else.");
    world.define("model.baseUrl", "http://127.0.0.1:8080");
    EXPECT_TRUE(prepared(world)) << "a server of one's own needs no key";
    world.overrides.defines.clear();
    world.sources.credentials.anthropic = "a-key";
    EXPECT_TRUE(prepared(world));
    world.overrides.plugin_dirs = {"missing"};
    EXPECT_EQ(prepared(world).error().message,
              "--plugin-dir " + (world.dir / "ws/missing").string() + ": no such directory");
    world.overrides.plugin_dirs.clear();
    RunRequest request;
    request.continue_last = true;
    EXPECT_THAT(prepared(world, request).error().message, HasSubstr("--continue"));
}

TEST(RunSetup, SaysWhichVariablesAnotherProviderWouldUse) {
    struct Row {
        const char *provider, *key, *url, *said;
    };
    const auto set_key = [](config::World& world, std::string_view provider, const char* key) {
        (provider == "anthropic" ? world.sources.credentials.openai
                                 : world.sources.credentials.anthropic) = key;
    };
    for (const Row& row :
         {Row{"anthropic", "a-key", "",
              "\n  (OPENAI_API_KEY is set: tenon --provider openai uses it)\n"},
          Row{"anthropic", "", "http://h:1",
              "\n  (OPENAI_BASE_URL is set: tenon --provider openai uses it)\n"},
          Row{"anthropic", "a-key", "http://h:1",
              "\n  (OPENAI_API_KEY and OPENAI_BASE_URL are set: tenon --provider openai uses "
              "them)\n"},
          Row{"openai-responses", "a-key", "",
              "\n  (ANTHROPIC_API_KEY is set: tenon --provider anthropic uses it)\n"}}) {
        SCOPED_TRACE(row.said);
        config::World world;
        world.user_says("model.provider=" + std::string(row.provider) + "\n");
        set_key(world, row.provider, row.key);
        world.sources.environment["OPENAI_BASE_URL"] = row.url;
        EXPECT_THAT(prepared(world).error().message, HasSubstr(row.said));
    }
    config::World world;
    world.system_says("final=model.provider\n");
    world.sources.credentials.openai = "a-key";
    EXPECT_THAT(prepared(world).error().message, Not(HasSubstr("--provider")));
}

TEST(RunSetup, NamesNoFileForTheModelWithoutADirectoryOfConfiguration) {
    config::Settings settings;
    EXPECT_EQ(how_to_give({true, false}, settings),
              "tenon --model NAME\n(to keep the name: export TENON_MODEL=NAME, or model.name in "
              "the configuration)");
}

TEST(RunSetup, SaysWhichKeyAFallbackModelNeeds) {
    WorldWithKey world;
    world.user_says(
        "model.name=m\nmodel.fallback.1.provider=openai-responses\nmodel.fallback.1.name=gpt\n");
    EXPECT_EQ(prepared(world).error().message,
              "no key for the provider openai-responses is set, which the fallback model gpt "
              "needs:\n  export OPENAI_API_KEY=YOUR-KEY");
    world.define("model.fallback.1.baseUrl", "http://127.0.0.1:8080");
    EXPECT_TRUE(prepared(world)) << "a server of one's own needs no key";
    world.overrides.defines.clear();
    world.sources.credentials.openai = "another-key";
    EXPECT_TRUE(prepared(world));
}

TEST(RunSetup, GivesTheCredentialsOfOneServerToNoOther) {
    config::Settings::Model first;
    first.provider = "anthropic";
    first.base_url = "http://one";
    first.name = "m";
    first.auth = "bearer";
    first.headers = {{"X-Secret", "s"}};
    first.context_window = 8'000;
    first.retry_max_attempts = 3;
    const auto other = fallback_model(first, {"anthropic", "http://two", "n"});
    EXPECT_EQ(other.base_url, "http://two");
    EXPECT_EQ(other.name, "n");
    EXPECT_EQ(other.auth, "");
    EXPECT_TRUE(other.headers.empty());
    EXPECT_FALSE(other.context_window) << "that of another model";
    EXPECT_EQ(other.retry_max_attempts, 3);
    const auto same = fallback_model(first, {"anthropic", "http://one", "n"});
    EXPECT_EQ(same.auth, "bearer");
    EXPECT_EQ(same.headers, first.headers);
    const auto in_other_words = fallback_model(first, {"openai", "http://ONE:80/v1/", "n"});
    EXPECT_EQ(in_other_words.headers, first.headers) << "the same server";
    for (const char* url : {"https://one", "http://one:81", "http://one.example", ""})
        EXPECT_TRUE(fallback_model(first, {"anthropic", url, "n"}).headers.empty()) << url;
}

TEST(RunSetup, TellsServersApartHoweverTheirUrlsAreWritten) {
    const auto address = [](const char* provider, const char* url) {
        config::Settings::Model model;
        model.provider = provider;
        model.base_url = url;
        return server_address(model);
    };
    EXPECT_EQ(address("anthropic", ""),
              address("anthropic", "https://api.anthropic.com/v1/messages"));
    EXPECT_EQ(address("openai", "http://h:1"), "http://h:1/v1");
    EXPECT_EQ(address("openai", "http://u:p@h:1/v1/chat/completions"), "http://h:1/v1");
    EXPECT_NE(address("openai", "http://h:1"), address("openai", "http://h:2"));
    EXPECT_NE(address("openai", "http://h/a/v1"), address("openai", "http://h/b/v1"));
    EXPECT_EQ(address("replay", ""), "");
}

TEST(RunSetup, KeepsTheProviderOfASessionUnlessAnotherIsNamed) {
    struct Row {
        const char* what;
        const char* record;
        std::function<void(config::World&)> says;
        std::optional<std::string> kept;
    };
    const auto nothing = [](config::World&) {};
    const Row rows[] = {
        {"another", "openai", nothing, "openai"},
        {"the same", "anthropic", nothing, std::nullopt},
        {"a replay", "replay", nothing, std::nullopt},
        {"of a file", "openai",
         [](config::World& w) { w.user_says("model.provider=openai-responses\n"); }, "openai"},
        {"named", "openai",
         [](config::World& w) { w.option_says("model.provider", "anthropic", "--provider"); },
         std::nullopt},
        {"defined", "openai", [](config::World& w) { w.define("model.provider", "anthropic"); },
         std::nullopt},
        {"locked", "openai",
         [](config::World& w) {
             w.system_says("model.provider=anthropic\nfinal=model.provider\n");
         },
         std::nullopt},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        WorldWithKey world;
        row.says(world);
        const auto journal = world.state() / "sessions/s.jsonl";
        std::filesystem::create_directories(journal.parent_path());
        std::ofstream(journal) << R"({"v":1,"seq":0,"type":"session","id":"s","provider":")"
                               << row.record << R"(","model":"m","tools":[]})" << '\n';
        RunRequest request;
        EXPECT_FALSE(model_to_keep(world.examined(), request)) << "a new session";
        request.session = "s";
        const auto kept = model_to_keep(world.examined(), request);
        EXPECT_EQ(kept ? std::optional(kept->provider) : std::nullopt, row.kept);
    }
}

TEST(RunSetup, OpensTheNamedSessionElseANewOne) {
    WorldWithKey world;
    world.user_says("model.name=m\n");
    RunRequest request;
    const auto first = prepared(world, request);
    const auto second = prepared(world, request);
    ASSERT_TRUE(first && second);
    EXPECT_NE((*first)->session_id, (*second)->session_id);
    request.session = "mine";
    request.leave_jobs = true;
    const auto named = prepared(world, request);
    ASSERT_TRUE(named);
    EXPECT_EQ((*named)->session_id, "mine");
    EXPECT_EQ((*named)->moved_session, "");
    EXPECT_TRUE((*named)->leave_jobs);
}

}  // namespace
}  // namespace tenon::session
