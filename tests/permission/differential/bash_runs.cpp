#include "tests/permission/differential/bash_runs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <iterator>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon::permission::differential {
namespace {

namespace fs = std::filesystem;

constexpr int kDescriptor = 250;   // prelude.bash and stub.cpp write there
constexpr char kNewline = '\x01';  // as they write one
constexpr unsigned kNobody = 54321;

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

void limit(int resource, rlim_t value) {
    const rlimit both{value, value};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

/// Processes that texts leave become children of this process, and must not use up the limit.
void reap(pid_t which, int options) {
    while (::waitpid(which, nullptr, options) > 0) {
    }
}

/// In the child: drops its rights and becomes bash. Makes only system calls.
[[noreturn]] void become_bash(int out, const char* cwd, char* const* argv, char* const* envp) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd)
        ::dup2(null, fd);
    ::dup2(out, kDescriptor);
    ::setpgid(0, 0);
    limit(RLIMIT_FSIZE, 1 << 20);
    limit(RLIMIT_CORE, 0);
    if (::geteuid() == 0) {
        limit(RLIMIT_NPROC, 300);
        if (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)
            ::_exit(126);
    }
    if (::chdir(cwd) != 0) ::_exit(126);
    ::execve("/bin/bash", argv, envp);
    ::_exit(127);
}

}  // namespace

bool is_harmless(const std::string& text) {
    for (const std::string& word : {std::string(1, '\0'), std::string(".."), std::string("kill")})
        if (text.find(word) != std::string::npos) return false;
    for (std::size_t at = text.find('/'); at != std::string::npos; at = text.find('/', at + 1)) {
        bool known = false;
        for (const std::string name : {"/dev/null", "/dev/stdout", "/dev/stderr"})
            known = known || text.compare(at, name.size(), name) == 0;
        if (known) {
            at += 4;  // the second slash
            continue;
        }
        if (at == 0 || (text[at - 1] != '~' && text[at - 1] != '.')) return false;
    }
    return true;
}

/// What the stubs write: number of the text, number of words, words. No words: the text begins.
class Bash::Output {
public:
    explicit Output(std::size_t texts) : runs(texts) {}

    void add(const char* bytes, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            if (bytes[i] != '\0') {
                field_ += bytes[i] == kNewline ? '\n' : bytes[i];
                continue;
            }
            fields_.push_back(std::move(field_));
            field_.clear();
            if (fields_.size() >= 2 && fields_.size() == 2 + std::stoul(fields_[1])) take();
        }
    }

    std::vector<std::vector<RanCommand>> runs;
    std::size_t begun = 0;  ///< texts

private:
    void take() {
        const std::size_t text = std::stoul(fields_[0]);
        if (fields_.size() == 2) {
            begun = text + 1;
        } else {
            runs.at(text).emplace_back(fields_.begin() + 2, fields_.end());
        }
        fields_.clear();
    }

    std::string field_;
    std::vector<std::string> fields_;
};

/// Reads up to the end of the pipe. False if one text takes far longer than any that ends.
bool Bash::read_all(int fd, Output& output) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds kLongest(10);
    auto deadline = Clock::now() + kLongest;
    std::array<char, 65536> buffer{};
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd waiting{fd, POLLIN, 0};
        reap(-1, WNOHANG);
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
            return false;
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n == 0) return true;
        const std::size_t begun = output.begun;
        if (n > 0) output.add(buffer.data(), static_cast<std::size_t>(n));
        if (output.begun != begun) deadline = Clock::now() + kLongest;
    }
}

Bash::Bash(bool repeatable) : repeatable_(repeatable) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    fs::permissions(dir_.path(),
                    fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    dir_.write("prelude.bash", dir_.read(TENON_DIFFERENTIAL_DATA "/prelude.bash"));
    fs::create_directories(dir_ / "bin");
    fs::create_directories(dir_ / "a/b/cwd");
    for (const char* name : {"aa", "bb", "cc", "dd", "ee", "mark", "echo", "cat", "git"})
        fs::copy_file(TENON_DIFFERENTIAL_STUB, dir_ / "bin" / name);
    for (const std::string& name : kFiles)
        fs::create_symlink("/dev/null", dir_ / "a/b/cwd" / name);
    constexpr auto kReadable = fs::perms::owner_read | fs::perms::owner_exec |
                               fs::perms::group_read | fs::perms::group_exec |
                               fs::perms::others_read | fs::perms::others_exec;
    for (const char* name : {"bin", "a/b/cwd"})
        fs::permissions(dir_ / name, kReadable);
}

Bash::~Bash() {
    std::error_code ignored;  // what is left stays
    for (const char* name : {"bin", "a/b/cwd"})
        fs::permissions(dir_ / name, fs::perms::owner_all, ignored);
}

/// False if a text did not end.
bool Bash::collect(const std::vector<std::string>& arguments, Output& output) {
    std::vector<std::string> words = {"bash", "--norc", "--noprofile"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> environment = {"PATH=" + (dir_ / "bin").string(),
                                            std::string("HOME=") + kHome, "LC_ALL=C.UTF-8",
                                            "BASH_ENV=" + (dir_ / "prelude.bash").string()};
    if (repeatable_) environment.emplace_back("__spread=0");
    std::vector<char*> argv, envp;
    for (std::string& word : words)
        argv.push_back(word.data());
    for (std::string& variable : environment)
        envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const std::string cwd = (dir_ / "a/b/cwd").string();
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) become_bash(pipe[1], cwd.c_str(), argv.data(), envp.data());
    ::setpgid(child, child);
    ::close(pipe[1]);
    const bool ended = read_all(pipe[0], output);
    ::close(pipe[0]);
    ::kill(-child, SIGKILL);
    reap(-child, 0);
    return ended;
}

std::vector<std::vector<RanCommand>> Bash::run(const std::vector<std::string>& texts) {
    std::vector<std::vector<RanCommand>> runs;
    while (runs.size() < texts.size()) {
        const std::size_t first = runs.size();
        std::string batch;
        for (std::size_t i = first; i < texts.size(); ++i) {
            const std::string number = std::to_string(i - first);
            batch += "__n=" + number + "; builtin printf '%s\\0' " + number + " 0 >&250\n" +
                     "(builtin ulimit -t 1; builtin eval " + quoted(texts[i]) + ") </dev/null\n";
        }
        dir_.write("batch", batch);
        Output output(texts.size() - first);
        const bool ended = collect({(dir_ / "batch").string()}, output);
        if (!ended) {
            if (output.begun == 0) throw std::runtime_error("bash does not start");
            endless_.push_back(texts[first + output.begun - 1]);
            output.runs.resize(output.begun);
        }
        std::move(output.runs.begin(), output.runs.end(), std::back_inserter(runs));
    }
    return runs;
}

std::vector<RanCommand> Bash::run_alone(const std::string& text) {
    Output output(1);
    if (!collect({"-c", text}, output)) endless_.push_back(text);
    return output.runs.front();
}

}  // namespace tenon::permission::differential
