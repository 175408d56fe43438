#include <algorithm>
#include <map>
#include <pwd.h>
#include <set>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/sandbox/confinement.h"
#include "tests/sandbox/services.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace tenon::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::Environment;
using testing::Process;
using testing::TempDir;

using Verdicts = std::map<std::string, bool>;  // way → it is out

/// A user's home, workspace and state, things outside, and a process outside.
class World {
public:
    explicit World(uid_t user) : user_(user) {
        ::chmod(root_.path().c_str(), 0755);
        for (const char* name : {"home", "w", "outside", "state", "services"})
            fs::create_directory(root_ / name);
        services_.emplace(root_ / "services");
        root_.write("home/.ssh/id", "secret\n");
        root_.write("home/.config/tenon/tenon.xml", "<tenon><!-- empty --></tenon>\n");
        root_.write("w/.git/HEAD", "ref: refs/heads/main\n");
        root_.write("w/.git/hooks/pre-commit", "#!/bin/sh\n");
        root_.write("w/.tenon/tenon.xml", "<tenon><!-- empty --></tenon>\n");
        fs::create_directory(root_ / "w/.git/objects");
        fs::create_directory(root_ / "state/jobs");
        for (const char* name : {"state", "state/jobs"})
            ::chmod((root_ / name).c_str(), 0700);
        fs::copy_file(TENON_ESCAPE, root_ / "escape");
        Process({TENON_ESCAPE, "prepare", (root_ / "outside").string()}, {}, "/").wait();
        if (user_ != 0) give_away();
        if (::geteuid() == 0 && user_ != 0) {
            fs::copy_file(TENON_ESCAPE, root_ / "set-user-id");
            ::chmod((root_ / "set-user-id").c_str(), 04755);
        }
        outsider_ = std::make_unique<Process>(as_user({"/bin/sleep", "1000"}), environment(),
                                              root_ / "outside");
    }

    Verdicts freely() {
        std::vector<std::string> command{(root_ / "escape").string(), "try-freely"};
        const auto words = surroundings();
        command.insert(command.end(), words.begin(), words.end());
        Process process(as_user(command), environment(), root_ / "w");
        process.wait(std::chrono::seconds(180));
        return verdicts_in(process.output);
    }

    /// Through the real program and its supervisor.
    Verdicts confined(const std::string& mode, const std::vector<std::string>& options = {}) {
        std::vector<std::string> command{TENON_PROGRAM, "jobs", "run", "--sandbox", mode};
        command.insert(command.end(), options.begin(), options.end());
        command.insert(command.end(), {"--", (root_ / "escape").string(), "try"});
        const auto words = surroundings();
        command.insert(command.end(), words.begin(), words.end());
        const std::string id = trimmed(output_of(command));
        output_of({TENON_PROGRAM, "jobs", "wait", "--timeout", "180s", id});
        return verdicts_in(output_of({TENON_PROGRAM, "jobs", "logs", id}));
    }

    /// The nearest equivalent with bubblewrap.
    Verdicts in_bubblewrap() {
        const auto at = [&](const char* name) { return (root_ / name).string(); };
        std::vector<std::string> command{"/usr/bin/bwrap",
                                         "--ro-bind",
                                         "/",
                                         "/",
                                         "--dev",
                                         "/dev",
                                         "--proc",
                                         "/proc",
                                         "--bind",
                                         at("w"),
                                         at("w"),
                                         "--tmpfs",
                                         at("home/.ssh"),
                                         "--tmpfs",
                                         at("state"),
                                         "--tmpfs",
                                         at("home/.config/tenon"),
                                         "--ro-bind",
                                         at("w/.git/hooks"),
                                         at("w/.git/hooks"),
                                         "--ro-bind",
                                         at("w/.tenon"),
                                         at("w/.tenon"),
                                         "--unshare-all",
                                         "--die-with-parent",
                                         "--new-session",
                                         "--cap-drop",
                                         "ALL",
                                         at("escape"),
                                         "try"};
        const auto words = surroundings();
        command.insert(command.end(), words.begin(), words.end());
        return verdicts_in(output_of(command));
    }

