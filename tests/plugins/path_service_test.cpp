#include "host/plugins/path_service.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

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
    }
    [[nodiscard]] ServiceReply open(const Json& params) const {
        return service.open({"p", true, params, {}, nullptr});
    }
    [[nodiscard]] ServiceReply filter(const Json& params) const {
        return service.filter({"p", true, params, {}, nullptr});
    }

    testing::TempDir dir;
    PathService service{Beneath(dir / "ws", {}, {dir / "docs"}),
                        [](const fs::path& path) { return path.filename() == ".env"; },
                        [](const fs::path& path) { return path.extension() == ".lock"; },
                        {dir / "ws/skills", dir / "none"}};
};

/// The answer without its descriptor, which is closed.
Json answer(const ServiceReply& reply) {
    EXPECT_EQ(reply.rc, TENON_OK) << reply.out;
    Json out = *parse_json(reply.out);
    if (out.contains("fd")) {
        const UniqueFd fd(out["fd"].get<int>());
        struct stat info {};
        EXPECT_EQ(::fstat(fd.get(), &info), 0);
        out.erase("fd");
    }
    return out;
}

TEST(PathService, StatesTheRootsAndTheDirectoriesOfSkillsThatExist) {
    const Fixture f;
    std::filesystem::create_directories(f.dir / "ws/skills");
    const std::string ws = (f.dir / "ws").string();
    EXPECT_EQ(answer(f.service.roots()), Json({{"workspace", ws},
                                               {"write", {ws}},
                                               {"read", {ws, (f.dir / "docs").string()}},
                                               {"skills", {ws + "/skills"}},
                                               {"plugin_skills", Json::array()}}));
}

TEST(PathService, OpensAPathAndStatesItWithoutLinks) {
    const Fixture f;
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
         {{"path", ws + "/new/b.txt"}, {"shown", "new/b.txt"}, {"name", "b.txt"}}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.params.dump());
        EXPECT_EQ(answer(f.open(c.params)), c.expected);
    }
}

TEST(PathService, RefusesWithAReasonAndACode) {
    const Fixture f;
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
         "A permission rule forbids to read .env."},
        {{{"path", "alias"}, {"access", "read"}},
         TENON_DENIED,
         "A permission rule forbids to read alias."},
        {{{"path", "x/y.lock"}, {"access", "write"}},
         TENON_DENIED,
         "A permission rule forbids to edit x/y.lock."},
        {{{"path", 5}, {"access", "read"}}, TENON_BAD_ARGS, "path.open/1: path must be a string"},
        {{{"access", "read"}}, TENON_BAD_ARGS, "path.open/1: path must be a string"},
        {{{"path", "x"}, {"access", "rw"}},
         TENON_BAD_ARGS,
         "path.open/1: access must be read, folder or write"},
        {{{"path", "x"}}, TENON_BAD_ARGS, "path.open/1: access must be read, folder or write"},
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
    const Fixture f;
    EXPECT_EQ(answer(f.filter({{"paths", {"/a/.env", "/a/b", "/.env"}}})),
              Json({{"denied", {0, 2}}}));
    EXPECT_EQ(answer(f.filter({{"paths", Json::array()}})), Json({{"denied", Json::array()}}));
    EXPECT_EQ(f.filter({{"paths", {"/a", "b"}}}).out,
              "path.filter/1: paths[1] must be an absolute path");
    EXPECT_EQ(f.filter({{"paths", "/a"}}).rc, TENON_BAD_ARGS);
}

}  // namespace
}  // namespace tenon::plugins
