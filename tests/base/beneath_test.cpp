#include "host/base/beneath.h"

#include <atomic>
#include <climits>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Result<void> anything(const fs::path&) {
    return {};
}

std::string contents(const Beneath::Opened& opened) {
    std::string out(1024, '\0');
    const ssize_t n = ::read(opened.fd.get(), out.data(), out.size());
    out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return out;
}

/// ws (workspace), add (writable too), docs (to be read), and a folder outside with a secret.
struct Layout {
    Layout() {
        dir.write("ws/a.txt", "a");
        dir.write("ws/sub/b.txt", "b");
        dir.write("add/c.txt", "c");
        dir.write("docs/d.txt", "d");
        dir.write("outside/secret", "secret");
        fs::create_symlink(ws() / "sub", dir / "linked");
    }
    [[nodiscard]] fs::path ws() const { return dir / "ws"; }
    [[nodiscard]] Beneath roots() const { return {ws(), {dir / "add"}, {dir / "docs"}}; }
    void link(const fs::path& target, const std::string& name) const {
        fs::create_symlink(target, dir / name);
    }
    testing::TempDir dir;
};

TEST(Beneath, OpensWhatLiesInsideHoweverItIsSpelled) {
    const Layout at;
    at.link("sub/b.txt", "ws/relative_link");
    at.link(at.ws() / "a.txt", "ws/absolute_link");
    at.link(at.ws() / "sub", "ws/absolute_folder");
    at.link("../add/c.txt", "ws/to_other_root");
    at.link(at.ws(), "alias");
    struct Case {
        std::string path, text, real;
    };
    const std::vector<Case> cases = {
        {"a.txt", "a", "ws/a.txt"},
        {"./a.txt", "a", "ws/a.txt"},
        {"sub//b.txt", "b", "ws/sub/b.txt"},
        {"sub/../a.txt", "a", "ws/a.txt"},
        {"relative_link", "b", "ws/sub/b.txt"},
        {"absolute_link", "a", "ws/a.txt"},
        {"absolute_folder/b.txt", "b", "ws/sub/b.txt"},
        {"to_other_root", "c", "add/c.txt"},
        {"../add/c.txt", "c", "add/c.txt"},
        {(at.ws() / "sub/b.txt").string(), "b", "ws/sub/b.txt"},
        {(at.dir / "alias/a.txt").string(), "a", "ws/a.txt"},
        {(at.dir / "outside/../ws/a.txt").string(), "a", "ws/a.txt"},
        {(at.dir / "docs/d.txt").string(), "d", "docs/d.txt"},
    };
    const Beneath roots = at.roots();
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        const auto opened = roots.open(c.path, anything);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(contents(*opened), c.text);
        EXPECT_EQ(opened->real, at.dir / c.real);
    }
}

TEST(Beneath, TakesTheRootAsItWasGivenToo) {
    const Layout at;
    at.link(at.ws(), "alias");
    const Beneath roots(at.dir / "alias/", {}, {});
    EXPECT_EQ(roots.workspace(), at.ws());
    for (const fs::path& path : {at.dir / "alias/a.txt", at.ws() / "a.txt", fs::path("a.txt")}) {
        SCOPED_TRACE(path);
        const auto opened = roots.open(path.string(), anything);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(opened->real, at.ws() / "a.txt");
    }
}

TEST(Beneath, RefusesWhatLeadsOutsideAndNamesTheFoldersAllowed) {
    const Layout at;
    at.link("../outside/secret", "ws/link");
    at.link(at.dir / "outside", "ws/folder_link");
    at.link("folder_link", "ws/twice");
    const std::vector<std::string> cases = {
        "../outside/secret",
        "../outside/not_there",
        "sub/../../outside/secret",
        "link",
        "folder_link/secret",
        "twice/secret",
        "/etc/passwd",
        (at.dir / "outside/secret").string(),
        "/",
        (at.ws() / "../outside/secret").string(),
        "..",
        (at.dir / "ws2").string(),
    };
    const Beneath roots = at.roots();
    for (const std::string& path : cases) {
        SCOPED_TRACE(path);
        const auto read = roots.open(path, anything);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().message,
                  path + " is outside the folders that may be read: " + at.ws().string() + ", " +
                      (at.dir / "add").string() + ", " + (at.dir / "docs").string());
        const auto written = roots.open_entry(path + "/new", anything);
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().message,
                  path + "/new is outside the folders that may be written: " + at.ws().string() +
                      ", " + (at.dir / "add").string());
    }
}

