#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/structure/sources.h"

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

/// The rooms of the host from the lowest to the highest. A room includes itself and lower ones.
const std::vector<std::string> kRooms = {
    "base",   "config",      "journal", "sandbox", "jobs",    "shim",       "agent",
    "plugin", "plugin_host", "plugins", "verify",  "shell",   "permission", "model",
    "ui",     "terminal",    "session", "cli",     "sitting", "app"};

/// Rooms that may include less than the order of the rooms allows.
const std::map<std::string, std::set<std::string>> kNarrower = {
    {"shim", {"base", "jobs", "sandbox"}},
    {"plugin", {"base"}},
    {"plugin_host", {"base", "sandbox", "plugin"}},
    {"shell", {"base"}},
    {"model", {"base", "agent"}},
    {"permission", {"base", "agent", "config", "shell"}},
    {"plugins", {"base", "agent", "plugin"}},
    {"verify", {"base", "plugin", "plugins"}},
    {"ui", {"base", "agent"}},
};
/// The headers of agent for rooms that do not build a session: plain structs, ports, the rules by
/// which every provider and every plugin makes contents fit for the conversation, and how a message
/// is read as text, for the wire formats.
const std::set<std::string> kPortsOfAgent = {"message.h",  "contact.h", "event.h",
                                             "ports.h",    "wire.h",    "tool_facts.h",
                                             "call_ids.h", "repair.h",  "image.h"};
const std::set<std::string> kBuildsSessions = {"agent", "session", "cli", "sitting", "app"};

/// The rooms that the files of `room` may include, besides itself.
std::set<std::string> allowed_for(const std::string& room) {
    if (const auto it = kNarrower.find(room); it != kNarrower.end()) return it->second;
    const auto place = std::find(kRooms.begin(), kRooms.end(), room);
    return {kRooms.begin(), place};
}

std::vector<std::string> quoted_includes(const fs::path& file) {
    static const std::regex pattern(R"re(^\s*#\s*include\s*"([^"]+)")re");
    std::vector<std::string> found;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (std::regex_search(line, match, pattern)) found.push_back(match[1]);
    }
    return found;
}

TEST(Includes, PointOneWay) {
    std::size_t seen = 0;
    for (const std::string& room : kRooms) {
        const std::set<std::string> allowed = allowed_for(room);
        for (const fs::path& file : sources_below(kSource / "host" / room)) {
            SCOPED_TRACE(file.lexically_relative(kSource).string());
            for (const std::string& include : quoted_includes(file)) {
                ++seen;
                const fs::path path(include);
                auto part = path.begin();
                ASSERT_EQ(*part, "host")
                    << include << ": rooms are included by their path from the root";
                const std::string other = *++part;
                if (other == room) continue;
                EXPECT_TRUE(allowed.count(other) > 0) << room << " includes " << include;
                if (other == "agent" && kBuildsSessions.count(room) == 0) {
                    EXPECT_TRUE(kPortsOfAgent.count(path.filename().string()) > 0)
                        << room << " includes " << include;
                }
            }
        }
    }
    EXPECT_GT(seen, 50U) << "the scan found nothing to check";
}

TEST(Includes, EveryRoomOfTheHostIsChecked) {
    for (const auto& entry : fs::directory_iterator(kSource / "host")) {
        if (!entry.is_directory()) continue;
        const std::string room = entry.path().filename().string();
        EXPECT_EQ(std::count(kRooms.begin(), kRooms.end(), room), 1) << entry.path();
    }
}

TEST(Includes, PluginsAndTheSdkKnowNothingOfTheHost) {
    for (const char* folder : {"plugins", "sdk"}) {
        for (const fs::path& file : sources_below(kSource / folder)) {
            for (const std::string& include : quoted_includes(file)) {
                EXPECT_NE(include.rfind("host/", 0), 0U) << file << " includes " << include;
            }
        }
    }
}

}  // namespace
}  // namespace tenon::testing
