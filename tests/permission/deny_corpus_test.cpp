#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/permission/builtin_list.h"
#include "host/permission/rules.h"
#include "host/shell/script.h"
#include "tests/support/temp_dir.h"

/// The data of corpus/deny/: lines `verdict<tab>command`, with \n \t \\ in the command; a line of
/// [rules] begins a section in which these deny rules are in force. The built-in deny list always
/// is. Verdicts: denied, failed (not taken apart), open. With :norun the row is left out where
/// commands are run, since it waits for something.
namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

struct CorpusRow {
    std::string where, verdict, command;
    Strings rules;
    bool runs = true;
};

std::string unescaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
    }
    return out;
}

Strings rules_of(const std::string& line) {
    Strings rules;
    for (std::size_t open = line.find('['); open != std::string::npos;
         open = line.find('[', open)) {
        const std::size_t close = line.find(']', open);
        const std::string rule = line.substr(open + 1, close - open - 1);
        if (!rule.empty()) rules.push_back(rule);
        open = close;
    }
    return rules;
}

std::vector<CorpusRow> deny_corpus() {
    std::vector<CorpusRow> rows;
    for (const auto& file : fs::directory_iterator(TENON_CORPUS "/deny")) {
        std::ifstream in(file.path());
        Strings rules;
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            const auto tab = line.find('\t');
            if (line.empty() || (line[0] == '#' && tab == std::string::npos)) continue;
            if (line[0] == '[' && tab == std::string::npos) {
                rules = rules_of(line);
                continue;
            }
            CorpusRow row{file.path().filename().string() + ":" + std::to_string(number),
                          line.substr(0, tab), unescaped(line.substr(tab + 1)), rules};
            if (const auto colon = row.verdict.find(":norun"); colon != std::string::npos) {
                row.verdict.resize(colon);
                row.runs = false;
            }
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

std::string verdict(const CorpusRow& row) {
    const shell::Script script = shell::parse_script(row.command);
    std::vector<Rule> rules;
    for (const std::string& text : row.rules) {
        auto rule = Rule::parse({text, "corpus", {}}, {"/srv/work/space", "/home/u"});
        EXPECT_TRUE(rule.ok()) << text;
        if (rule) rules.push_back(std::move(*rule));
    }
    for (const shell::Part& part : script.parts) {
        if (builtin_denial(part, "/srv/work/space", "/home/u")) return "denied";
        if (std::any_of(rules.begin(), rules.end(), [&](const Rule& r) { return r.denies(part); }))
            return "denied";
    }
    return script.failed.empty() ? "open" : "failed";
}

TEST(DenyCorpus, HasTheVerdictsThatStandInIt) {
    std::map<std::string, int> counts;
    for (const CorpusRow& row : deny_corpus()) {
        SCOPED_TRACE(row.where + ": " + row.command);
        EXPECT_EQ(verdict(row), row.verdict);
        ++counts[row.verdict];
    }
    EXPECT_GE(counts["denied"] + counts["failed"] + counts["open"], 800);
    EXPECT_GE(counts["open"], 270);
    EXPECT_GE(counts["failed"], 20);
}

/// Runs text in a real bash that finds no commands but `mark` and some programs that run others.
class MarkedBash {
public:
    MarkedBash() {
        fs::create_directory(dir_ / "bin");
        dir_.write("env",
                   "command_not_found_handle() { [ \"$1\" != mark ] || printf 'mark\\n' >&9; }\n"
                   "FUNCNEST=20\n");
        dir_.write("bin/mark", "#!/bin/sh\nprintf 'mark\\n' >&9\n");
        fs::permissions(dir_ / "bin/mark", fs::perms::owner_all);
        for (const std::string name : {"env", "bash", "sh", "nice", "timeout", "xargs", "nohup",
                                       "setsid", "stdbuf", "find", "cat", "flock"})
            for (const std::string from : {"/usr/bin/", "/bin/"})
                if (fs::exists(from + name) && !fs::exists(dir_ / "bin" / name))
                    fs::create_symlink(from + name, dir_ / "bin" / name);
    }

    bool runs_mark(const std::string& text) {
        const fs::path cwd = dir_ / ("cwd" + std::to_string(++runs_));
        fs::create_directory(cwd);
        const fs::path ran = dir_ / ("ran" + std::to_string(runs_));
        const std::string path = "PATH=" + (dir_ / "bin").string();
        const std::string env = "BASH_ENV=" + (dir_ / "env").string();
        const ::pid_t pid = ::fork();
        if (pid == 0) {
            ::setsid();
            const int out = ::open(ran.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            const int null = ::open("/dev/null", O_RDWR);
            for (const int fd : {0, 1, 2})
                ::dup2(null, fd);
            ::dup2(out, 9);
            if (::chdir(cwd.c_str()) != 0) ::_exit(1);
            const std::array<const char*, 4> environment = {path.c_str(), env.c_str(),
                                                            "LC_ALL=C.UTF-8", nullptr};
            ::execle("/usr/bin/timeout", "timeout", "--foreground", "-s", "KILL", "30", "/bin/bash",
                     "-c", text.c_str(), nullptr, environment.data());
            ::_exit(1);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        ::kill(-pid, SIGKILL);  // what it left in the background
        return fs::exists(ran) && fs::file_size(ran) > 0;
    }

private:
    testing::TempDir dir_;
    int runs_ = 0;
};

/// A row is run if everything that it could change is in its own directory.
bool is_safe(const CorpusRow& row) {
    const bool rule =
        std::find(row.rules.begin(), row.rules.end(), "Bash(mark *)") != row.rules.end();
    if (!row.runs || !rule || row.command.find("mark") == std::string::npos) return false;
    if (row.command.find('\0') != std::string::npos) return false;
    for (const char* word : {"kill", "/dev/sd", "/proc", "> /", ">/", "tee /"})
        for (auto at = row.command.find(word); at != std::string::npos;
             at = row.command.find(word, at + 1))
            if (row.command.compare(at, 10, ">/dev/null") != 0 &&
                row.command.compare(at, 11, "> /dev/null") != 0)
                return false;
    return true;
}

TEST(DenyCorpus, AgreesWithBashOnEachCommandThatReallyRan) {
    MarkedBash bash;
    int ran = 0, tried = 0, denied = 0;
    for (const CorpusRow& row : deny_corpus()) {
        if (!is_safe(row)) continue;
        // The others are denied, or fail, whether they run or not: a part of them shows that
        // commands do run here.
        if (row.verdict != "open" && ++denied % 8 != 0) continue;
        ++tried;
        if (!bash.runs_mark(row.command)) continue;
        ++ran;
        EXPECT_NE(row.verdict, "open") << row.where << ": " << row.command;
        EXPECT_NE(verdict(row), "open") << row.where << ": " << row.command;
    }
    EXPECT_GT(tried, 300);
    EXPECT_GT(ran, 40);
}

}  // namespace
}  // namespace tenon::permission
