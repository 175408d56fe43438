#include "host/plugins/state_service.h"

#include <future>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using ::testing::HasSubstr;

class StateServiceTest : public ::testing::Test {
protected:
    StateServiceTest() { state_.add_to(services_); }

    ServiceReply ask(const std::string& method, const Json& params,
                     const std::string& plugin = "p") const {
        return services_.request(plugin, false, method, params.dump(), "", nullptr);
    }

    tenon::testing::TempDir dir_;
    StateService state_{dir_ / "plugin-state", dir_ / "sessions/s1/plugin-state"};
    Services services_;
};

TEST_F(StateServiceTest, ReturnsWhatWasStored) {
    EXPECT_EQ(ask("state.get/1", {{"key", "k"}}).out, R"({"value":null})");
    EXPECT_EQ(ask("state.set/1", {{"key", "k"}, {"value", "ü"}}).rc, TENON_OK);
    EXPECT_EQ(ask("state.get/1", {{"key", "k"}}).out, R"({"value":"ü"})");
    EXPECT_EQ(dir_.read("plugin-state/p.json"), R"({"v":1,"values":{"k":"ü"}})");
    EXPECT_EQ(ask("state.set/1", {{"key", "k"}, {"value", nullptr}}).rc, TENON_OK);
    EXPECT_EQ(ask("state.get/1", {{"key", "k"}}).out, R"({"value":null})");
}

TEST_F(StateServiceTest, StoresNoSecrets) {
    Secrets secrets;
    secrets.add("key-0123456789");
    StateService state(dir_ / "other", {}, &secrets);
    Services services;
    state.add_to(services);
    const Json params = {{"key", "k"}, {"value", R"(["use key-0123456789"])"}};
    EXPECT_EQ(services.request("p", true, "state.set/1", params.dump(), "", nullptr).rc, TENON_OK);
    EXPECT_EQ(dir_.read("other/p.json"), R"({"v":1,"values":{"k":"[\"use [redacted]\"]"}})");
}

TEST_F(StateServiceTest, KeepsTheStateOfPluginsApart) {
    EXPECT_EQ(ask("state.set/1", {{"key", "k"}, {"value", "secret"}}, "one").rc, TENON_OK);
    EXPECT_EQ(ask("state.get/1", {{"key", "k"}}, "two").out, R"({"value":null})");
}

TEST_F(StateServiceTest, StoresTheStateOfASessionBesideItsJournal) {
    const Json of_session = {{"key", "k"}, {"scope", "session"}};
    Json set = of_session;
    set["value"] = "mine";
    EXPECT_EQ(ask("state.set/1", set).rc, TENON_OK);
    EXPECT_EQ(ask("state.get/1", of_session).out, R"({"value":"mine"})");
    EXPECT_EQ(ask("state.get/1", {{"key", "k"}}).out, R"({"value":null})");
    EXPECT_EQ(dir_.read("sessions/s1/plugin-state/p.json"), R"({"v":1,"values":{"k":"mine"}})");
    for (const char* folder : {"sessions/s1", "sessions/s1/plugin-state"})
        EXPECT_EQ(std::filesystem::status(dir_ / folder).permissions(),
                  std::filesystem::perms::owner_all)
            << folder;
}

TEST_F(StateServiceTest, HasNoSessionScopeWithoutASession) {
    StateService alone(dir_ / "plugin-state");
    Services services;
    alone.add_to(services);
    Json params = {{"key", "k"}, {"scope", "session"}};
    EXPECT_EQ(services.request("p", false, "state.get/1", params.dump(), "", nullptr).rc,
              TENON_UNSUPPORTED);
    params["value"] = "x";
    EXPECT_EQ(services.request("p", false, "state.set/1", params.dump(), "", nullptr).rc,
              TENON_UNSUPPORTED);
}

TEST_F(StateServiceTest, RefusesValuesThatAreTooLargeOrNotTexts) {
    const struct {
        Json params;
        const char* reason;
    } cases[] = {
        {{{"value", "x"}}, "key must be a string"},
        {{{"key", ""}, {"value", "x"}}, "key is empty"},
        {{{"key", std::string(129, 'k')}, {"value", "x"}}, "more than 128 bytes"},
        {{{"key", "k"}}, "value must be a string or null"},
        {{{"key", "k"}, {"value", "x"}, {"scope", "world"}}, "scope is"},
        {{{"key", "k"}, {"value", "x"}, {"scope", 1}}, "scope must be a string"},
        {{{"key", "k"}, {"value", 7}}, "value must be a string or null"},
        {{{"key", "k"}, {"value", std::string(65'537, 'x')}}, "more than 64 KiB"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.reason);
        const ServiceReply reply = ask("state.set/1", row.params);
        EXPECT_EQ(reply.rc, TENON_BAD_ARGS);
        EXPECT_THAT(reply.out, HasSubstr(row.reason));
    }
}

TEST_F(StateServiceTest, LimitsTheStateOfAPlugin) {
    int kept = 0;
    ServiceReply reply;
    while ((reply = ask("state.set/1",
                        {{"key", std::to_string(kept)}, {"value", std::string(60'000, 'x')}}))
               .rc == TENON_OK)
        ASSERT_LT(++kept, 20);
    EXPECT_EQ(kept, 17);
    EXPECT_THAT(reply.out, HasSubstr("at most 1 MiB"));
    EXPECT_EQ(ask("state.get/1", {{"key", "0"}}).rc, TENON_OK)
        << "what was stored before can still be read";
}

TEST_F(StateServiceTest, DoesNotChangeAFileThatItCannotRead) {
    for (const char* text : {"{", R"({"v":2,"values":{}})", R"({"v":1})"}) {
        SCOPED_TRACE(text);
        dir_.write("plugin-state/p.json", text);
        EXPECT_EQ(ask("state.set/1", {{"key", "k"}, {"value", "x"}}).rc, TENON_FAILED);
        EXPECT_EQ(dir_.read("plugin-state/p.json"), text);
    }
}

TEST_F(StateServiceTest, LosesNothingWhenManyStoreAtOnce) {
    std::vector<std::future<tenon_rc>> all;
    for (int i = 0; i < 24; ++i)
        all.push_back(std::async(std::launch::async, [this, i] {
            return ask("state.set/1", {{"key", std::to_string(i)}, {"value", "x"}}).rc;
        }));
    for (auto& one : all)
        EXPECT_EQ(one.get(), TENON_OK);
    EXPECT_EQ(Json::parse(dir_.read("plugin-state/p.json"))["values"].size(), 24U);
}

}  // namespace
}  // namespace tenon::plugins
