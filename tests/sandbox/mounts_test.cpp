#include "host/sandbox/mounts.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

/// "rw a" and "ro a/b", relative to the root.
std::vector<std::string> pins_in(const TempDir& root, const std::vector<std::string>& paths,
                                 const std::vector<std::string>& writable,
                                 const std::vector<std::string>& kept = {}) {
    const auto absolute = [&](const std::vector<std::string>& names) {
        std::vector<std::string> out;
        for (const std::string& name : names)
            out.push_back((root / name).string());
        return out;
    };
    std::vector<std::string> out;
    for (const Pin& pin : pins_for(absolute(paths), absolute(kept), absolute(writable))) {
        out.push_back((pin.read_only ? "ro " : "rw ") +
                      fs::path(pin.path).lexically_relative(root.path()).string());
    }
    return out;
}

using Pins = std::vector<std::string>;

TEST(Pins, KeepEveryDirectoryOnTheWayToAProtectedPath) {
    const TempDir root;
    root.write("w/.git/hooks/x", "");
    root.write("w/.envrc", "");
    EXPECT_EQ(pins_in(root, {"w/.git/hooks", "w/.envrc", "w/.tenon"}, {"w"}),
              (Pins{"ro w/.envrc", "rw w/.git", "ro w/.git/hooks"}));
}

TEST(Pins, KeepTheWorkspaceInsideALargerWritableDirectory) {
    const TempDir root;
    root.write("w/src/p/.git/hooks/x", "");
    EXPECT_EQ(pins_in(root, {"w/src/p/.git/hooks"}, {"w"}),
              (Pins{"rw w/src", "rw w/src/p", "rw w/src/p/.git", "ro w/src/p/.git/hooks"}));
}

TEST(Pins, AreNotNeededWhereNothingMayBeWritten) {
    const TempDir root;
    root.write("w/.git/hooks/x", "");
    EXPECT_EQ(pins_in(root, {"w/.git/hooks"}, {"other"}), Pins{});
}

TEST(Pins, CoverALinkAndWhatItLeadsTo) {
    const TempDir root;
    root.write("w/shared/claude/x", "");
    fs::create_symlink("shared/claude", root / "w/.claude");
    fs::create_directory_symlink("real", root / "w/.git");
    root.write("w/real/hooks/x", "");
    EXPECT_EQ(pins_in(root, {"w/.claude", "w/.git/hooks"}, {"w"}),
              (Pins{"ro w/.claude", "ro w/.git", "rw w/real", "ro w/real/hooks", "rw w/shared",
                    "ro w/shared/claude"}));
}

TEST(Pins, EndInACycleOfLinks) {
    const TempDir root;
    fs::create_directory(root / "w");
    fs::create_symlink("b", root / "w/a");
    fs::create_symlink("a", root / "w/b");
    EXPECT_EQ(pins_in(root, {"w/a/hooks"}, {"w"}), Pins{"ro w/a"});
}

TEST(Pins, ProtectAFileOnTheWay) {
    const TempDir root;
    root.write("w/.git", "gitdir: /elsewhere\n");
    EXPECT_EQ(pins_in(root, {"w/.git/hooks"}, {"w"}), Pins{"ro w/.git"});
}

TEST(Pins, MakeNothingWritableInsideWhatIsProtected) {
    const TempDir root;
    root.write("w/state/jobs/x", "");
    EXPECT_EQ(pins_in(root, {"w/state", "w/state/jobs"}, {"w"}), Pins{"ro w/state"});
}

TEST(Pins, ProtectAWholeWritableDirectory) {
    const TempDir root;
    root.write("w/x", "");
    EXPECT_EQ(pins_in(root, {"w"}, {"w"}), Pins{"ro w"});
}

TEST(Pins, KeepTheNamesOfADeniedPathAndOfTheDirectoriesAroundIt) {
    const TempDir root;
    root.write("w/a/b/key", "");
    root.write("w/c/x", "");
    fs::create_directory_symlink("a", root / "w/link");
    EXPECT_EQ(pins_in(root, {"w/c"}, {"w"}, {"w/a/b/key", "w/c/x", "w", "elsewhere"}),
              (Pins{"rw w/a", "rw w/a/b", "rw w/a/b/key", "ro w/c"}));
    EXPECT_EQ(pins_in(root, {}, {"w"}, {"w/link/b"}), (Pins{"rw w/a", "rw w/a/b", "rw w/link"}));
}

TEST(Outermost, HasNoDirectoryBeneathAnother) {
    EXPECT_EQ(outermost({"/b/c", "/a", "/b", "/a/x/y", "/ab", "/a"}),
              (std::vector<std::string>{"/a", "/ab", "/b"}));
}

}  // namespace
}  // namespace tenon::sandbox
