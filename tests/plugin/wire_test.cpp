#include "host/plugin/wire.h"

#include <gtest/gtest.h>

namespace tenon::plugin {
namespace {

/// Decodes every beginning of an encoded value, and the value with a byte too many: only the whole
/// is accepted.
template <class T>
void expect_only_whole(const T& value) {
    const std::string bytes = encode(value);
    const auto whole = decode<T>(bytes);
    ASSERT_TRUE(whole);
    EXPECT_TRUE(*whole == value);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode<T>(std::string_view(bytes).substr(0, size))) << size;
    EXPECT_FALSE(decode<T>(bytes + "x"));
}

TEST(Wire, DecodesWhatWasEncodedAndNothingElse) {
    expect_only_whole(Hello{"1.0", "{}"});
    expect_only_whole(InstanceOptions{"id", "/dir", "/ws", "{}", "/state"});
    expect_only_whole(Listing{{{"a", "does a", "{}", 17, "{}"}, {"b", "\xFF\0z", "", 0, ""}},
                              {Hook::kBegin, Hook::kPrompt}});
    expect_only_whole(Refusal{"why", "what to do"});
    expect_only_whole(Invocation{"tool", R"({"a":1})", 123456789012345});
    expect_only_whole(ServiceCall{7, "path.open/1", "{}", std::string("\0body", 5)});
    expect_only_whole(ServiceAnswer{TENON_DENIED, "no"});
    expect_only_whole(HookCall{Hook::kRemind, ""});
    expect_only_whole(LogLine{2, "text"});
}

TEST(Wire, PassesEveryMemberOfALoadOrder) {
    LoadOrder order;
    order.id = "id";
    order.confinement = {"/l", "/p", "/s", "/w", true, true, {"/r"}, {"/x", "/y"}, {"/h"}, true};
    order.confine = false;
    order.max_result_bytes = 99;
    const auto again = decode<LoadOrder>(encode(order));
    ASSERT_TRUE(again);
    EXPECT_TRUE(*again == order);
}

TEST(Wire, StopsAtTheNumberOfAnotherProtocol) {
    LoadOrder order;
    order.protocol = kProtocol + 1;
    const auto decoded = decode<LoadOrder>(encode(order) + "members of another time");
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->protocol, kProtocol + 1);
}

TEST(Wire, RefusesCodesAndHooksThatDoNotExist) {
    EXPECT_FALSE(decode_code(encode_code(TENON_FAULT + 1)));
    EXPECT_FALSE(decode_code(encode_code(-1)));
    EXPECT_EQ(decode_code(encode_code(TENON_FAULT)), TENON_FAULT);
    EXPECT_FALSE(decode<ServiceAnswer>(encode(ServiceAnswer{8, ""})));
    EXPECT_FALSE(decode<HookCall>(encode(HookCall{static_cast<Hook>(7), ""})));
    EXPECT_FALSE(decode<Listing>(encode(Listing{{}, {static_cast<Hook>(7)}})));
}

TEST(Wire, DoesNotAllocateByAClaimedCount) {
    std::string bytes = encode(Listing{});
    bytes[0] = bytes[1] = bytes[2] = bytes[3] = '\xFF';  // so many tools
    EXPECT_FALSE(decode<Listing>(bytes));
}

}  // namespace
}  // namespace tenon::plugin
