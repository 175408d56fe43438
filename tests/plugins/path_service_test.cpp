#include "host/plugins/path_service.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/atomic_file.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

struct Fixture {
    Fixture() {
        dir.write("ws/src/a.txt", "a");
        dir.write("ws/.env", "KEY=1");
        dir.write("docs/d.txt", "d");
        fs::create_symlink(".env", dir / "ws/alias");
        service.add_to(services);
    }
    [[nodiscard]] ServiceReply ask(std::string_view method, const Json& params) {
        return services.request("p", first_party, method, params.dump(), {}, &call);
    }
    [[nodiscard]] ServiceReply open(const Json& params) { return ask("path.open/1", params); }
    /// Opens a file for writing and writes into it.
    ServiceReply write(const std::string& path, const std::string& content) {
        ServiceReply reply = open({{"path", path}, {"access", "write"}});
        EXPECT_EQ(reply.rc, TENON_OK) << reply.out;
        EXPECT_TRUE(write_all(reply.fd.get(), content));
        return reply;
    }
    [[nodiscard]] std::string read(const std::string& name) const { return dir.read("ws/" + name); }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(dir / "ws"), fs::directory_iterator()));
    }

    testing::TempDir dir;
    bool first_party = true;
    std::string refusal;  // of writing by a third-party plugin
    PathService service{
        Beneath(dir / "ws", {}, {dir / "docs"}),
        [](const fs::path& path) { return path.filename() == ".env" ? "Read(.env) (--deny)" : ""; },
        [](const fs::path& path) {
            return path.extension() == ".lock" ? "Edit(*.lock) (--deny)" : "";
        },
        {dir / "ws/skills", dir / "none"},
        [this](const ServiceRequest& request, const fs::path& path) {
            EXPECT_EQ(request.plugin, "p");
            EXPECT_TRUE(path.is_absolute());
            return refusal;
        }};
    Services services;
    agent::CallContext call{{"s", ""}, "t", {}, nullptr};
};

TEST(PathService, KeepsWhatIsHiddenFromThirdPartiesOnly) {
    Fixture fixture;
    fixture.dir.write("ws/.ssh/id", "key");
    fs::create_symlink(".ssh/id", fixture.dir / "ws/link");
    fixture.service.hide_from_third_parties({fixture.dir / "ws/.ssh"});
    for (const char* path : {".ssh/id", "link"}) {
        fixture.first_party = true;
        EXPECT_EQ(fixture.open({{"path", path}, {"access", "read"}}).rc, TENON_OK);
        fixture.first_party = false;
        const ServiceReply reading = fixture.open({{"path", path}, {"access", "read"}});
        EXPECT_EQ(reading.rc, TENON_DENIED);
        EXPECT_NE(reading.out.find("kept from plugins"), std::string::npos) << reading.out;
        EXPECT_EQ(fixture.open({{"path", path}, {"access", "write"}}).rc, TENON_DENIED);
    }
}

/// The answer; a descriptor in it is checked.
Json answer(const ServiceReply& reply) {
    EXPECT_EQ(reply.rc, TENON_OK) << reply.out;
    struct stat info {};
    if (reply.fd) {
        EXPECT_EQ(::fstat(reply.fd.get(), &info), 0);
    }
    Json out = *parse_json(reply.out);
    if (out.contains("version")) {
        EXPECT_EQ(string_or(out, "version").empty(), info.st_size == 0);
        out.erase("version");
    }
    return out;
}

TEST(PathService, StatesTheRootsAndTheDirectoriesOfSkillsThatExist) {
    Fixture f;
    std::filesystem::create_directories(f.dir / "ws/skills");
    const std::string ws = (f.dir / "ws").string();
    EXPECT_EQ(answer(f.ask("path.roots/1", Json::object())),
              Json({{"workspace", ws},
                    {"write", {ws}},
                    {"read", {ws, (f.dir / "docs").string()}},
                    {"skills", {ws + "/skills"}},
                    {"plugin_skills", Json::array()}}));
}

TEST(PathService, OpensAPathAndStatesItWithoutLinks) {
    Fixture f;
    const std::string ws = (f.dir / "ws").string();
    struct Case {
        Json params, expected;
    };
    const std::vector<Case> cases = {
        {{{"path", "src/a.txt"}, {"access", "read"}},
         {{"path", ws + "/src/a.txt"}, {"shown", "src/a.txt"}}},
        {{{"path", "src"}, {"access", "read"}}, {{"path", ws + "/src"}, {"shown", "src"}}},
        {{{"path", "."}, {"access", "folder"}}, {{"path", ws}, {"shown", "."}}},
        {{{"path", (f.dir / "docs/d.txt").string()}, {"access", "read"}},
         {{"path", (f.dir / "docs/d.txt").string()}, {"shown", (f.dir / "docs/d.txt").string()}}},
        {{{"path", "new/b.txt"}, {"access", "write"}},
         {{"path", ws + "/new/b.txt"}, {"shown", "new/b.txt"}}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.params.dump());
        EXPECT_EQ(answer(f.open(c.params)), c.expected);
    }
}

