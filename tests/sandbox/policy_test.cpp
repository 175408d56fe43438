
#include "host/sandbox/policy.h"

#include <gtest/gtest.h>

#include "host/base/path_text.h"

namespace tenon::sandbox {
namespace {

Policy some_policy() {
    Policy policy;
    policy.mode = Mode::kWorkspace;
    policy.network = Network::kFull;
    policy.workspace = "/w";
    policy.writable = {"/w", "/caf\xE9"};  // no UTF-8
    policy.denied_reads = {"/home/x/.ssh"};
    policy.protected_paths = {"/w/.tenon", "/w/.git/hooks"};
    policy.tolerated = {Gap::kSignals, Gap::kMountNamespace};
    return policy;
}

TEST(Policy, IsTheSameAfterItWasWrittenAndRead) {
    const Policy policy = some_policy();
    const auto text = dump_json(encode(policy));
    const auto parsed = parse_json(text);
    ASSERT_TRUE(parsed);
    const auto read = decode(*parsed);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->mode, policy.mode);
    EXPECT_EQ(read->network, policy.network);
    EXPECT_EQ(read->workspace, policy.workspace);
    EXPECT_EQ(read->writable, policy.writable);
    EXPECT_EQ(read->denied_reads, policy.denied_reads);
    EXPECT_EQ(read->protected_paths, policy.protected_paths);
    EXPECT_EQ(read->tolerated, policy.tolerated);
}

TEST(Policy, ThatIsNotWhollyUnderstoodIsRefused) {
    const std::pair<const char*, Json> changes[] = {
        {"v", 2},
        {"v", 0},
        {"v", "1"},
        {"mode", "strict"},
        {"mode", 1},
        {"network", "some"},
        {"writable", "/w"},
        {"writable", Json::array({1})},
        {"writable", Json::array({"w"})},
        {"denied_reads", nullptr},
        {"protected", Json::array({""})},
        {"tolerated", Json::array({"everything"})},
    };
    for (const auto& [key, value] : changes) {
        SCOPED_TRACE(std::string(key) + " " + dump_json(value));
        Json object = encode(some_policy());
        object[key] = value;
        EXPECT_FALSE(decode(object));
        object.erase(key);
        EXPECT_FALSE(decode(object)) << "without " << key;
    }
    EXPECT_FALSE(decode(Json::array()));
}

TEST(Policy, EveryGapHasAWordAndADescriptionOfItsOwn) {
    std::set<std::string_view> seen;
    for (const Gap gap : kAllGaps) {
        EXPECT_TRUE(seen.insert(to_string(gap)).second);
        EXPECT_TRUE(seen.insert(describe(gap)).second);
    }
}

TEST(Paths, AreBeneathADirectoryByWholeNames) {
    const std::tuple<const char*, const char*, bool> rows[] = {
        {"/a/b", "/a", true}, {"/a", "/a", true},    {"/ab", "/a", false},     {"/", "/", true},
        {"/x", "/", true},    {"/a", "/a/b", false}, {"/a/b/c", "/a/b", true},
    };
    for (const auto& [path, directory, expected] : rows) {
        SCOPED_TRACE(std::string(path) + " beneath " + directory);
        EXPECT_EQ(is_beneath(path, directory), expected);
    }
}

}  // namespace
}  // namespace tenon::sandbox