TEST(Beneath, SaysWhatIsWrongWithAPath) {
    const Layout at;
    ASSERT_EQ(::mkfifo((at.ws() / "fifo").c_str(), 0600), 0);
    at.link("loop", "ws/loop");
    struct Case {
        std::string path, message;
    };
    const std::vector<Case> cases = {
        {"", "the path is empty"},
        {std::string("a\0b", 3), "the path has a NUL byte in it"},
        {std::string(PATH_MAX, 'x'), "the path has 4096 bytes; at most 4095 are possible"},
        {"~/a.txt", "open ~/a.txt: ~ is not expanded; write the path out"},
        {"none", "open none: No such file or directory"},
        {"a.txt/x", "open a.txt/x: Not a directory"},
        {"fifo", "open fifo: is a FIFO, neither a regular file nor a folder"},
        {"loop", "open loop: Too many levels of symbolic links"},
    };
    const Beneath roots = at.roots();
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        const auto opened = roots.open(c.path, anything);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().message, c.message);
    }
    EXPECT_EQ(roots.open_folder("a.txt", anything).error().message, "open a.txt: Not a directory");
}

TEST(Beneath, NeverWaitsForOrUsesASocketOrDevice) {
    const testing::TempDir dir;
    const Beneath roots(dir.path(), {"/dev"}, {});
    EXPECT_EQ(roots.open("/dev/null", anything).error().message,
              "open /dev/null: is a device, neither a regular file nor a folder");
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (dir / "s").string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(roots.open("s", anything).error().message,
              "open s: is a socket, neither a regular file nor a folder");
}

TEST(Beneath, OpensASingleFileThatMayBeReadAndNothingBesideIt) {
    const Layout at;
    const fs::path note = at.dir.write("outside/note", "n");
    at.link("../outside/note", "docs/linked");
    at.link("../outside/secret", "docs/other");
    const Beneath roots(at.ws(), {}, {at.dir / "docs", note});
    for (const fs::path& path : {note, at.dir / "docs/linked"}) {
        SCOPED_TRACE(path);
        const auto opened = roots.open(path.string(), anything);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(contents(*opened), "n");
        EXPECT_EQ(opened->real, note);
    }
    EXPECT_FALSE(roots.open((at.dir / "outside/secret").string(), anything));
    EXPECT_FALSE(roots.open((at.dir / "docs/other").string(), anything));
    EXPECT_FALSE(roots.open(note.string() + "/x", anything));
    EXPECT_FALSE(roots.open_folder(note.string(), anything));
    EXPECT_FALSE(roots.open_entry(note.string(), anything));
}

TEST(Beneath, FollowsNoMagicLinks) {
    const testing::TempDir dir;
    const Beneath roots(dir.path(), {"/proc"}, {});
    EXPECT_FALSE(roots.open("/proc/self/root/etc/passwd", anything));
    EXPECT_FALSE(roots.open("/proc/self/cwd", anything));
}

TEST(Beneath, AsksForApprovalWithThePathAfterLinks) {
    const Layout at;
    at.link("sub", "ws/alias");
    const auto refuse = [&](const fs::path& real) -> Result<void> {
        return Error{"no: " + real.string()};
    };
    const Beneath roots = at.roots();
    const std::string no = "no: " + at.ws().string();
    EXPECT_EQ(roots.open("alias/b.txt", refuse).error().message, no + "/sub/b.txt");
    EXPECT_EQ(roots.open_folder("alias", refuse).error().message, no + "/sub");
    EXPECT_EQ(roots.open_entry("alias/new/x", refuse).error().message, no + "/sub/new/x");
    EXPECT_FALSE(fs::exists(at.ws() / "sub/new"));
}

TEST(Beneath, OpensTheFolderOfAnEntryAndMakesItWhenMissing) {
    const Layout at;
    at.link("sub", "ws/alias");
    at.link(at.dir / "add", "ws/absolute");
    struct Case {
        std::string path, real;
    };
    const std::vector<Case> cases = {
        {"a.txt", "ws/a.txt"},
        {"new.txt", "ws/new.txt"},
        {"p/q/r.txt", "ws/p/q/r.txt"},
        {"alias/s/t.txt", "ws/sub/s/t.txt"},
        {"absolute/u/v.txt", "add/u/v.txt"},
        {(at.dir / "add/w/x.txt").string(), "add/w/x.txt"},
        {(at.dir / "linked/y/z.txt").string(), "ws/sub/y/z.txt"},
    };
    const Beneath roots = at.roots();
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        const auto entry = roots.open_entry(c.path, anything);
        ASSERT_TRUE(entry) << entry.error().message;
        EXPECT_EQ(entry->real, at.dir / c.real);
        EXPECT_EQ(entry->name, fs::path(c.real).filename());
        EXPECT_EQ(*real_path_of(entry->folder.get()), (at.dir / c.real).parent_path());
    }
}

