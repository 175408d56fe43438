#include "host/plugin/local_instance.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/plugin/library.h"
#include "host/plugin/running.h"

namespace tenon::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Records what a plugin logs, and answers every request with its method.
class FakeHost final : public HostPort {
public:
    void log(int level, std::string_view message) noexcept override {
        logged.push_back(std::to_string(level) + " " + std::string(message));
    }
    tenon_rc request(std::string_view method, std::string_view, std::string_view,
                     std::string& answer) noexcept override {
        answer = "host: " + std::string(method);
        return TENON_OK;
    }
    std::vector<std::string> logged;
};

class FakeCall final : public CallPort {
public:
    [[nodiscard]] const std::stop_token& stop() const override { return token; }
    bool write(std::string_view chunk) noexcept override {
        result += chunk;
        return result.size() < max_bytes;
    }
    void progress(std::string_view note) noexcept override {
        notes.emplace_back(note);
        running = running_plugin();
    }
    tenon_rc request(std::string_view method, std::string_view params, std::string_view,
                     std::string& answer) noexcept override {
        answer = "call: " + std::string(method) + " " + std::string(params);
        return TENON_DENIED;
    }

    std::stop_token token;
    std::size_t max_bytes = 3U << 20U;
    std::string result, running;
    std::vector<std::string> notes;
};

class LocalInstanceTest : public ::testing::Test {
protected:
    std::unique_ptr<LocalInstance> open(const std::string& fixture, const std::string& id,
                                        const std::string& config = "{}") {
        const auto library = open_library(TENON_FIXTURES "/" + fixture + ".so", id);
        if (!library) throw std::runtime_error(library.error().reason);
        auto instance =
            LocalInstance::create(**library, {id, "/the/folder", "/the/workspace", config}, host_);
        if (!instance) throw std::runtime_error(instance.error().reason);
        return std::move(*instance);
    }
    FakeHost host_;
    FakeCall call_;
};

TEST_F(LocalInstanceTest, StatesWhatThePluginStates) {
    const auto instance = open("good", "good");
    const ToolDeclaration& greet = instance->tools().at(0);
    EXPECT_EQ(greet.name, "greet");
    EXPECT_EQ(greet.description, "Greets.");
    EXPECT_EQ(Json::parse(greet.input_schema)["required"], Json::array({"name"}));
    EXPECT_EQ(greet.flags, TENON_READ_ONLY | TENON_CONCURRENT);
    EXPECT_THAT(host_.logged, ElementsAre("1 set up in /the/workspace"));
}

TEST_F(LocalInstanceTest, PassesConfigurationArgumentsAndResultAsText) {
    const auto instance = open("good", "good", R"({"greeting":"Moin"})");
    EXPECT_EQ(instance->invoke("greet", R"({"name":"Bo"})", call_), TENON_OK);
    EXPECT_EQ(call_.result, "Moin, Bo!");
}

TEST_F(LocalInstanceTest, PassesTheCodeOfAFailureAndItsText) {
    const auto instance = open("good", "good");
    EXPECT_EQ(instance->invoke("fail", "{}", call_), TENON_DENIED);
    EXPECT_EQ(call_.result, "so far\nError: not today");
}

