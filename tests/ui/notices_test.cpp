#include "host/ui/notices.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace tenon::ui {
namespace {

TEST(FanOut, RedactsWhatSubagentsTellToo) {
    Secrets secrets;
    secrets.add("sk-secret-1");
    testing::EventLog log;
    FanOut fan_out(secrets);
    fan_out.add(log);
    fan_out.on_event(agent::Notice{"key sk-secret-1"});
    fan_out.on_event(agent::SubagentEvent{"t1", "use sk-secret-1", agent::Notice{"sk-secret-1!"}});
    fan_out.on_event(agent::SubagentEvent{
        "t1", "x", agent::RetryScheduled{1, 2, std::chrono::milliseconds(1), 0, "sk-secret-1?"}});
    EXPECT_EQ(log.all<agent::Notice>().at(0).text, "key [redacted]");
    const auto events = log.all<agent::SubagentEvent>();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].title, "use [redacted]");
    EXPECT_EQ(std::get<agent::Notice>(events[0].event).text, "[redacted]!");
    EXPECT_EQ(std::get<agent::RetryScheduled>(events[1].event).reason, "[redacted]?");
}

}  // namespace
}  // namespace tenon::ui
