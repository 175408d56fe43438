#include "host/agent/spending.h"

#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include "host/agent/recorded_usage.h"
#include "host/agent/wire.h"
#include "tests/agent/session_support.h"
#include "tests/support/fakes.h"
#include "tests/support/temp_dir.h"

namespace tenon::agent {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr Prices kPrices{3.0, 15.0, 0.3, 3.75};

Budget budget_of(double dollars) {
    return {Money::of_dollars(dollars), std::nullopt};
}

TEST(Money, IsShownInDollarsAndMillionthsOfThem) {
    const std::vector<std::pair<double, std::string>> cases = {
        {0, "$0.00"},
        {0.5, "$0.50"},
        {0.0105, "$0.0105"},
        {12, "$12.00"},
        {1234.5678, "$1234.5678"},
        {0.000001, "$0.000001"},
        {0.0000014, "$0.000001"},
        {0.0000015, "$0.000002"},
        {0.0000001, "less than $0.000001"},
        {0.9999999, "$1.00"},
        {-3, "$0.00"},
    };
    for (const auto& [dollars, text] : cases) {
        SCOPED_TRACE(dollars);
        EXPECT_EQ(Money::of_dollars(dollars).text(), text);
    }
    EXPECT_EQ(Money::of_dollars(std::numeric_limits<double>::quiet_NaN()), Money());
    EXPECT_EQ(Money::of_dollars(std::numeric_limits<double>::infinity()), Money::of_dollars(1e300));
}

TEST(Prices, CountEachKindOfTokensExactly) {
    struct Case {
        Prices prices;
        Usage usage;
        double dollars;
    };
    const std::vector<Case> cases = {
        {kPrices, {}, 0.0},
        {kPrices, {1'000'000, 0, 0, 0}, 3.0},
        {kPrices, {0, 1'000'000, 0, 0}, 15.0},
        {kPrices, {0, 0, 1'000'000, 0}, 0.3},
        {kPrices, {0, 0, 0, 1'000'000}, 3.75},
        {kPrices, {100, 200, 300, 400}, 0.00489},
        {kPrices, {1, 1, 1, 1}, 0.00002205},
        {{0.0375, 0.15, {}, {}}, {7, 3, 0, 0}, 0.0000007125},
        // Without a price of its own, what a cache held or took is input.
        {{2.0, 8.0, {}, {}}, {10, 10, 10, 10}, 0.00014},
        {{2.0, {}, {}, {}}, {10, 10, 0, 0}, 0.00002},
        {{{}, 8.0, {}, {}}, {10, 10, 10, 10}, 0.00008},
        {{0.000000001, {}, {}, {}}, {5'000'000'000, 0, 0, 0}, 0.000005},
        {{0.0, 0.0, {}, {}}, {10, 10, 10, 10}, 0.0},
        {{-1.0, 8.0, {}, {}}, {10, 10, 0, 0}, 0.00008},
        {kPrices, {-5, 0, 0, 0}, 0.0},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.dollars);
        EXPECT_EQ(one.prices.cost(one.usage).dollars(), one.dollars);
    }
}

TEST(Prices, DoNotDriftWhenManySmallAnswersAreAdded) {
    Spending spending({0.1, {}, {}, {}}, {});
    for (int i = 0; i < 1'000'000; ++i)
        spending.add({1}, false);
    EXPECT_EQ(spending.cost()->dollars(), 0.1);
}

TEST(Prices, AreKnownWithOneForInputOrOutput) {
    EXPECT_FALSE((Prices{{}, {}, 1.0, 1.0}).known());
    EXPECT_TRUE((Prices{{}, 1.0, {}, {}}).known());
    EXPECT_TRUE((Prices{0.0, {}, {}, {}}).known());
    EXPECT_FALSE(Spending({}, {}).cost());
}

TEST(Spending, SumsDoNotOverflow) {
    Spending spending(kPrices, budget_of(1));
    spending.add({kMost, kMost, kMost, kMost}, false);
    spending.add({kMost, kMost, kMost, kMost}, false);
    EXPECT_EQ(total_tokens(spending.usage()), kMost);
    EXPECT_EQ(*spending.cost(), Money::of_dollars(1e300));
    EXPECT_TRUE(spending.over_budget());
}

TEST(Spending, TheBudgetIsUsedUpWhenAllOfItWasSpent) {
    struct Case {
        Budget budget;
        std::vector<std::string> says;  // nothing: it is not used up
    };
    const Usage spent{100, 20, 3, 4};  // 127 tokens, $0.0006159
    const std::vector<Case> cases = {
        {{}, {}},
        {{{}, 128}, {}},
        {{{}, 127}, {"127 of 127 tokens", "--max-tokens-total"}},
        {{{}, 1}, {"127 of 1 tokens"}},
        {budget_of(0.000616), {}},
        {budget_of(0.0006159), {"$0.000616 of $0.000616", "--max-budget-usd"}},
        {budget_of(0.0005), {"$0.000616 of $0.0005"}},
        {{Money::of_dollars(0.0005), 100}, {"--max-budget-usd", "127 of 100 tokens"}},
        {{Money::of_dollars(5), 100}, {"127 of 100 tokens"}},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        SCOPED_TRACE(i);
        Spending spending(kPrices, cases[i].budget);
        EXPECT_FALSE(spending.over_budget());
        spending.add(spent, false);
        const auto over = spending.over_budget();
        ASSERT_EQ(over.has_value(), !cases[i].says.empty());
        for (const std::string& text : cases[i].says)
            EXPECT_NE(over->find(text), std::string::npos) << *over;
    }
}

TEST(Spending, SaysWhatWasSpentOfTheBudget) {
    EXPECT_EQ(Spending(kPrices, {}).budget_words(), "");
    Spending both(kPrices, {Money::of_dollars(0.5), 1000});
    both.add({100}, false);
    EXPECT_EQ(both.budget_words(), "$0.0003 of $0.50; 100 of 1000 tokens");
    both.add({100}, true);
    EXPECT_EQ(both.budget_words(), "$0.0006 of $0.50; 200 of 1000 tokens (partly estimated)");
}

TEST(Spending, CountsWhatSeveralThreadsAdd) {
    Spending spending(kPrices, {{}, 4'000});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&spending] {
            for (int n = 0; n < 1'000; ++n)
                spending.add({0, 1, 0, 0}, false);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(spending.usage(), (Usage{0, 4'000, 0, 0}));
    EXPECT_TRUE(spending.over_budget());
}

class MeteredTest : public ::testing::Test {
protected:
    Result<Answer, ModelFailure> ask(Spending* spending) {
        std::vector<Message> messages = {empty_message(Role::kUser)};
        append_block(messages.back(), text_block(std::string(4'000, 'x')));
        Request request{"m", "You are.", "[]", messages};
        Metered metered(provider, spending);
        auto answer = metered.ask(request, events, {});
        refused = metered.refused();
        return answer;
    }

    testing::ScriptedProvider provider;
    testing::EventLog events;
    bool refused = false;
};

TEST_F(MeteredTest, EstimatesWhatTheServerDoesNotState) {
    struct Case {
        Usage stated;
        bool input_is_estimated, output_is_estimated;
    };
    const std::vector<Case> cases = {{{}, true, true},
                                     {{0, 5, 0, 0}, true, false},
                                     {{7, 0, 0, 0}, false, true},
                                     {{0, 5, 7, 0}, false, false},
                                     {{0, 5, 0, 7}, false, false},
                                     {{7, 5, 0, 0}, false, false}};
    for (std::size_t i = 0; i < cases.size(); ++i) {
        SCOPED_TRACE(i);
        const Case& one = cases[i];
        Spending spending({}, {{}, 1'000'000});
        provider.then_say(std::string(400, 'y'), "end_turn", one.stated);
        const auto answer = ask(&spending);
        ASSERT_TRUE(answer);
        const Usage usage = spending.usage();
        EXPECT_EQ(answer->usage, usage) << "whoever gets the answer has the same figures";
        EXPECT_EQ(answer->usage.without(answer->estimated), one.stated);
        if (one.input_is_estimated) {
            EXPECT_GE(usage.input_tokens, 1'000);
            EXPECT_LT(usage.input_tokens, 1'050);
        } else {
            EXPECT_EQ(usage.input_tokens, one.stated.input_tokens);
        }
        if (one.output_is_estimated) {
            EXPECT_GE(usage.output_tokens, 100);
            EXPECT_LT(usage.output_tokens, 120);
        } else {
            EXPECT_EQ(usage.output_tokens, one.stated.output_tokens);
        }
        const bool estimated = one.input_is_estimated || one.output_is_estimated;
        EXPECT_EQ(spending.budget_words().find("estimated") != std::string::npos, estimated);
    }
}

TEST_F(MeteredTest, EstimatesNothingOfWhatIsPlayedBack) {
    Spending spending(kPrices, {{}, 10}, Spending::Unstated::kNothing);
    provider.then_say("y", "end_turn", {});
    ASSERT_TRUE(ask(&spending));
    EXPECT_EQ(spending.usage(), Usage{});
    EXPECT_EQ(spending.cost()->dollars(), 0.0);
}

TEST_F(MeteredTest, SendsNothingOnceTheBudgetIsUsedUp) {
    Spending spending({}, {{}, 10});
    provider.then_say("y", "end_turn", {5, 5, 0, 0});
    EXPECT_TRUE(ask(&spending));
    EXPECT_FALSE(refused);
    provider.then_say("z", "end_turn", {5, 5, 0, 0});
    const auto answer = ask(&spending);
    ASSERT_FALSE(answer);
    EXPECT_TRUE(refused);
    EXPECT_NE(answer.error().message.find("10 of 10 tokens"), std::string::npos);
    EXPECT_FALSE(answer.error().retryable);
    EXPECT_EQ(provider.requests.size(), 1U);
    EXPECT_TRUE(ask(nullptr)) << "without a counter, nothing is counted";
}

TEST(RecordedUsage, IsThatOfAllAnswersOfTheSessionAndItsSubagents) {
    testing::TempDir dir;
    const auto add = [](Session& session, const Usage& usage) {
        ASSERT_TRUE(session.add_text("go", "prompt"));
        Answer given = answer(R"([{"type":"text","text":"x"}])");
        given.usage = usage;
        ASSERT_TRUE(session.add_answer(given));
    };
    auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session);
    add(*session, {1, 2, 3, 4});
    ASSERT_TRUE(session->clear());
    add(*session, {10, 20, 30, 40});
    ASSERT_TRUE(session->add_usage({100, 200, 300, 400}));
    std::filesystem::create_directory(dir / "s1");
    dir.write("s1/transcript-1.jsonl",
              R"({"type":"assistant","usage":{"input_tokens":9999},"content":[]})"
              "\n");
    dir.write("s1/notes.txt", "x");
    EXPECT_EQ(usage_of_session(dir / "s1.jsonl")->tokens, (Usage{111, 222, 333, 444}));

    for (const char* id : {"agent-1", "agent-2"}) {
        SessionHead of_subagent = head();
        of_subagent.id = id;
        auto subagent = Session::open(dir / "s1", of_subagent);
        ASSERT_TRUE(subagent);
        add(*subagent, {1'000, 1'000, 1'000, 1'000});
    }
    EXPECT_EQ(usage_of_session(dir / "s1.jsonl")->tokens, (Usage{2'111, 2'222, 2'333, 2'444}));
    EXPECT_FALSE(usage_of_session(dir / "s2.jsonl"));
}

}  // namespace
}  // namespace tenon::agent
