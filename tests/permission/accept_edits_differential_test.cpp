#include <cstdlib>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/permission/judged_workspace.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

/// The environment variables TENON_TEXTS and TENON_SEED make a longer run.
unsigned number_from(const char* variable, unsigned otherwise) {
    const char* value = ::getenv(variable);
    return value == nullptr ? otherwise : static_cast<unsigned>(std::stoul(value));
}

std::string random_command(std::mt19937& random) {
    static const Strings commands = {
        "touch",  "touch", "rm",     "rm -rf", "rm -r", "mkdir", "mkdir -p", "rmdir", "rmdir -p",
        "mv",     "mv",    "mv -T",  "mv -t",  "cp",    "cp -r", "cp -a",    "cp -P", "cp -d",
        "cp -rL", "cp -t", "cp -rT", "cd",     "cd",    "cp -H", "touch -h", "cp -rp"};
    static const Strings operands = {
        "a",          "b",     "d",          "d/x",    "out",    "out/f", "up",     "up/o",
        ".",          "..",    "d/..",       "in",     "in/x",   "in/..", "file",   "dangling",
        "new",        "new/y", "*",          "o*",     "d/*",    "*/f",   ".*",     "up/*",
        "in/../out",  "d/l",   "d/l/f",      "./d/",   "out/",   "out/.", "up/..",  "../o",
        "new/../out", "'a'",   "d/l/..",     "?",      "[d-p]*", "m",     "m/l",    "m/l/f",
        "-- a",       "d/new", "/nowhere/x", "in/new", "l",      "l/f",   ".envrc", ".git",
        ".git/h",     "k",     "k/.envrc",   "k*"};
    static const Strings joints = {"; ", " && ", " && ", " || ", " | ", " & "};
    std::string out;
    for (auto parts = 1 + random() % 4; parts > 0; --parts) {
        out += commands[random() % commands.size()];
        for (auto n = 1 + random() % 3; n > 0; --n)
            out += " " + operands[random() % operands.size()];
        if (random() % 8 == 0) out += " > " + operands[random() % operands.size()];
        if (parts > 1) out += joints[random() % joints.size()];
    }
    return out;
}

void make_world(const testing::TempDir& dir) {
    for (const char* name : {"w", "o"})
        fs::remove_all(dir / name);
    for (const char* name : {"w/a", "w/b", "w/d/x", "w/file", "w/m/n", "o/f", "o/g/h", "w/.git/h",
                             "w/k/.envrc", "w/.envrc"})
        dir.write(name, name);
    fs::create_directory_symlink("../o", dir / "w/out");
    fs::create_directory_symlink("..", dir / "w/up");
    fs::create_directory_symlink("d", dir / "w/in");
    fs::create_directory_symlink("../../o", dir / "w/d/l");
    fs::create_symlink("../o/new", dir / "w/dangling");
}

/// What must not change: everything outside the workspace, and the protected files in it.
std::map<std::string, std::string> kept(const testing::TempDir& dir) {
    std::map<std::string, std::string> out;
    for (const char* name : {"o", "w/.git"}) {
        if (!fs::exists(dir / name)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(dir / name))
            out[entry.path()] =
                entry.is_regular_file() ? dir.read(fs::relative(entry.path(), dir.path())) : "";
    }
    for (const auto& entry : fs::directory_iterator(dir.path()))
        out[entry.path()] = "";
    for (const char* name : {"w/.envrc", "w/k/.envrc"})
        out[name] = dir.read(name);
    return out;
}

TEST(AcceptEditsAgainstBash, NothingThatIsAllowedChangesAFileOutsideOrAProtectedOne) {
    const testing::TempDir dir;
    make_world(dir);
    const auto before = kept(dir);
    Config config;
    config.workspace = dir / "w";
    config.home = "/nowhere";
    config.mode = PermissionMode::kAcceptEdits;
    std::mt19937 random(number_from("TENON_SEED", 11));
    const unsigned texts = number_from("TENON_TEXTS", 600);
    const std::string start = "cd '" + (dir / "w").string() +
                              "' && HOME=/nowhere timeout 10 bash -c \"$COMMAND\" "
                              "</dev/null >/dev/null 2>&1";
    unsigned ran = 0;
    for (unsigned i = 0; i < texts; ++i) {
        const std::string command = random_command(random);
        RuleGate gate(config);
        if (!judged(gate, command).allowed) continue;
        ++ran;
        ::setenv("COMMAND", (command + "; wait").c_str(), 1);
        (void)std::system(start.c_str());  // NOLINT(cert-env33-c)
        ASSERT_EQ(kept(dir), before) << command;
        ASSERT_TRUE(fs::is_directory(dir / "w")) << command;
        make_world(dir);
    }
    ::unsetenv("COMMAND");
    RecordProperty("commands_that_ran", static_cast<int>(ran));
    EXPECT_GT(ran, texts / 50);
}

}  // namespace
}  // namespace tenon::permission
