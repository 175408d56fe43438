#include "plugins/file/lines.h"

#include <fcntl.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::file {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    const tenon::testing::TempDir dir;
    const Fd fd(::open(dir.write("f", text).c_str(), O_RDONLY | O_CLOEXEC));
    LineReader reader(fd, "f", [] { return true; });
    std::vector<std::string> out;
    for (std::string_view line; reader.next(line);)
        out.emplace_back(line);
    return out;
}

using Lines = std::vector<std::string>;

TEST(LineReader, SplitsAtEveryLineEnd) {
    const std::map<std::string, Lines> cases = {
        {"", {}},
        {"\n", {""}},
        {"a", {"a"}},
        {"a\n", {"a"}},
        {"a\n\nb", {"a", "", "b"}},
        {"a\r\nb\r\n", {"a", "b"}},
        {"a\rb\n", {"a\rb"}},
    };
    for (const auto& [text, expected] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(lines_of(text), expected);
    }
}

TEST(LineReader, FindsTheSameLinesWhereverAChunkEnds) {
    for (const std::size_t size : {65534U, 65535U, 65536U, 65537U, 200'000U}) {
        SCOPED_TRACE(size);
        const std::string line(size, 'x');
        EXPECT_EQ(lines_of(line + "\nnext\n"), (Lines{line, "next"}));
        EXPECT_EQ(lines_of(line), Lines{line});
    }
}

TEST(LineReader, CutsALineThatMemoryShouldNotHold) {
    const Lines lines =
        lines_of(std::string(5U << 20U, 'x') + "\nnext\n" + std::string(3U << 20U, 'y'));
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], std::string(LineReader::kMaxLine, 'x'));
    EXPECT_EQ(lines[1], "next");
    EXPECT_GE(lines[2].size(), LineReader::kMaxLine);
    EXPECT_LT(lines[2].size(), 2 * LineReader::kMaxLine);
}

TEST(LineReader, StopsInTheMiddleOfAFileWhenItsReaderWantsNoMore) {
    const tenon::testing::TempDir dir;
    const Fd fd(::open(dir.write("f", std::string(1U << 20U, 'x')).c_str(), O_RDONLY | O_CLOEXEC));
    int parts = 0;
    LineReader reader(fd, "f", [&] { return ++parts <= 2; });
    std::string_view line;
    EXPECT_TRUE(reader.next(line));
    EXPECT_EQ(line.size(), 2U * 65536U);
    EXPECT_FALSE(reader.next(line));
}

}  // namespace
}  // namespace tenon::file
