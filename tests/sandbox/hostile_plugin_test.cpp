#include <gmock/gmock.h>
#include <iostream>
#include <map>

#include <gtest/gtest.h>

#include "host/sandbox/plugin_confinement.h"
#include "tests/sandbox/plugin_world.h"

namespace tenon::sandbox {
namespace {

struct HostileTrial {
    const char* name;
    bool as_nobody;
    std::vector<std::string> options;
    std::size_t least;  ///< so many ways must be proved to work without the confinement
    std::set<std::string> granted = {};  ///< ways that the options allow
};

void PrintTo(const HostileTrial& trial, std::ostream* out) {
    *out << trial.name;
}

using Results = std::map<std::string, std::string>;  // way → what the plugin answered

Results attempt_all(PluginWorld& world, const std::vector<std::string>& names,
                    const std::vector<std::string>& options) {
    std::vector<PluginWorld::ToolCall> calls;
    for (const std::string& name : names)
        calls.push_back({"attempt", world.targets(name)});
    const auto lines = world.call(calls, options);
    Results out;
    for (std::size_t i = 0; i < std::min(names.size(), lines.size()); ++i)
        out[names[i]] = lines[i];
    return out;
}

std::set<std::string> ways_with(const Results& results, const std::string& answer) {
    std::set<std::string> out;
    for (const auto& [way, said] : results) {
        if (said.rfind(answer, 0) == 0) out.insert(way);
    }
    return out;
}

class HostilePlugin : public ::testing::TestWithParam<HostileTrial> {};

TEST_P(HostilePlugin, IsStoppedInEveryWayAndEachWorksWithoutTheConfinement) {
    const HostileTrial& trial = GetParam();
    if (trial.as_nobody && ::geteuid() != 0) GTEST_SKIP() << "only root can try as another user";
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own thread would be confined apart from the others";
#endif
    if (const auto able = check_plugin_confinement(); !able) GTEST_SKIP() << able.error().message;
    const uid_t user = trial.as_nobody ? nobody_of_this_system() : ::geteuid();

    PluginWorld free(user);
    const std::vector<std::string> names = free.ways();
    ASSERT_GT(names.size(), 200U) << free.errors;
    const Results control = attempt_all(free, names, {"confine=no"});
    const auto work = ways_with(control, "ESCAPED");
    RecordProperty("work_without", static_cast<int>(work.size()));
    EXPECT_GE(work.size(), trial.least);

    PluginWorld world(user);
    const std::string before = world.guarded();
    const Results confined = attempt_all(world, names, trial.options);
    ASSERT_EQ(confined.size(), names.size()) << world.errors;
    std::size_t stopped = 0;
    for (const auto& [way, said] : confined) {
        if (trial.granted.count(way) > 0) continue;
        EXPECT_EQ(said.rfind("stopped: ", 0), 0U) << way << ": " << said;
        stopped += work.count(way);
    }
    std::cout << names.size() << " ways, " << work.size() << " work without the confinement, "
              << stopped << " of these are stopped by it\n";
    EXPECT_EQ(world.changed(), "") << "ways that changed something outside";
    EXPECT_EQ(world.guarded(), before);
}

/// What is stopped is reported: the plugin sees why, and so does who reads its result.
TEST(HostilePluginReport, NamesTheReasonOfTheSystem) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own thread would be confined apart from the others";
#endif
    PluginWorld world;
    const std::pair<const char*, const char*> cases[] = {
        {"secret-read", "Permission denied"},
        {"create", "Permission denied"},
        {"workspace-new", "Permission denied"},
        {"workspace-chmod", "Operation not permitted"},
        {"tcp", "Permission denied"},
        {"unix-socket", "Permission denied"},
        {"pair", "Permission denied"},
        {"fork", "Operation not permitted"},
        {"posix-spawn", "Operation not permitted"},
        {"ptrace-attach", "Operation not permitted"},
        {"kill", "Operation not permitted"},
        {"open-memory", "Permission denied"},
        {"io-uring", "Operation not permitted"},
        {"add-key", "Operation not permitted"},
        {"new-user-namespace", "Operation not permitted"},
        {"bind-mount", "Operation not permitted"},
        {"watch-secret", "Operation not permitted"},
        {"personality", "Operation not permitted"},
    };
    std::vector<std::string> names;
    for (const auto& [way, reason] : cases)
        names.emplace_back(way);
    const Results results = attempt_all(world, names, {});
    for (const auto& [way, reason] : cases) {
        SCOPED_TRACE(way);
        ASSERT_EQ(results.count(way), 1U) << world.errors;
        EXPECT_THAT(results.at(way), ::testing::HasSubstr(reason));
    }
}

const std::set<std::string> kOfExec = {
    "fork",        "vfork",      "clone",        "posix-spawn",     "system", "execve",
    "read-passwd", "pidfd-open", "outlive-host", "execveat-memory", "tkill"};
const std::set<std::string> kOfNetwork = {
    "tcp",        "tcp-mapped", "tcp-multipath", "tcp-fast-open", "udp",
    "tcp-listen", "netlink",    "inet6-socket",  "pair",          "pair-of-packets"};

INSTANTIATE_TEST_SUITE_P(
    EveryUserAndKernel, HostilePlugin,
    ::testing::Values(HostileTrial{"as_this_user", false, {}, 100},
                      HostileTrial{"as_nobody", true, {}, 80},
                      HostileTrial{"on_linux_5_13", false, {"abi=1"}, 100},
                      HostileTrial{"on_linux_5_13_as_nobody", true, {"abi=1"}, 80},
                      HostileTrial{"with_network", false, {"network=yes"}, 100, kOfNetwork},
                      HostileTrial{"with_exec", false, {"exec=yes"}, 100, kOfExec},
                      HostileTrial{
                          "with_exec_on_linux_5_13", true, {"exec=yes", "abi=1"}, 80, kOfExec}),
    [](const auto& trial) { return std::string(trial.param.name); });

}  // namespace
}  // namespace tenon::sandbox