TEST(PathService, RefusesWithAReasonAndACode) {
    Fixture f;
    const std::string ws = (f.dir / "ws").string();
    struct Case {
        Json params;
        tenon_rc rc;
        std::string words;
    };
    const std::vector<Case> cases = {
        {{{"path", "none"}, {"access", "read"}},
         TENON_FAILED,
         "open none: No such file or directory"},
        {{{"path", "/etc/passwd"}, {"access", "write"}},
         TENON_FAILED,
         "/etc/passwd is outside the folders that may be written: " + ws},
        {{{"path", ".env"}, {"access", "read"}},
         TENON_DENIED,
         "A permission rule forbids to read .env: Read(.env) (--deny). No allow rule overrides "
         "it."},
        {{{"path", "alias"}, {"access", "read"}},
         TENON_DENIED,
         "A permission rule forbids to read alias: Read(.env) (--deny). No allow rule overrides "
         "it."},
        {{{"path", "x/y.lock"}, {"access", "write"}},
         TENON_DENIED,
         "A permission rule forbids to edit x/y.lock: Edit(*.lock) (--deny). No allow rule "
         "overrides it."},
        {{{"path", 5}, {"access", "read"}}, TENON_BAD_ARGS, "path.open/1: path must be a string"},
        {{{"access", "read"}}, TENON_BAD_ARGS, "path.open/1: path must be a string"},
        {{{"path", "x"}, {"access", "read"}, {"mode", "w"}},
         TENON_BAD_ARGS,
         "path.open/1: unknown parameter mode; it has path, access, replaces"},
        {{{"path", "x"}, {"access", "read"}, {"replaces", ""}},
         TENON_BAD_ARGS,
         "path.open/1: replaces goes with the access write"},
        {{{"path", "src"}, {"access", "write"}}, TENON_FAILED, "src is a folder, not a file."},
        {{{"path", "x"}, {"access", "rw"}},
         TENON_BAD_ARGS,
         "path.open/1: access must be read, folder or write"},
        {{{"path", "x"}}, TENON_BAD_ARGS, "path.open/1: access must be a string"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.params.dump());
        const ServiceReply reply = f.open(c.params);
        EXPECT_EQ(reply.rc, c.rc);
        EXPECT_EQ(reply.out, c.words);
    }
    EXPECT_FALSE(fs::exists(f.dir / "ws/x"));
}

TEST(PathService, FiltersPathsByTheRulesForReading) {
    Fixture f;
    EXPECT_EQ(answer(f.ask("path.filter/1", {{"paths", {"/a/.env", "/a/b", "/.env"}}})),
              Json({{"denied", {0, 2}}}));
    EXPECT_EQ(answer(f.ask("path.filter/1", {{"paths", Json::array()}})),
              Json({{"denied", Json::array()}}));
    EXPECT_EQ(f.ask("path.filter/1", {{"paths", {"/a", "b"}}}).out,
              "path.filter/1: paths[1] must be an absolute path");
    EXPECT_EQ(f.ask("path.filter/1", {{"paths", "/a"}}).rc, TENON_BAD_ARGS);
}

TEST(PathService, PutsWrittenFilesInPlaceWhenTheCallHasSucceeded) {
    for (const bool first_party : {true, false}) {
        SCOPED_TRACE(first_party);
        Fixture f;
        f.first_party = first_party;
        f.dir.write("ws/old", "old");
        fs::permissions(f.dir / "ws/old", fs::perms(0750));
        const ServiceReply old = f.write("old", "new");
        const ServiceReply fresh = f.write("made/here", "fresh");
        EXPECT_EQ(f.read("old"), "old");
        EXPECT_FALSE(fs::exists(f.dir / "ws/made/here"));
        const std::size_t before = f.files();

        ASSERT_TRUE(f.call.finish());
        EXPECT_EQ(f.read("old"), "new");
        EXPECT_EQ(f.read("made/here"), "fresh");
        EXPECT_EQ(fs::status(f.dir / "ws/old").permissions(), fs::perms(0750));
        EXPECT_EQ(f.files(), before);
        // A third-party plugin may keep its descriptor; it leads to another file then.
        ASSERT_TRUE(write_all(old.fd.get(), " and more"));
        EXPECT_EQ(f.read("old"), first_party ? "new and more" : "new");
    }
}