    /// What is seen from outside: the ways that changed something.
    std::set<std::string> changed() {
        Process process({TENON_ESCAPE, "check", (root_ / "outside").string()}, environment(), "/");
        process.wait();
        std::set<std::string> out;
        std::istringstream lines(process.output);
        for (std::string line; std::getline(lines, line);)
            out.insert(line);
        return out;
    }
    std::string output_of(const std::vector<std::string>& command) {
        Process process(as_user(command), environment(), root_ / "w");
        process.wait(std::chrono::seconds(200));
        errors += process.errors;
        return process.output;
    }
    /// Everything in the workspace, with what must not change in it.
    [[nodiscard]] std::string guarded() const {
        std::string text;
        for (const char* name : {"w/.git/hooks/pre-commit", "w/.tenon/tenon.xml",
                                 "home/.config/tenon/tenon.xml", "home/.ssh/id"})
            text += std::string(name) + ": " + root_.read(name);
        for (const char* name : {"w/.claude", "w/.envrc", "w/.git/hooks/pre-push"})
            text += std::string(name) + (fs::exists(root_ / name) ? " is there\n" : "\n");
        return text;
    }
    [[nodiscard]] const TempDir& root() const { return root_; }
    std::string errors;

private:
    void give_away() {
        for (const char* name : {"home", "w", "outside", "state"}) {
            ::chown((root_ / name).c_str(), user_, user_);
            for (const auto& entry : fs::recursive_directory_iterator(root_ / name)) {
                struct stat info {};
                ::lstat(entry.path().c_str(), &info);
                ::lchown(entry.path().c_str(), user_, user_);
            }
        }
    }
    [[nodiscard]] std::vector<std::string> as_user(std::vector<std::string> command) const {
        if (user_ == ::geteuid()) return command;
        command.insert(command.begin(),
                       {(root_ / "escape").string(), "as-user", std::to_string(user_)});
        return command;
    }
    [[nodiscard]] Environment environment() const {
        return {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                {"HOME", (root_ / "home").string()},
                {"TENON_STATE_DIR", (root_ / "state").string()},
                {"LANG", "C.UTF-8"}};
    }
    [[nodiscard]] std::vector<std::string> surroundings() const {
        std::vector<std::string> words{"outside=" + (root_ / "outside").string(),
                                       "workspace=" + (root_ / "w").string(),
                                       "secret=" + (root_ / "home/.ssh/id").string(),
                                       "state=" + (root_ / "state").string(),
                                       "config=" + (root_ / "home/.config/tenon").string(),
                                       "socket=" + services_->stream_file.string(),
                                       "datagrams=" + services_->datagram_file.string(),
                                       "abstract=" + services_->abstract_name,
                                       "tcp=" + std::to_string(services_->tcp),
                                       "udp=" + std::to_string(services_->udp),
                                       "outsider=" + std::to_string(outsider_->pid())};
        if (fs::exists(root_ / "set-user-id"))
            words.push_back("program=" + (root_ / "set-user-id").string());
        return words;
    }
    static std::string trimmed(std::string text) {
        while (!text.empty() && text.back() == '\n')
            text.pop_back();
        return text;
    }
    static Verdicts verdicts_in(const std::string& output) {
        Verdicts out;
        std::istringstream lines(output);
        for (std::string line; std::getline(lines, line);) {
            const auto blank = line.find(' ');
            const std::string verdict = blank == std::string::npos ? "" : line.substr(blank + 1);
            // Bash complains in between.
            if (verdict == "ESCAPED" || verdict == "stopped")
                out[line.substr(0, blank)] = verdict == "ESCAPED";
        }
        return out;
    }

    TempDir root_;
    uid_t user_;
    std::optional<Services> services_;
    std::unique_ptr<Process> outsider_;
};

std::set<std::string> those_out(const Verdicts& verdicts) {
    std::set<std::string> out;
    for (const auto& [way, is_out] : verdicts) {
        if (is_out) out.insert(way);
    }
    return out;
}

std::string listed(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : " ") + name;
    return text;
}

uid_t nobody() {
    const passwd* entry = ::getpwnam("nobody");  // NOLINT(concurrency-mt-unsafe)
    return entry == nullptr ? 65534 : entry->pw_uid;
}

struct Trial {
    const char* name;
    bool as_nobody;
    const char* mode;
    std::size_t least;  ///< so many ways must be proved to work without the sandbox
};

void PrintTo(const Trial& trial, std::ostream* out) {
    *out << trial.name;
}

class WaysOut : public ::testing::TestWithParam<Trial> {};

TEST_P(WaysOut, AreAllClosedAndWorkWithoutTheSandbox) {
    const Trial& trial = GetParam();
    if (trial.as_nobody && ::geteuid() != 0) GTEST_SKIP() << "only root can try as another user";
#if defined(__SANITIZE_THREAD__)
    if (trial.as_nobody)
        GTEST_SKIP() << "a sanitizer's own thread keeps its process from making a user namespace";
#endif
    if (!find_gaps().empty())
        GTEST_SKIP() << "this system cannot enforce: " << describe(find_gaps());
    const uid_t user = trial.as_nobody ? nobody() : ::geteuid();

    World free(user);
    const Verdicts control = free.freely();
    const auto work = those_out(control);
    RecordProperty("work_without", listed(work));
    EXPECT_GE(work.size(), trial.least) << "work without a sandbox: " << listed(work);

    World world(user);
    const std::string before = world.guarded();
    const Verdicts confined = world.confined(trial.mode);
    ASSERT_EQ(confined.size(), control.size()) << world.errors;
    EXPECT_EQ(listed(those_out(confined)), "");
    EXPECT_EQ(listed(world.changed()), "") << "ways that changed something outside";
    EXPECT_EQ(world.guarded(), before);
}

/// For comparison: nothing is asked of another program.
TEST(Bubblewrap, IsTriedInTheSameWays) {
    if (::access("/usr/bin/bwrap", X_OK) != 0) GTEST_SKIP() << "bubblewrap is not installed";
    World world(::geteuid());
    const Verdicts confined = world.in_bubblewrap();
    if (confined.empty()) GTEST_SKIP() << "bubblewrap does not work here: " << world.errors;
    RecordProperty("ways_out_of_bubblewrap", listed(those_out(confined)));
    std::cout << "of " << confined.size()
              << " ways out, these work in bubblewrap: " << listed(those_out(confined)) << "\n";
    EXPECT_GE(confined.size(), 60U);
}

INSTANTIATE_TEST_SUITE_P(EveryModeAndUser, WaysOut,
                         ::testing::Values(Trial{"workspace_as_this_user", false, "workspace", 60},
                                           Trial{"read_only_as_this_user", false, "read-only", 60},
                                           Trial{"workspace_as_nobody", true, "workspace", 60},
                                           Trial{"read_only_as_nobody", true, "read-only", 60}),
                         [](const auto& trial) { return std::string(trial.param.name); });

}  // namespace
}  // namespace tenon::sandbox
