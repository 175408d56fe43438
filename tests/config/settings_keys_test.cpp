#include "host/config/settings_keys.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/config/setting_values.h"

namespace tenon::config {
namespace {

using ::testing::HasSubstr;

TEST(SettingsKeys, UnderstandWhatTheyAllow) {
    struct Case {
        const char *key, *raw;
        std::int64_t number;
        const char* text;
    };
    const Case cases[] = {
        {"model.provider", "replay", 0, "replay"},
        {"model.name", "  x/y:z ", 0, "x/y:z"},
        {"model.name", "${system.env.HOME}", 0, "${system.env.HOME}"},
        {"model.baseUrl", "http://127.0.0.1:8080/v1", 0, "http://127.0.0.1:8080/v1"},
        {"model.baseUrl", "https://[::1]:8080", 0, "https://[::1]:8080"},
        {"model.baseUrl", "https://[::1]/v1", 0, "https://[::1]/v1"},
        {"model.baseUrl", "https://me:a%20b@h/%41", 0, "https://me:a%20b@h/%41"},
        {"model.maxTokens", "1", 1, "1"},
        {"model.provider", "openai-responses", 1, "openai-responses"},
        {"model.contextWindow", "256", 256, "256"},
        {"model.price.input", "3", 3'000'000'000, "3"},
        {"model.price.input", "3.0", 3'000'000'000, "3.0"},
        {"model.price.output", "0.000000001", 1, "0.000000001"},
        {"model.price.cacheRead", "1000000", 1'000'000'000'000'000, "1000000"},
        {"model.headers.X-A", " a; q=\"b\" ", 0, "a; q=\"b\""},
        {"model.fallback.3.name", "x", 0, "x"},
        {"model.retry.baseDelayMs", "0", 0, "0"},
        {"model.retry.maxElapsed", "10m", 600'000, "10m"},
        {"model.proxy", "proxy:3128", 0, "proxy:3128"},
        {"model.proxy", "none", 0, "none"},
        {"model.proxy", "http://u:p@proxy:3128", 0, "http://u:p@proxy:3128"},
        {"agent.maxTurns", "5", 5, "5"},
        {"agent.maxTurns", "unlimited", kUnlimited, "unlimited"},
        {"agent.compaction.keepRecent", "0", 0, "0"},
        {"agent.wake", "off", 0, "off"},
        {"jobs.outputLimit", "1 KiB", 1024, "1 KiB"},
        {"jobs.keepDays", "0", 0, "0"},
        {"jobs.memoryLimit", "512 MiB", 512 << 20U, "512 MiB"},
        {"jobs.memoryLimit", "none", kUnlimited, "none"},
        {"jobs.processLimit", "64", 64, "64"},
        {"jobs.processLimit", "none", kUnlimited, "none"},
        {"jobs.cpuLimit", "90", 90'000, "90"},
        {"jobs.cpuLimit", "2h", 7'200'000, "2h"},
        {"jobs.cpuLimit", "none", kUnlimited, "none"},
        {"permissions.mode", "bypassPermissions", 0, "bypassPermissions"},
        {"log.level", "off", 0, "off"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.key) + "=" + c.raw);
        const auto value = parse_value(*find_key(c.key), c.raw);
        ASSERT_TRUE(value) << value.error().message;
        EXPECT_EQ(value->number, c.number);
        EXPECT_EQ(value->text, c.text);
    }
}

TEST(SettingsKeys, RefuseTheRestAndSayWhatIsAllowed) {
    struct Case {
        const char *key, *raw, *allowed;
    };
    const Case cases[] = {
        {"model.provider", "chat", "anthropic, openai, openai-responses, replay"},
        {"model.provider", "anthropic, replay", "openai, openai-responses, replay"},
        {"model.name", "", "not empty"},
        {"model.name", "a\nb", "control characters"},
        {"model.baseUrl", "ftp://x", "http://HOST"},
        {"model.baseUrl", "http://", "http://HOST"},
        {"model.baseUrl", "http://:80", "http://HOST"},
        {"model.baseUrl", "http://h:0", "http://HOST"},
        {"model.baseUrl", "http://h:99999", "http://HOST"},
        {"model.baseUrl", "http://h h", "http://HOST"},
        {"model.baseUrl", "h:8080", "http://HOST"},
        {"model.baseUrl", "http://[::1]x", "http://HOST"},
        {"model.baseUrl", "http://[::1]x:80", "http://HOST"},
        {"model.baseUrl", "http://[::1]:x", "http://HOST"},
        {"model.baseUrl", "http://h/v1?key=x", "without a query"},
        {"model.baseUrl", "http://h?", "without a query"},
        {"model.baseUrl", "http://h/v1#x", "without a query (?) or fragment (#)"},
        {"model.baseUrl", "http://h/%4", "http://HOST"},
        {"model.baseUrl", "http://me:%zz@h", "http://HOST"},
        {"model.proxy", "http://h:1/path", "HOST:PORT"},
        {"model.proxy", "http://h:1?x", "HOST:PORT"},
        {"model.maxTokens", "0", "from 1"},
        {"model.maxTokens", "8k", "whole number"},
        {"model.retry.maxAttempts", "0", "from 1"},
        {"model.retry.baseDelayMs", "500ms", "whole number"},
        {"model.retry.maxElapsed", "0", "from 1ms"},
        {"model.idleTimeout", "-1s", "seconds"},
        {"model.idleTimeout", "99999999h", "ten years"},
        {"model.proxy", "socks5://h:1", "HOST:PORT"},
        {"agent.maxTurns", "0", "or unlimited"},
        {"agent.subagent.maxTurns", "unlimited", "from 1"},
        {"agent.compaction.tokenThreshold", "0", "from 1"},
        {"agent.wake", "maybe", "true, false"},
        {"jobs.maxRunning", "0", "from 1"},
        {"jobs.maxQueued", "99999999999999999999", "whole number"},
        {"jobs.timeout", "0s", "seconds"},
        {"jobs.outputLimit", "64MB", "KiB, MiB or GiB"},
        {"jobs.outputLimit", "0", "from 4 bytes"},
        {"jobs.outputLimit", "99999999999GiB", "GiB"},
        {"jobs.memoryLimit", "0", "from 1048576 bytes"},
        {"jobs.memoryLimit", "512MB", "KiB, MiB or GiB"},
        {"jobs.memoryLimit", "unlimited", "or none"},
        {"jobs.processLimit", "0", "from 1"},
        {"jobs.processLimit", "1.5", "or none"},
        {"jobs.cpuLimit", "0", "from 1ms"},
        {"jobs.cpuLimit", "never", "or none"},
        {"jobs.pidNamespace", "maybe", "true, false"},
        {"permissions.mode", "default", "ask, acceptEdits"},
        {"log.level", "WARNING", "trace, debug"},
        {"log.format", "xml", "text, json"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.key) + "=" + c.raw);
        const auto value = parse_value(*find_key(c.key), c.raw);
        ASSERT_FALSE(value);
        EXPECT_THAT(value.error().message, HasSubstr(c.allowed));
    }
}

TEST(SettingsKeys, HaveAnOrderOfStrictnessThatFitsTheirType) {
    for (const KeySpec& spec : setting_keys()) {
        SCOPED_TRACE(spec.key);
        const bool adds_up =
            spec.strictness == Strictness::kMore || spec.strictness == Strictness::kFewer;
        // The values of several choices replace those of weaker layers.
        EXPECT_EQ(adds_up, is_list(spec) && spec.type != ValueType::kChoices);
        const bool has_text = spec.type == ValueType::kText || spec.type == ValueType::kUrl ||
                              spec.type == ValueType::kProxy || spec.type == ValueType::kPath;
        if (has_text) EXPECT_EQ(spec.strictness, Strictness::kFixed) << "its number is always 0";
        if (spec.from_workspace == FromWorkspace::kStricter)
            EXPECT_NE(spec.strictness, Strictness::kFixed) << "a workspace could never set it";
    }
}

TEST(SettingsKeys, TakePluginKeysApart) {
    const auto own = plugin_key("plugins.my-tool.a.b");
    ASSERT_TRUE(own);
    EXPECT_EQ(own->id, "my-tool");
    EXPECT_EQ(own->name, "a.b");
    for (const char* none : {"plugins.bash", "plugins.bash.", "plugins.Bash.x", "plugins.path.1",
                             "plugin.x.y", "plugins..x"})
        EXPECT_FALSE(plugin_key(none)) << none;
}

TEST(SettingsKeys, HintAtWhatWasMeant) {
    EXPECT_EQ(hint_for_unknown("jobs.tiemout"), "did you mean jobs.timeout?");
    EXPECT_EQ(hint_for_unknown("model.baseURL"), "did you mean model.baseUrl?");
    EXPECT_THAT(hint_for_unknown("log.zzzzzzzzzz"), HasSubstr("log.level, log.file, log.format"));
    EXPECT_THAT(hint_for_unknown("plugins.Bad.zzzzzzzzzzzz"), HasSubstr("plugins.ID.enabled"));
    EXPECT_THAT(hint_for_unknown("whatever"), HasSubstr("model, agent, jobs"));
    EXPECT_THAT(hint_for_unknown("model.apiKey"), HasSubstr("ANTHROPIC_API_KEY"));
    EXPECT_THAT(hint_for_unknown(std::string(1'000'000, 'x')), HasSubstr("allowed"));
}

TEST(SettingsKeys, NeverShowCredentials) {
    EXPECT_EQ(shown_value("plugins.web.apiToken", "t0p"), "[redacted]");
    EXPECT_EQ(shown_value("plugins.web.auth.password", "t0p"), "[redacted]");
    EXPECT_EQ(shown_value("plugins.web.shell", "bash"), "bash");
    EXPECT_EQ(shown_value("model.proxy", "http://u:t0p@h:1/"), "http://[redacted]@h:1/");
    EXPECT_EQ(shown_value("model.proxy", "u:t0p@h:1"), "[redacted]@h:1");
    EXPECT_EQ(shown_value("model.proxy", "http://u:t0/p@h:1"), "http://[redacted]@h:1");
    EXPECT_EQ(shown_value("model.baseUrl", "https://h/a@b"), "https://h/a@b");
    EXPECT_EQ(shown_value("model.baseUrl", "http://h/v1?key=t0p"), "http://h/v1?[redacted]");
    EXPECT_EQ(shown_value("model.baseUrl", "http://u:t0p@h/v1?a=t0p@h"),
              "http://[redacted]@h/v1?[redacted]");
    EXPECT_EQ(shown_value("agent.compaction.tokenThreshold", "5"), "5");
    const auto refused = parse_value(*find_key("model.proxy"), "http://u:t0p@h:bad");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message.find("t0p"), std::string::npos);
}

}  // namespace
}  // namespace tenon::config
