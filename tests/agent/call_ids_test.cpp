#include "host/agent/call_ids.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tenon::agent {
namespace {

TEST(CallIds, KnowsWhichIdsEveryEndpointTakes) {
    for (const char* good : {"a", "toolu_01AbC-d", "call_0", "0"})
        EXPECT_TRUE(is_call_id(good)) << good;
    EXPECT_TRUE(is_call_id(std::string(40, 'x')));
    for (const char* bad : {"", " ", "a b", "functions.bash:0", "\xC3\xBC", "a\n"})
        EXPECT_FALSE(is_call_id(bad)) << bad;
    EXPECT_FALSE(is_call_id(std::string(41, 'x')));
}

TEST(CallIds, OfItsOwnHaveNineLettersAndDigits) {
    std::set<std::string> seen;
    for (const std::uint64_t number :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{52}, std::uint64_t{53},
          std::uint64_t{1} << 40U, std::numeric_limits<std::uint64_t>::max()}) {
        const std::string id = call_id_of(number);
        EXPECT_EQ(id.size(), 9U) << "the chat templates of Mistral want exactly that";
        EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](unsigned char c) {
            return std::isalnum(c) != 0;
        })) << id;
        EXPECT_TRUE(seen.insert(id).second) << id;
    }
}

TEST(CallIds, AreGivenOnceAlsoToSubagentsThatAskAtTheSameTime) {
    CallIds ids;
    std::vector<std::vector<std::string>> given(4);
    {
        std::vector<std::jthread> askers;
        for (auto& mine : given) {
            askers.emplace_back([&ids, &mine] {
                for (int i = 0; i < 200; ++i)
                    mine.push_back(ids.assign("call_" + std::to_string(i)));
            });
        }
    }
    std::set<std::string> all;
    for (const auto& mine : given)
        all.insert(mine.begin(), mine.end());
    EXPECT_EQ(all.size(), 800U);
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](const auto& id) { return is_call_id(id); }));
}

}  // namespace
}  // namespace tenon::agent
