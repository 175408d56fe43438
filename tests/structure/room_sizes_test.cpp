#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "tests/structure/sources.h"

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

std::size_t lines_below(const fs::path& folder) {
    std::size_t lines = 0;
    for (const fs::path& file : sources_below(folder)) {
        const std::string content = content_of(file);
        lines += static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
    }
    return lines;
}

std::map<std::string, std::size_t> lines_of_rooms() {
    std::map<std::string, std::size_t> lines;
    for (const auto& entry : fs::directory_iterator(kSource / "host")) {
        if (entry.is_directory())
            lines[entry.path().filename().string()] = lines_below(entry.path());
    }
    return lines;
}

TEST(RoomSizes, NoRoomHoldsMoreThanAnEighthOfTheHost) {
    const std::size_t host = lines_below(kSource / "host");
    ASSERT_GT(host, 10'000U) << "the scan found nothing to measure";
    for (const auto& [room, lines] : lines_of_rooms()) {
        EXPECT_LE(lines, host / 8) << room << " has " << lines << " of " << host
                                   << " lines: which second concern does it have?";
    }
}

TEST(RoomSizes, TheRoomThatKnowsAllOthersIsSmall) {
    EXPECT_LT(lines_of_rooms().at("app"), 1'000U)
        << "app only connects the other rooms; everything else belongs to one of them";
}

}  // namespace
}  // namespace tenon::testing
