#include "host/agent/tool_batch.h"

#include <atomic>
#include <barrier>
#include <latch>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace tenon::agent {
namespace {

struct Finished {
    std::string id, text;
    bool is_error, denied;
    bool operator==(const Finished&) const = default;
};

class ToolBatchTest : public ::testing::Test {
protected:
    std::vector<Finished> run(const std::vector<ToolCall>& calls, std::stop_token stop = {},
                              std::size_t workers = 8) {
        std::vector<Finished> out;
        ToolBatch batch(toolbox, gate, events, {"s1", ""}, workers);
        batch.run(calls, std::move(stop), [&](const ToolCall& call, const CallOutcome& outcome) {
            out.push_back({call.id, outcome.result.text, outcome.result.is_error, outcome.denied});
        });
        return out;
    }
    static ToolCall call(const std::string& id, const std::string& name) {
        return {id, name, Json::object(), {}};
    }

    testing::FakeToolbox toolbox;
    testing::FakeGate gate;
    testing::EventLog events;
};

TEST_F(ToolBatchTest, RunsConsecutiveConcurrentCallsAtTheSameTime) {
    std::barrier meeting(3);  // passes only when three calls run at once
    toolbox.add("meet", true, [&](const ToolCall& c, CallContext&) {
        meeting.arrive_and_wait();
        return ToolResult{c.id, false, {}};
    });
    auto done = run({call("a", "meet"), call("b", "meet"), call("c", "meet")});
    std::sort(done.begin(), done.end(),
              [](const Finished& x, const Finished& y) { return x.id < y.id; });
    EXPECT_EQ(done,
              (std::vector<Finished>{
                  {"a", "a", false, false}, {"b", "b", false, false}, {"c", "c", false, false}}));
}

TEST_F(ToolBatchTest, GivesLongCallsThreadsBeyondTheWorkers) {
    std::latch quick_done(2);
    toolbox.add(
        "long", true,
        [&](const ToolCall&, CallContext&) {
            quick_done.wait();  // ends only if the others are not stuck behind it
            return ToolResult{"long", false, {}};
        },
        true);
    toolbox.add("quick", true, [&](const ToolCall&, CallContext&) {
        quick_done.count_down();
        return ToolResult{"quick", false, {}};
    });
    EXPECT_EQ(
        run({call("1", "long"), call("2", "long"), call("3", "quick"), call("4", "quick")}, {}, 1)
            .size(),
        4U);
}

TEST_F(ToolBatchTest, TreatsAnyOtherCallAsABarrier) {
    std::atomic<int> running{0};
    std::vector<std::string> order;
    Mutex mutex;
    const auto tool = [&](bool alone) {
        return [&, alone](const ToolCall& c, CallContext&) {
            const int now = ++running;
            EXPECT_TRUE(!alone || now == 1) << c.id;
            {
                const Lock lock(mutex);
                order.push_back(c.id);
            }
            --running;
            return ToolResult{"", false, {}};
        };
    };
    toolbox.add("side", true, tool(false));
    toolbox.add("alone", false, tool(true));
    run({call("1", "side"), call("2", "side"), call("3", "alone"), call("4", "side"),
         call("5", "alone")});
    ASSERT_EQ(order.size(), 5U);
    EXPECT_TRUE((order[0] == "1" && order[1] == "2") || (order[0] == "2" && order[1] == "1"));
    EXPECT_EQ(std::vector<std::string>(order.begin() + 2, order.end()),
              (std::vector<std::string>{"3", "4", "5"}));
}

TEST_F(ToolBatchTest, AnswersEveryCallWhateverHappens) {
    toolbox.add("throws", true, [](const ToolCall&, CallContext&) -> ToolResult {
        throw std::runtime_error("boom");
    });
    toolbox.add("refused", true, [](const ToolCall&, CallContext&) {
        return ToolResult{"ran", false, {}};
    });
    toolbox.add("ok", true, [](const ToolCall&, CallContext&) {
        return ToolResult{"ran", false, {}};
    });
    gate.refused = "refused";
    ToolCall invalid = call("e", "ok");
    invalid.input_error = "the arguments are no JSON";
    ToolCall wrong = call("f", "ok");
    wrong.input = {{"wrong", 1}};
    auto done = run({call("a", "throws"), call("b", "refused"), call("c", "nosuch"),
                     call("d", "ok"), invalid, wrong});
    std::sort(done.begin(), done.end(),
              [](const Finished& x, const Finished& y) { return x.id < y.id; });
    EXPECT_EQ(done,
              (std::vector<Finished>{
                  {"a", "The tool 'throws' failed inside the host: boom", true, false},
                  {"b", "not allowed: add a rule", true, true},
                  {"c", "Unknown tool 'nosuch'. Available tools: ok, refused, throws", true, false},
                  {"d", "ran", false, false},
                  {"e", "the arguments are no JSON", true, false},
                  {"f", "argument 'wrong' is not allowed", true, false}}));
}

TEST_F(ToolBatchTest, SaysWhyAToolIsMissingWhenThatIsKnown) {
    toolbox.missing = "off";
    EXPECT_EQ(run({call("a", "off")}),
              (std::vector<Finished>{{"a",
                                      "Unknown tool 'off': the plugin of off is switched off. "
                                      "Available tools: ",
                                      true, false}}));
}

TEST_F(ToolBatchTest, DoesNotBeginCallsAfterAStop) {
    std::stop_source stop;
    toolbox.add("stops", false, [&](const ToolCall&, CallContext&) {
        stop.request_stop();
        return ToolResult{"finished", false, {}};
    });
    EXPECT_EQ(run({call("a", "stops"), call("b", "stops")}, stop.get_token()),
              (std::vector<Finished>{{"a", "finished", false, false},
                                     {"b", "interrupted", true, false}}));
}

TEST_F(ToolBatchTest, LetsCallsOfOneToolTakeTheirStepInTheOrderOfTheAnswer) {
    std::vector<std::string> order;
    std::latch all_started(6);
    toolbox.add("submit", true, [&](const ToolCall& c, CallContext& context) {
        all_started.arrive_and_wait();
        if (c.id == "2") return ToolResult{"ended without its step", false, {}};
        context.in_order([&] { return order.emplace_back(c.id); });
        return ToolResult{"", false, {}};
    });
    run({call("0", "submit"), call("1", "submit"), call("2", "submit"), call("3", "submit"),
         call("4", "submit"), call("5", "submit")});
    EXPECT_EQ(order, (std::vector<std::string>{"0", "1", "3", "4", "5"}));
}

/// Asks about calls of the tool `asks`. The first one comes to its question after all others.
class LateFirstGate : public Gate {
public:
    explicit LateFirstGate(std::ptrdiff_t others) : others_(others) {}
    Verdict judge(const ToolSpec& tool, const ToolCall& call, std::stop_token stop,
                  const Turn& turn) override {
        if (tool.name != "asks") return {true, ""};
        if (call.id == "first") {
            others_.wait();
        } else {
            others_.count_down();
        }
        turn.await(stop);
        const Lock lock(mutex_);
        asked_.push_back(call.id);
        return {true, ""};
    }
    std::latch& others() { return others_; }
    std::vector<std::string> asked() {
        const Lock lock(mutex_);
        return asked_;
    }

private:
    std::latch others_;
    Mutex mutex_;
    std::vector<std::string> asked_ TENON_GUARDED_BY(mutex_);
};

TEST_F(ToolBatchTest, LetsTheGateAskInTheOrderOfTheCallsWhateverTheirThreads) {
    LateFirstGate late(4);  // three questions and the call that needs none
    const auto ends = [](const ToolCall&, CallContext&) { return ToolResult{"", false, {}}; };
    toolbox.add("asks", true, ends, true);
    toolbox.add("quiet", true, [&](const ToolCall&, CallContext&) {
        late.others().count_down();  // it runs while nothing is asked yet
        return ToolResult{"", false, {}};
    });
    ToolBatch batch(toolbox, late, events, {"s1", ""});
    ToolCall wrong = call("wrong", "asks");
    wrong.input = {{"wrong", 1}};
    batch.run({call("first", "asks"), call("second", "asks"), call("unknown", "nosuch"), wrong,
               call("quiet", "quiet"), call("third", "asks"), call("fourth", "asks")},
              {}, [](const ToolCall&, const CallOutcome&) {});
    EXPECT_EQ(late.asked(), (std::vector<std::string>{"first", "second", "third", "fourth"}));
}

TEST_F(ToolBatchTest, CarriesDeliveriesOfACall) {
    toolbox.add("check", true, [](const ToolCall&, CallContext& context) {
        context.deliver("0000000a");
        return ToolResult{"x", false, {}};
    });
    std::vector<std::string> delivered;
    ToolBatch(toolbox, gate, events, {"s1", ""})
        .run({call("a", "check")}, {}, [&](const ToolCall&, const CallOutcome& outcome) {
            delivered = outcome.result.delivered_jobs;
        });
    EXPECT_EQ(delivered, (std::vector<std::string>{"0000000a"}));
}

TEST_F(ToolBatchTest, CountsAsToldOnlyWhatASuccessfulCallHasTold) {
    for (const bool fails : {false, true}) {
        SCOPED_TRACE(fails);
        toolbox.add("wait", true, [&](const ToolCall&, CallContext& context) {
            context.deliver("0000000a");
            return ToolResult{"text", fails, {}};
        });
        std::vector<std::string> delivered;
        ToolBatch batch(toolbox, gate, events, {"s1", ""}, 1);
        batch.run({call("a", "wait")}, {}, [&](const ToolCall&, const CallOutcome& outcome) {
            delivered = outcome.result.delivered_jobs;
        });
        EXPECT_EQ(delivered,
                  fails ? std::vector<std::string>() : std::vector<std::string>{"0000000a"});
    }
}

/// Exits with the number of calls that succeeded, in a process that may start no thread.
int answered_without_threads(ToolBatch& batch, const std::vector<ToolCall>& calls) {
    constexpr uid_t kNobody = 65534;
    // For root the limit does not count.
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return 100;
    const rlimit none{1, 1};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 101;
    try {
        std::jthread([] {});
        return 102;  // the limit has no effect
    } catch (const std::system_error&) {
    }
    int succeeded = 0;
    batch.run(calls, {}, [&](const ToolCall& call, const CallOutcome& outcome) {
        if (!outcome.result.is_error && outcome.result.text == call.id) ++succeeded;
    });
    return succeeded;
}

TEST_F(ToolBatchTest, RunsEveryCallWhereTheSystemHasNoThreadForIt) {
    const auto answer = [](const ToolCall& c, CallContext& context) {
        return context.in_order([&] { return ToolResult{c.id, false, {}}; });
    };
    toolbox.add("long", true, answer, true);
    toolbox.add("quick", true, answer);
    std::vector<ToolCall> calls;
    for (int i = 0; i < 20; ++i)
        calls.push_back(call(std::to_string(i), i % 3 == 0 ? "quick" : "long"));
    ToolBatch batch(toolbox, gate, events, {"s1", ""});
    const pid_t child = ::fork();
    if (child == 0) ::_exit(answered_without_threads(batch, calls));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 20);
}