TEST_F(LocalInstanceTest, LetsTheCallAnswerRequestsInTheNameOfTheCall) {
    const auto instance = open("good", "good");
    EXPECT_EQ(instance->invoke("ask", R"({"method":"m/1","params":"{\"a\":1}"})", call_), TENON_OK);
    EXPECT_EQ(call_.result, R"(4 call: m/1 {"a":1})");
}

TEST_F(LocalInstanceTest, TellsThePluginThatTheResultIsFull) {
    const auto instance = open("good", "good");
    EXPECT_EQ(instance->invoke("flood", "{}", call_), TENON_OK);
    EXPECT_EQ(call_.result.size(), call_.max_bytes);
    EXPECT_THAT(call_.notes, ElementsAre("3"));
    EXPECT_EQ(call_.running, "good");
    EXPECT_EQ(running_plugin(), nullptr);
}

TEST_F(LocalInstanceTest, PassesACancellation) {
    const auto instance = open("good", "good");
    std::stop_source stop;
    stop.request_stop();
    call_.token = stop.get_token();
    EXPECT_EQ(instance->invoke("until_cancelled", "{}", call_), TENON_CANCELLED);
    EXPECT_EQ(call_.result, "saw it");
}

TEST_F(LocalInstanceTest, RunsHooks) {
    const auto instance = open("good", "good");
    EXPECT_EQ(instance->run_hook(Hook::kBegin, R"({"session":"s","reason":"new"})"), "");
    EXPECT_EQ(instance->run_hook(Hook::kSystemPrompt, ""), "Be good.");
    EXPECT_EQ(instance->run_hook(Hook::kRemind, ""), "Remember s new.");
    EXPECT_EQ(instance->run_hook(Hook::kCarry, ""), "");
    EXPECT_EQ(open("plain", "plain")->run_hook(Hook::kSystemPrompt, ""), "");
}

TEST(Library, HasOnlyTheHooksThatItsClassOverrides) {
    const auto good = open_library(TENON_FIXTURES "/good.so", "good");
    ASSERT_TRUE(good);
    const auto* hooks =
        static_cast<const tenon_context*>((*good)->extension(nullptr, TENON_CONTEXT));
    ASSERT_NE(hooks, nullptr);
    EXPECT_NE(hooks->begin, nullptr);
    EXPECT_NE(hooks->carry, nullptr);
    EXPECT_EQ(hooks->tasks, nullptr);
    EXPECT_EQ((*good)->reconfigure, nullptr);
    const auto changing = open_library(TENON_FIXTURES "/changing.so", "changing");
    ASSERT_TRUE(changing);
    EXPECT_EQ((*changing)->extension, nullptr);
    EXPECT_NE((*changing)->reconfigure, nullptr);
}

TEST_F(LocalInstanceTest, AsksForTheToolsAgain) {
    const auto instance = open("changing", "changing");
    const std::size_t before = instance->tools().size();
    EXPECT_EQ(instance->invoke("grow", R"({"name":"later"})", call_), TENON_OK);
    EXPECT_EQ(instance->tools().size(), before);
    ASSERT_TRUE(instance->refresh_tools());
    EXPECT_EQ(instance->tools().back().name, "later");
}

TEST_F(LocalInstanceTest, IsDisabledAfterThreeFaults) {
    const auto instance = open("raw_throw", "raw-throw");
    for (int i = 0; i < LocalInstance::kMaxFaults; ++i) {
        EXPECT_FALSE(instance->disabled());
        EXPECT_EQ(instance->invoke("raw_throw", "{}", call_), TENON_FAULT);
    }
    EXPECT_TRUE(instance->disabled());
}

TEST(Library, RefusesAPluginWhoseIdDiffersFromItsNote) {
    const auto other = open_library(TENON_FIXTURES "/other_id.so", "misfit");
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().reason, HasSubstr("its note says misfit, its code somebody-else"));
}

TEST(Library, RefusesAFileInTheWordsOfTheDynamicLinker) {
    const struct {
        const char* fixture;
        const char* reason;
        const char* remedy;
    } cases[] = {
        {"needs_absent",
         "the system cannot load it: libtenon-absent.so: cannot open shared object file: No such "
         "file or directory",
         "install this library"},
        {"undefined_symbol", "the system cannot load it: undefined symbol: tenon_absent",
         "link the library that defines this symbol"},
        {"no_such_file",
         "the system cannot load it: cannot open shared object file: No such file or directory",
         "install"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.fixture);
        const auto refused =
            open_library(TENON_FIXTURES "/" + std::string(row.fixture) + ".so", "x");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, row.reason);
        EXPECT_THAT(refused.error().remedy, HasSubstr(row.remedy));
    }
}

}  // namespace
}  // namespace tenon::plugin
