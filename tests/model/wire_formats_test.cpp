#include "host/model/wire_formats.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::model {
namespace {

using ::testing::HasSubstr;

/// A format with a name and a path, which asks nothing.
class Nameplate : public WireFormat {
public:
    Nameplate(std::string_view name, std::string_view path) : name_(name), path_(path) {}
    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] std::string_view path() const override { return path_; }
    [[nodiscard]] HttpFields fields(const agent::Request&, const ServerTraits&) const override {
        return {};
    }
    [[nodiscard]] RequestText body(const agent::Request&, const ServerTraits&) const override {
        return {};
    }
    [[nodiscard]] std::unique_ptr<AnswerReader> reader(const agent::Request&,
                                                       agent::EventSink&) const override {
        return nullptr;
    }
    [[nodiscard]] std::span<const RefusablePart> refusable() const override { return {}; }

private:
    std::string_view name_, path_;
};

const Nameplate kMessages("anthropic", "/messages");
const Nameplate kChat("openai", "/chat/completions");
const Nameplate kResponses("openai-responses", "/responses");

TEST(BaseUrls, WorkWithAndWithoutVersionAndRequestPath) {
    struct Case {
        const Nameplate& format;
        const char *given, *base;
    };
    const Case cases[] = {
        {kMessages, "", "https://api.anthropic.com/v1"},
        {kMessages, "https://api.anthropic.com", "https://api.anthropic.com/v1"},
        {kMessages, "https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"},
        {kMessages, "http://localhost:8080", "http://localhost:8080/v1"},
        {kMessages, "http://localhost:8080/", "http://localhost:8080/v1"},
        {kMessages, "http://localhost:8080/v1/", "http://localhost:8080/v1"},
        {kMessages, "http://localhost:8080//v1//messages/", "http://localhost:8080/v1"},
        {kMessages, "http://localhost:8080/v1/chat/completions", "http://localhost:8080/v1"},
        {kMessages, "https://openrouter.ai/api", "https://openrouter.ai/api/v1"},
        {kMessages, "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"},
        {kMessages, "https://gw/anthropic", "https://gw/anthropic/v1"},
        {kMessages, "https://u:p@gw/v1", "https://u:p@gw/v1"},
        {kMessages, "http://[::1]:8080", "http://[::1]:8080/v1"},
        {kChat, "", "https://api.openai.com/v1"},
        {kChat, "https://api.openai.com", "https://api.openai.com/v1"},
        {kChat, "http://localhost:11434", "http://localhost:11434/v1"},
        {kChat, "http://localhost:11434///", "http://localhost:11434/v1"},
        {kChat, "http://localhost:11434/v1", "http://localhost:11434/v1"},
        {kChat, "http://localhost:11434/v1/chat/completions", "http://localhost:11434/v1"},
        {kChat, "http://localhost:11434/chat/completions/", "http://localhost:11434/v1"},
        {kChat, "http://localhost:11434/v1/messages", "http://localhost:11434/v1"},
        {kChat, "http://[::1]:11434", "http://[::1]:11434/v1"},
        {kChat, "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"},
        {kChat, "https://openrouter.ai/api/v1/chat/completions", "https://openrouter.ai/api/v1"},
        {kChat, "https://g.example/v1beta/openai/", "https://g.example/v1beta/openai"},
        {kChat, "https://x.openai.azure.com/openai/v1", "https://x.openai.azure.com/openai/v1"},
        {kChat, "https://x.openai.azure.com/openai/deployments/gpt/chat/completions",
         "https://x.openai.azure.com/openai/deployments/gpt"},
        {kChat, "https://gw/llama", "https://gw/llama"},
        {kResponses, "", "https://api.openai.com/v1"},
        {kResponses, "http://localhost:1234/v1/responses", "http://localhost:1234/v1"},
        {kResponses, "http://localhost:1234", "http://localhost:1234/v1"},
        {kResponses, "https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.format.name()) + " " + c.given);
        const auto base = request_base_url(c.format, c.given);
        ASSERT_TRUE(base) << base.error().message;
        EXPECT_EQ(*base, c.base);
        const auto again = request_base_url(c.format, *base);
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, *base) << "what it makes is one, too";
    }
}

TEST(BaseUrls, HaveNoQueryAndNoFragment) {
    for (const char* url : {"https://gw/v1?api-version=2024-10-21", "https://gw/v1#a", "gw:1/v1",
                            "ftp://gw", "https://gw/v 1"}) {
        SCOPED_TRACE(url);
        const auto base = request_base_url(kChat, url);
        ASSERT_FALSE(base);
        EXPECT_THAT(base.error().message, HasSubstr("base URL"));
    }
}

TEST(BaseUrls, OfVendorsAreKnownInEachFormOfTheAddress) {
    for (const char* url : {"", "https://api.openai.com", "https://API.OpenAI.com/v1/",
                            "https://api.openai.com:443/v1/chat/completions"}) {
        SCOPED_TRACE(url);
        EXPECT_TRUE(is_vendors_own("openai", url));
        EXPECT_TRUE(is_vendors_own("openai-responses", url));
        EXPECT_EQ(is_vendors_own("anthropic", url), *url == '\0');
    }
    for (const char* url : {"http://127.0.0.1:1", "https://api.openai.com.example",
                            "https://gw/api.openai.com", "https://x.openai.azure.com"})
        EXPECT_FALSE(is_vendors_own("openai", url)) << url;
}

}  // namespace
}  // namespace tenon::model
