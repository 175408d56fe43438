#include "host/journal/deliveries.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::journal {
namespace {

using Reservation = Deliveries::Reservation;
using Ids = std::vector<std::string>;

TEST(Deliveries, ReserveAnEndForTheFirstCallThatAsks) {
    Deliveries deliveries;
    EXPECT_TRUE(deliveries.is_undelivered_and_unreserved("j"));
    EXPECT_EQ(deliveries.reserve("j", "a"), Reservation::kByThisCall);
    EXPECT_EQ(deliveries.reserve("j", "a"), Reservation::kByThisCall);
    EXPECT_EQ(deliveries.reserve("j", "b"), Reservation::kByAnotherCall);
    EXPECT_FALSE(deliveries.is_undelivered_and_unreserved("j"));
    EXPECT_FALSE(deliveries.is_delivered("j"));
}

TEST(Deliveries, OpenAnEndAgainThatWasReservedAndNotDelivered) {
    Deliveries deliveries;
    EXPECT_EQ(deliveries.reserve("j", "a"), Reservation::kByThisCall);
    deliveries.end_reservations();
    EXPECT_TRUE(deliveries.is_undelivered_and_unreserved("j"));
    EXPECT_EQ(deliveries.reserve("j", "b"), Reservation::kByThisCall);
}

TEST(Deliveries, KeepAReservationBeyondTheDeliveryUntilTheCallsAreOver) {
    Deliveries deliveries;
    EXPECT_EQ(deliveries.reserve("j", "a"), Reservation::kByThisCall);
    deliveries.deliver({"j"});
    EXPECT_EQ(deliveries.reserve("j", "b"), Reservation::kByAnotherCall);
    deliveries.end_reservations();
    EXPECT_EQ(deliveries.reserve("j", "b"), Reservation::kDelivered);
    EXPECT_TRUE(deliveries.is_delivered("j"));
    EXPECT_FALSE(deliveries.is_undelivered_and_unreserved("j"));
}

TEST(Deliveries, LetEndsWaitInTheirOrderUntilTheyAreDelivered) {
    Deliveries deliveries;
    deliveries.deliver({"delivered before it ended"});
    for (const char* job : {"b", "delivered before it ended", "a", "c"})
        deliveries.add_waiting(job);
    EXPECT_EQ(deliveries.waiting(), (Ids{"b", "a", "c"}));
    EXPECT_EQ(deliveries.waiting(), (Ids{"b", "a", "c"})) << "asking delivers nothing";
    deliveries.deliver({"a", "unknown"});
    EXPECT_EQ(deliveries.waiting(), (Ids{"b", "c"}));
}

TEST(Deliveries, OfAJournalAreThoseWhoseDeliveringRecordIsThere) {
    const testing::TempDir dir;
    dir.write("s.jsonl", R"({"v":1,"seq":0,"type":"session","id":"s","parent_call":"p"}
{"v":1,"seq":1,"type":"delivery","jobs":["a","b"]}
{"v":1,"seq":2,"type":"user","text":"x","delivery":1}
rubbish
{"v":1,"seq":3,"type":"delivery","jobs":["c"]}
{"v":1,"seq":4,"type":"tool_result","tool_use_id":"t","delivery":3}
{"v":1,"seq":5,"type":"delivery","jobs":["d"]}
{"v":1,"seq":6,"type":"user","text":"y","delivery":9}
)");
    const auto found = read_deliveries(dir / "s.jsonl");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->jobs, (std::set<std::string>{"a", "b", "c"}));
    EXPECT_EQ(found->tool_use_ids, std::set<std::string>{"t"});
    EXPECT_EQ(found->parent_call, "p");
    EXPECT_FALSE(read_deliveries(dir / "none.jsonl"));
}

TEST(Deliveries, AreNotMadeByAListWithoutASeq) {
    const testing::TempDir dir;
    dir.write("s.jsonl", R"({"v":1,"type":"delivery","jobs":["a"]}
{"v":1,"seq":1,"type":"user","text":"names no list"}
{"v":1,"seq":2,"type":"user","text":"names none that can be","delivery":-1}
)");
    const auto found = read_deliveries(dir / "s.jsonl");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->jobs, std::set<std::string>{});
}

}  // namespace
}  // namespace tenon::journal