TEST(Beneath, ALinkAsAnEntryStandsForItsTargetWhichNeedNotExist) {
    const Layout at;
    at.link("sub/b.txt", "ws/there");
    at.link("sub/later.txt", "ws/dangling");
    at.link(at.dir / "add/later.txt", "ws/absolute");
    at.link("dangling", "ws/chain");
    const Beneath roots = at.roots();
    for (const auto& [name, real] :
         std::map<std::string, std::string>{{"there", "ws/sub/b.txt"},
                                            {"dangling", "ws/sub/later.txt"},
                                            {"absolute", "add/later.txt"},
                                            {"chain", "ws/sub/later.txt"}}) {
        SCOPED_TRACE(name);
        const auto entry = roots.open_entry(name, anything);
        ASSERT_TRUE(entry) << entry.error().message;
        EXPECT_EQ(entry->real, at.dir / real);
    }
}

TEST(Beneath, RefusesEntriesOutsideAndMakesNothingForThem) {
    const Layout at;
    at.link(at.dir / "outside", "ws/out");
    at.link("../outside/made", "ws/dangling_out");
    at.link("../outside/secret", "ws/link_out");
    at.link("loop", "ws/loop");
    struct Case {
        std::string path, message;
    };
    const std::string outside = " is outside the folders that may be written: ";
    const std::vector<Case> cases = {
        {"out/x", "out/x" + outside},
        {"out/p/q", "out/p/q" + outside},
        {"dangling_out", "dangling_out" + outside},
        {"link_out", "link_out" + outside},
        {"../outside/x", "../outside/x" + outside},
        {(at.dir / "docs/x").string(), (at.dir / "docs/x").string() + outside},
        {"loop", "open loop: Too many levels of symbolic links"},
        {"made/../../x", "open made/../../x: No such file or directory"},
        {"dangling_out/x", "open dangling_out/x: "},
        {"a.txt/x", "open a.txt/x: Not a directory"},
        {"sub/", "sub/ names a folder, not a file"},
        {".", ". names a folder, not a file"},
        {"sub/..", "sub/.. names a folder, not a file"},
        {std::string(256, 'n'), "File name too long"},
        {"made/" + std::string(256, 'n'), "File name too long"},
        {"made/" + std::string(256, 'n') + "/x", "File name too long"},
    };
    const Beneath roots = at.roots();
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        const auto entry = roots.open_entry(c.path, anything);
        ASSERT_FALSE(entry);
        EXPECT_THAT(entry.error().message, HasSubstr(c.message));
    }
    EXPECT_FALSE(fs::exists(at.ws() / "made"));
    EXPECT_FALSE(fs::exists(at.dir / "outside/made"));
    EXPECT_FALSE(fs::exists(at.dir / "outside/p"));
    EXPECT_FALSE(fs::exists(at.dir / "x"));
}

TEST(Beneath, AFolderSwappedForALinkAllTheTimeNeverLeadsOutside) {
    const Layout at;
    at.dir.write("outside/b.txt", "secret");
    at.link(at.dir / "outside", "ws/other");
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
        while (!stop) {
            ::renameat2(AT_FDCWD, (at.ws() / "sub").c_str(), AT_FDCWD, (at.ws() / "other").c_str(),
                        RENAME_EXCHANGE);
        }
    });
    const Beneath roots = at.roots();
    int inside = 0;
    for (int i = 0; i < 2000; ++i) {
        if (const auto opened = roots.open("sub/b.txt", anything)) {
            ++inside;
            EXPECT_EQ(contents(*opened), "b");
        }
        if (const auto entry = roots.open_entry("sub/deep/new", anything)) {
            EXPECT_EQ(::faccessat(entry->folder.get(), "../secret", F_OK, 0), -1);
        }
    }
    stop = true;
    swapper.join();
    EXPECT_GT(inside, 0);
    EXPECT_FALSE(fs::exists(at.dir / "outside/deep"));
}

TEST(Beneath, ARootMayAppearLater) {
    const testing::TempDir dir;
    fs::create_directory(dir / "ws");
    const Beneath roots(dir / "ws", {}, {dir / "later"});
    const std::string path = (dir / "later/f").string();
    EXPECT_FALSE(roots.open(path, anything));
    dir.write("later/f", "now");
    const auto opened = roots.open(path, anything);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(contents(*opened), "now");
}

TEST(Beneath, KnowsThePathOfAnOpenFileAndWhetherItIsGone) {
    const testing::TempDir dir;
    const UniqueFd plain(::open(dir.write("f", "").c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd odd(::open(dir.write("g (deleted)", "").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(*real_path_of(plain.get()), dir / "f");
    EXPECT_EQ(*real_path_of(odd.get()), dir / "g (deleted)");
    fs::remove(dir / "f");
    const auto gone = real_path_of(plain.get());
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().message, (dir / "f").string() + " was removed meanwhile");
}

}  // namespace
}  // namespace tenon