TEST_F(ToolBatchTest, RunsAThousandLongCallsOnABoundedNumberOfThreads) {
    std::atomic<int> now{0}, most{0};
    std::latch many(200);
    toolbox.add(
        "long", true,
        [&](const ToolCall& c, CallContext&) {
            const int running = ++now;
            for (int seen = most; running > seen && !most.compare_exchange_weak(seen, running);) {
            }
            if (std::stoi(c.id) < 200) many.arrive_and_wait();  // so many run side by side
            --now;
            return ToolResult{c.id, false, {}};
        },
        true);
    std::vector<ToolCall> calls;
    for (int i = 0; i < 1000; ++i)
        calls.push_back(call(std::to_string(i), "long"));
    const auto done = run(calls);
    EXPECT_EQ(done.size(), 1000U);
    EXPECT_TRUE(
        std::none_of(done.begin(), done.end(), [](const Finished& f) { return f.is_error; }));
    EXPECT_LE(most, 256);
}

TEST_F(ToolBatchTest, CountsNoEndAsDeliveredByAResultThatIsAnErrorOrCutOff) {
    for (const bool is_cut : {false, true}) {
        SCOPED_TRACE(is_cut);
        toolbox.add("wait", true, [&](const ToolCall&, CallContext&) {
            ToolResult result{"text", !is_cut, {"0000000a"}};
            if (is_cut) result.cut_at = 4;
            return result;
        });
        ToolBatch(toolbox, gate, events, {"s1", ""})
            .run({call("a", "wait")}, {}, [&](const ToolCall&, const CallOutcome& outcome) {
                EXPECT_EQ(outcome.result.delivered_jobs, std::vector<std::string>());
            });
    }
}

}  // namespace
}  // namespace tenon::agent
