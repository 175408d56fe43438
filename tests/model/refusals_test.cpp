#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/chat_completions.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

// What Endpoint makes of a server that refuses a part of a request.
namespace tenon::model::refusals {
namespace {

using tenon::testing::ModelServer;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(int status, const std::string& message) {
    return "{\"status\":" + std::to_string(status) +
           ",\"body\":{\"error\":{\"message\":" + json_quote(message) + "}}}";
}

/// Chat Completions. While the first request is under way, another conversation learns that the
/// server does not take a part.
class WhileAnotherLearns : public ChatCompletionsFormat {
public:
    WhileAnotherLearns(std::shared_ptr<TraitsByModel> shared, Part part)
        : ChatCompletionsFormat({}), shared_(std::move(shared)), part_(part) {}
    [[nodiscard]] RequestText body(const agent::Request& request,
                                   const ServerTraits& traits) const override {
        RequestText text = ChatCompletionsFormat::body(request, traits);
        EXPECT_TRUE(shared_->of(request.model).change(part_, true));
        return text;
    }

private:
    std::shared_ptr<TraitsByModel> shared_;
    Part part_;
};

TEST(Refusals, OfWhatAnotherConversationHasJustLearnedAreNotFinal) {
    ModelServer server("[" + refusal(400, "stream_options is not supported") +
                       R"(,{"content":"one"},{"content":"never"}])");
    auto traits = std::make_shared<TraitsByModel>(first_traits("openai", server.url()));
    EndpointConfig config;
    config.api_key = "k";
    config.key_field = KeyField::kBearer;
    config.http.base_url = server.url();
    const auto format = std::make_shared<WhileAnotherLearns>(traits, Part::kStreamUsage);
    const auto endpoint = Endpoint::create(format, traits, config);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    Watcher watcher;
    const auto answer = (*endpoint)->ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_THAT(requests[0].sent, HasSubstr("stream_options"));
    EXPECT_THAT(requests[1].sent, Not(HasSubstr("stream_options"))) << "not changed back";
}

TEST(Refusals, ChangeTheRequestsOfOneModel) {
    ModelServer server("[" +
                       refusal(400,
                               "Unsupported parameter: 'max_tokens' is not supported with this "
                               "model. Use 'max_completion_tokens' instead.") +
                       R"(,{"content":"one"},{"content":"two"},{"content":"three"}])");
    const auto provider = provider_for(server.url(), {}, "openai");
    Watcher watcher;
    for (const char* model : {"o3", "other", "o3"}) {
        Talk talk;
        talk.model = model;
        const auto answer = provider->ask(talk.request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
    }
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_THAT(requests[1].sent, HasSubstr("\"max_completion_tokens\""));
    EXPECT_THAT(requests[2].sent, HasSubstr("\"max_tokens\"")) << "of another model";
    EXPECT_THAT(requests[3].sent, HasSubstr("\"max_completion_tokens\""));
}

}  // namespace
}  // namespace tenon::model::refusals
