#include <gtest/gtest.h>

#include "host/agent/loop.h"
#include "tests/agent/loop_support.h"

/// A server whose model takes no images, or not this one. It would refuse each later request too.
namespace tenon::agent {
namespace {

constexpr const char* kRefusal = "POST x: HTTP 400: Could not process Image";

class RefusedImages : public LoopWorld {
protected:
    RefusedImages() {
        toolbox.add("look", false, [](const ToolCall&, CallContext&) {
            ToolResult result{"seen", false, {}};
            result.images = {{"image/png", "iVBORw0KGgo="}};
            return result;
        });
    }
    RunResult run(const Prompt& prompt) { return Loop(ports(), {}).run(prompt, {}); }
    void then_look(const std::string& id) {
        provider.then_call({{id, "look", Json::object(), {}}});
    }
    static Prompt with_image(const std::string& text) {
        return {text, {{"a.png", {}, Image{"image/png", "iVBORw0KGgo="}}}};
    }
    static std::size_t images_in_request(const Json& messages) {
        const std::string text = messages.dump();
        std::size_t count = 0;
        for (auto at = text.find("iVBORw0KGgo="); at != text.npos;
             at = text.find("iVBORw0KGgo=", at + 1))
            ++count;
        return count;
    }
    /// How many images each request had.
    std::vector<std::size_t> images() {
        std::vector<std::size_t> counts;
        for (const Json& request : provider.requests)
            counts.push_back(images_in_request(request));
        return counts;
    }
};

TEST_F(RefusedImages, AreLeftOutAndTheTurnGoesOn) {
    then_look("t1");
    provider.then_fail(kRefusal, 400);
    provider.then_say("I cannot see it.");
    EXPECT_EQ(run({"go"}).text, "I cannot see it.");
    EXPECT_EQ(images(), (std::vector<std::size_t>{0, 1, 0}));
    EXPECT_EQ(
        provider.requests.back().back()["content"],
        Json::parse(R"([{"type":"tool_result","tool_use_id":"t1","content":)"
                    R"("seen\n[an image that the model's server refused is left out here]"}])"));
    ASSERT_EQ(events.all<Notice>().size(), 1U);
    EXPECT_NE(events.all<Notice>()[0].text.find(kRefusal), std::string::npos);
    expect_valid(session);
}

TEST_F(RefusedImages, OfAPromptAreLeftOutBeforeThoseThatWereAccepted) {
    then_look("t1");
    provider.then_say("Seen.");
    run({"go"});
    provider.then_fail(kRefusal, 422);
    provider.then_say("Fine.");
    EXPECT_EQ(run(with_image("and this")).text, "Fine.");
    EXPECT_EQ(images(), (std::vector<std::size_t>{0, 1, 2, 1}));
}

TEST_F(RefusedImages, AreAllLeftOutWhenTheModelTakesNone) {
    then_look("t1");
    provider.then_say("Seen.");
    run({"go"});
    provider.then_fail("HTTP 404: no endpoint supports image input", 404);
    provider.then_fail("HTTP 404: no endpoint supports image input", 404);
    provider.then_say("Fine.");
    EXPECT_EQ(run(with_image("and this")).text, "Fine.");
    EXPECT_EQ(images(), (std::vector<std::size_t>{0, 1, 2, 1, 0}));
    expect_valid(session);
}

TEST_F(RefusedImages, StayLeftOutWhenTheSessionIsOpenedAgain) {
    provider.then_fail(kRefusal, 400);
    provider.then_say("Fine.");
    run(with_image("look"));
    const auto left = wires(session);
    EXPECT_EQ(left[0].find("iVBORw0KGgo="), std::string::npos);
    { const Session closed = std::move(session); }
    const auto again = Session::open(dir.path(), head());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(wires(*again), left);
}

TEST_F(RefusedImages, AreNotTheReasonOfOtherFailures) {
    for (const auto& [message, status] :
         std::vector<std::pair<std::string, int>>{{"HTTP 400: bad tool", 400},
                                                  {"HTTP 400: no such revision", 400},
                                                  {"HTTP 401: no key for images", 401},
                                                  {"HTTP 429: too many images", 429},
                                                  {"no connection to image.example", 0}}) {
        SCOPED_TRACE(message);
        const std::size_t before = provider.requests.size();
        provider.then_fail(message, status);
        EXPECT_EQ(run(with_image("look")).outcome, Outcome::kFailed);
        EXPECT_EQ(provider.requests.size(), before + 1);
    }
    provider.then_say("Fine.");
    run({"go"});
    EXPECT_EQ(images().back(), 5U);
}

}  // namespace
}  // namespace tenon::agent