TEST(PathService, DiscardsWhatACallHasWrittenThatDoesNotSucceed) {
    Fixture f;
    f.dir.write("ws/old", "old");
    const std::size_t before = f.files();
    {
        agent::CallContext failing{{"s", ""}, "t", {}, nullptr};
        const auto reply = f.services.request("p", true, "path.open/1",
                                              R"({"path":"old","access":"write"})", {}, &failing);
        ASSERT_EQ(reply.rc, TENON_OK) << reply.out;
        ASSERT_TRUE(write_all(reply.fd.get(), "new"));
    }
    ASSERT_TRUE(f.call.finish());
    EXPECT_EQ(f.read("old"), "old");
    EXPECT_EQ(f.files(), before);
}

TEST(PathService, TakesTheLastOfSeveralFilesForOnePath) {
    Fixture f;
    f.dir.write("ws/old", "old");
    (void)f.write("old", "first");
    (void)f.write("src/../old", "last");
    ASSERT_TRUE(f.call.finish());
    EXPECT_EQ(f.read("old"), "last");
}

TEST(PathService, ReplacesNothingWhenOneOfTheFilesHasChanged) {
    Fixture f;
    f.dir.write("ws/one", "1");
    f.dir.write("ws/two", "2");
    (void)f.write("one", "new 1");
    (void)f.write("two", "new 2");
    f.dir.write("ws/two", "theirs");
    const auto finished = f.call.finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().message,
              "two was changed by somebody else meanwhile; read it again.");
    EXPECT_EQ(f.read("one"), "1");
    EXPECT_EQ(f.read("two"), "theirs");
}

TEST(PathService, ReplacesOnlyTheVersionThatWasNamed) {
    Fixture f;
    f.dir.write("ws/old", "old");
    const std::string version =
        string_or(*parse_json(f.open({{"path", "old"}, {"access", "read"}}).out), "version");
    const auto open = [&](const std::string& path, const std::string& replaces) {
        return f.open({{"path", path}, {"access", "write"}, {"replaces", replaces}});
    };
    const std::string changed = " was changed by somebody else meanwhile; read it again.";
    EXPECT_EQ(open("old", version).rc, TENON_OK);
    EXPECT_EQ(open("none", "").rc, TENON_OK);
    EXPECT_EQ(open("old", "").out, "old" + changed);
    EXPECT_EQ(open("none", version).out, "none" + changed);
    f.dir.write("ws/old", "changed");
    EXPECT_EQ(open("old", version).out, "old" + changed);
}

TEST(PathService, JudgesWhatAThirdPartyPluginWrites) {
    Fixture f;
    f.refusal = "Permission denied: p wants to write x.";
    EXPECT_EQ(f.open({{"path", "x"}, {"access", "write"}}).rc, TENON_OK);
    f.first_party = false;
    const ServiceReply refused = f.open({{"path", "new/x"}, {"access", "write"}});
    EXPECT_EQ(refused.rc, TENON_DENIED);
    EXPECT_EQ(refused.out, f.refusal);
    EXPECT_FALSE(fs::exists(f.dir / "ws/new"));
}

TEST(PathService, WritesOnlyForACall) {
    Fixture f;
    const auto reply = f.services.request("p", true, "path.open/1",
                                          R"({"path":"x","access":"write"})", {}, nullptr);
    EXPECT_EQ(reply.rc, TENON_UNSUPPORTED);
    EXPECT_EQ(reply.out, "a file is written by a call; there is none under way");
}

TEST(PathService, LimitsTheFilesThatOneCallWrites) {
    Fixture f;
    std::vector<ServiceReply> replies;
    do
        replies.push_back(
            f.open({{"path", "f" + std::to_string(replies.size())}, {"access", "write"}}));
    while (replies.back().rc == TENON_OK && replies.size() < 100);
    EXPECT_EQ(replies.back().rc, TENON_BUSY);
    EXPECT_EQ(replies.back().out, "a call may open at most 64 files for writing");
}

TEST(PathService, KeepsTheHolesOfAFileThatItCopies) {
    Fixture f;
    f.first_party = false;
    const ServiceReply reply = f.open({{"path", "sparse"}, {"access", "write"}});
    ASSERT_EQ(reply.rc, TENON_OK) << reply.out;
    constexpr off_t kLarge = off_t{1} << 36;
    ASSERT_EQ(::pwrite(reply.fd.get(), "end", 3, kLarge), 3);
    ASSERT_TRUE(f.call.finish());
    struct stat info {};
    ASSERT_EQ(::stat((f.dir / "ws/sparse").c_str(), &info), 0);
    EXPECT_EQ(info.st_size, kLarge + 3);
    EXPECT_LT(info.st_blocks, 1000);
}

}  // namespace
}  // namespace tenon::plugins
